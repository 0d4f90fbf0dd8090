import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from common.errors import UserError
from common.output import ctc
from common.search.ctc_best_path import collapse

cases = st.tuples(st.integers(1, 6), st.integers(2, 4), st.lists(st.integers(1, 3), max_size=4), st.integers(0, 10**6))


def brute_force(log_y, labels) -> float:
    """The sum over every path that collapses to the labels."""
    steps, symbols = log_y.shape
    y = log_y.exp().tolist()
    total = 0.0
    for path in itertools.product(range(symbols), repeat=steps):
        if collapse(path) == labels:
            p = 1.0
            for t, k in enumerate(path):
                p *= y[t][k]
            total += p
    return total


def outputs(steps, symbols, seed):
    return torch.randn(steps, symbols, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * 2


def alignable(steps, symbols, labels):
    return all(k < symbols for k in labels) and steps >= ctc.required_frames(torch.tensor(labels, dtype=torch.long))


@settings(max_examples=80, deadline=None)
@given(cases)
def test_probability_is_that_of_all_paths_together(case):
    steps, symbols, labels, seed = case
    if not alignable(steps, symbols, labels):
        return
    log_y = outputs(steps, symbols, seed).log_softmax(1)
    found = ctc.log_probability(log_y, torch.tensor(labels, dtype=torch.long)).exp().item()
    assert found == pytest.approx(brute_force(log_y, labels), rel=1e-10)


@settings(max_examples=80, deadline=None)
@given(cases)
def test_loss_and_gradient_are_torchs(case):
    steps, symbols, labels, seed = case
    if not alignable(steps, symbols, labels):
        return
    u = outputs(steps, symbols, seed).requires_grad_()
    target = torch.tensor(labels, dtype=torch.long)
    log_y = u.log_softmax(1)
    theirs = F.ctc_loss(log_y.unsqueeze(1), target.unsqueeze(0), (steps,), (len(labels),), reduction="sum")
    torch.testing.assert_close(-ctc.log_probability(log_y, target), theirs, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(ctc.error_signal(log_y, target), torch.autograd.grad(theirs, u)[0], rtol=0, atol=1e-10)


def test_every_frame_splits_the_same_probability():
    """p(l | x) = sum_s alpha_t(s) beta_t(s) / y_{l'_s}(t) at every t (equation 14)."""
    labels = torch.tensor([1, 1, 3])
    log_y = outputs(8, 4, 5).log_softmax(1)
    through = (
        ctc.forward_variables(log_y, labels) + ctc.backward_variables(log_y, labels) - log_y[:, ctc.with_blanks(labels)]
    )
    expected = ctc.log_probability(log_y, labels).expand(8)
    torch.testing.assert_close(torch.logsumexp(through, 1), expected, rtol=1e-12, atol=0)


def test_error_signal_moves_probability_only():
    error = ctc.error_signal(outputs(7, 4, 6).log_softmax(1), torch.tensor([3, 1]))
    torch.testing.assert_close(error.sum(1), torch.zeros(7, dtype=torch.float64), rtol=0, atol=1e-12)
    assert (error[:, 2] >= 0).all()  # a label that is not in the transcript can only be pushed down


def test_four_frames_to_two_labels():
    """With uniform outputs of 3 symbols, p = (number of paths) / 3^4; 15 of the 81 paths give "ab".

    aabb abbb aaab  aab- abb- -aab -abb a-bb aa-b ab-- -ab- --ab a--b a-b- -a-b
    """
    log_y = torch.full((4, 3), 1 / 3, dtype=torch.float64).log()
    assert ctc.log_probability(log_y, torch.tensor([1, 2])).exp().item() == pytest.approx(15 / 81)


def test_empty_labelling_is_all_blanks():
    log_y = outputs(5, 3, 7).log_softmax(1)
    torch.testing.assert_close(ctc.log_probability(log_y, torch.tensor([], dtype=torch.long)), log_y[:, 0].sum())


def test_long_input_does_not_underflow():
    log_y = torch.zeros(3000, 62, dtype=torch.float64).log_softmax(1)
    assert ctc.log_probability(log_y, torch.tensor([1, 2, 3])).isfinite()


@pytest.mark.parametrize(("frames", "labels"), [(2, [1, 2, 3]), (2, [1, 1]), (0, [1])])
def test_a_target_longer_than_its_input(frames, labels):
    with pytest.raises(UserError, match=rf"{frames} frames are too few for {len(labels)} labels"):
        ctc.error_signal(torch.zeros(frames, 4), torch.tensor(labels))
