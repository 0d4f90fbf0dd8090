"""Parallel corpora by name, as pairs of token ids: the suite's own, the catalogue's, and yours."""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, islice
from pathlib import Path

import numpy as np

from common import paths
from common.data.parallel import sources as parallel_sources
from common.data.parallel.sources import Source
from common.data.text.arrow_store import SPLITS, Prepared, open_or_prepare
from common.errors import UserError, unknown
from common.metrics.bleu import tokeniser_for
from common.text import bpe
from common.text.moses import Blanks, Moses
from common.text.vocabulary import EOS, Vocabulary

FORMAT = 2  # raise it when the same source and settings would give other arrays
UNITS = ("words", "bpe")
SIDES = ("source", "target")
LONGEST = 1000  # words of a sentence


@dataclass(frozen=True)
class Pairs(Sequence):
    """N sentence pairs: item i is (source ids ``[S]``, target ids ``[T]``), int32, each ending in ``</s>``.

    Both sides lie in one flat array that is mapped from disk; ``starts`` ``[N + 1]`` cut it.
    """

    source: np.ndarray
    target: np.ndarray
    source_starts: np.ndarray
    target_starts: np.ndarray

    @classmethod
    def of(cls, source: np.ndarray, target: np.ndarray, ends: tuple[int, int]) -> "Pairs":
        """Two flat arrays, each sentence closed by its side's end ``</s>``."""
        starts = [
            np.concatenate([[0], np.flatnonzero(tokens == end) + 1])
            for tokens, end in zip((source, target), ends, strict=True)
        ]
        assert len(starts[0]) == len(starts[1]), "as many source as target sentences"
        return cls(source, target, *starts)

    def __len__(self) -> int:
        return len(self.source_starts) - 1

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        i = range(len(self))[i]
        return (
            self.source[self.source_starts[i] : self.source_starts[i + 1]],
            self.target[self.target_starts[i] : self.target_starts[i + 1]],
        )

    @property
    def source_lengths(self) -> np.ndarray:
        """Tokens of each source sentence, ``</s>`` included ``[N]``."""
        return np.diff(self.source_starts)

    @property
    def target_lengths(self) -> np.ndarray:
        return np.diff(self.target_starts)


@dataclass(frozen=True)
class ParallelCorpus:
    """Three splits of sentence pairs. ``info``: the held-out text as written, what was left out, BPE's joins."""

    name: str
    source: Vocabulary
    target: Vocabulary
    train: Pairs
    valid: Pairs
    test: Pairs
    fingerprint: str
    info: dict
    source_tokeniser: Moses | Blanks
    target_tokeniser: Moses | Blanks

    @property
    def note(self) -> str:
        """What to know of texts of one's own before they are trained on; nothing of others."""
        if not self.name.startswith("parallel:"):
            return ""
        unknown = [
            100 * (tokens == vocabulary.unk).mean()
            for tokens, vocabulary in ((self.test.source, self.source), (self.test.target, self.target))
        ]
        left_out = self.info["source"]["left_out"]
        return (
            f"{self.name}: {len(self.train)} pairs to train, {len(self.valid)} and {len(self.test)} to validate "
            f"and test, {left_out} left out as too long; {len(self.source)} and {len(self.target)} words known, "
            f"{unknown[0]:.1f} % and {unknown[1]:.1f} % of the test text unknown"
        )

    def sources(self, split: str) -> list[str]:
        """The source sentences of ``valid`` or ``test`` as written."""
        return self.info["source"]["texts"][split]

    def references(self, split: str) -> list[str]:
        """The target sentences of ``valid`` or ``test`` as written: for sacrebleu."""
        return self.info["target"]["texts"][split]

    def tokenised_references(self, split: str) -> list[list[str]]:
        """The same as words: for multi-bleu."""
        return [self.target_tokeniser.tokenise(text) for text in self.references(split)]

    @cached_property
    def bleu_tokeniser(self) -> str | None:
        """What sacrebleu is to judge translations with: see :func:`common.metrics.bleu.tokeniser_for`."""
        return tokeniser_for(self.references("test"), [self.detokenise(w) for w in self.tokenised_references("test")])

    def alignments(self, split: str) -> list[list[tuple[int, int]]]:
        """Gold links (source word, target word) of each pair of ``valid`` or ``test``; empty where not known."""
        return [[(i, j) for i, j in links] for links in self.info["source"]["alignments"][split]]

    @cached_property
    def _source_bpe(self) -> bpe.BPE | None:
        return _bpe(self.info["source"])

    def encode_source(self, text: str) -> np.ndarray:
        """A sentence as ids ``[S]``, ``</s>`` at the end; of an empty sentence nothing else. Unseen words: ``<unk>``.

        Raises:
            UserError: more than 1,000 words.
        """
        words = self.source_tokeniser.tokenise(text)
        require_length(words, "this sentence")
        return self.source.encode([*(self._source_bpe.encode(words) if self._source_bpe else words), EOS])

    def decode_target(self, ids: Sequence[int]) -> list[str]:
        """Ids without ``</s>`` as words; pieces are joined."""
        tokens = self.target.decode(ids)
        return bpe.BPE.decode(tokens) if self.info["target"]["merges"] else tokens

    def detokenise(self, words: list[str]) -> str:
        """Words of the target language as running text."""
        return self.target_tokeniser.detokenise(words)


