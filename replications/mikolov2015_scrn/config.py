"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Settings


class Config(Settings):
    model: Literal["scrn", "lstm"]  # an SRN is a SCRN without context units
    shuffled: bool  # the sentences of every split are put in a random order
    hidden: int = Field(ge=0)
    context: int = Field(ge=0)
    alpha: float = Field(gt=0, lt=1)  # what a context unit keeps at each step
    learned: bool  # alpha is learned, for each unit by itself
    sees: Literal["current", "previous"]  # the hidden units see s_t (the equation) or s_{t-1} (the released code)
    classes: PositiveInt | None  # of the factorised output; none: one softmax over all words
    # training
    streams: PositiveInt  # parts of the text that are read side by side
    block: PositiveInt  # words between two updates
    window: PositiveInt  # words that the error of a block reaches back, its own included
    lr: PositiveFloat  # of the gradient of the loss summed over streams and words
    init_std: PositiveFloat
    error_norm: PositiveFloat  # of the hidden units' error, over all streams, at each step back
    shrink: float = Field(gt=1)  # by this the rate is divided after an epoch that was no better
    max_epochs: PositiveInt

    @model_validator(mode="after")
    def sensible(self) -> "Config":
        if self.window < self.block:
            raise ValueError(f"window {self.window} must reach over a block of {self.block} words")
        if not self.hidden + self.context or self.model == "lstm" and (self.context or not self.hidden):
            raise ValueError("an SCRN needs hidden or context units, an LSTM hidden ones only")
        return self
