"""Data of the figures: scores against scores, and maps of words and phrases."""

import numpy as np
import torch

from common.data.parallel.buckets import pad
from common.phrase_based.phrase_table import SCORES, PhraseTable
from common.phrase_based.system import PhraseSystem
from replications.cho2014_gru.model import EncoderDecoder
from replications.cho2014_gru.phrases import LONG, Shortlist
from replications.cho2014_gru.tsne import tsne

DOTS = 600  # of the scatter plot, per kind
POINTS = 150  # of a map


def scatter(table: PhraseTable, rows: np.ndarray, column: np.ndarray) -> dict[str, list[list[float]]]:
    """log p(target | source) by counts and by the network, of the shortest and of the longest source phrases."""
    lengths = np.diff(table.source_spans[table.source[rows]], axis=1)[:, 0]
    several = np.bincount(table.source)[table.source[rows]] > 1  # of a single one, the counts are certain
    counted = table.scores[:, SCORES.index("p(target|source)")]
    draw, found = np.random.default_rng(0), {}
    for name, chosen in (
        ("shortest", lengths == lengths[several].min()) if several.any() else ("shortest", several),
        ("longest", lengths == lengths[several].max()) if several.any() else ("longest", several),
    ):
        here = rows[chosen & several]
        here = np.sort(draw.choice(here, min(DOTS, len(here)), replace=False))
        found[name] = np.stack([counted[here], column[here]], 1).round(3).tolist()
    return found


@torch.no_grad()
def maps(system: PhraseSystem, network: EncoderDecoder, source: Shortlist) -> dict[str, list[dict]]:
    """The most frequent words by their embeddings, and frequent phrases of four words and more by c, in the plane."""
    table, vocabulary = system.table, system.corpus.source
    words = source.words[2 : 2 + POINTS]
    found = {"words": placed(words, network.source_embedding.weight[2 : 2 + len(words)].numpy())}
    long = np.flatnonzero(np.diff(table.source_spans, axis=1)[:, 0] >= LONG)
    if len(long) > 3:
        occurrences = np.bincount(table.source, table.count, len(table.source_spans))[long]
        spans = table.source_spans[long[np.argsort(-occurrences, kind="stable")[:POINTS]]]
        texts = [table.source_words[start:end] for start, end in spans]
        c = network.encode(*pad([np.append(source.of[ids], source.end) for ids in texts]))
        found["phrases"] = placed([" ".join(vocabulary.decode(ids)) for ids in texts], c.numpy())
    return found


def placed(texts: list[str], points: np.ndarray) -> list[dict]:
    return [
        {"text": text, "x": round(float(x), 3), "y": round(float(y), 3)}
        for text, (x, y) in zip(texts, tsne(points), strict=True)
    ]
