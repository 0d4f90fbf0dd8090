"""A hidden Markov model beside the networks: tags follow tags, and each gives out its word. It is counted, not trained.

p(words, tags) = product of p(tag | tag before) p(word | tag). An unknown word is taken for what words were that were
seen once and look like it (Brants 2000, "TnT", section 2.3, with one length of ending). The logarithms are the weights
of a CRF, whose Viterbi search finds the best tags.
"""

import numpy as np
import torch
from torch import Tensor, nn

from common.data.tagged.batches import Batch
from common.data.tagged.corpus import Sentence, TaggedCorpus
from common.training.tagging import Tagging

ADDED = 0.1  # to every count


def looks(sentence: Sentence) -> list[list[str]]:
    """Capital, digits and the last three letters of each word."""
    return [[f"{word[0].isupper()} {any(map(str.isdigit, word))} {word[-3:].lower()}"] for word in sentence.words]


class Emissions(nn.Module):
    """log p(word | tag) ``[V, K]``, for unknown words by their looks ``[F + 1, K]``.

    Up to what is the same for all tags it is log p(tag | word) - log p(tag), by Bayes' rule.
    """

    def __init__(self, of_word: Tensor, of_looks: Tensor, unknown: int):
        super().__init__()
        prior = of_word.sum(0) / of_word.sum()
        self.of_word, self.of_looks = (
            ((counts + ADDED * prior) / (counts.sum(1, keepdim=True) + ADDED) / prior).log()
            for counts in (of_word, of_looks)
        )
        self.unknown = unknown

    def forward(self, batch: Batch) -> tuple[Tensor, None]:
        is_unknown = (batch.words == self.unknown).unsqueeze(2)
        return torch.where(is_unknown, self.of_looks[batch.features[..., 0].long()], self.of_word[batch.words]), None


def counted(corpus: TaggedCorpus) -> Tagging:
    """The model of a corpus whose features are the :func:`looks`."""
    data, size = corpus.encode(corpus.train), len(corpus.target)
    of_word, of_looks = np.zeros((len(corpus.vocabulary), size)), np.zeros((len(corpus.features) + 1, size))
    np.add.at(of_word, (data.words, data.tags), 1)
    once = np.asarray(corpus.vocabulary.counts)[data.words] == 1
    np.add.at(of_looks, (data.features[once, 0], data.tags[once]), 1)
    starts, ends = np.bincount(data.tags[data.starts[:-1]], minlength=size), data.starts[1:] - 1
    last, pairs = np.bincount(data.tags[ends], minlength=size), np.zeros((size, size))
    follows = np.delete(np.arange(len(data.words)), ends)
    np.add.at(pairs, (data.tags[follows], data.tags[follows + 1]), 1)
    module = Tagging(
        Emissions(torch.from_numpy(of_word).float(), torch.from_numpy(of_looks).float(), corpus.vocabulary.unk),
        corpus,
        crf=True,
    )
    leaving = pairs.sum(1) + last + ADDED * (size + 1)
    for weight, share in (
        (module.crf.start, (starts + ADDED) / (starts.sum() + ADDED * size)),
        (module.crf.transitions, (pairs + ADDED) / leaving[:, None]),
        (module.crf.stop, (last + ADDED) / leaving),
    ):
        weight.data = torch.from_numpy(np.log(share)).float()
    return module.eval()
