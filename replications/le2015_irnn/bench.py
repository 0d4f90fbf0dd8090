"""Speed of learning sequences of 50 steps by layers of 100 units, 32 at a time, against torch's own layers.

The IRNN is torch's ReLU layer with another start, so that it costs what that costs. One thread: ``OMP_NUM_THREADS=1``.
"""

from functools import partial

from torch import nn

from common import config
from common.benchmark import layer_work
from replications.le2015_irnn.model import Network

PAPER, SIZE = "le2015_irnn", 100
UNIT = "sequences"
REFERENCE = "plain torch: nn.RNN, tanh"


def irnn() -> nn.Module:
    settings = config.validate(PAPER, config.resolve(PAPER, "irnn", "paper") | {"hidden": SIZE}, PAPER)
    return Network(settings, SIZE, 1)


CASES = {
    REFERENCE: partial(layer_work, partial(nn.RNN, SIZE, SIZE), SIZE),
    "plain torch: nn.GRU": partial(layer_work, partial(nn.GRU, SIZE, SIZE), SIZE),
    "plain torch: nn.LSTM": partial(layer_work, partial(nn.LSTM, SIZE, SIZE), SIZE),
    "IRNN with its answer": partial(layer_work, irnn, SIZE),
}
