import hashlib

import pytest

from common import paths
from common.data import catalog, fetch


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    """A checkout with empty data/ and build/, no mirror, and no way out but to this machine."""
    monkeypatch.setattr(paths, "DATA", tmp_path / "checkout" / "data")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "checkout" / "build")
    monkeypatch.delenv(fetch.MIRROR, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "checkout"


@pytest.fixture
def files() -> dict[str, bytes]:
    return {
        "train.txt": b"the dog barks\nthe cat sleeps\nthe dog sleeps\n",
        "valid.txt": b"the cat barks\n",
        "test.txt": b"the bird sings\n",
    }


@pytest.fixture
def catalogue(files, monkeypatch):
    """A catalogue of two corpora: ``tiny`` of ``files``, and ``bought``, which is licensed."""
    sums = {
        name: catalog.File(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        for name, content in files.items()
    }
    terms = {"title": "Tiny", "licence": "CC0", "citation": "us"}
    entries = {
        "tiny": catalog.Entry(
            **terms,
            by_hand="write three lines",
            url="http://127.0.0.1:9/",  # the discard port, where nothing listens
            files=sums,
            splits={"train": "train.txt", "valid": "valid.txt", "test": "test.txt"},
        ),
        "bought": catalog.Entry(**terms, by_hand="put TRAIN and TEST there", requires=("TRAIN", "TEST")),
    }
    monkeypatch.setattr(catalog, "entries", lambda: entries)
    return entries
