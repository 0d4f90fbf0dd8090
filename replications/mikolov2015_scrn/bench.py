"""Speed of the cell against torch's at the same width: 100 units, 50 steps, 32 streams, forward and backward."""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from common.cells.scrn import SCRN

SYMBOLS, UNITS, STEPS, STREAMS, PASSES = 10_000, 100, 50, 32, 5
UNIT = "words"
REFERENCE = "nn.RNN"


def symbols() -> torch.Tensor:
    return torch.randint(SYMBOLS, (STEPS, STREAMS), generator=torch.Generator().manual_seed(1))


def repeated(step: Callable[[], torch.Tensor], module: nn.Module) -> int:
    for _ in range(PASSES):
        module.zero_grad(set_to_none=True)
        step().sum().backward()
    return PASSES * STEPS * STREAMS


def torchs(kind: type[nn.Module]) -> Callable[[], int]:
    read, words = nn.ModuleList([nn.Embedding(SYMBOLS, UNITS, sparse=True), kind(UNITS, UNITS)]), symbols()
    return partial(repeated, lambda: read[1](read[0](words))[0], read)


def ours(context: int) -> Callable[[], int]:
    cell, words = SCRN(SYMBOLS, UNITS - context, context, most=50.0), symbols()
    return partial(repeated, lambda: torch.cat(cell(words, cell.initial(STREAMS)), 2), cell)


CASES = {
    REFERENCE: partial(torchs, nn.RNN),
    "nn.GRU": partial(torchs, nn.GRU),
    "nn.LSTM": partial(torchs, nn.LSTM),
    "SRN": partial(ours, 0),
    "SCRN 90 + 10": partial(ours, 10),
}
