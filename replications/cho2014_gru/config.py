"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from common.config import Settings


class Config(Settings):
    task: Literal["phrases", "sentences"]  # score phrase pairs for a phrase-based system, or translate alone (2014b)
    rows: tuple[Literal["rnn", "cslm", "wp"], ...]  # what is added to the baseline, one after the other
    train_pairs: PositiveInt | None  # use the first so many sentence pairs only
    max_length: PositiveInt | None  # words of a training sentence, either side
    mispaired: float = Field(ge=0, lt=1)  # share of the training targets that are given to another source
    # the phrase-based system
    alignment: str | None  # a file with a line of links per training pair; none: aligned here
    longest_phrase: PositiveInt
    options: PositiveInt  # translations per source phrase
    lm_order: PositiveInt
    distortion_limit: int = Field(ge=0)
    stack: PositiveInt
    tuning_stack: PositiveInt
    paths: PositiveInt
    tuning_rounds: PositiveInt
    starts: PositiveInt  # of tuning: all rows are tuned from each, and BLEU is their mean
    # the network
    unit: Literal["gated", "tanh"]
    source_vocabulary: PositiveInt  # the network's shortlist, </s> and <unk> included
    target_vocabulary: PositiveInt
    embedding: PositiveInt  # m, also the rank of the output matrix
    hidden: PositiveInt  # n
    maxout: PositiveInt  # l
    init_std: PositiveFloat  # of all weights that are not recurrent
    optimizer: Literal["adadelta", "adam"]
    lr: PositiveFloat
    decay: Literal["constant", "linear"]  # of the rate, to 0 at the last update
    batch_size: PositiveInt
    max_epochs: PositiveInt
    held_out: float = Field(gt=0, lt=1)  # share of the phrase pairs that is only looked at
    # the feed-forward language model (CSLM)
    cslm_order: int = Field(ge=2)
    cslm_embedding: PositiveInt
    cslm_hidden: tuple[PositiveInt, PositiveInt]
    cslm_init: PositiveFloat
    cslm_lr: PositiveFloat
    cslm_batch: PositiveInt
    cslm_epochs: PositiveInt
    cslm_patience: PositiveInt
    # translating sentences (2014b)
    beam_size: PositiveInt
    max_output: PositiveInt
