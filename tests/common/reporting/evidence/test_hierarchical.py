import numpy as np
import pytest

from common.metrics.bleu_statistics import bleu_of
from common.reporting.evidence.hierarchical import gain, hierarchical_bootstrap

LENGTH = 12


def counts(rng, starts, seeds, sentences, quality):
    """Counts of translations of which an n-gram is right with ``quality[start, seed] ** n``."""
    found = np.zeros((starts, seeds, sentences, 9), int)
    for n in range(4):
        found[..., 4 + n] = LENGTH - n
        found[..., n] = rng.binomial(LENGTH - n, quality[:, :, None] ** (n + 1), (starts, seeds, sentences))
    found[..., 8] = LENGTH
    return found


def test_the_gain_is_that_of_whole_corpora():
    rng = np.random.default_rng(1)
    a, b = (counts(rng, 2, 3, 50, np.full((2, 3), quality)) for quality in (0.8, 0.7))
    found = gain(a, b)
    for start in range(2):
        for seed in range(3):
            assert found[start, seed] == pytest.approx(bleu_of(a[start, seed].sum(0)) - bleu_of(b[start, seed].sum(0)))
    assert hierarchical_bootstrap(a, b).mean == pytest.approx(found.mean())


def test_where_only_sentences_vary_it_is_the_paired_bootstrap():
    rng = np.random.default_rng(2)
    a, b = (counts(rng, 1, 1, 300, np.full((1, 1), quality)) for quality in (0.8, 0.78))
    draws = [rng.integers(0, 300, 300) for _ in range(2000)]  # Koehn (2004), section 4
    gains = [bleu_of(a[0, 0, chosen].sum(0)) - bleu_of(b[0, 0, chosen].sum(0)) for chosen in draws]
    low, high = np.quantile(gains, [0.025, 0.975])
    found = hierarchical_bootstrap(np.repeat(a, 2, axis=1), np.repeat(b, 2, axis=1))  # two equal seeds
    assert found.mean == pytest.approx(bleu_of(a[0, 0].sum(0)) - bleu_of(b[0, 0].sum(0)))
    assert found.low == pytest.approx(low, abs=0.15) and found.high == pytest.approx(high, abs=0.15)


@pytest.mark.parametrize("axis", [0, 1])
def test_starts_and_seeds_that_scatter_widen_the_interval(axis):
    rng = np.random.default_rng(3)
    steady = np.full((4, 4), 0.8)
    scattered = steady + np.array([-0.06, -0.02, 0.02, 0.06]).reshape((-1, 1) if axis == 0 else (1, -1))
    base = counts(rng, 4, 4, 200, steady - 0.02)
    narrow, wide = (hierarchical_bootstrap(counts(rng, 4, 4, 200, quality), base) for quality in (steady, scattered))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_baseline_without_seeds_stands_beside_each():
    rng = np.random.default_rng(4)
    a, b = counts(rng, 2, 3, 80, np.full((2, 3), 0.8)), counts(rng, 2, 1, 80, np.full((2, 1), 0.7))
    assert hierarchical_bootstrap(a, b) == hierarchical_bootstrap(a, np.repeat(b, 3, axis=1))
    assert hierarchical_bootstrap(a, b) == hierarchical_bootstrap(a, b)  # always the same draws


def test_one_seed_has_no_interval_and_other_sentences_no_comparison():
    rng = np.random.default_rng(5)
    one = counts(rng, 2, 1, 40, np.full((2, 1), 0.8))
    assert hierarchical_bootstrap(one, one).low is None
    with pytest.raises(ValueError, match="not of the same starts"):
        hierarchical_bootstrap(one, one[:, :, :30])
    with pytest.raises(ValueError, match="not of the same starts"):
        hierarchical_bootstrap(np.repeat(one, 2, axis=1), np.repeat(one, 3, axis=1))
