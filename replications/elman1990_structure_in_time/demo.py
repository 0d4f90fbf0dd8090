"""Use a trained network: how wrong it is at each letter, bit or word of a text."""

from pathlib import Path

import torch

from common.errors import UserError
from common.training.trained import kept, restored
from replications.elman1990_structure_in_time import data
from replications.elman1990_structure_in_time.config import Config
from replications.elman1990_structure_in_time.experiment import build, load_data

DEFAULT_EXPERIMENT = "words"
WIDTH = 30  # of the bar of an error of 1


@torch.no_grad()
def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """A line for each letter (bit, word) of ``text`` but the first: the error of its prediction, and that as a bar.

    Raises:
        UserError: one has no code, or there is only one.
    """
    network, corpus = restored(path, Config, load_data, build)[0], kept(path, Config)[1].corpus
    parts = (text or "many years ago a boy lived by the sea").lower().split()
    items = parts if corpus == "sentences" else list("".join(parts))
    if len(items) < 2:
        raise UserError(f"{text!r}: there is nothing to predict; give two or more")
    vectors = data.encoded(corpus, items)
    answers, _ = network(vectors[:-1], vectors[1:])
    errors = (answers - vectors[1:]).square().sum(1).sqrt().tolist()
    return "\n".join(
        f"{item:8} {error:.2f}  {'█' * round(WIDTH * error)}" for item, error in zip(items[1:], errors, strict=True)
    )
