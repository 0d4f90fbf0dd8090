"""What the sentence vector keeps: who does what to whom, or only which words there are (section 3.8, figure 2)."""

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

import numpy as np
import torch

from common.data.parallel.buckets import pad
from common.data.parallel.corpus import ParallelCorpus
from replications.sutskever2014_seq2seq.model import Seq2Seq, sentence_vector


class Phrase(NamedTuple):
    """``meaning`` is the same for an active sentence and its passive."""

    text: str
    meaning: tuple[str, str, str]  # doer, verb, who it is done to
    passive: bool


# persons; then active verb and passive verb: {0} does it to {1}
TABLES = {
    "names": (
        "Tom",
        "Mary",
        "my father",
        "my mother",
        "the boy",
        "the girl",
        "{0} loves {1} .",
        "{1} is loved by {0} .",
        "{0} helped {1} .",
        "{1} was helped by {0} .",
        "{0} saw {1} .",
        "{1} was seen by {0} .",
        "{0} invited {1} .",
        "{1} was invited by {0} .",
    ),
    "captions": (
        "a man",
        "a woman",
        "a boy",
        "a girl",
        "a child",
        "a dog",
        "{0} is watching {1} .",
        "{1} is being watched by {0} .",
        "{0} is holding {1} .",
        "{1} is being held by {0} .",
        "{0} is carrying {1} .",
        "{1} is being carried by {0} .",
        "{0} is helping {1} .",
        "{1} is being helped by {0} .",
    ),
    "grammar": (
        "the man",
        "the woman",
        "the boy",
        "the girl",
        "the friend",
        "the doctor",
        "{0} watches {1} .",
        "{1} is watched by {0} .",
        "{0} loves {1} .",
        "{1} is loved by {0} .",
        "{0} finds {1} .",
        "{1} is found by {0} .",
        "{0} carries {1} .",
        "{1} is carried by {0} .",
    ),
}


def phrases(table: str) -> list[Phrase]:
    """Every pair of different persons with every verb, active and passive."""
    persons, verbs = TABLES[table][:6], list(zip(TABLES[table][6::2], TABLES[table][7::2], strict=True))
    capital = table != "grammar"
    found = []
    for verb in verbs:
        for doer, other in permutations(persons, 2):
            for passive in (False, True):
                text = verb[passive].format(doer, other)
                found.append(Phrase(text[0].upper() + text[1:] if capital else text, (doer, verb[0], other), passive))
    return found


def known_phrases(corpus: ParallelCorpus) -> list[Phrase]:
    """The phrases of the first table whose every word the corpus knows; none if there is no such table."""
    for table in TABLES:
        found = phrases(table)
        if not any(corpus.source.unk in corpus.encode_source(phrase.text) for phrase in found):
            return found
    return []


@torch.no_grad()
def vectors(network: Seq2Seq, corpus: ParallelCorpus, texts: Sequence[str]) -> np.ndarray:
    """Sentence vectors ``[N, 2 L H]``."""
    return sentence_vector(network.encode(*pad([corpus.encode_source(text) for text in texts]))).double().numpy()


def distances(points: np.ndarray, found: list[Phrase]) -> dict[str, float]:
    """Mean Euclidean distances between an active sentence and two others, in units of the distance of two random ones.

    ``voice``: its passive, of the same meaning; ``order``: the active sentence with doer and other exchanged.
    """
    at = {(phrase.meaning, phrase.passive): point for phrase, point in zip(found, points, strict=True)}
    active = [phrase.meaning for phrase in found if not phrase.passive]

    def mean(others: list[tuple]) -> float:
        return float(
            np.mean(
                [np.linalg.norm(at[meaning, False] - at[other]) for meaning, other in zip(active, others, strict=True)]
            )
        )

    shuffled = np.random.default_rng(1).permutation(len(active))
    unit = mean([(active[i], False) for i in shuffled])
    return {
        "voice": mean([(meaning, True) for meaning in active]) / unit,
        "order": mean([(meaning[::-1], False) for meaning in active]) / unit,
    }


def principal_components(points: np.ndarray) -> np.ndarray:
    """The first two ``[N, 2]``; signs such that the largest coordinate of each axis is positive."""
    centred = points - points.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    plane = centred @ axes[:2].T
    return plane * np.sign(plane[np.abs(plane).argmax(0), [0, 1]])


def picture(network: Seq2Seq, corpus: ParallelCorpus, found: list[Phrase]) -> list[dict]:
    """Figure 2: one verb and three persons, every order, active and passive, in the plane of their two main axes."""
    verb, persons = found[0].meaning[1], {found[0].meaning[0], found[0].meaning[2], found[2].meaning[2]}
    shown = [p for p in found if p.meaning[1] == verb and {p.meaning[0], p.meaning[2]} <= persons]
    plane = principal_components(vectors(network, corpus, [phrase.text for phrase in shown]))
    return [
        {
            "text": phrase.text,
            "doer": phrase.meaning[0],
            "other": phrase.meaning[2],
            "passive": phrase.passive,
            "x": round(float(x), 4),
            "y": round(float(y), 4),
        }
        for phrase, (x, y) in zip(shown, plane, strict=True)
    ]
