"""Tables on one device; the sharded ones are tested where two processes train."""

import torch

from common.layers.table import Table, scale_gradient


def test_rows_and_their_sparse_gradient():
    table = Table(6, 2)
    torch.nn.init.normal_(table.weight)
    words = torch.tensor([4, 1, 4])
    assert torch.equal(table(words), table.weight[words]) and torch.equal(table.local(), table.weight)
    table(words).sum().backward()
    assert table.weight.grad.is_sparse
    assert table.weight.grad.to_dense()[:, 0].tolist() == [0, 1, 0, 0, 2, 0]


def test_only_the_gradient_is_scaled():
    x = torch.ones(3, requires_grad=True)
    y = scale_gradient(x, 4.0)
    y.sum().backward()
    assert torch.equal(y, x) and x.grad.tolist() == [4, 4, 4]
    assert scale_gradient(x, 1.0) is x
