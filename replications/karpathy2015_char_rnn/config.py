"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from common.config import Settings


class Config(Settings):
    model: Literal["lstm", "tanh", "gru", "ngram"]
    hidden: PositiveInt
    layers: PositiveInt
    dropout: float = Field(ge=0, lt=1)  # between layers and before the output
    init_range: PositiveFloat
    streams: PositiveInt  # rows that the text is laid in, read side by side
    steps: PositiveInt  # characters between two updates, which an error reaches back
    lr: PositiveFloat
    rms_decay: float = Field(gt=0, lt=1)  # of RMSProp's mean of squares
    lr_decay: float = Field(gt=0, le=1)  # by this the rate is multiplied after every epoch from ``hold`` on
    hold: PositiveInt
    clip: PositiveFloat  # of each component of the gradient
    max_epochs: PositiveInt
    orders: PositiveInt  # n-gram models with 1 to so many characters of context
