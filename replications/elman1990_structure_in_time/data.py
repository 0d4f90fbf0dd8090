"""What the networks read: bits, letters or words, each to be followed by the next."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data.synthetic import letters, templates
from common.data.synthetic.bits import temporal_xor
from common.errors import UserError, unknown

DRAW = {"xor": temporal_xor, "letters": letters.syllables, "words": letters.words, "sentences": templates.sentences}
NOVEL = "zog"  # a word that no sentence has
SIZE = 31  # of a word's vector; two places are spare, one of which is the novel word's
ONE_HOT = {word: "0" * place + "1" + "0" * (SIZE - place - 1) for place, word in enumerate((*templates.WORDS, NOVEL))}
CODES = {"xor": {"0": "0", "1": "1"}, "letters": letters.FEATURES_OF, "words": letters.BITS_OF, "sentences": ONE_HOT}


class Stream(NamedTuple):
    """Steps without end: after the last comes the first."""

    inputs: Tensor  # [N, K]
    targets: Tensor  # [N, K]
    groups: list  # what the steps are joined from: triples, syllables, words, sentences
    wanted: np.ndarray  # [N] what is to be answered at each step
    place: np.ndarray  # [N] the place of that in its group


def encoded(corpus: str, items: list[str]) -> Tensor:
    """The vectors ``[N, K]`` of bits, letters or words. Raises UserError for one that has no code."""
    if wrong := next((item for item in items if item not in CODES[corpus]), None):
        raise unknown({"sentences": "word", "xor": "bit"}.get(corpus, "letter"), wrong, CODES[corpus])
    return torch.tensor([[float(bit) for bit in CODES[corpus][item]] for item in items], dtype=torch.float64)


def joined(corpus: str, groups: list) -> Stream:
    """Groups one after another."""
    items = [item for group in groups for item in group]
    place = [place for group in groups for place in range(len(group))]
    vectors = encoded(corpus, items)
    return Stream(vectors, vectors.roll(-1, 0), groups, np.roll(items, -1), np.roll(place, -1))


def stream(corpus: str, count: int, seed: int, purpose: int = 0) -> Stream:
    """``count`` examples of a seed; ``purpose`` 0 to learn from, 1 to be tested on.

    Raises:
        UserError: some word is in none of the sentences.
    """
    found = joined(corpus, DRAW[corpus](count, np.random.default_rng([seed, purpose])))
    if corpus == "sentences" and (missing := set(templates.WORDS).difference(found.wanted)):
        raise UserError(f"{count} sentences without {', '.join(sorted(missing))}: choose more examples")
    return found
