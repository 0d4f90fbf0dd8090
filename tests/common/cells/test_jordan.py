import pytest
import torch

from common.cells.elman import elman_scan
from common.cells.jordan import jordan_scan

T, B, H, K = 4, 2, 3, 5


def tensors():
    torch.manual_seed(1)
    shapes = (T, B, H), (K, H + 1), (H, K), (K,), (H, H), (H,)
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("hybrid", [False, True])
def test_the_equations_word_by_word(hybrid):
    inputs, output, fed_back, y_0, recurrent, h_0 = tensors()
    hidden, scores = jordan_scan(inputs, output, fed_back, y_0, *([recurrent, h_0] if hybrid else []))
    for b in range(B):
        y, h = y_0, h_0
        for t in range(T):
            net = [
                inputs[t, b, i]
                + sum(fed_back[i, k] * y[k] for k in range(K))
                + (sum(recurrent[i, j] * h[j] for j in range(H)) if hybrid else 0)
                for i in range(H)
            ]
            h = torch.sigmoid(torch.stack(net))
            score = torch.stack([sum(output[k, i] * h[i] for i in range(H)) + output[k, H] for k in range(K)])
            y = score.exp() / score.exp().sum()
            torch.testing.assert_close(hidden[t, b], h, rtol=0, atol=1e-12)
            torch.testing.assert_close(scores[t, b], score, rtol=0, atol=1e-12)


def test_the_gradient_goes_through_the_feedback():
    assert torch.autograd.gradcheck(lambda *inputs: jordan_scan(*inputs)[1], tensors())


def test_without_feedback_the_hybrid_is_elmans():
    inputs, output, fed_back, y_0, recurrent, h_0 = tensors()
    hidden, _ = jordan_scan(inputs, output, torch.zeros_like(fed_back), y_0, recurrent, h_0)
    torch.testing.assert_close(hidden, elman_scan(inputs, h_0.expand(B, -1), recurrent), rtol=0, atol=1e-12)
