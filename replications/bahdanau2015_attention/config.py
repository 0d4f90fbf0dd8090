"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from common.config import Settings


class Config(Settings):
    # RNNencdec: one vector per sentence; RNNsearch: attention; and the system of another kind that stands beside them
    model: Literal["encdec", "search", "phrase_based"]
    source_vocabulary: PositiveInt  # K_x, </s> and <unk> included
    target_vocabulary: PositiveInt  # K_y
    max_length: PositiveInt  # words of a training sentence, either side
    # the network
    embedding: PositiveInt  # m
    hidden: PositiveInt  # n
    maxout: PositiveInt  # l
    alignment: PositiveInt  # n'
    alignment_std: PositiveFloat  # initial W_a, U_a
    init_std: PositiveFloat  # all other initial weights that are not recurrent
    dropout: float = Field(ge=0, lt=1)  # of embeddings, annotations and t
    # training
    optimizer: Literal["adadelta", "adam"]
    lr: PositiveFloat
    decay: Literal["constant", "linear"]  # of the rate, to 0 at the last update
    clip_norm: PositiveFloat
    batch_size: PositiveInt
    max_epochs: PositiveInt
    precision: Literal["32-true", "bf16-mixed"]
    # translation
    beam_size: PositiveInt
    length_exponent: float = Field(ge=0, le=1)  # translations of N words are ordered by log p(y | x) / N^this
    max_output: PositiveInt  # words of a translation, </s> included
