"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from common.config import Settings


class Config(Settings):
    min_count: PositiveInt  # words seen fewer times are <unk>
    # the network
    encoder: Literal["vgg19", "efficientnet_lite0", "small_cnn"]
    attention: Literal["soft", "hard", "mean", "start"]  # none: the mean vector at every step, or to begin with only
    gate: bool  # beta
    hidden: PositiveInt
    embedding: PositiveInt
    attention_size: PositiveInt
    dropout: float = Field(ge=0, lt=1)  # of the LSTM's output and of the layers before the words and the first state
    init_std: PositiveFloat
    # training
    penalty: float = Field(ge=0)  # lambda, of maps that do not add up to 1 at every location
    reward_weight: PositiveFloat  # lambda_r, of the score function
    baseline_decay: float = Field(ge=0, le=1)  # 1: no baseline
    entropy_weight: float = Field(ge=0)  # lambda_e
    sampled: float = Field(ge=0, le=1)  # share of batches whose locations are drawn; the others take the expectation
    soft_epochs: int = Field(ge=0)  # hard attention begins as soft for so long
    optimizer: Literal["rmsprop", "adam"]
    lr: PositiveFloat
    halve_every: PositiveInt | None  # epochs; none: a fixed rate
    batch_size: PositiveInt  # captions
    max_epochs: PositiveInt
    patience: PositiveInt  # epochs without a better validation perplexity before training stops
    # evaluation
    beam_size: PositiveInt
    length_exponent: float = Field(ge=0, le=1)  # captions of N words are ordered by log p(y) / N^this
    max_length: PositiveInt  # words
    consensus: bool  # CIDEr, ROUGE-L and METEOR besides BLEU
