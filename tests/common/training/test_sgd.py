import pytest
import torch
from torch.nn import functional as F

from common.training.sgd import SGD


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_equals_torch(decay):
    torch.manual_seed(1)
    start = [torch.randn(3, 2, dtype=torch.float64), torch.randn(4, dtype=torch.float64)]
    ours, theirs = ([torch.nn.Parameter(w.clone()) for w in start] for _ in range(2))
    optimisers = SGD(ours, 0.3, decay), torch.optim.SGD(theirs, 0.3, weight_decay=decay)
    for step in range(3):
        for optimiser, weights in zip(optimisers, (ours, theirs), strict=True):
            optimiser.zero_grad()
            (weights[0].square().sum() * (step + 1) + weights[1].sin().sum()).backward()
            optimiser.step()
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_a_sparse_gradient_moves_and_shrinks_only_its_rows():
    weight = torch.nn.Parameter(torch.ones(4, 2))
    optimiser = SGD([weight], lr=0.5, weight_decay=0.2)
    F.embedding(torch.tensor([2, 0, 2]), weight, sparse=True).sum().backward()
    optimiser.step()
    assert weight.grad.is_sparse
    # 1 (1 - 0.5 * 0.2) - 0.5 for each of its uses
    assert weight.tolist() == [[pytest.approx(0.4)] * 2, [1, 1], [pytest.approx(-0.1)] * 2, [1, 1]]


def test_without_decay_a_sparse_gradient_is_the_dense_one():
    start, words = torch.randn(5, 3), torch.tensor([4, 1, 1])
    found = []
    for sparse in (True, False):
        weight = torch.nn.Parameter(start.clone())
        F.embedding(words, weight, sparse=sparse).square().sum().backward()
        SGD([weight], lr=0.1).step()
        found.append(weight.detach())
    torch.testing.assert_close(*found)


def test_weights_without_gradient_stay_and_a_closure_is_evaluated():
    used, unused = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimiser = SGD([used, unused], lr=1.0, weight_decay=0.5)

    def closure():
        loss = used.sum()
        loss.backward()
        return loss

    assert optimiser.step(closure).item() == 2
    assert used.tolist() == [-0.5, -0.5] and unused.tolist() == [1, 1]


@pytest.mark.parametrize("sparse", [True, False])
def test_the_norm_of_the_whole_gradient_is_clipped(sparse):
    """A row that occurs three times in a sparse gradient has one gradient, three times as large."""
    rows, other = torch.nn.Parameter(torch.zeros(3, 1)), torch.nn.Parameter(torch.zeros(1))

    def gradients():
        rows.grad = other.grad = None
        (F.embedding(torch.tensor([1, 1, 1]), rows, sparse=sparse).sum() + 4 * other.sum()).backward()  # norm 5

    gradients()
    SGD([rows, other], lr=1.0, clip_norm=2.5).step()
    assert rows.flatten().tolist() == [0, -1.5, 0] and other.item() == -2
    gradients()
    SGD([rows, other], lr=1.0, clip_norm=5.1).step()  # shorter than that: left as it is
    assert rows.flatten().tolist() == [0, -4.5, 0] and other.item() == -6


def test_clipping_leaves_weight_decay_and_a_gradient_of_zero_alone():
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.zeros(2)
    SGD([weight], lr=0.5, weight_decay=0.2, clip_norm=1e-9).step()
    assert weight.tolist() == [pytest.approx(0.9)] * 2
