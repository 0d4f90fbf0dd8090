"""Use a trained SCRN: what its context units hold while it reads."""

from pathlib import Path

import torch

from common.errors import UserError
from common.training.trained import restored
from replications.mikolov2015_scrn.config import Config
from replications.mikolov2015_scrn.experiment import build, load_data

DEFAULT_EXPERIMENT = "scrn"
SHOWN = 6


@torch.no_grad()
def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """A line for each word of ``text``: the words that the context units make likeliest after it, V s_t.

    Raises:
        UserError: a network without context units, or no text.
    """
    module, corpus = restored(path, Config, load_data, build)
    config, network = module.config, module.network
    if not config.context:
        raise UserError(f"{path}: a network without context units; name an experiment of an SCRN")
    words = text.replace(" . ", " </s> ").split()
    if not words:
        raise UserError("there is nothing to read; give a text, its sentences divided by ' . '")
    symbols = corpus.vocabulary.encode(words)
    _, s = network.cell(torch.as_tensor(symbols).long().unsqueeze(1), network.cell.initial(1))
    weight = getattr(network.output, "weight", None)
    weight = network.output.word_weight if weight is None else weight
    best = (s.squeeze(1) @ weight[:, config.hidden :].t()).topk(min(SHOWN, len(weight))).indices
    width = max(map(len, words))
    return "\n".join(
        f"{word:{width}}  {' '.join(corpus.vocabulary.decode(row))}"
        for word, row in zip(words, best.tolist(), strict=True)
    )
