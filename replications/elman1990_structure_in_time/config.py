"""The settings of one row of the tables, typed."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from common.config import Settings


class Config(Settings):
    corpus: Literal["xor", "letters", "words", "sentences"]
    examples: int = Field(ge=4)  # triples, syllables or sentences to learn from
    test_examples: Annotated[int, Field(ge=4)] | None  # none: what was learnt from is predicted again, weights fixed
    # what the hidden units see besides the input: their own last values, the same number always, or the outputs
    context: Literal["elman", "frozen", "jordan_own", "jordan_targets"]
    decay: float = Field(ge=0, lt=1)  # of Jordan's state units
    hidden: PositiveInt
    init_range: PositiveFloat
    lr: PositiveFloat
    passes: PositiveInt  # through the examples
