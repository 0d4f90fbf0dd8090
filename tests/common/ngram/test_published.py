"""The published Penn Treebank perplexities, on the real text (folder ptb of REPLICATIONS_MIRROR).

KN5 and KN5 + cache: T. Mikolov's thesis (2012) and Mikolov & Zweig (2012); 141.19 is KenLM's own result.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from common.ngram import Cache, GoodTuring, KneserNey, mix, tune_weights

FOLDER = Path(os.environ.get("REPLICATIONS_MIRROR", "")) / "ptb"

pytestmark = pytest.mark.skipif(
    not os.environ.get("REPLICATIONS_MIRROR") or not (FOLDER / "ptb.train.txt").exists(),
    reason="needs the Penn Treebank in REPLICATIONS_MIRROR",
)


@pytest.fixture(scope="module")
def ptb() -> dict:
    """The three texts as word ids; eos is 0."""
    words = {
        split: (FOLDER / f"ptb.{split}.txt").read_text(encoding="utf-8").replace("\n", " </s> ").split()
        for split in ("train", "valid", "test")
    }
    ids = {word: i for i, word in enumerate(dict.fromkeys(["</s>", *words["train"]]))}
    texts = {split: np.array([ids[word] for word in text]) for split, text in words.items()}
    assert [len(text) for text in texts.values()] == [929589, 73760, 82430]
    return {**texts, "size": len(ids)}


@pytest.fixture(scope="module")
def kn5(ptb: dict) -> KneserNey:
    return KneserNey(5, ptb["train"], ptb["size"], eos=0)


def perplexity(probabilities: np.ndarray) -> float:
    return float(np.exp(-np.log(probabilities).mean()))


def test_kneser_ney_5(ptb: dict, kn5: KneserNey) -> None:
    assert perplexity(kn5.probabilities(ptb["test"])) == pytest.approx(141.2, abs=0.3)


def test_kneser_ney_3(ptb: dict) -> None:
    model = KneserNey(3, ptb["train"], ptb["size"], eos=0)
    assert perplexity(model.probabilities(ptb["test"])) == pytest.approx(148.3, abs=0.3)


@pytest.mark.parametrize(("order", "published"), [(3, 165.2), (5, 162.3)])
def test_good_turing(ptb: dict, order: int, published: float) -> None:
    model = GoodTuring(order, ptb["train"], ptb["size"], eos=0)
    assert perplexity(model.probabilities(ptb["test"])) == pytest.approx(published, abs=0.3)


def test_kneser_ney_5_with_cache(ptb: dict, kn5: KneserNey) -> None:
    cache = Cache(ptb["size"], eos=0)
    valid, test = (np.stack([m.probabilities(ptb[s]) for m in (kn5, cache)]) for s in ("valid", "test"))
    assert perplexity(mix(test, tune_weights(valid))) == pytest.approx(125.7, abs=1.5)


def test_kneser_ney_5_sums_to_one(ptb: dict, kn5: KneserNey) -> None:
    for t in np.linspace(0, len(ptb["test"]) - 1, 50, dtype=int):
        assert kn5.distribution(ptb["test"][:t]).sum() == pytest.approx(1, abs=1e-9)
