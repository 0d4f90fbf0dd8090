import torch
from torch import nn

from common.cells.lstm_of_symbols import SymbolLSTM


def test_the_lstm_is_torchs_where_tables_are_its_input_products():
    torch.manual_seed(1)
    ours, theirs = SymbolLSTM(9, 4).double(), nn.LSTM(16, 4).double()
    nn.init.normal_(ours.recurrent)
    nn.init.normal_(ours.bias)
    theirs.load_state_dict(
        {
            "weight_ih_l0": torch.eye(16),
            "weight_hh_l0": ours.recurrent,
            "bias_ih_l0": ours.bias,
            "bias_hh_l0": torch.zeros(16),
        }
    )
    symbols, state = torch.randint(9, (6, 2)), ours.initial(2)
    h, c = ours(symbols, state)
    expected, (_, last) = theirs(ours.input(symbols), tuple(part.unsqueeze(0) for part in state))
    torch.testing.assert_close(h, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(c[-1:], last, rtol=0, atol=1e-12)
    h.sum().backward()
    whole = ours.recurrent.grad.clone()
    ours.zero_grad()
    ours.most = 0.1
    ours(symbols, state)[0].sum().backward()
    assert ours.recurrent.grad.norm() < whole.norm() / 2  # the error is rescaled at every step back
