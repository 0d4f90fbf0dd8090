"""Sentence pairs as flat arrays, the form in which the parts of a phrase-based system pass them on."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from common.data.text.sentences import read_lines
from common.errors import UserError


class Bitext(NamedTuple):
    """N pairs of word ids, without ``</s>``: pair n is source[source_starts[n]:source_starts[n + 1]] and so on."""

    source: np.ndarray
    target: np.ndarray
    source_starts: np.ndarray  # [N + 1]
    target_starts: np.ndarray

    @classmethod
    def of(cls, pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> "Bitext":
        """From pairs of id arrays without ``</s>``. Raises UserError where there is none, or where a side is empty."""
        pairs = list(pairs)
        if not pairs or not all(len(source) and len(target) for source, target in pairs):
            raise UserError("a bitext needs at least one pair, and no side of a pair may be empty")
        sides = [np.concatenate(side).astype(np.int64) for side in zip(*pairs, strict=True)]
        starts = [
            np.concatenate([[0], np.cumsum([len(sentence) for sentence in side])]) for side in zip(*pairs, strict=True)
        ]
        return cls(*sides, *starts)

    def __len__(self) -> int:  # of pairs, not of fields
        return len(self.source_starts) - 1

    def swapped(self) -> "Bitext":
        """The other language as the source."""
        return Bitext(self.target, self.source, self.target_starts, self.source_starts)


class Links(NamedTuple):
    """Word alignments of N pairs: links starts[n] to starts[n + 1] join words of pair n, by position in it."""

    source: np.ndarray  # [L]
    target: np.ndarray  # [L]
    starts: np.ndarray  # [N + 1]

    def of(self, pair: int) -> set[tuple[int, int]]:
        """(source word, target word) of one pair."""
        here = slice(self.starts[pair], self.starts[pair + 1])
        return set(zip(self.source[here].tolist(), self.target[here].tolist(), strict=True))


def read_links(path: Path, text: Bitext) -> Links:
    """Alignments from a file of another aligner: a line per pair, "0-0 1-2 ...", source-target, counted from 0.

    Raises:
        UserError: no such file, a word that is not two numbers, an index beyond its sentence, or more or fewer lines
            than pairs; with ``file:line``.
    """
    if not path.exists():
        raise UserError(f"{path}: no such alignment file; name one, or set alignment=null to align here")
    found: list[tuple[int, int]] = []
    starts = [0]
    lines = [line for _, line in read_lines(path)]
    if len(lines) != len(text):
        raise UserError(
            f"{path}:{min(len(lines), len(text)) + 1}: {len(lines)} lines for {len(text)} sentence pairs; "
            "an alignment file has one line per training pair"
        )
    lengths = np.diff(text.source_starts), np.diff(text.target_starts)
    for number, line in enumerate(lines):
        for word in line.split():
            source, dash, target = word.partition("-")
            if not (dash and source.isdecimal() and target.isdecimal()):
                raise UserError(f"{path}:{number + 1}: {word!r} is not a link; write source-target, such as 0-0")
            link = int(source), int(target)
            for side, index, count in zip(("source", "target"), link, lengths, strict=True):
                if index >= count[number]:
                    raise UserError(
                        f"{path}:{number + 1}: link {word} names {side} word {index}, but that sentence "
                        f"has {count[number]} (counted from 0); align the text as this corpus tokenises it"
                    )
            found.append(link)
        starts.append(len(found))
    source, target = np.array(found, np.int64).reshape(-1, 2).T
    return Links(source.copy(), target.copy(), np.array(starts))
