"""The One Billion Word benchmark: Chelba et al. (2013), one sentence per line in shards, tokenised and shuffled.

- ``one-billion-word``: the 99 published training shards; validation on the second part of the held-out shard, test on
  the first (``news.en.heldout-00000-of-00050``), as the papers do.
- ``shards:PATH``: the same from a folder that holds the unpacked ``training-monolingual.tokenized.shuffled`` and
  ``heldout-monolingual.tokenized.shuffled``.
- ``one-billion-word-heldout``: what a small machine can train on, taken from the held-out shard alone: parts 10 and 11
  for training, the first half of the lines of parts 12 and 13 for validation, the second for test.

Shards are counted, encoded and written in parallel, one memory-mapped Arrow file each, never in memory together.
"""

import hashlib
import json
import multiprocessing
import os
import re
import shutil
import tarfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from common import paths
from common.data import catalog, fetch
from common.data.text.arrow_store import Prepared, open_or_prepare
from common.data.text.corpora import Corpus
from common.data.text.sentences import read_sentences
from common.data.text.windows import Shards
from common.errors import UserError
from common.locks import locked
from common.text.vocabulary import EOS, UNK, Vocabulary

FORMAT = 1  # raise it when the same source and settings would give other arrays
PUBLISHED, HELD_OUT = "one-billion-word", "one-billion-word-heldout"
TRAIN_FOLDER, HELD_OUT_FOLDER = "training-monolingual.tokenized.shuffled", "heldout-monolingual.tokenized.shuffled"


def load(name: str, min_count: int = 3) -> Corpus:
    """A corpus of this module. Words that occur fewer than ``min_count`` times in training are ``<unk>``.

    Three is the published rule. With ``</s>`` and ``<unk>`` the vocabulary has one entry less than the published
    793,471, which counts ``<S>``: nothing ever predicts it.

    Raises:
        UserError: a file cannot be had or read, or a shard is missing.
    """
    if name == HELD_OUT:
        return _held_out(min_count)
    if name == PUBLISHED:
        return _sharded(name, _unpacked(), catalog.entry(PUBLISHED).files, min_count)
    folder = Path(name.removeprefix("shards:")).expanduser()
    return _sharded(name, folder, None, min_count)


def _fingerprint(source: object, min_count: int) -> str:
    identity = {"format": FORMAT, "source": source, "min_count": min_count}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


# --- the subset


def _held_out(min_count: int) -> Corpus:
    files = catalog.entry(HELD_OUT).files
    fingerprint = _fingerprint({name: file.sha256 for name, file in files.items()}, min_count)

    def prepare() -> Prepared:
        training, test = (list(read_sentences(fetch.fetch(HELD_OUT) / name)) for name in files)
        vocabulary = Vocabulary.build(training, min_count=min_count)
        half = len(test) // 2
        splits = {"train": training, "valid": test[:half], "test": test[half:]}
        arrays = {
            split: vocabulary.encode(chain.from_iterable([*tokens, EOS] for tokens in sentences))
            for split, sentences in splits.items()
        }
        return Prepared(vocabulary, arrays, {})

    prepared = open_or_prepare(paths.BUILD / "corpora" / HELD_OUT / fingerprint, prepare)
    return Corpus(HELD_OUT, prepared.vocabulary, **prepared.arrays, fingerprint=fingerprint, info=prepared.info)


# --- the whole benchmark


def _unpacked() -> Path:
    """The published archive's folder of shards, unpacked once."""
    (archive,) = catalog.entry(PUBLISHED).files
    target = paths.BUILD / "corpora" / f"{PUBLISHED}-shards"
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(Path(f"{target}.lock")):
        if not target.exists():
            partial_folder = Path(f"{target}.partial")
            shutil.rmtree(partial_folder, ignore_errors=True)
            with tarfile.open(fetch.fetch(PUBLISHED) / archive) as file:
                file.extractall(partial_folder, filter="data")
            os.rename(partial_folder, target)
    return target / archive.removesuffix(".tar.gz")


