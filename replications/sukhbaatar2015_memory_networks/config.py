"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from common.config import Settings


class Config(Settings):
    model: Literal["memory", "lstm"]
    tasks: tuple[int, ...]  # of the corpus
    joint: bool  # one network for all tasks
    # the network
    hidden: PositiveInt  # d
    memory: PositiveInt  # sentences that are kept, the newest
    hops: PositiveInt  # K
    tying: Literal["adjacent", "layerwise"]
    encoding: Literal[
        "bow", "printed", "released"
    ]  # l: of words without order, as printed, as the authors' code has it
    time: bool  # T: how many sentences ago
    mask: bool  # memory slots without a sentence get no weight
    init_std: PositiveFloat
    # training
    lr: PositiveFloat
    linear_lr: PositiveFloat  # with linear start, during it and after it
    linear_epochs: int = Field(ge=0)  # linear start: without softmax in the memory
    max_epochs: PositiveInt  # with softmax
    halve_every: PositiveInt  # epochs, which begin anew after the linear start
    batch_size: PositiveInt
    clip: PositiveFloat  # the most that the spectral norm of a matrix's gradient may be
    noise: float = Field(ge=0, le=1)  # empty memories among n sentences: up to this share of n
