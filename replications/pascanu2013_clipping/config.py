"""The settings of one row of the tables, typed."""

import math
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from common.config import Settings


class Config(Settings):
    task: Literal[
        "temporal_order",
        "temporal_order_3bit",
        "addition",
        "multiplication",
        "permutation",
        "memorisation_5bit",
        "memorisation_23bit",
        "music",
        "characters",
        "geometry",
    ]
    # the network
    activation: Literal["tanh", "sigmoid"]
    initialisation: Literal["sigmoid", "tanh", "smart"]
    hidden: PositiveInt
    biases: bool
    # the gradient
    clipping: Literal["norm"] | None  # of the whole gradient as one vector
    threshold: PositiveFloat
    alpha: float = Field(ge=0)  # weight of the regulariser; 0: none
    alpha_decay: bool  # alpha / epoch
    lr: PositiveFloat
    batch: PositiveInt
    # synthetic tasks
    lengths: tuple[PositiveInt, ...]  # a network for each; mixed: one for all between the two
    mixed: bool
    max_updates: PositiveInt
    check_every: PositiveInt  # updates
    check_sequences: PositiveInt  # a first look at so many; success is confirmed on test_sequences
    test_sequences: PositiveInt
    test_lengths: tuple[PositiveInt, ...]  # a solved mixed network is tested there too
    # music and text
    window: PositiveInt  # steps of one training sequence
    total: bool  # the loss is summed over the steps of a sequence; otherwise their mean
    ahead: PositiveInt  # which of the following characters is predicted
    max_epochs: PositiveInt
    patience: PositiveInt  # epochs without a better validation error after which training ends

    @property
    def bound(self) -> float:
        """The norm that a gradient may have."""
        return self.threshold if self.clipping else math.inf
