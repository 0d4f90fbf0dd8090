"""The network against the paper's equations, and the language model beside it."""

import numpy as np
import pytest
import torch

from common import config
from common.data.parallel.buckets import collate
from replications.cho2014_gru.cslm import CSLM, batches, log_probabilities, ngrams
from replications.cho2014_gru.model import START, EncoderDecoder

PAPER, END = "cho2014_gru", 0


def settings(scale="quick", experiment="smt", **changes):
    return config.validate(PAPER, config.resolve(PAPER, experiment, scale) | changes, "test")


def network(unit="gated", **changes) -> EncoderDecoder:
    torch.manual_seed(1)
    net = EncoderDecoder(settings(hidden=5, embedding=4, maxout=3, unit=unit, init_std=0.5, **changes), 9, 11, END)
    for weight in net.parameters():  # biases too, which start at 0
        torch.nn.init.normal_(weight, std=0.5)
    return net.double()


def phrases():
    draw = np.random.default_rng(1)
    return [
        tuple(np.append(draw.integers(1, size, n), END) for size, n in ((9, a), (11, b)))
        for a, b in ((3, 2), (1, 4), (0, 0), (5, 1))
    ]


def by_hand(net: EncoderDecoder, source, target) -> float:
    """-log p of one pair, equation by equation: section 2.3 and appendix A."""
    n, w = 5, dict(net.named_parameters())

    def split(matrix):
        return matrix.split(n)

    unit = ("input.weight", "input.bias", "recurrent")
    encoder_w, encoder_b, encoder_u = (split(w[f"encoder.{name}"]) for name in unit)
    h = torch.zeros(n, dtype=torch.float64)
    for word in source:
        e = w["source_embedding.weight"][word]
        r = torch.sigmoid(encoder_w[0] @ e + encoder_b[0] + encoder_u[0] @ h)
        z = torch.sigmoid(encoder_w[1] @ e + encoder_b[1] + encoder_u[1] @ h)
        g = torch.tanh(encoder_w[2] @ e + encoder_b[2] + encoder_u[2] @ (r * h))
        h = z * h + (1 - z) * g
    c = torch.tanh(w["summary.weight"] @ h + w["summary.bias"])
    h = torch.tanh(w["initial.weight"] @ c + w["initial.bias"])
    decoder_w, decoder_b, decoder_u = (split(w[f"decoder.{name}"]) for name in unit)
    c_r, c_z = split(w["to_gates.weight"])
    e, total = torch.zeros(4, dtype=torch.float64), 0.0
    for word in target:
        r = torch.sigmoid(decoder_w[0] @ e + decoder_b[0] + decoder_u[0] @ h + c_r @ c)
        z = torch.sigmoid(decoder_w[1] @ e + decoder_b[1] + decoder_u[1] @ h + c_z @ c)
        g = torch.tanh(decoder_w[2] @ e + decoder_b[2] + r * (decoder_u[2] @ h + w["to_new.weight"] @ c))
        h = z * h + (1 - z) * g
        s = (
            w["output.state.weight"] @ h
            + w["output.state.bias"]
            + w["output.word.weight"] @ e
            + w["output.context.weight"] @ c
        )
        s = torch.maximum(s[0::2], s[1::2])
        logits = w["output.words.weight"] @ (w["output.right.weight"] @ s) + w["output.words.bias"]
        total -= logits.log_softmax(0)[word].item()
        e = w["target_embedding.weight"][word]
    return total


def test_the_gated_network_is_that_of_the_paper():
    net, pairs = network(), phrases()
    found = net(collate(pairs))
    np.testing.assert_allclose(found.detach(), [by_hand(net, *pair) for pair in pairs], rtol=1e-10)


@pytest.mark.parametrize("unit", ["gated", "tanh"])
def test_step_by_step_is_all_at_once(unit):
    net, pairs = network(unit), phrases()
    total = net(collate(pairs))
    for b, (source, target) in enumerate(pairs):
        c = net.encode(torch.tensor(source)[:, None], torch.tensor([len(source)]))
        h, before, nats = net.begin(c), torch.tensor([START]), 0.0
        for word in target:
            log_p, h = net.step(before, h, c)
            torch.testing.assert_close(log_p.exp().sum(), torch.tensor(1.0).double())
            nats -= log_p[0, word]
            before = torch.tensor([word])
        torch.testing.assert_close(total[b], nats)


def test_plain_units_are_another_network():
    assert network("tanh").encoder.input.weight.shape[0] == 5 and network().encoder.input.weight.shape[0] == 15
    net = network("tanh")
    gradients = torch.autograd.grad(net(collate(phrases())).sum(), list(net.parameters()))
    assert all(gradient.abs().sum() > 0 for gradient in gradients)


