"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from common.config import Settings


class Config(Settings):
    source_vocabulary: PositiveInt | None  # </s> and <unk> included; none: every word
    target_vocabulary: PositiveInt | None
    max_length: PositiveInt | None  # words of a training sentence, either side
    # where the decoder looks: nowhere, everywhere, around its own position, around a place that it predicts
    window: Literal["none", "global", "local-m", "local-p"]
    score: Literal["location", "dot", "general", "concat"]  # how well a source word fits
    half_width: PositiveInt  # D, of the local windows
    longest: PositiveInt  # source words that a score by location knows
    feed: bool  # input feeding: the decoder also reads its own last h~
    reverse: bool  # the source is read from its end
    # the network
    layers: PositiveInt
    hidden: PositiveInt  # n
    embedding: PositiveInt
    dropout: float = Field(ge=0, lt=1)  # of what is not recurrent
    init_range: PositiveFloat
    # training
    optimizer: Literal["sgd", "adam"]
    lr: PositiveFloat
    halve_after: PositiveInt | None  # epochs, after which each halves the rate; none: it falls to 0 with the updates
    clip_norm: PositiveFloat
    batch_size: PositiveInt
    max_epochs: PositiveInt
    # translation
    beam_size: PositiveInt
    max_output: PositiveInt  # words of a translation, </s> included
