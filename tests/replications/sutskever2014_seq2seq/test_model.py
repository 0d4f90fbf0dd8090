"""The network: its states, its sizes, its schedule."""

import pytest
import torch
from torch import nn

from common import config
from common.data.parallel.buckets import collate
from common.layers.encoder_decoder import shifted
from replications.sutskever2014_seq2seq.model import Seq2Seq, sentence_vector
from replications.sutskever2014_seq2seq.module import Translator

PAPER = "sutskever2014_seq2seq"
END = 0


def settings(**changes):
    resolved = config.resolve(PAPER, "reversed", "quick") | {"hidden": 6, "embedding": 5, "layers": 2}
    return config.validate(PAPER, resolved | changes, "test")


def network(seed=1, **changes) -> Seq2Seq:
    torch.manual_seed(seed)
    return Seq2Seq(settings(init_range=0.5, **changes), 11, 13, END).double()


def batch(source_lengths=(3, 7, 0, 5)):
    draw = torch.Generator().manual_seed(1)
    sides = [
        [
            torch.cat([torch.randint(1, size, (n,), generator=draw), torch.zeros(1, dtype=torch.long)]).numpy()
            for n in lengths
        ]
        for size, lengths in ((11, source_lengths), (13, (4, 2, 6, 1)))
    ]
    return collate(list(zip(*sides, strict=True)))


def by_hand(stack: nn.LSTM, x: torch.Tensor, state=None):
    """A stack of LSTMs, gate by gate, over one sentence ``[T, E]``; outputs ``[T, H]`` and (h, c) ``[L, H]``."""
    size, layers = stack.hidden_size, stack.num_layers
    h, c = state or (x.new_zeros(layers, size), x.new_zeros(layers, size))
    h, c, outputs = list(h), list(c), []
    for inputs in x:
        for layer in range(layers):
            weights = [getattr(stack, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            net = weights[0] @ inputs + weights[1] @ h[layer] + weights[2] + weights[3]
            i, f, g, o = net.view(4, size)
            c[layer] = f.sigmoid() * c[layer] + i.sigmoid() * g.tanh()
            h[layer] = o.sigmoid() * c[layer].tanh()
            inputs = h[layer]
        outputs.append(inputs)
    return torch.stack(outputs), (torch.stack(h), torch.stack(c))


@pytest.mark.parametrize("reverse", [True, False])
@pytest.mark.parametrize("lengths", [(3, 7, 0, 5), (4, 4, 4, 4)], ids=["padded", "not padded"])
def test_a_batch_is_each_sentence_by_hand(reverse, lengths):
    net, pairs = network(reverse_source=reverse), batch(lengths)
    for b, nats in enumerate(net(pairs)):
        *words, end = pairs.source[: pairs.source_lengths[b], b].tolist()
        assert end == END
        read = torch.tensor([*(words[::-1] if reverse else words), END])
        _, state = by_hand(net.encoder, net.source_embedding(read))
        target = pairs.target[: pairs.target_lengths[b], b]
        hidden, _ = by_hand(net.decoder, net.target_embedding(torch.tensor([END, *target[:-1]])), state)
        expected = net.output(hidden).log_softmax(1)[range(len(target)), target].sum()
        torch.testing.assert_close(nats, -expected, rtol=0, atol=1e-10)


def test_reversal_changes_what_is_read_and_reversing_twice_does_not():
    pairs = batch()
    turned, plain = network(reverse_source=True), network(reverse_source=False)
    states = turned.encode(pairs.source, pairs.source_lengths), plain.encode(pairs.source, pairs.source_lengths)
    assert not torch.allclose(states[0][0][:, 0], states[1][0][:, 0])
    torch.testing.assert_close(states[0][0][:, 2], states[1][0][:, 2])  # the empty sentence
    source = pairs.source.clone()
    for b, length in enumerate(pairs.source_lengths.tolist()):
        source[: length - 1, b] = source[: length - 1, b].flip(0)
    again = turned.encode(source, pairs.source_lengths)
    torch.testing.assert_close(again, states[1])


def test_the_sentence_vector_is_every_layers_state():
    net, pairs = network(), batch()
    h, c = net.encode(pairs.source, pairs.source_lengths)
    vectors = sentence_vector((h, c))
    assert vectors.shape == (4, 2 * 2 * 6)
    assert vectors[1].tolist() == [*h[:, 1].flatten().tolist(), *c[:, 1].flatten().tolist()]


def test_the_target_reaches_the_encoder_through_the_state_alone():
    net, pairs = network(), batch()
    hidden, _ = net.decode(shifted(pairs.target, END), net.encode(pairs.source, pairs.source_lengths))
    hidden[-1].sum().backward()
    assert net.encoder.weight_ih_l0.grad.abs().sum() > 0 and net.source_embedding.weight.grad[1:].abs().sum() > 0


def test_dropout_acts_only_while_training():
    pairs = batch()
    dropped, plain = network(dropout=0.5), network(dropout=0.0)
    assert not torch.allclose(dropped(pairs), plain(pairs))
    torch.testing.assert_close(dropped.eval()(pairs), plain.eval()(pairs))


def test_weights_start_uniform():
    net = Seq2Seq(settings(hidden=40, init_range=0.08), 50, 60, END)
    weights = torch.cat([weight.detach().flatten() for weight in net.parameters()])
    assert weights.abs().max() < 0.080001 and weights.std() == pytest.approx(0.08 / 3**0.5, rel=0.02)


def test_the_papers_network_has_384_million_weights():
    resolved = config.validate(PAPER, config.resolve(PAPER, "reversed", "paper"), "paper")
    with torch.device("meta"):
        net = Seq2Seq(resolved, 160_000, 80_000, END)
    total = sum(weight.numel() for weight in net.parameters())
    recurrent = sum(w.numel() for part in (net.encoder, net.decoder) for w in part.parameters())
    biases = 2 * 4 * 8 * 1000  # torch's two biases per gate
    assert recurrent - biases == 64_000_000
    assert total - biases - 80_000 == 384_000_000


def test_the_papers_schedule():
    """Of epochs of 1,000 updates."""
    resolved = config.validate(PAPER, config.resolve(PAPER, "reversed", "paper"), "paper")
    module = Translator(
        settings(**{key: getattr(resolved, key) for key in ("lr", "halve_after", "halve_every")}), 11, 13, END
    )
    module.batches = 1000
    (factor,) = module.configure_optimizers()["lr_scheduler"]["scheduler"].lr_lambdas
    rates = [factor(update) for update in (0, 4999, 5000, 5499, 5500, 6000, 6500, 7000, 7499)]
    assert rates == [1, 1, 1 / 2, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 32]
