"""The settings of one row of the tables, typed."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Settings


class Config(Settings):
    model: Literal["kn5", "lstm"]
    min_count: PositiveInt  # rarer words are <unk>
    train_words: PositiveInt | None  # train on the first so many words only
    # the network
    inputs: Literal["words", "characters"]
    layers: PositiveInt
    cells: PositiveInt  # N of LSTM-N-P
    projection: PositiveInt  # P, also the size of embeddings
    dropout: Annotated[float, Field(ge=0, lt=1)]  # before and after every layer
    output: Literal["words", "cnn", "characters"]
    correction: PositiveInt | None  # CNN softmax: a vector of this size for each word
    # reading and writing characters
    longest_word: PositiveInt  # in bytes, with begin and end marks
    filters: tuple[tuple[PositiveInt, PositiveInt], ...]  # (width, number)
    character_embedding: PositiveInt
    highways: Annotated[int, Field(ge=0)]
    character_cells: PositiveInt  # of the character LSTM that writes words
    character_epochs: PositiveInt
    # training
    loss: Literal["importance", "nce"]
    samples: PositiveInt | None  # none: the full softmax
    streams: PositiveInt
    block: PositiveInt
    lr: PositiveFloat
    cnn_input_lr: PositiveFloat  # of the network that reads characters
    cnn_softmax_lr: PositiveFloat  # of a CNN softmax, whose logits are tied
    initial_accumulator: Annotated[float, Field(ge=0)]  # Adagrad's
    clip_norm: PositiveFloat | None  # of the gradient of the LSTM's weights alone
    embedding_scale: PositiveFloat  # times the gradient of the embeddings
    max_epochs: PositiveInt
    keep_best: bool  # the weights of the epoch that was best on the validation text
    precision: Literal["32-true", "bf16-mixed"]
    # evaluation
    evaluation_streams: PositiveInt  # parts of a text read side by side; 1 is exact
    valid_words: PositiveInt | None  # of the validation text, after each epoch
    kn5: bool  # mix the networks with a KN5 of the training text, which it holds in memory

    @model_validator(mode="after")
    def fits(self) -> "Config":
        if self.projection > self.cells:
            raise ValueError(f"a projection of {self.projection} units is larger than its {self.cells} cells")
        if self.correction and self.output != "cnn":
            raise ValueError("a correction belongs to the CNN softmax: output=cnn")
        return self
