import itertools

import numpy as np
import pytest
import torch
from torchaudio.functional import edit_distance

from common.search.ctc_best_path import collapse
from replications.graves2006_ctc.expected_loss import _distance, _words, loss_gradient, surrogate

SPACE = 1


def words(labels) -> list[tuple[int, ...]]:
    return [tuple(group) for space, group in itertools.groupby(labels, lambda k: k == SPACE) if not space]


def exact_loss(u: torch.Tensor, reference: list[int]) -> torch.Tensor:
    """The expected number of word errors, over every path."""
    y = u.softmax(1)
    total = 0.0
    for path in itertools.product(range(u.shape[1]), repeat=len(u)):
        p = torch.stack([y[t, k] for t, k in enumerate(path)]).prod()
        total = total + p * edit_distance(words(reference), words(collapse(path)))
    return total


def test_estimate_is_unbiased():
    torch.manual_seed(1)
    u, reference = torch.randn(3, 4, dtype=torch.float64, requires_grad=True), [2, 1, 3]
    loss = exact_loss(u, reference)
    loss.backward()
    found, mean = loss_gradient(
        u.detach().log_softmax(1).numpy(), np.array(reference), SPACE, 20000, np.random.default_rng(1)
    )
    assert mean == pytest.approx(loss.item(), abs=0.02)
    np.testing.assert_allclose(found, u.grad.numpy(), atol=0.01)


@pytest.mark.parametrize(("labels", "count"), [([2, 3, 1, 2], 2), ([1, 1, 2, 1], 1), ([], 0), ([1], 0), ([3], 1)])
def test_words(labels, count):
    assert len(_words(np.array(labels, dtype=np.int64), SPACE)) == count
    assert len(_words(np.array(labels, dtype=np.int64), -1)) == len(labels)


def test_words_are_equal_when_their_letters_are():
    a, b, c = _words(np.array([2, 3, 1, 2, 3, 1, 3, 2]), SPACE)
    assert a == b != c


def test_distance_is_torchaudios():
    draw = np.random.default_rng(2)
    for _ in range(50):
        a, b = (draw.integers(0, 3, draw.integers(0, 7)) for _ in range(2))
        assert _distance(a, b) == edit_distance(a.tolist(), b.tolist())


def test_certain_and_right_outputs_are_left_alone():
    log_y = np.log(np.eye(4)[[2, 0, 1, 3]] * (1 - 4e-9) + 1e-9)
    gradient, loss = loss_gradient(log_y, np.array([2, 1, 3]), SPACE, 5, np.random.default_rng(1))
    assert loss == 0
    assert np.abs(gradient).max() < 1e-6


def test_surrogate_has_the_given_gradient():
    u = torch.zeros(3, 2, 4, requires_grad=True)
    gradients = [np.ones((3, 4), np.float32), np.full((2, 4), 2.0, np.float32)]
    surrogate(u, gradients).backward()
    assert u.grad[:, 0].tolist() == [[1.0] * 4] * 3
    assert u.grad[:, 1].tolist() == [[2.0] * 4] * 2 + [[0.0] * 4]
