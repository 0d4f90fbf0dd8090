"""Use a trained language model: it continues a text."""

from pathlib import Path

from common.data.text.corpora import Corpus
from common.text.characters import spell
from common.training import checkpoints
from replications.jozefowicz2016_big_lstm.config import Config
from replications.jozefowicz2016_big_lstm.data import load_data
from replications.jozefowicz2016_big_lstm.inspect_words import sample
from replications.jozefowicz2016_big_lstm.module import CharacterPredictor, LanguageModel, WordPredictor

DEFAULT_EXPERIMENT = "big_lstm_cnn"


def load_model(path: Path) -> tuple[WordPredictor, Corpus]:
    """A trained network and the text it was trained on.

    Raises:
        UserError: no such file, not a checkpoint, or its vocabulary is not that of the corpus as it is now.
    """
    saved = checkpoints.load(path)
    config = Config(**saved["config"])
    corpus = load_data(config)
    corpus.vocabulary.require_same(saved["vocabulary"], str(path))
    spelling = spell(corpus.vocabulary.words, config.longest_word)
    module: WordPredictor = LanguageModel(config, spelling)
    if config.output == "characters":
        del module.network.output
        module = CharacterPredictor(config, spelling, module.network)
    module.load_state_dict(saved["weights"])
    return module.eval(), corpus


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """``text`` and ``length`` more words, drawn from the network's distribution; unknown ones are read as <unk>."""
    module, corpus = load_model(path)
    return sample(module, corpus.vocabulary, tuple(text.split()), length, seed)
