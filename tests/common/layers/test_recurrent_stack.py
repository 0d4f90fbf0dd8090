import pytest
import torch

from common.layers.recurrent_stack import RecurrentStack

T, B, I, H = 6, 2, 3, 4  # noqa: E741


@pytest.mark.parametrize("kind, built_in", [("lstm", torch.nn.LSTM), ("tanh", torch.nn.RNN), ("gru", None)])
def test_layers_are_torchs_and_a_text_may_be_read_in_parts(kind, built_in):
    torch.manual_seed(1)
    stack, x = RecurrentStack(kind, I, H, 2).double(), torch.randn(T, B, I).double()
    found, after = stack(x, stack.initial(B))
    if built_in:
        whole = built_in(I, H, 2).double()
        weights = {
            name.replace("_l0", f"_l{n}"): w for n, one in enumerate(stack.layers) for name, w in one.named_parameters()
        }
        whole.load_state_dict(weights)
        expected, last = whole(x)
        torch.testing.assert_close(found[1], expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(after, last if kind == "lstm" else (last,), rtol=0, atol=1e-12)
    first, state = stack(x[:2], stack.initial(B))
    second, state = stack(x[2:], state)
    torch.testing.assert_close(torch.cat([first[1], second[1]]), found[1], rtol=0, atol=1e-12)
    torch.testing.assert_close(state, after, rtol=0, atol=1e-12)
    did = stack.inside(x, stack.initial(B))
    h = did[1]["output"] * did[1]["cell"] if kind == "lstm" else did[1]["cell"]
    torch.testing.assert_close(h, found[1], rtol=0, atol=1e-12)
    assert len(did[0]) == {"lstm": 4, "tanh": 1, "gru": 3}[kind]


def test_dropout_is_of_what_a_layer_gives():
    stack, x = RecurrentStack("tanh", I, H, 1, dropout=0.5), torch.randn(40, B, I)
    dropped = stack(x, stack.initial(B))[0][0] == 0
    assert 0.3 < dropped.double().mean() < 0.7 and not (stack.eval()(x, stack.initial(B))[0][0] == 0).any()
