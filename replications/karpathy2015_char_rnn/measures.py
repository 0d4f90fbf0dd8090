"""What is measured of a trained network on the test text, weights fixed: rows ``[B, n]``, B read side by side."""

import numpy as np
import torch

from common.data.text.rows import BLOCK, Rows
from common.data.text.spans import SPANS
from common.evaluation import probing
from common.evaluation.saturation import Layers
from common.ngram.kneser_ney import KneserNey
from replications.karpathy2015_char_rnn.module import CharacterModel

FRAGMENT = 240  # characters of a figure


@torch.no_grad()
def observed(module: CharacterModel, text: Rows) -> tuple[np.ndarray, Layers]:
    """P(character | all before it in its row) ``[B, n]``, and what each layer did when it foresaw that character.

    The state comes from the validation text, which is read before.
    """
    network, start, size = module.network, text.ends[0], text.ends[2] - text.ends[1]
    read = torch.from_numpy(text.rows[:, start - 1 :].T.copy())
    state, chances, did = network.stack.initial(read.shape[1]), [], []
    for place in range(0, len(read) - 1, BLOCK):
        characters, following = read[place : place + BLOCK], read[place + 1 : place + BLOCK + 1]
        if start + place >= text.ends[1]:
            did.append(network.stack.inside(network.read(characters), state))
        nats, state = module.nats((characters, following), state)
        chances.append(nats.double().neg().exp())
    layers = [
        {name: torch.cat([block[n][name] for block in did]).transpose(0, 1).numpy() for name in did[0][n]}
        for n in range(len(did[0]))
    ]
    return torch.cat(chances)[-size:].t().numpy(), layers


def ngrams(text: Rows, orders: int) -> np.ndarray:
    """P ``[orders, B, n]`` of modified Kneser-Ney with 1, 2, ... characters of context; rows are joined in order."""
    train, test = text.part("train").ravel(), text.part("test")
    models = (KneserNey(n + 1, train, len(text.symbols), eos=-1) for n in range(1, orders + 1))  # nothing ends
    return np.stack([model.probabilities(test.ravel()).reshape(test.shape) for model in models])


def probed(layers: Layers, text: Rows) -> tuple[dict[str, float], dict]:
    """|r| of the best cell for each kind of span, the control's, and the number of cells searched; for the figure, the
    fragment of the held-out rows in which the span changes most."""
    cells = np.concatenate([layer["cell"] for layer in layers], axis=2)
    metrics, shown = {"cells": float(cells.shape[2])}, {}
    read = text.part("test", np.roll(text.rows, 1, axis=1))  # what a cell has read when it foresees a character
    for name in SPANS:
        wanted = text.part("test", np.roll(text.spans[name], 1, axis=1))
        cell, r = probing.best_unit(cells, wanted)
        metrics |= {f"probe/{name}": abs(r), f"probe/{name}_elsewhere": abs(probing.control(cells, wanted))}
        starts = range(0, max(wanted.shape[1] - FRAGMENT, 1), FRAGMENT)
        places = [(row, slice(at, at + FRAGMENT)) for row in range(len(cells) // 2, len(cells)) for at in starts]
        place = max(places, key=lambda place: wanted[place].std())
        values = cells[(*place, cell)].astype(float).round(2).tolist()
        characters = bytes(text.symbols[n] for n in read[place]).decode("latin-1")
        shown[name] = {"cell": cell, "r": r, "text": characters, "values": values}
    return metrics, shown
