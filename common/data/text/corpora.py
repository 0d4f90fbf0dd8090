"""Text corpora by name, as token ids: the catalogue's, the suite's own synthetic ones, and yours."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np

from common import paths
from common.data import catalog, fetch
from common.data.text import grammar, topics
from common.data.text.arrow_store import SPLITS, Prepared, open_or_prepare
from common.data.text.sentences import read_sentences
from common.errors import UserError, unknown
from common.text.letters import is_unspaced
from common.text.tokenise import TOKENISERS
from common.text.vocabulary import EOS, UNK, Vocabulary

FORMAT = 2  # raise it when the same source and settings would give other arrays
OWN = ("text:", "shuffled:")
UNTOKENISED = 0.01  # share of the words that end in a comma or the like; one in twenty words of English has one


# seed -> the sentences of train, valid and test, and whatever else is known, such as the entropy rate
SYNTHETIC: dict[str, Callable[[int], grammar.Text]] = {"grammar": grammar.generate, "topics": topics.generate}

Split = Callable[[], Iterator[list[str]]]  # a fresh pass over the tokens of each sentence


@dataclass(frozen=True)
class Corpus:
    """Token ids of three splits, int32 [T] read-only, one ``</s>`` after each sentence.

    ``fingerprint`` is a SHA-256 over the source's checksums and the preparation settings: the same on every
    machine and for every path. ``info`` holds what else is known, such as ``entropy_rate`` (nats per token).
    """

    name: str
    vocabulary: Vocabulary
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    fingerprint: str
    info: dict

    @property
    def eos(self) -> int:
        return self.vocabulary.eos

    @property
    def note(self) -> str:
        """What to know of a text of one's own before it is trained on; nothing of others."""
        if not self.name.startswith(OWN):
            return ""
        held_out, unk = (self.valid, self.test), self.vocabulary.unk
        kept = " and ".join(str((split == self.eos).sum()) for split in held_out)
        unknown = " and ".join(f"{100 * (split == unk).mean():.1f} %" for split in held_out)
        return " ".join(
            [
                f"{self.name}: {(self.train == self.eos).sum()} sentences to train, {kept} to validate and "
                f"test; {len(self.vocabulary)} words are known, {unknown} of what is held out are not.",
                *_warnings(self.vocabulary),
            ]
        )


def _warnings(vocabulary: Vocabulary) -> Iterator[str]:
    """What a text looks like whose words nobody has cut."""
    words = [
        (word, count)
        for word, count in zip(vocabulary.words, vocabulary.counts, strict=True)
        if len(word) > 1 and word not in (EOS, UNK)
    ]
    closed = sum(count for word, count in words if word[-1] in ",;:!?" and word[-2].isalnum())
    if closed > UNTOKENISED * sum(vocabulary.counts):
        yield "It looks as if punctuation sticks to its words: put a blank before it, or tokenise the text."
    if is_unspaced(word for word, _ in words):
        yield "Its script has no blanks between words: put them there, or every sentence is one word."


@dataclass(frozen=True)
class _Source:
    checksums: dict[str, str]
    open: Callable[[], tuple[dict[str, Split], dict]]  # -> splits, info; only called when not yet prepared


def load(
    name: str,
    *,
    unit: str = "words",
    min_count: int = 1,
    max_size: int | None = None,
    train_sentences: int | None = None,
    seed: int = 1,
) -> Corpus:
    """The corpus ``name``: one of the catalogue (fetched when absent), a synthetic one, or your own.

    ``text:PATH`` is a UTF-8 file, one sentence per line, cut into contiguous blocks of 80, 10 and 10 % of its
    sentences; or a folder with train.txt, valid.txt and test.txt. ``shuffled:PATH`` puts the lines of a file in a
    random order first, always the same: a collection by year or author has another end than beginning.

    ``train_sentences`` keeps the first so many training sentences. The vocabulary comes from what is kept of
    the training text (``min_count`` and ``max_size``: see ``Vocabulary.build``); other words are ``<unk>``.
    ``unit`` is ``words`` or ``characters``; ``seed`` matters to synthetic corpora only.

    Prepared once into build/corpora/ and memory-mapped from there.
    Raises UserError for an unknown name or unit, a source that cannot be had or read, and too few sentences.
    """
    if unit not in TOKENISERS:
        raise unknown("unit", unit, TOKENISERS)
    source = _source(name, unit, seed)
    cuts = {"min_count": min_count, "max_size": max_size, "train_sentences": train_sentences}
    identity = {"format": FORMAT, "source": source.checksums, "unit": unit, **cuts}
    fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()

    def prepare() -> Prepared:
        splits, info = source.open()
        if train_sentences is not None:
            splits["train"] = _first(splits["train"], train_sentences, name)
        vocabulary = Vocabulary.build(splits["train"](), min_count=min_count, max_size=max_size)
        arrays = {
            split: vocabulary.encode(chain.from_iterable([*tokens, EOS] for tokens in splits[split]()))
            for split in SPLITS
        }
        return Prepared(vocabulary, arrays, info)

    folder = paths.BUILD / "corpora" / name.partition(":")[0] / fingerprint
    prepared = open_or_prepare(folder, prepare)
    return Corpus(name, prepared.vocabulary, **prepared.arrays, fingerprint=fingerprint, info=prepared.info)


