"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from common.config import Settings


class Config(Settings):
    model: Literal["ctc", "hybrid"]
    units: Literal["phones", "characters"]
    window_ms: PositiveFloat  # of the front end, where the corpus has waveforms
    shift_ms: PositiveFloat
    # the network
    hidden: PositiveInt  # blocks a direction
    layers: PositiveInt
    init_range: PositiveFloat
    noise: NonNegativeFloat  # standard deviation, added to every input while training
    # training
    optimizer: Literal["sgd", "adam"]
    lr: PositiveFloat
    momentum: float = Field(ge=0, lt=1)  # of sgd
    schedule: Literal["constant", "cosine"]  # cosine: down to nothing at max_epochs
    batch_size: PositiveInt  # sequences; the gradient is their mean
    clip_norm: PositiveFloat | None
    weight_average: float = Field(ge=0, lt=1)  # decay of the running mean of the weights that is tested; 0: none
    max_epochs: PositiveInt
    patience: PositiveInt  # epochs without a lower validation error before training stops
    snapshot_epoch: PositiveInt  # the middle panel of the error signal
    # the hybrid
    weighted: bool  # a frame's error is divided by the length of its phone
    flat_start: bool  # the first alignment comes from transcripts alone, even where boundaries are known
    realignments: NonNegativeInt  # trainings before the last whose network sets the boundaries anew
    # decoding
    blank_threshold: float = Field(gt=0, le=1)
    max_expansions: PositiveInt  # prefixes per section
    beam_size: PositiveInt
    label_order: PositiveInt  # n of the n-gram model of characters
    word_order: PositiveInt  # n of the n-gram model of words
    # Graves and Jaitly (2014): fine-tuning on the expected number of word errors
    tuning_epochs: NonNegativeInt
    tuning_lr: PositiveFloat
    tuning_samples: PositiveInt
