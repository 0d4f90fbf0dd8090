"""Tagged corpora by name: the catalogue's, the suite's own made-up one, and yours."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from common.data import fetch
from common.data.tagged import readers, travel
from common.data.tagged.readers import Located
from common.data.tagged.schemes import unified
from common.errors import UserError, unknown
from common.text.vocabulary import Vocabulary

VALIDATION = 900  # last training sentences of a corpus that has no validation text (CoNLL-2000)
NAMES = ("travel", "atis", "conll2000", "conll2003", "treebank-sample")


class Sentence(NamedTuple):
    """T words with their tags, in IOB2 where they mark spans."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...] = ()  # further columns of a file, each [T]
    intent: str = ""


Describe = Callable[[Sentence], list[list[str]]]  # features of each word, of one number for all words


@dataclass(frozen=True)
class Encoded:
    """N sentences as numbers, one after another. What training has not seen is ``<unk>``; a tag or an intent, -1."""

    words: np.ndarray  # [W]
    tags: np.ndarray  # [W]
    features: np.ndarray  # [W, F]; 0 for one that is not known
    intents: np.ndarray  # [N]
    starts: np.ndarray  # [N + 1]

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.starts)


@dataclass(frozen=True)
class TaggedCorpus:
    """Sentences of three splits, and what numbers their words, tags, intents and features have: those of training.

    ``fingerprint`` is a SHA-256 over all sentences, the same on every machine.
    """

    name: str
    train: tuple[Sentence, ...]
    valid: tuple[Sentence, ...]
    test: tuple[Sentence, ...]
    spans: bool  # whether tags mark spans
    vocabulary: Vocabulary
    target: Vocabulary  # the tags
    intents: tuple[str, ...]
    fingerprint: str
    normalise: Callable[[str], str] = str.lower
    describe: Describe | None = None
    features: dict[str, int] = field(default_factory=dict)  # from 1

    def encode(self, sentences: Sequence[Sentence]) -> Encoded:
        words = self.vocabulary.encode(self.normalise(word) for one in sentences for word in one.words)
        tags = np.array([self.target.ids.get(tag, -1) for one in sentences for tag in one.tags])
        intents = {name: number for number, name in enumerate(self.intents)}
        rows = (
            [[self.features.get(each, 0) for each in word] for one in sentences for word in self.describe(one)]
            if self.describe
            else np.zeros((len(words), 0))
        )
        return Encoded(
            words.astype(np.int64),
            tags,
            np.array(rows, dtype=np.int32),
            np.array([intents.get(one.intent, -1) for one in sentences]),
            np.cumsum([0, *(len(one.words) for one in sentences)]),
        )


def load(
    name: str,
    *,
    normalise: Callable[[str], str] = str.lower,
    prepare: Callable[[Sentence], Sentence] = lambda sentence: sentence,
    min_count: int = 1,
    describe: Describe | None = None,
    feature_count: int = 2,
    sentences: int | None = None,
) -> TaggedCorpus:
    """The corpus ``name``: one of the catalogue, ``travel`` (made here), or ``tagged:TRAIN,VALID,TEST`` (columns).

    Args:
        normalise: how a word is looked up.
        prepare: what is done to every sentence before.
        min_count: words seen fewer times in training are ``<unk>``.
        describe: features of each word; those seen ``feature_count`` times in training have numbers.
        sentences: the first so many of training only.

    Raises:
        UserError: an unknown name, a source that cannot be had or read, files that differ in their columns, tags that
            mix schemes.
    """
    found = _splits(name)
    if len({len(one.columns) for split in found for one in split}) != 1:
        raise UserError(f"{name}: its files have no sentences, or not the same columns; bring them in one form")
    tags, spans = unified([one.tags for split in found for one in split], name)
    of = iter(tags)
    train, valid, test = (
        [prepare(Sentence(one.words, next(of), one.columns, one.intent)) for one in split] for split in found
    )
    train = tuple(train[:sentences])
    digest = hashlib.sha256(repr((train, valid, test)).encode()).hexdigest()
    counted = Counter(tag for one in train for tag in one.tags)
    kept = Counter(each for one in train for word in describe(one) for each in word) if describe else Counter()
    features = (each for each, times in kept.items() if times >= feature_count)
    return TaggedCorpus(
        name,
        train,
        tuple(valid),
        tuple(test),
        spans,
        Vocabulary.build(([normalise(word) for word in one.words] for one in train), min_count=min_count),
        Vocabulary(*zip(*counted.most_common(), strict=True)),
        tuple(sorted({one.intent for one in train} - {""})),
        digest,
        normalise,
        describe,
        {each: number for number, each in enumerate(features, 1)},
    )


def _splits(name: str) -> list[list[Located]]:
    """Training, validation and test sentences."""
    kind, colon, rest = name.partition(":")
    if colon and kind == "tagged":
        files = [Path(one).expanduser() for one in rest.split(",")]
        if len(files) != 3:
            raise UserError(f"{name}: name three files, tagged:TRAIN,VALID,TEST")
        return _read(files, readers.columns)
    if name == "travel":
        return [
            [Located(words, tuple((tag, name) for tag in tags), intent=intent) for words, tags, intent in split]
            for split in travel.generate()
        ]
    if name not in NAMES:
        raise unknown("tagged corpus", name, [*NAMES, "tagged:TRAIN,VALID,TEST"])
    folder = fetch.fetch(name)
    if name == "atis":
        return _read(
            [folder / f"{part}.w-intent.iob" for part in ("atis-2.train", "atis-2.dev", "atis.test")],
            readers.with_intents,
        )
    if name == "conll2003":
        return _read([folder / f"eng.{part}" for part in ("train", "testa", "testb")], readers.columns)
    if name == "conll2000":
        train, test = _read([folder / "train.txt", folder / "test.txt"], readers.columns)
        return [train[:-VALIDATION], train[-VALIDATION:], test]
    return [list(readers.trees(folder / "treebank.zip", *ends)) for ends in ((1, 159), (160, 179), (180, 199))]


def _read(files: Iterable[Path], reader: Callable) -> list[list[Located]]:
    return [list(reader(file)) for file in files]
