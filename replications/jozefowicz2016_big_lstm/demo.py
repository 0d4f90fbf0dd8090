"""Use a trained language model: it continues a text."""

from pathlib import Path

from common.training.trained import restored
from replications.jozefowicz2016_big_lstm.config import Config
from replications.jozefowicz2016_big_lstm.experiment import build, load_data
from replications.jozefowicz2016_big_lstm.inspect_words import sample

DEFAULT_EXPERIMENT = "big_lstm_cnn"


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """``text`` and ``length`` more words, drawn from the network's distribution; unknown ones are read as <unk>."""
    module, corpus = restored(path, Config, load_data, build)
    return sample(module, corpus.vocabulary, tuple(text.split()), length, seed)
