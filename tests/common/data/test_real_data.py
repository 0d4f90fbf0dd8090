"""What the catalogue, data.dvc and the readers say of real files, where a mirror has them."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from common import paths
from common.data import catalog, fetch
from common.data.music import rolls
from common.data.pictures import idx
from common.data.tagged import corpus as tagged
from common.data.text import rows
from common.data.text.corpora import load
from common.metrics.span_f1 import spans

MIRROR = os.environ.get(fetch.MIRROR, "")
OUTS = yaml.safe_load((paths.ROOT / "data.dvc").read_text())["outs"]
needs_mirror = pytest.mark.skipif(not MIRROR, reason=f"{fetch.MIRROR} is not set: no real data here")
PINNED = {Path(out["path"]).name: out for out in OUTS}


@pytest.fixture(autouse=True)
def mirror(checkout, monkeypatch):
    monkeypatch.setenv(fetch.MIRROR, MIRROR)


def test_dvc_pins_each_corpus_that_may_be_fetched_and_no_other():
    fetched = {name: entry for name, entry in catalog.entries().items() if not entry.licensed}
    del fetched["one-billion-word"]  # an archive of 1.8 GB, for which DVC's own sum is not known
    assert PINNED.keys() == fetched.keys()
    for name, entry in fetched.items():
        assert PINNED[name]["path"] == f"data/{name}"
        assert (PINNED[name]["nfiles"], PINNED[name]["size"]) == (len(entry.files), entry.size)


@needs_mirror
@pytest.mark.parametrize("corpus", PINNED)
def test_the_mirror_gives_what_catalogue_and_dvc_pin(corpus):
    if not any((Path(one) / corpus).is_dir() for one in fetch.mirrors()):
        pytest.skip(f"the mirror has no {corpus}")
    folder = fetch.fetch(corpus)
    fetch.verify(corpus)
    if fetch.files(catalog.entry(corpus), folder) == catalog.entry(corpus).instead:
        pytest.skip(f"the mirror has something in place of {corpus}")
    listing = []  # what DVC hashes for a folder
    for name in sorted(catalog.entry(corpus).files):
        listing.append({"md5": hashlib.md5((folder / name).read_bytes()).hexdigest(), "relpath": name})
    assert PINNED[corpus]["md5"] == hashlib.md5(json.dumps(listing).encode()).hexdigest() + ".dir"


@needs_mirror
def test_penn_treebank_has_the_published_counts():
    ptb = load("ptb")
    assert (len(ptb.train), len(ptb.valid), len(ptb.test)) == (929_589, 73_760, 82_430)
    assert len(ptb.vocabulary) == 10_000
    ends = [int((split == ptb.eos).sum()) for split in (ptb.train, ptb.valid, ptb.test)]
    assert ends == [42_068, 3_370, 3_761]
    assert ptb.vocabulary.words[:4] == ("the", "<unk>", "</s>", "N")
    assert np.bincount(ptb.train).tolist() == list(ptb.vocabulary.counts)


@needs_mirror
def test_penn_treebank_by_characters_has_the_counts_before_line_ends():
    ptb = load("ptb", unit="characters", train_sentences=1000)
    assert (len(ptb.valid) - 3_370, len(ptb.test) - 3_761) == (389_672, 438_662)


@needs_mirror
@pytest.mark.parametrize(
    "name, sentences, words, chunks",
    [
        ("atis", (4478, 500, 893), (50_497, 5_703, 9_164), (14_851, 1_709, 2_837)),
        ("conll2000", (8_036, 900, 2_012), (190_590, 21_137, 47_377), (96_487, 10_491, 23_852)),
        ("conll2003", (14_041, 3_250, 3_453), (203_621, 51_362, 46_435), (23_499, 5_942, 5_648)),
    ],
)
def test_tagged_corpora_have_the_published_counts(name, sentences, words, chunks):
    if not any((Path(one) / name).is_dir() for one in fetch.mirrors()):
        pytest.skip(f"the mirror has no {name}")
    corpus = tagged.load(name)
    splits = corpus.train, corpus.valid, corpus.test
    assert tuple(map(len, splits)) == sentences
    assert tuple(sum(len(one.words) for one in split) for split in splits) == words
    assert tuple(sum(len(spans(one.tags)) for one in split) for split in splits) == chunks


@needs_mirror
def test_war_and_peace_is_cut_as_char_rnn_cuts_it():
    if not any((Path(one) / "war-and-peace").is_dir() for one in fetch.mirrors()):
        pytest.skip("the mirror has no war-and-peace")
    text = rows.load("war-and-peace", 100)
    assert len(text.symbols) == 87
    for split, size, start in [
        ("train", 2_600_000, "2577cb98dac12239"),
        ("valid", 320_000, "96f701eb37ed46bc"),
        ("test", 330_000, "20e2ba2460b703b3"),
    ]:
        part = bytes(text.symbols[n] for n in text.part(split).ravel())
        assert len(part) == size and hashlib.sha256(part).hexdigest().startswith(start)


def absent(corpus: str) -> None:
    if not any((Path(one) / corpus).is_dir() for one in fetch.mirrors()):
        pytest.skip(f"the mirror has no {corpus}")


@needs_mirror
def test_mnist_has_the_published_counts():
    absent("mnist")
    folder = fetch.fetch("mnist")
    images, labels = idx.labelled(folder / "t10k-images-idx3-ubyte", folder / "t10k-labels-idx1-ubyte")
    assert images.shape == (10_000, 28, 28)
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert len(idx.read(folder / "train-labels-idx1-ubyte", 1)) == 60_000


@needs_mirror
@pytest.mark.parametrize(
    "name, pieces, steps",
    [
        ("jsb_chorales", (229, 76, 77), (13_807, 4_602, 4_725)),
        ("nottingham", (694, 173, 170), (176_561, 45_513, 44_463)),
        ("musedata", (524, 135, 124), (245_202, 82_755, 64_339)),
        ("piano_midi", (87, 12, 25), (75_911, 8_540, 19_036)),
    ],
)
def test_music_has_the_counts_of_its_authors(name, pieces, steps):
    absent("music")
    found = rolls.load(name).pieces
    assert tuple(len(found[split]) for split in rolls.SPLITS) == pieces
    assert tuple(sum(map(len, found[split])) for split in rolls.SPLITS) == steps
