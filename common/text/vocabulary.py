"""The words a model knows, as numbers 0..V-1 in order of falling frequency, with their training counts."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from common.errors import UserError

EOS = "</s>"
UNK = "<unk>"


@dataclass(frozen=True)
class Vocabulary:
    """``words[i]`` occurs ``counts[i]`` times in the training text; ``</s>`` and ``<unk>`` are words too.

    Frequency order is what class-factorised outputs (Mikolov et al. 2011) bin and sampled softmaxes need.
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def build(
        cls, sentences: Iterable[Sequence[str]], *, min_count: int = 1, max_size: int | None = None
    ) -> "Vocabulary":
        """Count tokens and one ``</s>`` per sentence; words of equal count stay in order of first appearance
        (``</s>`` and ``<unk>`` after them).

        Words seen fewer than ``min_count`` times, and the rarest beyond ``max_size`` entries (which include
        ``</s>`` and ``<unk>``), become ``<unk>`` and add their counts to it.

        Raises UserError for settings that leave no words.
        """
        counter: Counter[str] = Counter()
        for sentence in sentences:
            counter.update(sentence)
            counter[EOS] += 1
        ends, unknown = counter.pop(EOS, 0), counter.pop(UNK, 0)
        # most_common keeps insertion order among equals, hence "ties by first appearance"
        kept = [(word, count) for word, count in counter.most_common() if count >= min_count]
        kept = kept if max_size is None else kept[: max(max_size - 2, 0)]
        if min_count < 1 or not kept:
            raise UserError(
                f"vocabulary: min_count={min_count}, max_size={max_size} leave no words: min_count is 1 to "
                f"{max(counter.values(), default=0)} (the most frequent word here), max_size starts at 3"
            )
        unknown += counter.total() - sum(count for _, count in kept)
        ranked = sorted([*kept, (EOS, ends), (UNK, unknown)], key=lambda entry: -entry[1])
        return cls(tuple(word for word, _ in ranked), tuple(count for _, count in ranked))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.ids

    @cached_property
    def ids(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    @property
    def eos(self) -> int:
        return self.ids[EOS]

    @property
    def unk(self) -> int:
        return self.ids[UNK]

    def encode(self, tokens: Iterable[str]) -> np.ndarray:
        """The tokens' ids, int32 [T]; a word that is not known is ``<unk>``."""
        ids, unk = self.ids, self.unk
        return np.fromiter((ids.get(token, unk) for token in tokens), dtype=np.int32)

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The words behind ids [T]. Raises ValueError for an id outside 0..V-1 (negatives would wrap)."""
        ids = [int(i) for i in ids]
        outside = [i for i in ids if not 0 <= i < len(self)]
        if outside:
            raise ValueError(f"token id {outside[0]} is outside the vocabulary of {len(self)} words")
        return [self.words[i] for i in ids]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over words and counts: both decide what an output unit or class means."""
        return hashlib.sha256(json.dumps([self.words, self.counts]).encode()).hexdigest()

    def require_same(self, other_fingerprint: str, where: str) -> None:
        """Raise UserError when ``where`` (say, a checkpoint's path) was made with another vocabulary."""
        if other_fingerprint != self.fingerprint:
            raise UserError(
                f"{where}: was made with another vocabulary ({other_fingerprint[:12]}) than this corpus has "
                f"({self.fingerprint[:12]}, {len(self)} words); use the corpus and the vocabulary settings "
                "it was trained with, or train anew"
            )

    def save(self, path: Path) -> None:
        """Write JSON ``{"words": [...], "counts": [...]}``; a crash leaves the old file or the new one."""
        partial = Path(f"{path}.partial")
        text = json.dumps({"words": self.words, "counts": self.counts}, ensure_ascii=False)
        partial.write_text(text + "\n", encoding="utf-8")
        os.replace(partial, path)

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read what ``save`` wrote. Raises UserError when the file is missing or is not a vocabulary."""
        try:
            saved = json.loads(Path(path).read_text(encoding="utf-8"))
            words, counts = tuple(map(str, saved["words"])), tuple(map(int, saved["counts"]))
        except FileNotFoundError:
            raise UserError(f"{path}: no vocabulary there; it is written beside the trained model") from None
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path}: not a vocabulary ({error}); restore it or train anew") from None
        if len(words) != len(counts) or len(set(words)) != len(words) or not {EOS, UNK} <= set(words):
            raise UserError(
                f"{path}: not a vocabulary ({len(words)} words, {len(set(words))} distinct, {len(counts)} "
                f"counts; it needs as many of each, {EOS} and {UNK}); restore it or train anew"
            )
        return cls(words, counts)
