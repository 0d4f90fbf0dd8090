import itertools
import math

import pytest

from common.data.tagged import corpus as tagged
from common.data.tagged.corpus import Sentence
from common.evaluation.hmm_tagger import ADDED, counted, looks


def test_the_hidden_markov_model_is_its_counts_and_finds_the_best_tags(tmp_path):
    file = tmp_path / "a"
    file.write_text("a D\nrun N\n\nto T\nrun V\n\na D\nman N\n\n")
    corpus = tagged.load(f"tagged:{file},{file},{file}", normalise=str, describe=looks, feature_count=1)
    module = counted(corpus)
    tags = corpus.target.words
    assert module.tag([Sentence(("to", "run"), ("T", "V")), Sentence(("a", "fan"), ("D", "N"))]).tags == [
        ["T", "V"],
        ["D", "N"],
    ]
    leaving, prior = 2 + ADDED * 5, 1 / 3  # D is left twice, always for N; a third of all words is D
    assert module.crf.transitions[tags.index("D"), tags.index("N")].item() == pytest.approx(
        math.log((2 + ADDED) / leaving)
    )
    batch = next(iter(module.loader([Sentence(("a",), ("D",))])()))
    assert module.network(batch)[0][0, 0, tags.index("D")].item() == pytest.approx(
        math.log((2 + ADDED * prior) / (2 + ADDED) / prior)
    )
    every = [math.exp(module.crf.transitions[j, k].item()) for j, k in itertools.product(range(4), repeat=2)]
    stops = [math.exp(value) for value in module.crf.stop.tolist()]
    assert [sum(every[4 * j : 4 * j + 4]) + stops[j] for j in range(4)] == pytest.approx([1] * 4)
