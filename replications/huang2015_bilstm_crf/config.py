"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Settings


class Config(Settings):
    model: Literal["hmm", "network"]
    directions: Literal[0, 1, 2]  # of LSTM; 0: nothing but features
    crf: bool  # tags of a sentence are one answer; otherwise each word's is chosen by itself
    features: Literal["words", "all"]  # words: nothing of spelling and context; all: the paper's features
    hidden: PositiveInt
    embedding: PositiveInt
    dropout: float = Field(ge=0, lt=1)  # of word vectors and of what the LSTM gives
    unknown: float = Field(ge=0, le=1)  # how often a word seen once in training is read as <unk>
    optimizer: Literal["sgd", "adam"]
    lr: PositiveFloat
    decay: Literal["constant", "linear"]  # of the rate, to 0 at the last update
    batch_words: PositiveInt  # of a batch, on average
    max_epochs: PositiveInt

    @model_validator(mode="after")
    def knows_something(self) -> "Config":
        if self.model == "network" and not self.directions and not self.crf:
            raise ValueError("without LSTM there is only the CRF: set crf or directions")
        return self
