"""Speed of an update's forward and backward pass: layers of 100 units, 50 steps, 32 streams, 87 characters."""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from common.config import paper_setting
from replications.karpathy2015_char_rnn.config import Config
from replications.karpathy2015_char_rnn.model import CharRNN

PAPER = "karpathy2015_char_rnn"
SYMBOLS, UNITS, STEPS, STREAMS, PASSES = 87, 100, 50, 32, 5
UNIT = "characters"
REFERENCE = "nn.RNN"


def characters() -> torch.Tensor:
    return torch.randint(SYMBOLS, (STEPS, STREAMS), generator=torch.Generator().manual_seed(1))


def repeated(scores: Callable[[], torch.Tensor], module: nn.Module) -> int:
    for _ in range(PASSES):
        module.zero_grad(set_to_none=True)
        scores().square().sum().backward()
    return PASSES * STEPS * STREAMS


def torchs(kind: type[nn.Module]) -> Callable[[], int]:
    parts, read = nn.ModuleList([kind(SYMBOLS, UNITS), nn.Linear(UNITS, SYMBOLS)]), characters()
    return partial(repeated, lambda: parts[1](parts[0](F.one_hot(read, SYMBOLS).float())[0]), parts)


def ours(model: str) -> Callable[[], int]:
    config = Config(**paper_setting(PAPER, "lstm") | {"model": model, "hidden": UNITS})
    network, read = CharRNN(config, SYMBOLS), characters()
    return partial(repeated, lambda: network(read)[0], network)


CASES = {
    REFERENCE: partial(torchs, nn.RNN),
    "nn.GRU (reset after)": partial(torchs, nn.GRU),
    "nn.LSTM": partial(torchs, nn.LSTM),
    "tanh": partial(ours, "tanh"),
    "GRU (reset before)": partial(ours, "gru"),
    "LSTM": partial(ours, "lstm"),
}
