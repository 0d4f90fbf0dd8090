"""The settings of one row of the tables, typed."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Settings


class Config(Settings):
    corpus: Literal["adding", "drawn-digits", "mnist"]
    examples: PositiveInt  # to learn from; of mnist the first, and the validation images are the last of the 60,000
    valid_examples: PositiveInt
    test_examples: PositiveInt | None  # none: all of mnist's 10,000
    length: Annotated[int, Field(ge=2)]  # steps of an adding problem
    pool: PositiveInt  # side of the squares of pixels that are averaged to one
    permuted: bool  # the pixels come in one random order, the same in all images and for all networks
    # the network
    cell: Literal["relu", "tanh", "lstm"]
    identity: PositiveFloat | None  # W_hh begins at so many times the identity; none: Gaussian
    hidden: PositiveInt
    input_std: PositiveFloat  # of all weights but the recurrent ones
    forget_bias: float  # of an LSTM
    # training
    optimizer: Literal["sgd", "adam"]
    lr: PositiveFloat
    clip_norm: PositiveFloat
    batch_size: PositiveInt
    max_epochs: PositiveInt

    @model_validator(mode="after")
    def sensible(self) -> "Config":
        if self.cell == "lstm" and self.identity is not None:
            raise ValueError("an LSTM has four recurrent matrices: identity must be null")
        return self
