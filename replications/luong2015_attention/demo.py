"""Use a trained network: it translates a sentence and shows where it looked."""

from pathlib import Path

import numpy as np

from common.errors import UserError
from common.training.trained import restored
from replications.luong2015_attention.config import Config
from replications.luong2015_attention.experiment import best, build, load_data, looks

DEFAULT_EXPERIMENT = "dot"


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """The translation of ``text``, and for each of its words the source word with the largest weight.

    Raises:
        UserError: no text, or more than 1,000 words.
    """
    if not text.strip():
        raise UserError('there is nothing to translate; give a sentence: replicate try luong2015_attention "..."')
    module, corpus = restored(path, Config, load_data, build)
    source, words = corpus.encode_source(text), corpus.source_tokeniser.tokenise(text)
    (found,) = best(module, [source], corpus)
    lines = [corpus.detokenise(found)]
    if unknown := sorted({word for word in words if word not in corpus.source}):
        lines.append(f"not learnt: {', '.join(unknown)}")
    if module.config.window == "none":
        return "\n".join([*lines, "(this network does not look back)"])
    (alpha,) = looks(module, [(source, np.append(corpus.target.encode(found), corpus.target.eos))])
    width = max(map(len, [*found, ""]))
    best_of = zip(found, alpha.argmax(1), alpha.max(1), strict=False)
    return "\n".join([*lines, *(f"{word:{width}}  {words[j]} {weight:.2f}" for word, j, weight in best_of)])