def load(
    name: str,
    *,
    source_vocabulary: int | None = None,
    target_vocabulary: int | None = None,
    max_length: int | None = None,
    unit: str = "words",
    train_pairs: int | None = None,
    seed: int = 1,
) -> ParallelCorpus:
    """The corpus ``name``: grammar-en-fr, multi30k-en-{fr,de}, tatoeba-en-fr, wmt14-en-{fr,de} or ``parallel:SRC,TGT``.

    Args:
        source_vocabulary, target_vocabulary: the papers' shortlist, how many entries each side has, ``</s>`` and
            ``<unk>`` included; all other words are ``<unk>``. With ``bpe`` about so many pieces. None: every word.
        max_length: training pairs with more words on either side are left out; held-out pairs never are.
        unit: ``words`` or ``bpe``.
        train_pairs: keep the first so many training pairs (before ``max_length`` applies).
        seed: of the grammar; the others are what they are.

    Prepared once into build/corpora/ and memory-mapped from there.

    Raises:
        UserError: an unknown name or unit, a source that cannot be had, files that do not go together (with
            ``file:line``), a sentence of more than 1,000 words, settings that leave nothing to train on.
    """
    if unit not in UNITS:
        raise unknown("unit", unit, UNITS)
    origin = parallel_sources.find(name, seed)
    sizes = {"source": source_vocabulary, "target": target_vocabulary}
    cuts = {"unit": unit, "max_length": max_length, "train_pairs": train_pairs, **sizes}
    identity = {"format": FORMAT, "origin": origin.identity, **cuts}
    fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    folder = paths.BUILD / "corpora" / name.partition(":")[0] / fingerprint

    @cache
    def prepared() -> dict[str, Prepared]:
        paths.BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=paths.BUILD) as work:
            return _prepare(name, origin, Path(work), sizes, unit, max_length, train_pairs)

    sides = {side: open_or_prepare(folder / side, lambda side=side: prepared()[side]) for side in SIDES}
    one, other = (sides[side] for side in SIDES)
    ends = (one.vocabulary.eos, other.vocabulary.eos)
    splits = {split: Pairs.of(one.arrays[split], other.arrays[split], ends) for split in SPLITS}
    info = {side: sides[side].info for side in SIDES}
    return ParallelCorpus(
        name,
        one.vocabulary,
        other.vocabulary,
        **splits,
        fingerprint=fingerprint,
        info=info,
        source_tokeniser=origin.source_tokeniser,
        target_tokeniser=origin.target_tokeniser,
    )


def require_length(words: Sequence[str], where: str) -> None:
    if len(words) > LONGEST:
        raise UserError(f"{where}: a sentence of {len(words):,} words; the longest here is {LONGEST:,}: split it")


def _prepare(
    name: str,
    origin: Source,
    work: Path,
    sizes: dict[str, int | None],
    unit: str,
    max_length: int | None,
    train_pairs: int | None,
) -> dict[str, Prepared]:
    """Tokens go to files first, so that a corpus of any size passes through once and memory holds only counts."""
    counts: dict[str, Counter[str]] = {side: Counter() for side in SIDES}
    about: dict[str, dict] = {side: {"texts": {}, "alignments": {}, "left_out": 0, "merges": []} for side in SIDES}
    for split, read in origin.read().items():
        training = split == "train"
        examples = islice(read(), train_pairs) if training else list(read())
        if not training:
            about["source"]["texts"][split] = [example.source for example in examples]
            about["target"]["texts"][split] = [example.target for example in examples]
            about["source"]["alignments"][split] = [example.alignment for example in examples]
        with (
            open(work / f"{split}.source", "w", encoding="utf-8") as one,
            open(work / f"{split}.target", "w", encoding="utf-8") as other,
        ):
            for example in examples:
                words = (
                    origin.source_tokeniser.tokenise(example.source),
                    origin.target_tokeniser.tokenise(example.target),
                )
                if not all(words):
                    side = SIDES[bool(words[0])]
                    raise UserError(
                        f"{example.where}: no word is left of this pair: its {side} side is made of "
                        "characters that are no text; remove the line from both files"
                    )
                if training and max_length and max(map(len, words)) > max_length:
                    about["source"]["left_out"] += 1
                    continue
                for side, tokens, file in zip(SIDES, words, (one, other), strict=True):
                    require_length(tokens, example.where)
                    file.write(" ".join(tokens) + "\n")
                    if training:
                        counts[side].update(tokens)
    if not counts["target"]:
        raise UserError(f"{name}: no training pair of at most {max_length} words; choose a larger max_length")
    return {side: _side(work, side, counts[side], sizes[side], unit, about[side]) for side in SIDES}


def _side(work: Path, side: str, counts: Counter[str], size: int | None, unit: str, info: dict) -> Prepared:
    """One language: its vocabulary, and its sentences as ids."""
    if unit == "bpe":
        letters = {letter for word in counts for letter in word}
        info["merges"] = bpe.learn(counts, max(0, (size or 10_000) - 2 * len(letters) - 2))
    pieces = _bpe(info)

    def sentences(split: str) -> Iterator[list[str]]:
        with open(work / f"{split}.{side}", encoding="utf-8") as file:
            for line in file:
                words = line.split()
                yield pieces.encode(words) if pieces else words

    vocabulary = Vocabulary.build(sentences("train"), max_size=None if unit == "bpe" else size)
    arrays = {
        split: vocabulary.encode(chain.from_iterable([*tokens, EOS] for tokens in sentences(split))) for split in SPLITS
    }
    return Prepared(vocabulary, arrays, info)


def _bpe(info: dict) -> bpe.BPE | None:
    return bpe.BPE(tuple(merge) for merge in info["merges"]) if info["merges"] else None
