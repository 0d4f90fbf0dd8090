"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Settings


class Config(Settings):
    labels: PositiveInt | None  # labelled reviews to learn from, of those not held out; the others are text; none: all
    unlabelled: bool  # the text that pretraining reads has the corpus' unlabelled reviews too
    vocabulary: PositiveInt | None  # words at most
    length: PositiveInt  # words that are read of a review, its last ones
    # the network
    model: Literal["lstm", "average", "cnn"]
    gain: bool  # an answer after every word, whose share of the loss rises linearly (linear gain)
    embedding: PositiveInt
    hidden: PositiveInt  # cells of an LSTM, or features of each width of a CNN
    dense: PositiveInt | None  # units of the layer between those and the answer
    embedding_dropout: float = Field(ge=0, lt=1)
    dropout: float = Field(ge=0, lt=1)  # of what the last layer sees
    # pretraining
    pretrain: Literal["none", "lm", "sa"]  # a language model, a sequence autoencoder
    pretrain_length: PositiveInt  # words of a review, its last ones
    pretrain_epochs: PositiveInt
    pretrain_lr: PositiveFloat
    samples: PositiveInt | None  # words that the softmax compares with while it learns; none: all
    # training
    lr: PositiveFloat
    decay: Literal["constant", "linear"]  # of both rates, to 0 at the last update
    clip_norm: PositiveFloat
    batch_size: PositiveInt
    max_epochs: PositiveInt

    @model_validator(mode="after")
    def sensible(self) -> "Config":
        if self.model != "lstm" and (self.pretrain != "none" or self.gain):
            raise ValueError("pretrain and gain are for model lstm")
        return self
