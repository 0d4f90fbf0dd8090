"""Phrase pairs of the table as the network sees them, and what it thinks of them."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import spearmanr

from common.data.parallel.buckets import batches
from common.data.parallel.corpus import Pairs
from common.phrase_based.options import Options
from common.phrase_based.phrase_table import SCORES, PhraseTable
from common.text.vocabulary import EOS, UNK, Vocabulary
from replications.cho2014_gru.model import EncoderDecoder

BATCH = 1024
LONG = 4  # words of a long phrase, at least (section 4.2)
SHOWN = 3  # translations of an example


class Shortlist:
    """The most frequent words of a vocabulary, which are all that the network knows: 0 is ``</s>``, 1 ``<unk>``.

    Args:
        size: these two included; with a larger one than there are words, it knows them all.
    """

    def __init__(self, vocabulary: Vocabulary, size: int):
        others = [i for i, word in enumerate(vocabulary.words) if word not in (EOS, UNK)][: max(0, size - 2)]
        self.of = np.ones(len(vocabulary), np.int64)  # [V] the network's id of each word
        self.of[vocabulary.eos] = 0
        self.of[others] = np.arange(2, len(others) + 2)
        self.words = [EOS, UNK, *(vocabulary.words[i] for i in others)]
        self.end, self.unknown = 0, 1

    def __len__(self) -> int:
        return len(self.words)


def ends(words: np.ndarray, spans: np.ndarray, shortlist: Shortlist) -> tuple[np.ndarray, np.ndarray]:
    """Phrases ``[N, 2]`` of a text as one array of the network's ids, each followed by ``</s>``, and ``[N + 1]``."""
    lengths = spans[:, 1] - spans[:, 0] + 1
    starts = np.concatenate([[0], np.cumsum(lengths)])
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
    inside = place < np.repeat(lengths - 1, lengths)
    found = np.full(starts[-1], shortlist.end)
    found[inside] = shortlist.of[words[(np.repeat(spans[:, 0], lengths) + place)[inside]]]
    return found, starts


def pairs(table: PhraseTable, rows: np.ndarray, source: Shortlist, target: Shortlist) -> Pairs:
    """Rows of the table; how often a pair occurred is left out on purpose (section 3.1)."""
    one, one_starts = ends(table.source_words, table.source_spans[table.source[rows]], source)
    other, other_starts = ends(table.target_words, table.target_spans[table.target[rows]], target)
    return Pairs(one, other, one_starts, other_starts)


@torch.no_grad()
def score(network: EncoderDecoder, found: Pairs) -> np.ndarray:
    """log p(target phrase | source phrase), summed over its words and its end ``[N]``; similar lengths together."""
    scores, parts = np.empty(len(found)), batches(found, BATCH)
    for chosen, batch in zip(parts.plan(0), parts, strict=True):
        scores[chosen] = -network(batch).double().numpy()
    return scores


def score_rows(
    network: EncoderDecoder, table: PhraseTable, rows: np.ndarray, source: Shortlist, target: Shortlist
) -> np.ndarray:
    """The new column of the table ``[P + 1]``: scores of some rows, 0 elsewhere; a copied word is <unk> to <unk>."""
    column = np.zeros(len(table) + 1)
    known = rows[rows < len(table)]
    if len(known):
        column[known] = score(network, pairs(table, known, source, target))
    unknown = Pairs.of(
        np.array([source.unknown, source.end]), np.array([target.unknown, target.end]), (source.end, target.end)
    )
    column[-1] = score(network, unknown)[0]
    return column


# --- what distinguishes the two ways to score (section 4.2)


def rank_correlation(table: PhraseTable, rows: np.ndarray, column: np.ndarray) -> float:
    """Spearman's, between log p(target | source) as counted and as the network gives it; NaN without variation."""
    counted = table.scores[rows, SCORES.index("p(target|source)")]
    if len(rows) < 3 or np.ptp(counted) == 0:
        return float("nan")
    return float(spearmanr(counted, column[rows]).statistic)


def favourites(
    table: PhraseTable, options: Sequence[Options], column: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each long source phrase with several translations: its rows by the table's and by the network's order."""
    found, seen = [], set()
    counted = table.scores[:, SCORES.index("p(target|source)")]
    for each in options:
        for start, end in sorted(set(zip(each.start.tolist(), each.end.tolist(), strict=True))):
            rows = each.row[(each.start == start) & (each.end == end)]
            if end - start >= LONG and len(rows) > 1 and rows[0] not in seen:
                seen.add(rows[0])
                found.append(
                    (rows[np.argsort(-counted[rows], kind="stable")], rows[np.argsort(-column[rows], kind="stable")])
                )
    return found


def lengths_of_first(table: PhraseTable, found: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Mean number of words of the favourite translation, the table's and the network's."""
    means = [np.mean([len(table.target_phrase(orders[which][0])) for orders in found]) for which in (0, 1)]
    return float(means[0]), float(means[1])


def examples(
    table: PhraseTable,
    found: list[tuple[np.ndarray, np.ndarray]],
    source: Vocabulary,
    target: Vocabulary,
    count: int = 3,
) -> list[dict]:
    """Table 2: the first translations of the most frequent and of the rarest long phrases by either score."""
    occurrences = [int(table.count[table.source == table.source[rows[0]]].sum()) for rows, _ in found]
    order = np.argsort(-np.array(occurrences), kind="stable")
    rows = []
    for kind, chosen in (("frequent", order[:count]), ("rare", order[::-1][:count])):
        for i in chosen.tolist():
            by_count, by_network = found[i]
            rows.append(
                {
                    "kind": kind,
                    "occurrences": occurrences[i],
                    "source": " ".join(source.decode(table.source_phrase(by_count[0]))),
                }
                | {
                    name: [" ".join(target.decode(table.target_phrase(row))) for row in ordered[:SHOWN]]
                    for name, ordered in (("table", by_count), ("network", by_network))
                }
            )
    return rows
