"""The loss for training against all paths, a recursion in logarithms, a closed form, and torch's own loss."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from common.errors import UserError
from common.output import ctc
from common.output.ctc_kernel import ctc_loss
from common.search.ctc_best_path import collapse


def loss_and_gradient(u, labellings, lengths):
    """Of activations ``[T, B, K]``, with the padding of a batch."""
    u = u.clone().requires_grad_()
    labels = torch.nn.utils.rnn.pad_sequence([torch.tensor(one, dtype=torch.long) for one in labellings], True)
    loss = ctc_loss(u, labels, torch.tensor(lengths), torch.tensor([len(one) for one in labellings]))
    return loss.detach(), torch.autograd.grad(loss, u)[0]


def by_all_paths(u, labels):
    """Loss and gradient from one sequence's activations ``[T, K]``."""
    u = u.clone().requires_grad_()
    steps, symbols = u.shape
    paths = [path for path in itertools.product(range(symbols), repeat=steps) if collapse(path) == labels]
    loss = -torch.logsumexp(u.log_softmax(1)[torch.arange(steps), torch.tensor(paths)].sum(1), 0)
    return loss.detach(), torch.autograd.grad(loss, u)[0]


def by_logarithms(u, labels):
    """The same, for any length: from the first frame and from the last, over edges between two frames."""
    log_y = u.double().log_softmax(1).numpy()
    symbols = np.array([0, *(k for label in labels for k in (label, 0))])
    emitted = log_y[:, symbols]
    blocked = np.full(len(symbols), -np.inf)
    blocked[2:][(symbols[2:] != 0) & (symbols[2:] != symbols[:-2])] = 0

    def shifted(row, by):
        return np.concatenate([np.full(by, -np.inf), row])[: len(row)]

    ahead, behind = np.full_like(emitted, -np.inf), np.full_like(emitted, -np.inf)
    ahead[0, :2] = emitted[0, :2]
    behind[-1, -2:] = 0  # without the frame itself
    for t in range(1, len(emitted)):
        row = ahead[t - 1]
        ahead[t] = np.logaddexp(np.logaddexp(row, shifted(row, 1)), shifted(row, 2) + blocked) + emitted[t]
        row = behind[-t] + emitted[-t]
        behind[-t - 1] = np.logaddexp(
            np.logaddexp(row, shifted(row[::-1], 1)[::-1]), shifted((row + blocked)[::-1], 2)[::-1]
        )
    log_p = np.logaddexp.reduce(ahead[-1, -2:])
    gradient = np.exp(log_y)
    np.subtract.at(gradient.T, symbols, np.exp(ahead + behind - log_p).T)
    return torch.tensor(-log_p), torch.from_numpy(gradient)


def log_choose(n, m):
    gamma = np.vectorize(math.lgamma)
    return gamma(n + 1) - gamma(m + 1) - gamma(n - m + 1)


def of_constant_outputs(blank, label, frames, labels):
    """The loss where y is ``blank`` and ``label`` at every frame: paths are counted by their number k of label frames.

    k frames make U runs in C(k - 1, U - 1) ways; the T - k blanks fall into U + 1 gaps, of which the r between equal
    labels have one at least, in C(T - k - r + U, U) ways.
    """
    count, repeats = len(labels), sum(map(int.__eq__, labels[1:], labels[:-1]))
    k = np.arange(count, frames - repeats + 1)
    paths = log_choose(k - 1, count - 1) + log_choose(frames - k - repeats + count, count)
    return -np.logaddexp.reduce(paths + k * math.log(label) + (frames - k) * math.log(blank))


