"""Use a trained language model: it continues a text."""

from pathlib import Path

import torch

from common.training.trained import restored
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.experiment import build, load_data

DEFAULT_EXPERIMENT = "rnn"


@torch.no_grad()
def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """``text`` and ``length`` more words, each drawn from the network's distribution; unknown words are <unk>."""
    module, corpus = restored(path, Config, load_data, build)
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
