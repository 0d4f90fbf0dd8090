"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Settings


class Config(Settings):
    model: Literal["crf", "elman", "jordan", "hybrid", "lstm"]  # crf: words in a window and nothing hidden
    directions: Literal[1, 2]  # 2: the sentence is read from both ends
    window: PositiveInt  # words, centred on the one that is tagged
    crf: bool  # tags of a sentence are one answer
    intent: Literal["none", "joint", "alone"]
    attention: bool  # each word, and the intent, also sees a weighted mean of all states (Liu & Lane 2016)
    min_count: PositiveInt  # words seen fewer times in training are <unk>
    # the network
    hidden: PositiveInt
    embedding: PositiveInt
    init_range: PositiveFloat
    dropout: float = Field(ge=0, lt=1)  # of what is read and of what the output sees
    unit_length: bool  # embeddings are brought to length 1 after every update
    # training
    optimizer: Literal["sgd", "adam"]
    lr: PositiveFloat
    decay: Literal["constant", "linear"]  # of Adam's rate, to 0 at the last update
    halve_after: PositiveInt | None  # epochs without a better F1, after which each further one halves the rate of SGD
    batch_size: PositiveInt
    max_epochs: PositiveInt

    @model_validator(mode="after")
    def sensible(self) -> "Config":
        if not self.window % 2:
            raise ValueError("a window is centred: give an odd number of words")
        if self.model != "lstm" and (self.intent != "none" or self.attention):
            raise ValueError("intents and attention are for model lstm")
        return self
