"""The networks against the equations of appendix A, written out word by word in float64."""

import pytest
import torch
from torch import nn

from common.data.parallel.buckets import collate
from replications.bahdanau2015_attention.model import EncoderDecoder

SIZES = {"embedding": 3, "hidden": 4, "maxout": 5, "alignment": 6, "dropout": 0.0}
SOURCE, TARGET, END = 9, 10, 2
PAIRS = [([3, 5, 4, 1], [7, 8, 3, 9, 2]), ([6, 1], [4, 2]), ([1], [2]), ([8, 8, 0, 3, 1], [5, 2])]


@pytest.fixture(params=["search", "encdec"])
def network(request, settings):
    torch.manual_seed(1)
    network = EncoderDecoder(settings(model=request.param, **SIZES), SOURCE, TARGET, END).double().eval()
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.7)
    return network


@pytest.fixture
def batch():
    return collate([tuple(torch.tensor(side).numpy() for side in pair) for pair in PAIRS])


def gated_unit(layer, x, state, context=0.0):
    """A.1.1 and A.2.2, x = W e(y), one matrix at a time; context = C c, stacked like x."""
    hidden = layer.hidden
    u_r, u_z, u = layer.recurrent.split(hidden)
    from_r, from_z, from_g = (layer.input.weight @ x + layer.input.bias + context).split(hidden)
    r = torch.sigmoid(from_r + u_r @ state)
    z = torch.sigmoid(from_z + u_z @ state)
    g = torch.tanh(from_g + u @ (r * state))
    return (1 - z) * state + z * g


def negative_log_probability(network, source, target):
    """-log p(y | x), straight from the appendix."""
    words = network.encoder.embedding.weight[source]
    zero = torch.zeros(network.decoder.hidden, dtype=torch.float64)
    forwards, backwards = [], []
    for word in words:
        forwards.append(gated_unit(network.encoder.forwards, word, forwards[-1] if forwards else zero))
    if network.encoder.backwards is None:
        annotations, first = forwards, forwards[-1]
    else:
        for word in words.flip(0):
            backwards.insert(0, gated_unit(network.encoder.backwards, word, backwards[0] if backwards else zero))
        annotations = [torch.cat(pair) for pair in zip(forwards, backwards, strict=True)]
        first = backwards[0]
    s = torch.tanh(network.initial.weight @ first + network.initial.bias)
    before, total = END, 0.0
    for word in target:
        y = network.embedding.weight[before]
        if network.encoder.backwards is None:
            c = forwards[-1]
        else:
            attention = network.attention
            e = torch.stack(
                [
                    attention.energy
                    @ torch.tanh(attention.query.weight @ s + attention.key.weight @ a + attention.key.bias)
                    for a in annotations
                ]
            )
            c = sum(alpha * a for alpha, a in zip(e.exp() / e.exp().sum(), annotations, strict=True))
        output = network.output
        t = output.state.weight @ s + output.state.bias + output.word.weight @ y + output.context.weight @ c
        t = torch.maximum(t[0::2], t[1::2])
        total -= (output.words.weight @ t + output.words.bias).log_softmax(0)[word]
        s = gated_unit(network.decoder, y, s, network.context.weight @ c)
        before = word
    return total


def test_equals_the_equations(network, batch):
    """In a padded batch of sentences of 1 to 5 words, an empty one among them."""
    found = network(batch)
    expected = torch.stack([negative_log_probability(network, *pair) for pair in PAIRS])
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    weights = [weight for name, weight in network.named_parameters()]
    torch.testing.assert_close(
        torch.autograd.grad(found.sum(), weights), torch.autograd.grad(expected.sum(), weights), rtol=1e-8, atol=1e-10
    )


def test_step_by_step_is_the_whole_sentence(network, batch):
    """What beam search adds up is what training lowers."""
    with torch.no_grad():
        step, state = network.begin(batch.source, batch.source_lengths)
        words, total = torch.full((len(PAIRS),), END), torch.zeros(len(PAIRS), dtype=torch.float64)
        for t, row in enumerate(batch.target):
            log_p, state = step(words, state)
            torch.testing.assert_close(log_p.exp().sum(1), torch.ones(len(PAIRS), dtype=torch.float64))
            total -= torch.where(t < batch.target_lengths, log_p[torch.arange(len(PAIRS)), row], 0)
            words = row
        torch.testing.assert_close(total, network(batch))


def test_initialisation(settings):
    """Appendix B.1."""
    torch.manual_seed(1)
    network = EncoderDecoder(
        settings("search_50", "paper", hidden=50, maxout=40, alignment=30, embedding=20), 500, 500, END
    )
    for name, weight in network.named_parameters():
        if name.endswith("recurrent"):
            for matrix in weight.split(50):
                torch.testing.assert_close(matrix @ matrix.t(), torch.eye(50), atol=1e-5, rtol=0)
        elif name.endswith("bias") or name == "attention.energy":
            assert not weight.any(), name
        else:
            std = 0.001 if name.startswith("attention") else 0.01
            assert weight.std().item() == pytest.approx(std, rel=0.1), name


def test_dropout(network, batch, settings):
    plain = network(batch)
    torch.testing.assert_close(network.train()(batch), plain)
    model = "encdec" if network.encoder.backwards is None else "search"
    dropping = EncoderDecoder(settings(model=model, **SIZES | {"dropout": 0.4}), SOURCE, TARGET, END).double()
    dropping.load_state_dict(network.state_dict())
    assert not torch.allclose(dropping(batch), plain)
    torch.testing.assert_close(dropping.eval()(batch), plain)


@pytest.mark.parametrize("experiment", ["encdec_30", "encdec_50", "search_30", "search_50", "search_50_star"])
def test_the_papers_network(experiment, settings):
    """Sizes of A.2.3 on the meta device; the count is that of the matrices of the appendix, and biases."""
    config = settings(experiment, "paper")
    assert (config.embedding, config.hidden, config.maxout, config.alignment) == (620, 1000, 500, 1000)
    with torch.device("meta"):
        network = EncoderDecoder(config, config.source_vocabulary, config.target_vocabulary, 0)
    m, n, l, k = 620, 1000, 500, 30002  # noqa: E741
    annotation = 2 * n if config.model == "search" else n
    gated = 3 * (n * m + n * n + n)
    encoder = k * m + gated * (annotation // n)
    attention = n * n + n * annotation + n + n if config.model == "search" else 0
    decoder = k * m + gated + 3 * n * annotation + n * n + n
    output = 2 * l * (n + m + annotation) + 2 * l + k * l + k
    assert sum(weight.numel() for weight in network.parameters()) == encoder + attention + decoder + output
