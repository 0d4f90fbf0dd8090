"""Training pairs that do not belong together, as collected text has them."""

from dataclasses import replace

import numpy as np

from common.data.parallel.corpus import Pairs, ParallelCorpus


def mispair(corpus: ParallelCorpus, share: float) -> ParallelCorpus:
    """The corpus with so many of its training targets exchanged among each other, always the same ones.

    The text that the paper learns from was collected on the web and holds such pairs; the suite's own grammar makes
    none. They fill the phrase table with pairs that occur once and are wrong.
    """
    if not share:
        return corpus
    draw, train = np.random.default_rng(1), corpus.train
    chosen = draw.choice(len(train), round(share * len(train)), replace=False)
    order = np.arange(len(train))
    order[chosen] = np.roll(chosen, 1)
    targets = [train[i][1] for i in order]
    starts = np.concatenate([[0], np.cumsum([len(target) for target in targets])])
    pairs = Pairs(train.source, np.concatenate(targets), train.source_starts, starts)
    return replace(corpus, train=pairs, fingerprint=f"{corpus.fingerprint}-mispaired-{share}")
