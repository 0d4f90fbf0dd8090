"""Samples and their losses: against brute force, against the full softmax, and by learning."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from common.errors import UserError
from common.output.sampled import SampledSoftmax, draw, importance_loss, log_expected_count, log_uniform, nce_loss


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(words=st.integers(2, 200), seed=st.integers(0, 1000), data=st.data())
def test_a_sample_has_different_words_of_the_vocabulary(words, seed, data):
    samples = data.draw(st.integers(1, words))
    found, tries = draw(words, samples, generator(seed))
    assert len(set(found.tolist())) == samples <= tries
    assert 0 <= found.min() and found.max() < words


def test_more_samples_than_words_are_refused():
    with pytest.raises(UserError, match="9 samples of 8 words: choose at most 8, or null for the full softmax"):
        draw(8, 9, generator())


def test_draws_follow_zipf_and_the_expected_count_is_right():
    words, samples, runs = 30, 8, 3000
    p = log_uniform(words)
    assert p.sum().item() == pytest.approx(1) and p[0].item() == pytest.approx(math.log(2) / math.log(31))
    counts, expected = torch.zeros(words), torch.zeros(words)
    for seed in range(runs):
        found, tries = draw(words, samples, generator(seed))
        counts[found] += 1
        expected += log_expected_count(torch.arange(words), words, tries).exp()
    torch.testing.assert_close(counts / runs, expected / runs, rtol=0, atol=0.04)
    single = log_expected_count(torch.arange(words), words, 1).exp()  # one draw: the distribution itself
    torch.testing.assert_close(single, p.float())


def test_losses_by_hand():
    """Two tokens, two samples; the second sample is the second token's target."""
    target, sampled = torch.tensor([1.0, 0.5]), torch.tensor([[0.0, 2.0], [1.0, 3.0]])
    hits = torch.tensor([[False, False], [False, True]])
    expected = [math.log(math.e + 1 + math.e**2) - 1, math.log(math.e**0.5 + math.e) - 0.5]
    torch.testing.assert_close(importance_loss(target, sampled, hits), torch.tensor(expected))

    def minus_log_sigmoid(x):
        return math.log(1 + math.exp(-x))

    expected = [
        minus_log_sigmoid(1) + minus_log_sigmoid(0) + minus_log_sigmoid(-2),
        minus_log_sigmoid(0.5) + minus_log_sigmoid(-1),
    ]
    torch.testing.assert_close(nce_loss(target, sampled, hits), torch.tensor(expected))


def test_a_sample_of_all_words_is_the_full_softmax():
    """Every word is sampled for sure, so the correction vanishes: the same loss and the same gradient."""
    torch.manual_seed(1)
    output = SampledSoftmax(4, 9, 9).double()
    hidden = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([0, 8, 3, 3, 1])
    words, tries = draw(9, 9, generator(3))
    own = (hidden * output.table.weight[targets]).sum(1) + output.bias.weight[targets, 0]
    others = hidden @ output.table.weight[words].t() + output.bias.weight[words, 0]
    found = importance_loss(own, others, words == targets.unsqueeze(1))
    exact = output(hidden, targets)
    torch.testing.assert_close(found, exact)
    torch.testing.assert_close(torch.autograd.grad(found.sum(), hidden), torch.autograd.grad(exact.sum(), hidden))
    assert log_expected_count(words, 9, 10_000).abs().max() < 1e-6


def test_training_loss_is_corrected_by_the_expected_count():
    torch.manual_seed(1)
    output = SampledSoftmax(4, 50, 6)
    hidden, targets = torch.randn(3, 4), torch.tensor([2, 40, 7])
    words, tries = draw(50, 6, generator(5))
    logits = F.linear(hidden, output.table.weight, output.bias.weight[:, 0])
    logits = logits - log_expected_count(torch.arange(50), 50, tries)
    expected = []
    for row, target in zip(logits, targets.tolist(), strict=True):
        among = [row[target], *(row[word] for word in words.tolist() if word != target)]
        expected.append(torch.stack(among).logsumexp(0) - row[target])
    torch.testing.assert_close(output.training_loss(hidden, targets, generator(5)), torch.stack(expected))


def test_gradients_touch_only_the_words_that_were_looked_at():
    output = SampledSoftmax(4, 1000, 8)
    output.training_loss(torch.randn(3, 4), torch.tensor([2, 999, 7]), generator()).sum().backward()
    assert output.table.weight.grad.is_sparse
    assert len(output.table.weight.grad.coalesce().indices()[0]) <= 11


def learned(loss, samples, steps=600):
    """A softmax that learns a distribution over 40 words from samples, in nats above its entropy."""
    torch.manual_seed(1)
    p = torch.softmax(torch.randn(40), 0).sort(descending=True).values
    output = SampledSoftmax(1, 40, samples, loss)
    optimiser = torch.optim.Adagrad(output.parameters(), 0.3)
    hidden = torch.ones(64, 1)
    for step in range(steps):
        targets = torch.multinomial(p, 64, replacement=True, generator=generator(step))
        optimiser.zero_grad()
        output.training_loss(hidden, targets, generator(step)).mean().backward()
        optimiser.step()
    log_p = output.log_probabilities(hidden[:1])[0]
    assert log_p.logsumexp(0).item() == pytest.approx(0, abs=1e-5)
    return (p * (p.log() - log_p)).sum().item()


@pytest.mark.parametrize("loss, samples", [("importance", 8), ("nce", 8), ("importance", None)])
def test_every_loss_learns_the_distribution(loss, samples):
    assert learned(loss, samples) < 0.03


def test_without_the_correction_it_would_not(monkeypatch):
    monkeypatch.setattr("common.output.sampled.log_expected_count", lambda words, vocabulary, tries: 0.0)
    assert learned("importance", 8) > 0.1
