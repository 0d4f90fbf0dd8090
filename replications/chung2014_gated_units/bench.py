"""Speed of the units' layers at 100 units, 50 steps, 32 sequences, against torch's own of that size.

torch's GRU resets after the recurrent product, and its LSTM has no peepholes. One thread: ``OMP_NUM_THREADS=1``.
"""

from functools import partial

from torch import nn

from common.benchmark import layer_work
from replications.chung2014_gated_units.model import layer

SIZE = 100
UNIT = "sequences"
REFERENCE = "plain torch: nn.LSTM"
CASES = {
    REFERENCE: partial(layer_work, partial(nn.LSTM, SIZE, SIZE), SIZE),
    "plain torch: nn.GRU": partial(layer_work, partial(nn.GRU, SIZE, SIZE), SIZE),
    "plain torch: nn.RNN": partial(layer_work, partial(nn.RNN, SIZE, SIZE), SIZE),
    "LSTM with peepholes": partial(layer_work, partial(layer, "lstm", SIZE, SIZE), SIZE),
    "GRU, reset before": partial(layer_work, partial(layer, "gru", SIZE, SIZE), SIZE),
    "tanh": partial(layer_work, partial(layer, "tanh", SIZE, SIZE), SIZE),
}
