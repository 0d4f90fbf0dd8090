"""The settings of one row of the tables, typed."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Settings


class Config(Settings):
    corpus: Literal["made-up", "jsb_chorales", "nottingham", "musedata", "piano_midi"]
    pieces: tuple[PositiveInt, PositiveInt, PositiveInt] | None  # of made-up music, in each split
    steps: Annotated[int, Field(ge=2)]  # of a made-up piece
    # the network
    unit: Literal["tanh", "gru", "lstm"]
    hidden: PositiveInt
    init_range: PositiveFloat
    # training
    noise: float = Field(ge=0)  # standard deviation of what is added to each weight at each update
    lr: PositiveFloat | None  # none: the best by validation of so many candidates
    candidates: PositiveInt
    averaging: float = Field(ge=0, lt=1)  # of squared gradients
    stabiliser: PositiveFloat
    momentum: float = Field(ge=0, lt=1)
    clip_norm: PositiveFloat
    window: PositiveInt | None  # predictions of a part of a piece; none: whole pieces
    batch_size: PositiveInt
    max_epochs: PositiveInt
    patience: PositiveInt | None  # epochs without a better validation error, after which training ends

    @model_validator(mode="after")
    def sensible(self) -> "Config":
        if (self.corpus == "made-up") != (self.pieces is not None):
            raise ValueError("pieces: say how many of made-up music, and null for any other")
        return self
