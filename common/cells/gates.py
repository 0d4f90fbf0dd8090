"""What the gates of a layer did, computed again from the states that it has left."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.cells.gru import GRU


def lstm_gates(layer: nn.LSTM, x: Tensor, before: Tensor, cell: Tensor) -> dict[str, Tensor]:
    """``input``, ``forget`` and ``output`` gate and ``cell``, tanh(c), at each step ``[T, B, H]``.

    Args:
        x: what was read ``[T, B, I]``.
        before: h of the step before each ``[T, B, H]``.
        cell: c before the first step ``[B, H]``.
    """
    net = F.linear(x, layer.weight_ih_l0, layer.bias_ih_l0) + F.linear(before, layer.weight_hh_l0, layer.bias_hh_l0)
    i, f, g, o = net.chunk(4, 2)
    i, f, o, cells = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o), []
    for kept, added in zip(f, i * torch.tanh(g), strict=True):
        cell = kept * cell + added
        cells.append(cell)
    return {"cell": torch.tanh(torch.stack(cells)), "input": i, "forget": f, "output": o}


def gru_gates(layer: GRU, x: Tensor, before: Tensor) -> dict[str, Tensor]:
    """``reset`` and ``update`` gate at each step ``[T, B, H]``; x and ``before`` as of :func:`lstm_gates`."""
    net = layer.input(x)[..., : 2 * layer.hidden] + before @ layer.recurrent[: 2 * layer.hidden].t()
    r, z = torch.sigmoid(net).chunk(2, 2)
    return {"reset": r, "update": z}
