"""Use a trained language model: it continues a text."""

from pathlib import Path

import numpy as np
import torch

from common.data.text.corpora import Corpus
from common.training import checkpoints
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.experiment import load_data
from replications.mikolov2010_rnnlm.module import LanguageModel

DEFAULT_EXPERIMENT = "rnn"


def load_model(path: Path) -> tuple[LanguageModel, Corpus]:
    """A trained network and the text it was trained on.

    Raises:
        UserError: no such file, not a checkpoint, or its vocabulary is not that of the corpus as it is now.
    """
    saved = checkpoints.load(path)
    config = Config(**saved["config"])
    corpus = load_data(config)
    corpus.vocabulary.require_same(saved["vocabulary"], str(path))
    module = LanguageModel(config, np.asarray(corpus.vocabulary.counts))
    module.load_state_dict(saved["weights"])
    return module.eval(), corpus


@torch.no_grad()
def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """``text`` and ``length`` more words, each drawn from the network's distribution; unknown words are <unk>."""
    module, corpus = load_model(path)
    words = corpus.vocabulary.encode(text.split()).tolist()
    generator = torch.Generator().manual_seed(seed)
    state = module.network.initial(1)
    read = [corpus.eos, *words]
    for _ in range(length):
        log_p, state = module.log_probabilities(torch.tensor(read).unsqueeze(1), state)
        read = torch.multinomial(log_p[-1].exp(), 1, generator=generator).tolist()
        words += read
    shown = [word if word != "</s>" else "\n" for word in corpus.vocabulary.decode(words)]
    return " ".join(shown).replace(" \n ", "\n").strip()
