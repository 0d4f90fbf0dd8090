import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replications.graves2006_ctc.hmm import HMM, flat_start


def random_hmm(symbols, seed) -> HMM:
    draw = np.random.default_rng(seed)
    leave = draw.uniform(0.1, 0.9, symbols)
    bigram = draw.dirichlet(np.ones(symbols), symbols)
    return HMM(np.log(draw.dirichlet(np.ones(symbols))), np.log(1 - leave), np.log(leave), np.log(bigram))


def path_score(hmm, likelihood, segments, weight) -> float:
    """Log-probability of (phone, frames) segments, word by word as the model says it."""
    score, t, before = 0.0, 0, 0
    for phone, frames in segments:
        score += weight * hmm.log_bigram[before, phone]
        score += sum(likelihood[t + i, phone] for i in range(frames)) + (frames - 1) * hmm.log_stay[phone]
        score += hmm.log_leave[phone]
        t, before = t + frames, phone
    return score + weight * hmm.log_bigram[before, 0]


def segmentations(steps):
    for cuts in range(steps):
        for ends in itertools.combinations(range(1, steps), cuts):
            edges = (0, *ends, steps)
            yield [b - a for a, b in itertools.pairwise(edges)]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(2, 4), st.integers(0, 10**6), st.floats(0.3, 2))
def test_viterbi_finds_the_best_of_all_segmentations(steps, symbols, seed, weight):
    hmm = random_hmm(symbols, seed)
    likelihood = np.random.default_rng(seed + 1).normal(size=(steps, symbols)) * 2
    best = max(
        (path_score(hmm, likelihood, list(zip(phones, lengths, strict=True)), weight), phones)
        for lengths in segmentations(steps)
        for phones in itertools.product(range(1, symbols), repeat=len(lengths))
    )
    assert hmm.decode(likelihood, weight) == list(best[1])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 7), st.lists(st.integers(1, 3), min_size=1, max_size=4), st.integers(0, 10**6))
def test_alignment_is_the_best_of_all_segmentations(steps, labels, seed):
    if steps < len(labels):
        return
    hmm = random_hmm(4, seed)
    likelihood = np.random.default_rng(seed + 1).normal(size=(steps, 4)) * 2
    found = hmm.align(likelihood, np.array(labels))
    scores = {
        tuple(np.repeat(labels, lengths)): path_score(hmm, likelihood, list(zip(labels, lengths, strict=True)), 0)
        for lengths in segmentations(steps)
        if len(lengths) == len(labels)
    }
    assert tuple(found) in scores
    assert scores[tuple(found)] == pytest.approx(max(scores.values()))


def test_counts(toy):
    alignments = [one.alignment for one in toy.train]
    hmm = HMM.count(toy.train, alignments, 6)
    frames = np.concatenate(alignments)
    assert np.exp(hmm.log_prior[2]) == pytest.approx(np.mean(frames == 2), rel=0.05)
    np.testing.assert_allclose(np.exp(hmm.log_stay) + np.exp(hmm.log_leave), 1)
    mean_frames = np.mean(frames == 2) * len(frames) / sum((one.labels == 2).sum() for one in toy.train)
    assert np.exp(-hmm.log_leave[2]) == pytest.approx(mean_frames, rel=0.05)
    np.testing.assert_allclose(np.exp(hmm.log_bigram).sum(1), 1)


def test_flat_start_finds_the_boundaries_without_being_told(toy):
    found = np.concatenate(flat_start(toy.train, 6))
    truth = np.concatenate([one.alignment for one in toy.train])
    uniform = np.concatenate([one.labels[np.arange(one.frames) * len(one.labels) // one.frames] for one in toy.train])
    assert np.mean(found != truth) < 0.03 < np.mean(uniform != truth)