def made_up(frames, symbols, blank, spread, seed):
    """Activations ``[T, K]``, flat or peaky by ``spread``, with ``blank`` added to the blank's."""
    u = torch.randn(frames, symbols, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * spread
    u[:, 0] += blank
    return u


def some_labels(count, symbols, seed):
    """One in three is a repetition of the one before."""
    draw = np.random.default_rng(seed)
    found = draw.integers(1, symbols, count)
    for u in range(1, count):
        if draw.random() < 1 / 3:
            found[u] = found[u - 1]
    return found.tolist()


@st.composite
def sequences(draw, symbols, frames):
    """Activations and labels that fit, tightly at times."""
    frames = draw(frames)
    labels = some_labels(draw(st.integers(0, frames)), symbols, draw(st.integers(0, 10**6)))
    while ctc.required_frames(torch.tensor(labels, dtype=torch.long)) > frames:
        labels.pop()
    blank, spread = draw(st.sampled_from([-30, 0, 3, 20, 800])), draw(st.sampled_from([0, 0.1, 2, 30]))
    return made_up(frames, symbols, blank, spread, draw(st.integers(0, 10**6))), labels


def check(batch, reference):
    lengths = [len(u) for u, _ in batch]
    padded = torch.nn.utils.rnn.pad_sequence([u for u, _ in batch], padding_value=5.0)
    expected = [reference(u, labels) for u, labels in batch]
    loss, gradient = loss_and_gradient(padded, [labels for _, labels in batch], lengths)
    torch.testing.assert_close(loss, sum(one for one, _ in expected), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(
        gradient, torch.nn.utils.rnn.pad_sequence([one for _, one in expected]), rtol=0, atol=1e-9
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(sequences(3, st.integers(1, 5)), min_size=1, max_size=4))
def test_short_sequences_against_all_paths(batch):
    check(batch, by_all_paths)


@settings(max_examples=60, deadline=None)
@given(st.lists(sequences(20, st.integers(50, 1000)), min_size=1, max_size=3))
def test_long_sequences_against_logarithms(batch):
    check(batch, by_logarithms)


CONSTANT = [(0.84, 1600, 300), (0.93, 3000, 400), (0.84, 3100, 392), (0.02, 2000, 700), (1 / 29, 1600, 300)]


@pytest.mark.parametrize(("blank", "frames", "count"), CONSTANT)
def test_long_sequences_of_constant_outputs(blank, frames, count):
    """Most paths of the first t frames are not those that can still end in the labelling."""
    u, labels = torch.zeros(frames, 29, dtype=torch.float64), some_labels(count, 29, 1)
    u[:, 0] = math.log(28 * blank / (1 - blank))
    loss, gradient = loss_and_gradient(u.unsqueeze(1), [labels], [frames])
    assert loss.item() == pytest.approx(of_constant_outputs(blank, (1 - blank) / 28, frames, labels), rel=1e-9)
    torch.testing.assert_close(gradient[:, 0], by_logarithms(u, labels)[1], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("blank", "frames", "count", "symbols"),
    [(20, 400, 60, 62), (5, 3100, 392, 29), (5, 7300, 909, 29), (1000, 2000, 300, 29), (-1000, 2000, 300, 29)],
)
def test_long_sequences_of_outputs_at_random(blank, frames, count, symbols):
    check([(made_up(frames, symbols, blank, 1, 4), some_labels(count, symbols, 5))], by_logarithms)


def test_single_precision_costs_the_rounding_of_the_result_only():
    """The recursion is in double precision whatever the activations are."""
    u, labels = made_up(3000, 29, 5, 1, 6).float(), some_labels(400, 29, 7)
    loss, gradient = loss_and_gradient(u.unsqueeze(1), [labels], [3000])
    true_loss, true_gradient = by_logarithms(u, labels)
    assert loss.dtype == gradient.dtype == torch.float32
    eps = torch.finfo(torch.float32).eps
    torch.testing.assert_close(loss.double(), true_loss, rtol=eps, atol=0)
    torch.testing.assert_close(gradient[:, 0].double(), true_gradient, rtol=0, atol=eps)


def test_it_is_the_definition_and_torchs_loss():
    labellings, lengths = [[2, 2, 1], [], [3]], [9, 4, 6]
    u = made_up(9, 3 * 4, 0, 2, 8).view(9, 3, 4).requires_grad_()
    loss, gradient = loss_and_gradient(u.detach(), labellings, lengths)
    log_y = u.log_softmax(2)
    torchs = F.ctc_loss(log_y, torch.tensor([2, 2, 1, 3]), lengths, [3, 0, 1], reduction="sum")
    torch.testing.assert_close(loss, torchs.detach(), rtol=1e-12, atol=0)
    torch.testing.assert_close(gradient, torch.autograd.grad(torchs, u)[0], rtol=0, atol=1e-12)
    defined = 0.0
    for b, (n, labels) in enumerate(zip(lengths, labellings, strict=True)):
        arguments = log_y[:n, b].detach(), torch.tensor(labels, dtype=torch.long)
        defined -= ctc.log_probability(*arguments)
        torch.testing.assert_close(gradient[:n, b], ctc.error_signal(*arguments), rtol=0, atol=1e-12)
        assert not gradient[n:, b].any()
    torch.testing.assert_close(loss, defined, rtol=1e-12, atol=0)


def test_the_gradient_is_that_of_log_probabilities_too():
    """A network's log-probabilities stay what they are in another softmax."""
    u = made_up(12, 4, 1, 2, 9).unsqueeze(1).requires_grad_()
    arguments = torch.tensor([[1, 1, 3]]), torch.tensor([12]), torch.tensor([3])
    found, expected = (torch.autograd.grad(ctc_loss(x, *arguments), u)[0] for x in (u.log_softmax(2), u))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_two_runs_give_the_same_bits():
    u, labellings = made_up(300, 8 * 62, 3, 1, 10).view(300, 8, 62).float(), [some_labels(40, 62, b) for b in range(8)]
    first, second = (loss_and_gradient(u, labellings, [300 - 9 * b for b in range(8)]) for _ in range(2))
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1])


@pytest.mark.parametrize("value", [-torch.inf, -3e38])
def test_an_impossible_label_has_a_large_loss_and_a_gradient(value):
    u = torch.zeros(5, 1, 4)
    u[:, :, 1] = value
    loss, gradient = loss_and_gradient(u, [[1]], [5])
    assert loss.isfinite() and loss > 1e11
    assert gradient.isfinite().all() and (gradient[:, 0, 1].sum() == -1)


def test_activations_that_are_no_numbers_give_no_number():
    u = torch.zeros(5, 2, 4)
    u[3, 1] = torch.nan
    assert loss_and_gradient(u, [[1], [2]], [5, 5])[0].isnan()
    assert loss_and_gradient(u, [[1], []], [5, 5])[0].isnan()
    assert loss_and_gradient(u, [[1], [2]], [5, 3])[0].isfinite()  # in the padding


@pytest.mark.parametrize(("frames", "labels"), [(2, [1, 2, 3]), (2, [1, 1]), (0, [1])])
def test_a_target_longer_than_its_input(frames, labels):
    with pytest.raises(UserError, match=rf"sequence 1 of the batch: {frames} frames are too few for {len(labels)}"):
        loss_and_gradient(torch.zeros(5, 2, 4), [[1], labels], [5, frames])
