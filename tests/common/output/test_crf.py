import itertools

import pytest
import torch

from common.output.crf import CRF, LogPartition


def layer(tags=3, seed=1):
    torch.manual_seed(seed)
    crf = CRF(tags).double()
    for weight in crf.parameters():
        torch.nn.init.normal_(weight)
    return crf


def enumerated(crf, scores):
    """Every sequence of tags of one sentence ``[T, K]``, with its score written out."""
    found = {}
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        total = crf.start[path[0]] + crf.stop[path[-1]] + sum(scores[t, k] for t, k in enumerate(path))
        found[path] = total + sum(crf.transitions[j, k] for j, k in itertools.pairwise(path))
    return found


def test_worked_example():
    crf = CRF(2).double()
    for weight, values in (
        (crf.start, [0.3, -0.3]),
        (crf.transitions, [[0.5, -0.5], [-1.0, 1.0]]),
        (crf.stop, [0.0, 0.2]),
    ):
        weight.data = torch.tensor(values, dtype=torch.float64)
    scores = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], dtype=torch.float64).unsqueeze(1)
    length = torch.tensor([3])
    assert crf.log_partition(scores, length).item() == pytest.approx(4.416439, abs=1e-6)
    assert crf.viterbi(scores, length).flatten().tolist() == [0, 0, 0]
    assert crf.score(scores, torch.zeros(3, 1, dtype=torch.long), length).item() == pytest.approx(3.3)
    assert crf.score(scores, torch.tensor([[0], [1], [0]]), length).item() == pytest.approx(1.8)
    assert crf.marginals(scores, length)[1, 0, 1].item() == pytest.approx(0.601241, abs=1e-6)


def test_everything_equals_enumeration_whatever_stands_at_padding():
    crf, lengths = layer(), torch.tensor([4, 1, 3])
    scores = torch.randn(4, 3, 3, dtype=torch.float64)
    tags = torch.randint(3, (4, 3))
    garbage = scores.clone()
    garbage[1:, 1], garbage[3, 2] = 1e3, -1e3
    for given in (scores, garbage):
        nats, best, shares = (crf(given, tags, lengths), crf.viterbi(given, lengths), crf.marginals(given, lengths))
        for b, length in enumerate(lengths.tolist()):
            every = enumerated(crf, scores[:length, b])
            log_z = torch.stack(list(every.values())).logsumexp(0)
            torch.testing.assert_close(nats[b], log_z - every[tuple(tags[:length, b].tolist())], rtol=0, atol=1e-12)
            assert tuple(best[:length, b].tolist()) == max(every, key=every.get)
            for t, k in itertools.product(range(length), range(3)):
                share = sum((value - log_z).exp() for path, value in every.items() if path[t] == k)
                torch.testing.assert_close(shares[t, b, k], share, rtol=0, atol=1e-12)
            assert not shares[length:, b].any()


def test_gradients_by_finite_differences():
    lengths = torch.tensor([3, 1, 2])
    inputs = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((3, 3, 2), (2, 2))]
    assert torch.autograd.gradcheck(lambda a, b: LogPartition.apply(a, b, lengths), inputs)
    single = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((1, 2, 2), (2, 2))]
    assert torch.autograd.gradcheck(lambda a, b: LogPartition.apply(a, b, torch.ones(2, dtype=torch.long)), single)


def test_large_scores_in_single_precision_stay_finite_and_right():
    crf = layer(5).float()
    crf.transitions.data *= 30
    scores = (200 * torch.randn(40, 2, 5)).requires_grad_()
    lengths, tags = torch.tensor([40, 25]), torch.randint(5, (40, 2))
    nats = crf(scores, tags, lengths)
    found = torch.autograd.grad(nats.sum(), (scores, crf.transitions))
    exact = crf.double()(scores.double(), tags, lengths)
    torch.testing.assert_close(nats.double(), exact, rtol=1e-5, atol=1e-2)
    for ours, wanted in zip(found, torch.autograd.grad(exact.sum(), (scores, crf.transitions)), strict=True):
        torch.testing.assert_close(ours, wanted.float(), rtol=0, atol=2e-2)  # log Z is about 6000


def test_gradients_ignore_what_stands_at_padding():
    crf, lengths, tags = layer(), torch.tensor([4, 2]), torch.zeros(4, 2, dtype=torch.long)
    scores = torch.randn(4, 2, 3, dtype=torch.float64)
    garbage = scores.clone()
    garbage[2:, 1] = 1e6
    grads = [
        torch.autograd.grad(crf(given, tags, lengths).sum(), list(crf.parameters())) for given in (scores, garbage)
    ]
    for ours, wanted in zip(*grads, strict=True):
        torch.testing.assert_close(ours, wanted, rtol=0, atol=1e-12)


def test_a_transition_that_never_pays_is_not_chosen():
    crf = CRF(2)
    crf.transitions.data[0, 1] = -50.0  # from 0 to 1, and not the other way
    scores = torch.tensor([[2.0, 0.0], [0.0, 1.0]]).unsqueeze(1)
    assert crf.viterbi(scores, torch.tensor([2])).flatten().tolist() == [0, 0]
    assert crf.viterbi(scores.flip(0), torch.tensor([2])).flatten().tolist() == [1, 0]
