"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Settings


class Config(Settings):
    pictures: PositiveInt | None  # train on the first so many pictures only
    min_count: PositiveInt  # words seen fewer times are <unk>
    # the network
    encoder: Literal["googlenet", "inception_v3", "efficientnet_lite0", "small_cnn"]
    pretrained: bool  # or an encoder of random weights, as a control
    image: Literal["once", "every_step"]
    hidden: PositiveInt
    embedding: PositiveInt
    dropout: float = Field(ge=0, lt=1)  # of what enters and leaves the LSTM
    init_range: PositiveFloat
    # training
    optimizer: Literal["sgd", "adam"]
    lr: PositiveFloat
    halve_every: PositiveInt | None  # epochs; none: a fixed rate
    clip_norm: PositiveFloat
    batch_size: PositiveInt  # captions
    max_epochs: PositiveInt
    patience: PositiveInt  # epochs without a better validation perplexity before training stops
    fine_tune_from: PositiveInt | None  # the encoder learns too from this epoch on
    fine_tune_lr: PositiveFloat  # the encoder's rate
    precision: Literal["32-true", "bf16-mixed"]
    # evaluation
    beam_size: PositiveInt  # of the captions that are judged
    wide_beam: PositiveInt  # of the lists of best captions
    length_exponent: float = Field(ge=0, le=1)  # captions of N words are ordered by log p(S) / N^this
    n_best: PositiveInt  # captions per picture whose novelty is measured
    max_length: PositiveInt  # words
    consensus: bool  # CIDEr, ROUGE-L and METEOR besides BLEU
    rank_pictures: int = Field(ge=0)  # test pictures of the ranking task; 0: none
    rank_captions: PositiveInt  # captions of each of them
    rank_seeds: PositiveInt | None  # only the networks of the first so many seeds rank; none: all
    transfer: tuple[str, ...]  # other sets whose test pictures are described too

    @model_validator(mode="after")
    def _consistent(self) -> "Config":
        if self.n_best > self.wide_beam:
            raise ValueError(f"n_best {self.n_best} captions cannot come from a wide_beam of {self.wide_beam}")
        if self.fine_tune_from and self.precision != "32-true":
            raise ValueError("fine_tune_from needs precision 32-true")
        return self