def shards(folder: Path) -> dict[str, list[Path]]:
    """Files of each split: ``news.en-00001-of-00100`` to ``-00099-`` train; parts 1 and 0 of ``-00000-`` the rest.

    Raises:
        UserError: no shard there, or some of those that the others' names call for are missing.
    """
    training, held_out = folder / TRAIN_FOLDER, folder / HELD_OUT_FOLDER
    names = sorted(path.name for path in training.glob("news.en-*-of-*"))
    found = re.fullmatch(r"news\.en-\d{5}-of-(\d{5})", names[0]) if names else None
    if not found:
        raise UserError(
            f"{training}: no shard news.en-00001-of-... there; unpack the benchmark's archive and give the "
            f"folder that holds {TRAIN_FOLDER}"
        )
    total = int(found[1])
    train = [training / f"news.en-{number:05}-of-{total:05}" for number in range(1, total)]
    valid, test = (held_out / f"news.en.heldout-{number:05}-of-00050" for number in (1, 0))
    missing = [path for path in (*train, valid, test) if not path.is_file()]
    if missing:
        shown = ", ".join(path.name for path in missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise UserError(
            f"{missing[0].parent}: {len(missing)} of {total + 1} shards are missing: {shown}; unpack the "
            "benchmark's archive again"
        )
    return {"train": train, "valid": [valid], "test": [test]}


def _sharded(name: str, folder: Path, files: dict[str, catalog.File] | None, min_count: int) -> Corpus:
    found = shards(folder)
    if files is None:
        with ThreadPoolExecutor() as pool:
            every = [path for split in found.values() for path in split]
            source = dict(zip((path.name for path in every), pool.map(fetch.sha256, every), strict=True))
    else:
        source = {file: about.sha256 for file, about in files.items()}
    fingerprint = _fingerprint(source, min_count)
    target = paths.BUILD / "corpora" / PUBLISHED / fingerprint
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(Path(f"{target}.lock")):
        if not target.exists():
            _prepare(found, min_count, target)
    vocabulary = Vocabulary.load(target / "vocabulary.json")
    splits = {split: [_open(target / path.name) for path in files] for split, files in found.items()}
    train = Shards(splits["train"])
    return Corpus(name, vocabulary, train, splits["valid"][0], splits["test"][0], fingerprint=fingerprint, info={})


def _workers() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn"))


def _prepare(found: dict[str, list[Path]], min_count: int, target: Path) -> None:
    """Two passes over the shards, in parallel: one to count the words, one to encode them."""
    partial_folder = Path(f"{target}.partial")
    shutil.rmtree(partial_folder, ignore_errors=True)
    partial_folder.mkdir(parents=True)
    every = [path for split in found.values() for path in split]
    with _workers() as pool:
        counts: Counter[str] = Counter()
        counted = tqdm(pool.map(_count, found["train"]), "counting shards", len(found["train"]), disable=None)
        for part in counted:
            counts.update(part)
        vocabulary = from_counts(counts, min_count)
        vocabulary.save(partial_folder / "vocabulary.json")
        encode = partial(_encode, partial_folder)
        for _ in tqdm(pool.map(encode, every), "encoding shards", len(every), disable=None):
            pass
    os.rename(partial_folder, target)


def from_counts(counts: Counter[str], min_count: int) -> Vocabulary:
    """The vocabulary of counted words, ``</s>`` among them: equal counts in the words' own order.

    The order of ``Vocabulary.build`` depends on which shard is counted first; this one does not.
    """
    kept = {word: count for word, count in counts.items() if count >= min_count and word not in (EOS, UNK)}
    kept |= {EOS: counts[EOS], UNK: counts.total() - counts[EOS] - sum(kept.values())}
    ranked = sorted(kept.items(), key=lambda entry: (-entry[1], entry[0]))
    return Vocabulary(tuple(word for word, _ in ranked), tuple(count for _, count in ranked))


def _count(path: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for sentence in read_sentences(path):
        counts.update(sentence)
        counts[EOS] += 1
    return counts


_vocabularies: dict[Path, Vocabulary] = {}  # of this worker


def _encode(folder: Path, path: Path) -> None:
    import datasets

    if folder not in _vocabularies:
        _vocabularies[folder] = Vocabulary.load(folder / "vocabulary.json")
    datasets.disable_progress_bars()  # of one row
    tokens: Iterator[str] = chain.from_iterable([*sentence, EOS] for sentence in read_sentences(path))
    features = datasets.Features({"tokens": datasets.List(datasets.Value("int32"))})
    row = datasets.Dataset.from_dict({"tokens": [_vocabularies[folder].encode(tokens)]}, features=features)
    row.save_to_disk(folder / path.name)


def _open(folder: Path) -> np.ndarray:
    import datasets

    column = datasets.load_from_disk(str(folder)).data.column("tokens")
    return column.chunk(0).values.to_numpy(zero_copy_only=True)
