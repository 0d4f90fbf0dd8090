"""F1 of labelled spans, as the script ``conlleval`` of the CoNLL shared tasks counts them (Tjong Kim Sang 2000)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Span = tuple[int, int, str]  # first word, word after the last, type


class Counts(NamedTuple):
    """Spans, or words where tags name none."""

    right: int
    found: int
    gold: int

    @property
    def precision(self) -> float:
        """Percent; 0 where nothing was found."""
        return 100 * self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return 100 * self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Percent, the harmonic mean of both."""
        return 200 * self.right / (self.found + self.gold) if self.found + self.gold else 0.0


def spans(tags: Iterable[str]) -> list[Span]:
    """The spans of IOB tags. An ``I-X`` that continues no span of type X begins one."""
    found: list[Span] = []
    open_type, start, at = "", 0, -1
    for at, tag in enumerate(tags):
        prefix, _, kind = tag.partition("-")
        if open_type and (prefix != "I" or kind != open_type):
            found.append((start, at, open_type))
            open_type = ""
        if prefix in ("B", "I") and not open_type:
            open_type, start = kind, at
    return [*found, (start, at + 1, open_type)] if open_type else found


def count(found: Iterable[Sequence[str]], gold: Iterable[Sequence[str]]) -> dict[str, Counts]:
    """Type -> its spans in all sentences that are right (same words, same type), found and wanted; "" for all types."""
    right, ours, theirs = Counter(), Counter(), Counter()
    for mine, wanted in zip(found, gold, strict=True):
        a, b = spans(mine), spans(wanted)
        ours.update(kind for *_, kind in a)
        theirs.update(kind for *_, kind in b)
        right.update(kind for *_, kind in set(a) & set(b))
    by_type = {kind: Counts(right[kind], ours[kind], theirs[kind]) for kind in sorted(ours | theirs)}
    return by_type | {"": Counts(right.total(), ours.total(), theirs.total())}
