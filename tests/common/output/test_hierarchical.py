import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from common.output.hierarchical import HierarchicalSoftmax, hashed_contexts, huffman

COUNTS = np.array([50, 20, 9, 8, 5, 3, 2, 1, 1, 1])


def layer(counts=COUNTS, hidden=3, slots=0, dtype=torch.float64):
    torch.manual_seed(1)
    output = HierarchicalSoftmax(hidden, counts, slots).to(dtype)
    for weight in output.parameters():
        torch.nn.init.normal_(weight)
    return output


def tokens(words, number=12, hidden=3, contexts=0, slots=1):
    draw = torch.Generator().manual_seed(number)
    return (
        torch.randn(number, hidden, generator=draw, dtype=torch.float64),
        torch.randint(words, (number,), generator=draw),
        torch.randint(slots, (number, contexts), generator=draw),
    )


def ways(counts):
    nodes, right, first = huffman(np.asarray(counts))
    return [
        list(zip(nodes[a:b].tolist(), right[a:b].tolist(), strict=True)) for a, b in zip(first, first[1:], strict=False)
    ]


def test_tree_by_hand():
    """2 and 1 become 3, which joins 3; 6 joins 6. The most frequent word is one step from the root."""
    assert ways([6, 3, 2, 1]) == [
        [(0, False)],
        [(0, True), (1, False)],
        [(0, True), (1, True), (2, True)],
        [(0, True), (1, True), (2, False)],
    ]
    assert ways([7]) == [[]]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 50), min_size=2, max_size=40))
def test_a_way_is_as_long_as_huffmans_code(counts):
    """The sum of count times length is that of joining the two smallest parts, which no other tree goes below."""
    found = ways(counts)
    assert len(set(map(tuple, found))) == len(counts)
    assert sum(2.0 ** -len(way) for way in found) == 1  # every way that can be taken ends at a word
    parts, cost = sorted(counts), 0
    while len(parts) > 1:
        joined = parts[0] + parts[1]
        cost, parts = cost + joined, sorted([joined, *parts[2:]])
    assert sum(count * len(way) for count, way in zip(counts, found, strict=True)) == cost


@pytest.mark.parametrize("slots", [0, 7, 1000])
def test_probabilities_sum_to_one_and_are_those_of_the_loss(slots):
    output = layer(slots=slots)
    hidden, _, contexts = tokens(10, contexts=3 if slots else 0, slots=slots or 1)
    log_p = output.log_probabilities(hidden, contexts if slots else None)
    torch.testing.assert_close(log_p.exp().sum(1), torch.ones(12).double(), rtol=0, atol=1e-12)
    for word in range(10):
        targets = torch.full((12,), word)
        torch.testing.assert_close(output(hidden, targets, contexts), -log_p[:, word])
        torch.testing.assert_close(output.plain(hidden, targets, contexts), -log_p[:, word])


def test_choices_by_hand():
    """Word 2 of the tree above: right at the root, right at node 1, right at node 2."""
    output = layer([6, 3, 2, 1], hidden=1, slots=4)
    output.nodes.weight.data = torch.tensor([[1.0], [2.0], [-1.0]]).double()
    output.direct.weight.data = torch.tensor([[0.0], [10.0], [20.0], [30.0]]).double()
    found = output(torch.tensor([[0.5]]).double(), torch.tensor([2]), torch.tensor([[3]]))
    scores = torch.tensor([0.5 + 30, 1.0 + 0, -0.5 + 10]).double()  # slots 3, 4 and 5 of 4
    torch.testing.assert_close(found, -torch.sigmoid(scores).log().sum()[None])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("counts", [COUNTS, [3, 2], np.arange(200, 0, -1)])
def test_the_kernel_is_the_definition(dtype, counts):
    """Losses and all gradients, where nodes and slots are shared by many tokens."""
    output, found = layer(counts, slots=11, dtype=dtype), []
    hidden, targets, contexts = tokens(len(counts), 60, contexts=3, slots=11)
    for form in (output, output.plain):
        output.zero_grad()
        entering = hidden.to(dtype).requires_grad_()
        loss = form(entering, targets, contexts)
        (loss * torch.linspace(-1, 2, 60, dtype=dtype)).sum().backward()
        gradients = [weight.grad.to_dense() for weight in output.parameters()]
        found.append([loss, entering.grad, *gradients])
    for ours, wanted in zip(*found, strict=True):
        torch.testing.assert_close(ours, wanted)


def test_gradients_lie_on_the_ways_alone():
    output = layer(slots=50)
    hidden, _, contexts = tokens(10, 4, contexts=2, slots=50)
    output(hidden, torch.zeros(4, dtype=torch.long), contexts).sum().backward()
    gradient = output.nodes.weight.grad
    assert gradient.is_coalesced() and gradient.indices().tolist() == [[0]]  # one step leads to the most frequent word
    assert output.direct.weight.grad._nnz() == 8
    output.zero_grad()
    with torch.no_grad():
        assert output(hidden, torch.arange(4), contexts).isfinite().all()
    output(hidden, torch.arange(4), contexts).sum().backward()  # of hidden states that want none
    assert hidden.grad is None


@pytest.mark.parametrize("size", [1e3, -1e3])
def test_certain_choices_stay_finite(size):
    output = layer()
    hidden, targets, contexts = tokens(10)
    output.nodes.weight.data.fill_(size)
    entering = hidden.clone().requires_grad_()
    loss = output(entering, targets, contexts)
    loss.sum().backward()
    assert loss.isfinite().all() and entering.grad.isfinite().all()
    torch.testing.assert_close(loss, output.plain(hidden, targets, contexts))


def test_contexts_are_the_last_words():
    """Equal codes where the last k words are equal, others (hardly) anywhere; the same for every column."""
    words = torch.tensor([[1, 1], [2, 5], [1, 1], [2, 2], [7, 7]])
    codes = hashed_contexts(words, 3, 10**6)
    assert codes.shape == (4, 2, 3)  # from the second word on
    assert codes[:, :, 0].unique().numel() == 1
    assert codes[0, 0, 1] == codes[2, 0, 1] and codes[1, 0, 1] == codes[1, 1, 1] != codes[3, 1, 1]
    assert codes[1, 0, 2] != codes[1, 1, 2] and codes[0, 0, 2] == codes[2, 0, 2] == codes[2, 1, 2]
    assert codes.unique().numel() == 1 + 4 + 5  # contexts of no word, of one, of two
    assert 0 <= int(codes.min()) and int(hashed_contexts(words, 3, 4).max()) < 4
