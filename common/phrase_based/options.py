"""What a sentence may become, phrase by phrase: the pieces that the decoder puts together."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from common.phrase_based.phrase_table import SCORES, PhraseTable
from common.text.vocabulary import Vocabulary

LOCAL = (*SCORES, "phrases", "words")  # features of one phrase; more may stand behind them
GLOBAL = ("language model", "distortion")  # features of how phrases stand together


class Options(NamedTuple):
    """O translations of phrases of one sentence of S words, in the order of their place."""

    words: int  # S
    start: np.ndarray  # [O] the source phrase is words start to end - 1
    end: np.ndarray  # [O]
    row: np.ndarray  # [O] of the phrase table; its last row for a word that is copied
    target: list[np.ndarray]  # [O] ids of the target phrase
    text: list[list[str]]  # [O] and its words


def options_of(
    sentence: Sequence[int], written: Sequence[str], table: PhraseTable, vocabulary: Vocabulary, limit: int
) -> Options:
    """The ``limit`` likeliest translations of every phrase of a sentence, by p(target | source).

    Args:
        sentence: word ids without ``</s>``.
        written: its words; one of which the table has no translation is copied, as names and numbers are.
        vocabulary: of the target.
    """
    sentence = [int(word) for word in sentence]
    likeliness = table.scores[:, SCORES.index("p(target|source)")]
    start, end, row, target, text = [], [], [], [], []
    for i in range(len(sentence)):
        for j in range(i + 1, min(i + table.longest, len(sentence)) + 1):
            rows = table.rows(tuple(sentence[i:j]))
            if len(rows) > limit:
                found = np.arange(rows.start, rows.stop)
                rows = np.sort(found[np.argsort(-likeliness[found], kind="stable")[:limit]])
            for each in rows:
                ids = table.target_phrase(each)
                start.append(i)
                end.append(j)
                row.append(int(each))
                target.append(ids)
                text.append(vocabulary.decode(ids))
            if not len(rows) and j == i + 1:
                start.append(i)
                end.append(j)
                row.append(len(table))
                target.append(vocabulary.encode([written[i]]).astype(np.int64))
                text.append([written[i]])
    places = [np.array(values, np.int64) for values in (start, end, row)]
    return Options(len(sentence), *places, target, text)


def local_features(options: Options, table: PhraseTable, extra: np.ndarray | None = None) -> np.ndarray:
    """``[O, 6 (+ E)]``: the table's scores, one phrase, its words, and more scores per row.

    That a word is copied is no feature: it happens where there is nothing else, in every translation alike.

    Args:
        extra: ``[P + 1, E]``, a neural network's score of each row, for instance.
    """
    columns = [
        table.scores[options.row],
        np.ones((len(options.row), 1)),
        np.array([len(ids) for ids in options.target], float).reshape(-1, 1),
    ]
    if extra is not None:
        columns.append(extra[options.row])
    return np.concatenate(columns, 1)