def _source(name: str, unit: str, seed: int) -> _Source:
    tokenise = TOKENISERS[unit]
    if name.startswith(OWN):
        kind, _, path = name.partition(":")
        return _own_text(Path(path).expanduser(), tokenise, kind == "shuffled")
    if name in SYNTHETIC:
        return _synthetic(name, tokenise, seed)
    entries = catalog.entries()
    if name not in entries:
        texts = [known for known, entry in entries.items() if entry.splits]
        raise unknown("corpus", name, [*texts, *SYNTHETIC, "text:PATH", "shuffled:PATH"])
    entry = entries[name]
    if not entry.splits:
        raise UserError(f"{catalog.PATH.name}: {name} is not a text corpus; choose another")

    def opened() -> tuple[dict[str, Split], dict]:
        folder = fetch.fetch(name)
        files = {split: folder / file for split, file in entry.splits.items()}
        return {split: _reader(file, tokenise) for split, file in files.items()}, {}

    return _Source({split: entry.files[file].sha256 for split, file in entry.splits.items()}, opened)


def _synthetic(name: str, tokenise: Callable, seed: int) -> _Source:
    made = vars(SYNTHETIC[name](seed))
    checksums = {split: hashlib.sha256("\n".join(made[split]).encode()).hexdigest() for split in SPLITS}
    splits = {split: lambda lines=made[split]: map(tokenise, lines) for split in SPLITS}
    info = {key: value for key, value in made.items() if key not in SPLITS}
    return _Source(checksums, lambda: (splits, info))


def _own_text(path: Path, tokenise: Callable, shuffled: bool) -> _Source:
    if path.is_dir():
        if shuffled:
            raise UserError(f"{path}: a folder has its own three parts; write text:{path}, or shuffle one file")
        files = {split: path / f"{split}.txt" for split in SPLITS}
        checksums = {split: fetch.sha256(file) for split, file in files.items()}
        readers = {split: _reader(file, tokenise) for split, file in files.items()}
        return _Source(checksums, lambda: (readers, {}))

    def opened() -> tuple[dict[str, Split], dict]:
        read = partial(read_sentences, path, tokenise)
        if shuffled:
            sentences = list(read())
            random.Random(1).shuffle(sentences)
            read = sentences.__iter__
        total = sum(1 for _ in read())
        if total < 10:
            raise UserError(
                f"{path}:{total}: only {total} sentences, one per line; it needs 10 to be cut into 80/10/10 %"
            )
        held_out = total // 10
        ends = {"train": total - 2 * held_out, "valid": total - held_out, "test": total}
        starts = {"train": 0, "valid": ends["train"], "test": ends["valid"]}
        return {split: lambda s=split: islice(read(), starts[s], ends[s]) for split in SPLITS}, {}

    return _Source({"shuffled 80/10/10" if shuffled else "80/10/10": fetch.sha256(path)}, opened)


def _reader(path: Path, tokenise: Callable) -> Split:
    return partial(read_sentences, path, tokenise)


def _first(split: Split, count: int, name: str) -> Split:
    available = sum(1 for _ in split())
    if not 1 <= count <= available:
        raise UserError(f"train_sentences={count}: give 1 to {available}, the training sentences of {name}")
    return lambda: islice(split(), count)
