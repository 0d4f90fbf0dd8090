"""Translations that a phrase-based system offers, in the order in which the LSTM prefers them: section 3.2, table 2."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from common.data.parallel import corpus as parallel
from common.data.parallel.buckets import pad
from common.evaluation.translation import Words
from common.metrics.bleu_statistics import ORDER, statistics
from common.phrase_based.system import PhraseSystem
from common.text.vocabulary import Vocabulary
from replications.sutskever2014_seq2seq.config import Config
from replications.sutskever2014_seq2seq.model import Seq2Seq
from replications.sutskever2014_seq2seq.translation import read, step


class Offers(NamedTuple):
    """The n best translations of each sentence, best first, and the score that the phrase-based system gives each."""

    candidates: list[Words]
    scores: list[np.ndarray]  # of each sentence [N]

    @property
    def first(self) -> Words:
        """The system's own translations."""
        return [words[0] for words in self.candidates]

    def rescored(self, log_p: Sequence[np.ndarray]) -> Words:
        """The best by an even average of the system's score and the LSTM's log p(T | S)."""
        return [
            words[int(np.argmax(score + other))]
            for words, score, other in zip(self.candidates, self.scores, log_p, strict=True)
        ]

    def oracle(self, references: Sequence[Sequence[str]]) -> Words:
        """The best by the reference: by BLEU of the sentence, one added to every count so that it is not zero."""
        found = []
        for words, reference in zip(self.candidates, references, strict=True):
            counts = statistics(words, reference)
            precision = np.log((counts[:, :ORDER] + 1) / (counts[:, ORDER : 2 * ORDER] + 1)).mean(1)
            shortage = 1 - len(reference) / np.maximum(counts[:, ORDER], 0.5)
            found.append(words[int(np.argmax(precision + np.minimum(shortage, 0)))])
        return found


def offers(config: Config, count: int) -> Offers:
    """What a phrase-based system (Cho et al. 2014's baseline), tuned on the validation text, offers for the first
    ``count`` test sentences."""
    corpus = parallel.load(config.corpus, max_length=config.max_length, train_pairs=config.train_pairs)  # every word
    system = PhraseSystem(corpus)
    weights = system.tune()
    lists = system.lists("test", weights, paths=config.n_best, count=count)
    return Offers([found.words for found in lists], [found.features @ weights for found in lists])


@torch.no_grad()
def log_probabilities(
    networks: Sequence[Seq2Seq],
    sources: Sequence[np.ndarray],
    candidates: Sequence[Words],
    vocabulary: Vocabulary,
    batch_size: int = 16,
) -> list[np.ndarray]:
    """log p(T | S) of every candidate of every sentence ``[N]``, of several networks together as they translate.

    The candidates of a sentence have most of their words in common, so a beginning that several share is read once.

    Args:
        sources: ids of sentences ``[S]``, each ending in ``</s>``.
    """
    found: list[np.ndarray] = []
    for start in range(0, len(sources), batch_size):
        offered = candidates[start : start + batch_size]
        targets, lengths = pad(
            [np.append(vocabulary.encode(words), vocabulary.eos) for each in offered for words in each]
        )  # [T, C]
        state = read(networks, *pad(sources[start : start + batch_size]))
        sizes = [len(each) for each in offered]
        node = torch.arange(len(offered)).repeat_interleave(torch.tensor(sizes))  # which beginning [C]
        before = torch.full((len(offered),), vocabulary.eos)
        total = torch.zeros(len(node), dtype=torch.float64)
        for t, words in enumerate(targets):
            log_p, state = step(networks, before, state)
            here = t < lengths
            total[here] += log_p[node[here], words[here]].double()
            longer = t + 1 < lengths
            beginnings, node[longer] = (node * len(vocabulary) + words)[longer].unique(return_inverse=True)
            parents, before = beginnings // len(vocabulary), beginnings % len(vocabulary)
            state = tuple(part[parents] for part in state)
        found += np.split(total.numpy(), np.cumsum(sizes)[:-1])
    return found