def test_gradients_are_those_of_differences():
    net, batch = network(), collate(phrases())
    loss = net(batch).sum()
    names = (
        "to_gates.weight",
        "to_new.weight",
        "summary.weight",
        "initial.weight",
        "encoder.recurrent",
        "output.right.weight",
        "target_embedding.weight",
    )
    weights = [dict(net.named_parameters())[name] for name in names]
    for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        at = np.unravel_index(int(gradient.abs().argmax()), gradient.shape)
        with torch.no_grad():
            weight[at] += 1e-6
            up = net(batch).sum()
            weight[at] -= 2e-6
            down = net(batch).sum()
            weight[at] += 1e-6
        torch.testing.assert_close(gradient[at], (up - down) / 2e-6, rtol=1e-5, atol=1e-7)


def test_it_starts_as_the_paper_says():
    torch.manual_seed(1)
    net = EncoderDecoder(settings("paper", hidden=60, embedding=30, maxout=20), 400, 400, END)
    for matrix in [*net.encoder.recurrent.split(60), *net.decoder.recurrent.split(60)]:
        torch.testing.assert_close(matrix @ matrix.T, torch.eye(60), atol=1e-5, rtol=0)
    for name, weight in net.named_parameters():
        if weight.dim() == 1:
            assert not weight.any(), name
        elif "recurrent" not in name:
            assert abs(float(weight.detach().std()) - 0.01) < 0.001, name


def test_the_size_of_the_papers_network():
    """No number is printed; the equations of appendix A give it: V = 15,000, m = 100, n = 1000, l = 500."""
    with torch.device("meta"):
        net = EncoderDecoder(settings("paper"), 15_000, 15_000, END)
        words, m, n, maxouts = 15_000, 100, 1000, 500
        expected = 2 * words * m  # embeddings
        expected += 2 * (3 * (n * m + n * n) + 3 * n)  # two gated units with biases
        expected += 2 * (n * n + n) + 3 * n * n  # V, V', and C, C_r, C_z
        expected += 2 * maxouts * (n + m + n) + 2 * maxouts  # O_h, O_y, O_c
        expected += m * maxouts + words * m + words  # G_r, G_l
        assert sum(weight.numel() for weight in net.parameters()) == expected
        cslm = CSLM(settings("paper"), words)
        assert cslm.first.weight.shape == (1536, 3072) and cslm.second.weight.shape == (1024, 1536)  # as printed


def test_contexts_do_not_reach_into_the_sentence_before():
    text = ngrams(np.array([5, 6, 7, 0, 8, 0]), 0, 4)
    assert text.context.tolist() == [[0, 0, 0], [0, 0, 5], [0, 5, 6], [5, 6, 7], [0, 0, 0], [0, 0, 8]]
    assert text.word.tolist() == [5, 6, 7, 0, 8, 0]


def test_words_are_drawn_anew_each_epoch_and_shared_by_the_processes():
    text = ngrams(np.array([5, 6, 7, 0, 8, 0]), 0, 4)
    assert [batch.word.tolist() for batch in batches(text, 4)] == [[5, 6, 7, 0], [8, 0]]
    loader = batches(text, 4, seed=1)
    epochs = []
    for epoch in (0, 1):
        loader.set_epoch(epoch)
        epochs.append([batch.word.tolist() for batch in loader])
    assert epochs[0] != epochs[1] and sorted(sum(epochs[0], [])) == [0, 0, 5, 6, 7, 8]
    for one, other, both in zip(batches(text, 4, 1, 0, 2), batches(text, 4, 1, 1, 2), epochs[0], strict=True):
        assert sorted(one.word.tolist() + other.word.tolist()) == sorted(both)
        assert one.total == other.total == len(both)


def test_the_language_model_gives_each_sentence_its_probability():
    torch.manual_seed(1)
    net = CSLM(settings(cslm_order=3, cslm_embedding=4, cslm_hidden=(6, 5), cslm_init=0.8), 7).double()
    sentences = [np.array([3, 4, 3, 4, 0]), np.array([0]), np.array([3, 4, 0])]
    expected = []
    for sentence in sentences:
        padded, total = [0, 0, *sentence.tolist()], 0.0
        for i, word in enumerate(sentence):
            x = net.features.weight[padded[i : i + 2]].flatten()
            h = torch.relu(net.second.weight @ torch.relu(net.first.weight @ x + net.first.bias) + net.second.bias)
            total += (net.words.weight @ h + net.words.bias).log_softmax(0)[word].item()
        expected.append(total)
    np.testing.assert_allclose(log_probabilities(net, sentences, 0, 3, batch=2), expected, rtol=1e-10)
