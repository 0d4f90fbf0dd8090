"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Settings


class Config(Settings):
    model: Literal["ngram", "nnlm", "rnn", "speed"]  # speed: how fast the last learns, with more and fewer classes
    sentences: PositiveInt | None  # train on the first so many sentences only
    vocabulary: PositiveInt | None = None  # the most frequent words, </s> and <unk> included; none: all
    # the network
    hidden: PositiveInt
    classes: PositiveInt | None  # classes of the factorised output; none: one softmax over all words
    samples: PositiveInt | None  # words that an update tells the right one from; none: from all of them
    tree: bool = False  # hierarchical softmax over Huffman's tree
    ngrams: int = Field(0, ge=0)  # with a tree: direct connections from contexts of 0 to so many less one words (RNNME)
    slots: PositiveInt = 2_000_000  # of the table of direct connections
    order: int = Field(ge=2)  # feed-forward model: predicts from order - 1 words
    embedding: PositiveInt  # feed-forward model: features per word
    direct: bool  # feed-forward model: connections from the features to the output
    # training
    bptt: int = Field(ge=0)  # steps back beyond the block; 0 is one-step backpropagation
    block: PositiveInt  # words between two updates
    streams: PositiveInt  # parts of the text read side by side, each with its own state
    lr: PositiveFloat  # per word
    min_improvement: float = Field(ge=1)
    hold: int = Field(ge=0)  # epochs before the rate may be halved
    weight_decay: float = Field(ge=0)
    error_clip: PositiveFloat  # of each hidden unit's error, on its way back
    clip_norm: PositiveFloat | None  # of the whole gradient, per stream
    max_epochs: PositiveInt
    precision: Literal["32-true", "bf16-mixed"]
    # evaluation
    dynamic: bool  # also evaluate while learning from the test text
    dynamic_lr: PositiveFloat
    dynamic_block: PositiveInt

    @model_validator(mode="after")
    def one_softmax(self) -> "Config":
        if self.samples and (self.classes or self.model == "nnlm"):
            raise ValueError("samples are for the recurrent network with one softmax: set classes to null")
        if self.tree and (self.classes or self.samples):
            raise ValueError("a tree stands instead of classes and samples: set both to null")
        if self.ngrams and not (self.tree and self.model == "rnn" and self.ngrams <= self.bptt + 2):
            raise ValueError("ngrams are for the recurrent network with a tree, and at most bptt + 2")
        return self
