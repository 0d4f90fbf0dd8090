import torch
from torch import nn

from common.cells.gates import gru_gates, lstm_gates
from common.cells.gru import GRU

T, B, I, H = 5, 2, 3, 4  # noqa: E741


def test_gates_give_the_states_that_the_layer_has_left():
    torch.manual_seed(1)
    x, h_0, c_0 = torch.randn(T, B, I).double(), torch.randn(B, H).double(), torch.randn(B, H).double()
    lstm = nn.LSTM(I, H).double()
    h, (_, c) = lstm(x, (h_0[None], c_0[None]))
    did = lstm_gates(lstm, x, torch.cat([h_0[None], h[:-1]]), c_0)
    torch.testing.assert_close(did["output"] * did["cell"], h, rtol=0, atol=1e-12)
    torch.testing.assert_close(did["cell"][-1], torch.tanh(c[0]), rtol=0, atol=1e-12)
    gru = GRU(I, H, update="new").double()
    h = gru(x, h_0)
    before = torch.cat([h_0[None], h[:-1]])
    did = gru_gates(gru, x, before)
    recurrent = gru.recurrent[2 * H :]
    new = torch.tanh(gru.input(x)[..., 2 * H :] + (did["reset"] * before) @ recurrent.t())
    torch.testing.assert_close((1 - did["update"]) * before + did["update"] * new, h, rtol=0, atol=1e-12)
