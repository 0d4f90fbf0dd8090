"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from common.config import Settings


class Config(Settings):
    # the sentences
    source_vocabulary: PositiveInt | None  # the most frequent words; none: all of the training text
    target_vocabulary: PositiveInt | None
    unit: Literal["words", "bpe"]
    max_length: PositiveInt | None  # words; longer training pairs are left out
    train_pairs: PositiveInt | None  # train on the first so many pairs only
    # the network
    layers: PositiveInt
    hidden: PositiveInt  # cells per layer
    embedding: PositiveInt
    dropout: float = Field(ge=0, lt=1)  # of what goes from layer to layer, and to the output
    init_range: PositiveFloat
    reverse_source: bool
    # training
    lr: PositiveFloat  # of a loss summed over a sentence's words and averaged over sentences
    batch_size: PositiveInt  # sentences
    clip_norm: PositiveFloat  # of the gradient divided by the batch size
    max_epochs: PositiveFloat
    halve_after: PositiveFloat  # epochs; from here on the rate is halved
    halve_every: PositiveFloat  # epochs
    precision: Literal["32-true", "bf16-mixed"]
    # evaluation
    beam_size: PositiveInt
    beam_sizes: tuple[PositiveInt, ...]  # of the single model, besides beam_size
    ensemble_beam_sizes: tuple[PositiveInt, ...]  # of all seeds' models together; none: no ensemble
    n_best: PositiveInt | None  # translations per sentence of a phrase-based system that are rescored; none: no system
    test_pairs: PositiveInt | None  # translate the first so many test sentences only
