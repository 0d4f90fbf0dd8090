"""What is measured of a trained network on the test text, weights fixed: rows ``[B, n]``, B read side by side."""

import numpy as np
import torch

from common.data.text.rows import BLOCK, Rows
from common.data.text.spans import SPANS
from common.evaluation import probing
from common.ngram.kneser_ney import KneserNey
from replications.karpathy2015_char_rnn.module import CharacterModel

SHUT, OPEN = 0.1, 0.9  # a gate below is shut, one above is open
RARE = 5  # occurrences of a word in the training text
FRAGMENT = 240  # characters of a figure
Layers = list[dict[str, np.ndarray]]  # of each, what its cells and gates did [B, n, H]


@torch.no_grad()
def observed(module: CharacterModel, text: Rows) -> tuple[np.ndarray, Layers]:
    """P(character | all before it in its row) ``[B, n]``, and what each layer did when it foresaw that character.

    The state comes from the validation text, which is read before.
    """
    start, size = text.ends[0], text.ends[2] - text.ends[1]
    read = torch.from_numpy(text.rows[:, start - 1 :].T.copy())
    state, chances, did = (), [], []
    for place in range(0, len(read) - 1, BLOCK):
        words, following = read[place : place + BLOCK], read[place + 1 : place + BLOCK + 1]
        if start + place >= text.ends[1]:
            did.append(module.network.inside(words, state))
        nats, state = module.nats((words, following), state)
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
        shown[name] = {
            "cell": cell,
            "r": r,
            "text": bytes(text.symbols[n] for n in read[place]).decode("latin-1"),
            "values": cells[(*place, cell)].astype(float).round(2).tolist(),
        }
    return metrics, shown


def saturation(layers: Layers) -> tuple[dict[str, float], dict]:
    """How much of the time gates are shut and open, mean over cells, and for the figure that of each cell."""
    points = [
        {
            gate: {
                "shut": (did < SHUT).mean((0, 1)).round(3).tolist(),
                "open": (did > OPEN).mean((0, 1)).round(3).tolist(),
            }
            for gate, did in layer.items()
            if gate != "cell"
        }
        for layer in layers
    ]
    metrics = {
        f"saturated/{gate}_{side}": float(np.mean([layer[gate][side] for layer in points]))
        for gate in points[0]
        for side in ("shut", "open")
    }
    for number, layer in enumerate(points if points[0] else (), start=1):
        metrics[f"saturated/layer_{number}"] = float(np.mean([np.add(*gate.values()) for gate in layer.values()]))
    return metrics, {"gates": points}


def nats(chances: np.ndarray, text: Rows) -> dict[str, float]:
    """Mean nats of all test characters, and of those that end quotes, brackets and lines, where there are any."""
    cost, found = -np.log(chances), {"test/nll": float(-np.log(chances).mean())}
    for name, mark in {"quote": b'"', "bracket": b")", "column": b"\n"}.items():
        falls = np.diff(text.spans[name], axis=1, prepend=0) < 0
        where = text.part("test", falls & (text.rows == text.symbols.find(mark)))
        if where.any():
            found[f"ends/{name}"] = float(cost[where].mean())
    return found


def errors(chances: np.ndarray, oracle: np.ndarray, text: Rows) -> dict[str, float]:
    """Share of characters that get less than half the probability, and of these the shares of each kind, in this order.

    ``ngram``: one of the n-gram models (``oracle [orders, B, n]``) gives half or more. ``rare``: in a word that is rare
    in training. ``opening``: after a blank, an end of line or a mark. ``rest``.
    """
    letters = np.array([symbol >= 128 or chr(symbol).isalpha() for symbol in text.symbols])[text.rows]
    left, found = chances < 0.5, {"errors/all": float((chances < 0.5).mean())}
    kinds = {
        "ngram": (oracle >= 0.5).any(0),
        "rare": text.part("test", rare(text, letters)),
        "opening": text.part("test", ~np.roll(letters, 1, axis=1)),
        "rest": True,
    }
    total = max(left.sum(), 1)
    for kind, where in kinds.items():
        found[f"errors/{kind}"] = float((left & where).sum() / total)
        left = left & ~np.asarray(where)
    return found


def rare(text: Rows, letters: np.ndarray) -> np.ndarray:
    """Of each character ``[B, N]``: it is in a word, a run of ``letters``, that training has ``RARE`` times or less."""
    edges = np.flatnonzero(np.diff(letters.ravel(), prepend=False, append=False)).reshape(-1, 2)
    flat, marked = text.rows.ravel(), np.zeros(letters.size, bool)
    words = [flat[start:stop].tobytes() for start, stop in edges]
    seen = dict.fromkeys(words, 0)
    for word, (start, _) in zip(words, edges, strict=True):
        seen[word] += int(start % text.rows.shape[1] < text.ends[0])
    for word, (start, stop) in zip(words, edges, strict=True):
        marked[start:stop] = seen[word] <= RARE
    return marked.reshape(letters.shape)
