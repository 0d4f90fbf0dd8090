"""The plain decoders do the same work as the compiled ones, or a ratio of their speeds says nothing."""

import numpy as np
import pytest

from common.ngram.kneser_ney import KneserNey
from common.search.ctc_beam import ctc_beam_search, label_model
from common.search.ctc_prefix import prefix_search
from replications.graves2006_ctc import bench, plain


def test_both_prefix_searches_give_the_same_transcripts():
    for log_y in bench.outputs(10, 4):
        assert plain.prefix_search(log_y, 0.9999, 200) == prefix_search(log_y, 0.9999, 200).labels


def test_both_beam_searches_give_the_same_transcripts():
    draw = np.random.default_rng(1)
    text = np.concatenate([np.append(draw.integers(1, 8, 12), 0) for _ in range(40)])
    model = KneserNey(3, text, 8, 0)

    def log_p(labels, label):
        return float(np.log(model.distribution(np.array(labels, dtype=np.int64))[label]))

    for log_y in bench.outputs(8, 2):
        settings = {"beam_size": 5, "weight": 0.7, "bonus": 0.5, "least": 1e-3}
        ours = ctc_beam_search(log_y[:60], label_model(model), **settings)
        assert plain.beam_search(log_y[:60], log_p, **settings) == ours


def test_made_up_outputs_are_probabilities_in_sections():
    for log_y in bench.outputs(bench.PHONES, 2):
        np.testing.assert_allclose(np.exp(log_y).sum(1), 1)
        assert prefix_search(log_y, 0.9999, 2000).sections > 10


@pytest.mark.parametrize("make", [bench.prefix_ours, bench.beam_ours])
def test_cases_count_what_they_decode(make):
    assert make()() == 40
