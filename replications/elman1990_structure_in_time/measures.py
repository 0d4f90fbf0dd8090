"""What is measured of a trained network, by task; weights are fixed.

The *error* of a step is the root of its summed squares over all outputs, that of several steps the root of their mean.
Where a mean of roots is taken, or outputs count one by one (*rms*), the name says so.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.cluster.hierarchy import fcluster, linkage
from torch import Tensor

from common.data.synthetic import letters, templates
from common.data.synthetic.templates import MEMBERS, WORDS
from common.metrics import clusters
from replications.elman1990_structure_in_time import data
from replications.elman1990_structure_in_time.data import Stream
from replications.elman1990_structure_in_time.model import Network

Measured = tuple[dict[str, float], dict]  # metrics, and what the figures show
CYCLE = 12  # bits in the figure
FRAGMENT = "many years ago a boy and girl lived by the sea they played happily"  # the figure's
BELONGS = np.array([[word in members for word in WORDS] for members in MEMBERS.values()])  # [C, V]
VERBS = [word for name, members in MEMBERS.items() if name.startswith("VERB") for word in members]
IS_HUMAN = np.isin(WORDS, MEMBERS["NOUN-HUM"])


def error(squares: Tensor) -> float:
    """Of squared errors, each of one step or output."""
    return float(squares.mean().sqrt())


def xor(network: Network, stream: Stream) -> Measured:
    """The error at every third bit, which can be known, and at the others; and what is answered there."""
    y, _ = network(stream.inputs, stream.targets)
    squares, third = (y - stream.targets).square().squeeze(1), torch.from_numpy(stream.place == 2)
    is_xor = (y > 0.5) == (stream.inputs.roll(1, 0) != stream.inputs)
    by_bit = squares.roll(1)[: len(squares) // CYCLE * CYCLE].view(-1, CYCLE).mean(0).sqrt()
    return {
        "error/third": error(squares[third]),
        "error/others": error(squares[~third]),
        "xor/others": float(is_xor[~third].double().mean()),
    }, {"error_by_bit": by_bit.tolist()}


def syllables(network: Network, stream: Stream) -> Measured:
    """The error at consonants and at vowels, and at consonants by feature."""
    y, _ = network(stream.inputs, stream.targets)
    squares, consonant = (y - stream.targets).square(), torch.from_numpy(stream.place == 0)
    found = {
        f"consonant/{name}": error(squares[consonant, letters.FEATURES.index(name)])
        for name in ("Consonant", "High", "Back")
    }
    return found | {
        "error/consonant": error(squares[consonant].sum(1)),
        "error/vowel": error(squares[~consonant].sum(1)),
    }, {}


def run_together(network: Network, stream: Stream) -> Measured:
    """The error by a letter's place in its word."""
    y, _ = network(stream.inputs, stream.targets)
    squares = (y - stream.targets).square().sum(1)
    places = {"first": stream.place == 0, "second": stream.place == 1, "later": stream.place > 1}
    shown = data.joined("words", FRAGMENT.split())
    y, _ = network(shown.inputs, shown.targets)
    return (
        {f"error/{name}": error(squares[torch.from_numpy(here)]) for name, here in places.items()},
        {"fragment": (y - shown.targets).square().sum(1).sqrt()[:-1].tolist()},
    )


def sentences(network: Network, stream: Stream) -> Measured:
    """The distance to the next word and to what may be expected; the tree of hidden states; the novel word."""
    y, hidden = network(stream.inputs, stream.targets)
    expected, means = torch.zeros_like(y), mean_states(hidden, stream, WORDS)
    expected[:, : len(WORDS)] = torch.from_numpy(templates.expectations(stream.groups))
    rms, tree = error((y - expected).square()), linkage(means, "ward")
    groups = fcluster(tree, len(BELONGS), "maxclust")
    novel = data.joined(
        "sentences", [tuple(data.NOVEL if word == "man" else word for word in sentence) for sentence in stream.groups]
    )
    _, hidden = network(novel.inputs, novel.targets)
    distance = np.linalg.norm(means - mean_states(hidden, novel, [data.NOVEL]), axis=1)
    return {
        "next/mean_of_roots": float((y - stream.targets).square().sum(1).sqrt().mean()),
        "expected/rms": rms,
        "expected/cosine": float(torch.cosine_similarity(y, expected).mean()),
        "tree/misplaced": clusters.misplaced(tree, WORDS, VERBS),
        "tree/purity": clusters.purity(groups, BELONGS),
        "tree/purity_shuffled": clusters.shuffled_purity(groups, BELONGS),
        "novel/distance": distance[IS_HUMAN].min() / distance[~IS_HUMAN].min(),
    }, {"tree": tree.round(4).tolist()}


def mean_states(hidden: Tensor, stream: Stream, words: Sequence[str]) -> np.ndarray:
    """The mean hidden state after each word ``[V, H]``."""
    read = np.roll(stream.wanted, 1)
    return np.stack([hidden[torch.from_numpy(read == word)].mean(0).numpy() for word in words])


MEASURES = {"xor": xor, "letters": syllables, "words": run_together, "sentences": sentences}
