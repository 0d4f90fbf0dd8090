"""The networks against literal implementations of the papers' equations, in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from common import config as configuration
from common.errors import UserError
from common.output import sampled
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.model import NNLM, RNNLM
from replications.mikolov2010_rnnlm.module import LanguageModel

PAPER = "mikolov2010_rnnlm"
COUNTS = np.array([9, 7, 7, 5, 3, 2, 2, 1, 1, 1])


def settings_of(experiment="rnn", scale="paper", **changes) -> Config:
    small = {"hidden": 5, "embedding": 3, "order": 4} | changes
    return configuration.validate(PAPER, configuration.resolve(PAPER, experiment, scale) | small, "here")


def network(kind=RNNLM, counts=COUNTS, **changes):
    torch.manual_seed(1)
    model = kind(settings_of(model="nnlm" if kind is NNLM else "rnn", **changes), counts).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(10)  # well into the bent part of the logistic
    return model


def words(rows, streams=2, seed=3):
    return torch.randint(len(COUNTS), (rows, streams), generator=torch.Generator().manual_seed(seed))


def in_blocks(model, text, block):
    """What the output layer reads, block by block with the state carried, and the gradients of every block."""
    state, hidden, gradients = model.initial(text.shape[1]), [], []
    for start in range(0, len(text) - 1, block):
        rows, targets = text[start : start + block][: len(text) - 1 - start], text[start + 1 : start + block + 1]
        found, state = model(rows, state)
        loss = model.output(found.flatten(0, 1), targets.flatten()).sum()
        model.zero_grad()
        loss.backward()
        gradients.append({name: w.grad.to_dense().clone() for name, w in model.named_parameters()})
        hidden.append(found.detach())
    return torch.cat(hidden), gradients


def literal_block(model, text, first, last, steps):
    """Gradients of the loss on words first..last: unfolded ``steps`` beyond the block, the state before constant."""
    u, w, v = (
        weight.detach().clone().requires_grad_()
        for weight in (model.elman.input.weight, model.elman.recurrent, model.output.weight)
    )
    state, loss = torch.full((text.shape[1], len(w)), 0.1, dtype=torch.float64), 0.0
    for t in range(last):
        state = torch.sigmoid(u[text[t]] + state @ w.t())
        if t < first - steps:
            state = state.detach()
        if t >= first:
            loss = loss + F.cross_entropy(state @ v.t(), text[t + 1], reduction="sum")
    names = "elman.input.weight", "elman.recurrent", "output.weight"
    return dict(zip(names, torch.autograd.grad(loss, [u, w, v]), strict=True))


def assert_close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


# --- Elman's network


@pytest.mark.parametrize("bptt, block", [(1, 1), (1, 3), (3, 2), (5, 4), (2, 5), (100, 3)])
def test_gradients_reach_back_beyond_the_block(bptt, block):
    model, text = network(bptt=bptt), words(14)
    _, gradients = in_blocks(model, text, block)
    for number, found in enumerate(gradients):
        first = number * block
        expected = literal_block(model, text, first, min(first + block, len(text) - 1), bptt)
        assert_close({name: found[name] for name in expected}, expected)


def test_one_step_backpropagation_stops_at_the_state_before():
    model, text = network(bptt=0), words(9)
    _, (found,) = in_blocks(model, text, 8)
    one_word_blocks = [literal_block(model, text, t, t + 1, 0) for t in range(8)]
    # a block of one word, unfolded by itself, is one step; the block's gradient is their sum
    expected = {name: sum(part[name] for part in one_word_blocks) for name in one_word_blocks[0]}
    assert_close({name: found[name] for name in expected}, expected)
    _, (through_time,) = in_blocks(network(bptt=8), text, 8)
    assert not torch.allclose(found["elman.recurrent"], through_time["elman.recurrent"])


@pytest.mark.parametrize("bptt", [0, 1, 4])
def test_hidden_states_do_not_depend_on_the_block(bptt):
    model, text = network(bptt=bptt), words(13)
    whole, _ = in_blocks(model, text, 12)
    for block in (1, 2, 5):
        assert_close(in_blocks(model, text, block)[0], whole)


def test_errors_are_clipped_as_they_flow_back():
    text = words(9)
    off, on = (in_blocks(network(bptt=4, error_clip=clip), text, 8)[1][0] for clip in (1e9, 0.05))
    assert not torch.allclose(off["elman.recurrent"], on["elman.recurrent"])
    assert_close(off["output.weight"], on["output.weight"])  # only hidden units' errors


def test_samples_of_all_words_train_the_full_softmax(monkeypatch):
    """Every word is sampled for sure, so nothing is to be corrected: the same loss and the same gradient."""
    monkeypatch.setattr(sampled, "log_expected_count", lambda words, vocabulary, tries: torch.zeros(len(words)))
    output = network(samples=len(COUNTS)).output
    hidden = torch.rand(6, 5, dtype=torch.float64, requires_grad=True)
    targets, weights = torch.tensor([0, 9, 3, 3, 1, 0]), (output.weight, hidden)
    found = output.training_loss(hidden, targets, torch.default_generator)
    exact = F.cross_entropy(hidden @ output.weight.t(), targets, reduction="none")
    assert_close(found, exact)
    assert_close(output(hidden, targets), exact)  # evaluation is in full
    assert_close(torch.autograd.grad(found.sum(), weights), torch.autograd.grad(exact.sum(), weights))


def test_only_training_sees_samples():
    torch.manual_seed(1)
    module, text = LanguageModel(settings_of(samples=2), COUNTS), words(5)
    window = text[:-1], text[1:], module.network.initial(2)
    of_all, of_samples = module.exact(*window)[0], module.nats_to_learn(*window, 0)[0]
    log_p, _ = module.log_probabilities(text[:-1], module.network.initial(2))
    torch.testing.assert_close(of_all, -log_p.gather(1, text[1:].reshape(-1, 1)).squeeze(1))
    assert not torch.allclose(of_samples, of_all)


@pytest.mark.parametrize("changes", [{"classes": 3}, {"model": "nnlm"}])
def test_samples_are_for_one_softmax(changes):
    with pytest.raises(UserError, match="samples are for the recurrent network with one softmax: set classes to null"):
        settings_of(samples=3, **changes)


# --- the feed-forward network


def literal_nnlm(model, text, first=0):
    """log P(w(t+1) | w(t), ..., w(t-n+2)): Bengio et al. (2003), equation 1, word by word."""
    rows = []
    for column in text.T.tolist():
        for t in range(len(column)):
            context = [column[i] if i >= 0 else first for i in range(t - model.context + 1, t + 1)]
            x = torch.cat([model.features.weight[word] for word in context])
            h = torch.tanh(model.hidden.bias + model.hidden.weight @ x)
            u, w = model.output.weight.split([len(h), model.output.weight.shape[1] - len(h)], 1)
            y = model.output.bias + u @ h + (w @ x if model.direct else 0)
            rows.append(torch.log_softmax(y, 0))
    return torch.stack(rows).reshape(text.shape[1], len(text), -1).transpose(0, 1)


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("order", [2, 4])
def test_feed_forward_network_is_bengios(direct, order):
    model, text = network(NNLM, direct=direct, order=order), words(7)
    with torch.no_grad():
        model.output.bias.uniform_(-1, 1)
    hidden, _ = model(text, model.initial(2))
    found = model.output.log_probabilities(hidden.flatten(0, 1)).reshape(7, 2, -1)
    assert_close(found, literal_nnlm(model, text))


@pytest.mark.parametrize("direct", [False, True])
def test_size_of_the_feed_forward_network(direct):
    """Bengio et al. (2003), section 2: |V| (1 + n m + h) + h (1 + (n - 1) m) with direct connections."""
    v, n, m, h = 10, 4, 3, 5
    size = sum(weight.numel() for weight in network(NNLM, direct=direct).parameters())
    assert size == v * (1 + (n if direct else 1) * m + h) + h * (1 + (n - 1) * m)


def test_feed_forward_network_carries_its_words_over_blocks():
    model, text = network(NNLM), words(13)
    whole, _ = in_blocks(model, text, 12)
    for block in (1, 2, 5):
        assert_close(in_blocks(model, text, block)[0], whole)


# --- probabilities of the language model


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.sampled_from(["rnn", "nnlm"]), st.sampled_from([None, 1, 3, 10]))
def test_probabilities_sum_to_one_and_are_those_of_the_loss(model, classes):
    torch.manual_seed(1)
    config = settings_of(model=model, classes=classes)
    module, text = LanguageModel(config, COUNTS).double(), words(5)
    log_p, state = module.log_probabilities(text, module.network.initial(2))
    assert log_p.shape == (10, 10)
    torch.testing.assert_close(log_p.exp().sum(1), torch.ones(10, dtype=torch.float64), rtol=1e-6, atol=0)
    targets = words(5, seed=4)
    nll, same_state = module.exact(text, targets, module.network.initial(2))
    torch.testing.assert_close(nll, -log_p.gather(1, targets.reshape(-1, 1)).squeeze(1))
    torch.testing.assert_close(state, same_state)


# --- the settings of the papers


@pytest.mark.parametrize("experiment", [name for name in configuration.experiments(PAPER, "paper") if name != "ngram"])
def test_every_network_of_the_paper_can_be_built(experiment):
    config = configuration.validate(PAPER, configuration.resolve(PAPER, experiment, "paper"), "here")
    counts = np.maximum(200_000 // np.arange(1, 10_001), 1)
    with torch.device("meta"):
        module = LanguageModel(config, counts)
    size = sum(weight.numel() for weight in module.parameters())
    if config.model == "rnn":
        classes = 0 if config.classes is None else len(module.network.output.class_weight)
        assert size == config.hidden * (2 * 10_000 + config.hidden + classes)
        assert config.classes is None or 0.5 * config.classes < classes <= config.classes
    else:
        n, m, h = config.order, config.embedding, config.hidden
        direct = (n - 1) * m if config.direct else 0
        assert size == 10_000 * (1 + m + h + direct) + h * (1 + (n - 1) * m)
