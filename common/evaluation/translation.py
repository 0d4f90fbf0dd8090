"""Translators on test text: translations by beam search, their BLEU, and how it depends on the sentences' length.

BLEU is the papers' (tokenised, cased, as ``multi-bleu.perl`` counts it); sacrebleu's stands beside it.
"""

from collections.abc import Callable, Sequence
from statistics import fmean

import numpy as np
import torch
from torch import Tensor

from common.data.parallel.buckets import Batch, batches, pad
from common.data.parallel.corpus import Pairs, ParallelCorpus
from common.metrics.bleu import Score, bleu, multi_bleu
from common.search.beam import Hypothesis, State, Step, beam_search
from common.text.vocabulary import UNK
from common.training.run import Run

BATCH = 64  # sentences, where nothing is learnt
UNKNOWN = "\ufffd"  # an unknown word in running text: one token to sacrebleu, which splits <unk> into three
Words = list[list[str]]  # of each sentence


@torch.no_grad()
def translate(
    begin: Callable[[Tensor, Tensor], tuple[Step, State]],
    sources: Sequence[np.ndarray],
    *,
    max_length: Callable[[int], int],
    batch_size: int = BATCH,
    **search,
) -> list[list[Hypothesis]]:
    """The best translations of each sentence, best first; sentences of similar length are translated together.

    Args:
        begin: from source ids ``[S, B]`` and their lengths ``[B]`` to the step and the first state of a beam search.
        sources: ids of sentences ``[S]``, each ending in ``</s>``; of an empty sentence that is all there is.
        max_length: from the longest source of a batch, ``</s>`` counted, to the most words of its translations.
        search: what else :func:`common.search.beam.beam_search` is to know.
    """
    order = sorted(range(len(sources)), key=lambda i: -len(sources[i]))
    found: dict[int, list[Hypothesis]] = {}
    for first in range(0, len(order), batch_size):
        chosen = order[first : first + batch_size]
        source, lengths = pad([sources[i] for i in chosen])
        outputs = beam_search(*begin(source, lengths), max_length=max_length(len(source)), **search)
        found.update(zip(chosen, outputs, strict=True))
    return [found[i] for i in range(len(sources))]


@torch.no_grad()
def total_nats(nats: Callable[[Batch], Tensor], pairs: Pairs) -> float:
    """-log p of all target sentences, each given its source; ``nats`` are those of each sentence of a batch ``[B]``."""
    return sum(nats(batch).double().sum().item() for batch in batches(pairs, BATCH))


def record_bleu(run: Run, what: str, seed: int | str, *found: Words) -> None:
    """Both BLEUs of translations of the first test sentences, the mean where there are several, and what exactly they
    are."""
    name = f"/{what}" if what else ""
    scores = [_both(run.corpus, each) for each in found]
    for metric, score in scores[0].items():
        value = fmean(each[metric].bleu for each in scores)
        run.record(f"{metric}{name}", seed, value)
        run.figures.setdefault("signatures", {})[metric] = score.signature
        print(f"{run.name} seed {seed}: {metric}{name} {value:.2f}", flush=True)
    if len(scores[0]) < 2:
        print(f"{run.name} seed {seed}: no test/sacrebleu{name}: sacrebleu cannot judge this language", flush=True)


def _both(corpus: ParallelCorpus, found: Words) -> dict[str, Score]:
    """The papers' BLEU; and sacrebleu's, where it can judge the language."""
    scores = {"test/bleu": multi_bleu(found, corpus.tokenised_references("test")[: len(found)])}
    if corpus.bleu_tokeniser:
        texts = [corpus.detokenise([UNKNOWN if word == UNK else word for word in words]) for words in found]
        scores["test/sacrebleu"] = bleu(texts, corpus.references("test")[: len(found)], corpus.bleu_tokeniser)
    return scores


def bleu_of(found: Words, references: Words, chosen: Sequence[int] | np.ndarray) -> float:
    """BLEU of the ``chosen`` sentences."""
    return multi_bleu([found[i] for i in chosen], [references[i] for i in chosen]).bleu


def by_group(found: Words, references: Words, groups: np.ndarray) -> list[dict]:
    """BLEU of the sentences of each group ``[N]``, in rising order of the groups' numbers."""
    rows = []
    for group in np.unique(groups).tolist():
        chosen = np.flatnonzero(groups == group)
        rows.append({"group": group, "sentences": len(chosen), "bleu": bleu_of(found, references, chosen)})
    return rows


def short_and_long(found: Words, references: Words, lengths: np.ndarray) -> dict[str, float]:
    """BLEU of the shorter half and of the longest quarter of the sentences by their ``lengths`` ``[N]``, and the drop
    between them; nothing where all are about equally long."""
    long = lengths > np.quantile(lengths, 0.75)
    if not long.any():
        return {}
    parts = [bleu_of(found, references, np.flatnonzero(part)) for part in (lengths <= np.median(lengths), long)]
    return {"short": parts[0], "long": parts[1], "drop": parts[0] - parts[1]}
