"""Shards of the One Billion Word benchmark, made up."""

import hashlib

import numpy as np
import pytest

from common import paths
from common.data import catalog
from common.data.text import billion_words
from common.data.text.billion_words import HELD_OUT_FOLDER, TRAIN_FOLDER, shards
from common.data.text.windows import windows
from common.errors import UserError

TRAINING = ["the cat sat\nthe cat\n", "the dog sat\nthe zebra\n", "the cat\n"]


@pytest.fixture
def folder(tmp_path):
    """Three training shards of a benchmark cut into four, and two held-out parts."""
    for number, content in enumerate(TRAINING, start=1):
        path = tmp_path / TRAIN_FOLDER / f"news.en-{number:05}-of-00004"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    for number, content in enumerate(["the dog\n", "the cat\n"]):
        path = tmp_path / HELD_OUT_FOLDER / f"news.en.heldout-{number:05}-of-00050"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    return tmp_path


def test_prepared_from_shards(folder):
    """the 5, </s> 5, cat 3; sat, dog and zebra are too rare: the published rule keeps words seen three times."""
    corpus = billion_words.load(f"shards:{folder}")
    assert list(zip(corpus.vocabulary.words, corpus.vocabulary.counts, strict=True)) == [
        ("</s>", 5),
        ("the", 5),
        ("<unk>", 4),
        ("cat", 3),
    ]
    words = [" ".join(corpus.vocabulary.decode(part)) for part in (np.asarray(corpus.train), corpus.valid, corpus.test)]
    assert words == [
        "the cat <unk> </s> the cat </s> the <unk> <unk> </s> the <unk> </s> the cat </s>",
        "the cat </s>",
        "the <unk> </s>",
    ]
    assert len(corpus.train.parts) == 3  # one file each, mapped
    assert all(not part.flags.owndata for part in corpus.train.parts)
    read = [targets for _, targets in windows(corpus.train, corpus.eos, 1, 5)]
    assert sum(map(len, read)) == len(corpus.train) == 17
    again = billion_words.load(f"shards:{folder}")
    assert again.fingerprint == corpus.fingerprint and again.vocabulary == corpus.vocabulary


def test_a_missing_shard_is_named(folder):
    (folder / TRAIN_FOLDER / "news.en-00002-of-00004").unlink()
    with pytest.raises(UserError, match=r"1 of 5 shards are missing: news.en-00002-of-00004; unpack the benchmark's"):
        billion_words.load(f"shards:{folder}")
    (folder / HELD_OUT_FOLDER / "news.en.heldout-00000-of-00050").unlink()
    with pytest.raises(UserError, match=r"2 of 5 .*news.en-00002-of-00004, news.en.heldout-00000-of-00050"):
        shards(folder)


def test_a_folder_without_shards(tmp_path):
    with pytest.raises(UserError, match=f"no shard news.en-00001-of-... there; .*{TRAIN_FOLDER}"):
        billion_words.load(f"shards:{tmp_path}")


def test_the_subset_is_cut_by_lines(monkeypatch, checkout):
    contents = {"1b_benchmark.dev.tokens": "a b a\na b\n", "1b_benchmark.test.tokens": "a\nb\nc\na b\n"}
    folder = paths.DATA / billion_words.HELD_OUT
    folder.mkdir(parents=True)
    files = {}
    for name, content in contents.items():
        (folder / name).write_text(content)
        files[name] = catalog.File(sha256=hashlib.sha256(content.encode()).hexdigest(), size=len(content))
    entry = catalog.entries()[billion_words.HELD_OUT].model_copy(update={"files": files})
    monkeypatch.setattr(catalog, "entries", lambda: {billion_words.HELD_OUT: entry})
    corpus = billion_words.load(billion_words.HELD_OUT, min_count=2)
    decoded = [" ".join(corpus.vocabulary.decode(part)) for part in (corpus.train, corpus.valid, corpus.test)]
    assert decoded == ["a b a </s> a b </s>", "a </s> b </s>", "<unk> </s> a b </s>"]


def test_the_catalogue_has_both():
    entries = catalog.entries()
    assert list(entries[billion_words.HELD_OUT].files) == ["1b_benchmark.dev.tokens", "1b_benchmark.test.tokens"]
    (archive,) = entries[billion_words.PUBLISHED].files
    assert archive.endswith("r13output.tar.gz")
