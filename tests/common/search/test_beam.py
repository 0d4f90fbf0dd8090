"""Beam search against exhaustive and greedy search, on networks small enough to enumerate every output."""

from itertools import product

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.search.beam import Hypothesis, beam_search

WORDS, START, END, LONGEST = 4, 0, 3, 4  # word 0 may also be written


class Network:
    """A random recurrent network; each sentence has its own first state, so it has its own best output."""

    def __init__(self, seed: int, hidden: int = 5):
        draw = torch.Generator().manual_seed(seed)
        self.embedding, self.recurrent, self.output = (
            2 * torch.randn(shape, generator=draw, dtype=torch.float64)
            for shape in ((WORDS, hidden), (hidden, hidden), (hidden, WORDS))
        )
        self.draw, self.hidden, self.calls = draw, hidden, 0

    def states(self, sentences: int) -> torch.Tensor:
        return torch.randn((sentences, self.hidden), generator=self.draw, dtype=torch.float64)

    def step(self, words, state):
        self.calls += 1
        hidden = torch.tanh(self.embedding[words] + state[0] @ self.recurrent)
        return (hidden @ self.output).log_softmax(-1), (hidden,)

    def log_probability(self, words, state) -> float:
        total, before, state = 0.0, START, (state.unsqueeze(0),)
        for word in words:
            log_p, state = self.step(torch.tensor([before]), state)
            total, before = total + log_p[0, word].item(), word
        return total


def exhaustive(network, state, length_exponent, allowed=(0, 1, 2)):
    """Every complete output of at most LONGEST words with the end, best first."""
    outputs = [
        Hypothesis(words, network.log_probability((*words, END), state), True)
        for length in range(LONGEST)
        for words in product(allowed, repeat=length)
    ]
    return sorted(outputs, key=lambda each: each.score(length_exponent), reverse=True)


def assert_same(found, expected):
    assert [each.words for each in found] == [each.words for each in expected]
    assert [each.complete for each in found] == [each.complete for each in expected]
    assert [each.log_probability for each in found] == pytest.approx([each.log_probability for each in expected])


@pytest.mark.parametrize("length_exponent", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("n_best", [1, 7])
@pytest.mark.parametrize("forbidden", [(), (1,)])
def test_a_wide_beam_is_exhaustive(length_exponent, n_best, forbidden):
    network = Network(1)
    states = network.states(3)
    found = beam_search(
        network.step,
        (states,),
        START,
        END,
        beam_size=200,
        max_length=LONGEST,
        length_exponent=length_exponent,
        forbidden=forbidden,
        n_best=n_best,
    )
    allowed = [word for word in (0, 1, 2) if word not in forbidden]
    for outputs, state in zip(found, states, strict=True):
        assert_same(outputs, exhaustive(network, state, length_exponent, allowed)[:n_best])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_beam_of_one_is_greedy(seed):
    network = Network(seed)
    states = network.states(4)
    found = beam_search(network.step, (states,), START, END, beam_size=1, max_length=6)
    for (output,), state in zip(found, states, strict=True):
        words, state = [START], (state.unsqueeze(0),)
        while len(words) <= 6 and words[-1] != END:
            log_p, state = network.step(torch.tensor(words[-1:]), state)
            words.append(log_p.argmax().item())
        assert output.words == tuple(word for word in words[1:] if word != END)
        assert output.complete == (words[-1] == END)


@given(seed=st.integers(0, 10_000), beam_size=st.integers(1, 5), length_exponent=st.sampled_from([0.0, 0.6, 1.0]))
@settings(max_examples=20, deadline=None)
def test_a_batch_is_one_by_one(seed, beam_size, length_exponent):
    network = Network(seed)
    states = network.states(5)
    options = {"beam_size": beam_size, "max_length": 7, "length_exponent": length_exponent, "n_best": beam_size}
    together = beam_search(network.step, (states,), START, END, **options)
    for outputs, state in zip(together, states, strict=True):
        assert_same(outputs, beam_search(network.step, (state.unsqueeze(0),), START, END, **options)[0])


@given(seed=st.integers(0, 10_000), length_exponent=st.sampled_from([0.0, 0.6, 1.0]))
@example(seed=122, length_exponent=0.0)
@settings(max_examples=50, deadline=None)
def test_stopping_early_changes_nothing(seed, length_exponent):
    """The best output is that of the whole n-best list, for which the search may not stop early."""
    network = Network(seed)
    states = network.states(3)
    options = {"beam_size": 4, "max_length": 8, "length_exponent": length_exponent}
    best = beam_search(network.step, (states,), START, END, **options)
    stopped, network.calls = network.calls, 0
    lists = beam_search(network.step, (states,), START, END, n_best=4, **options)
    assert stopped <= network.calls
    for (one,), outputs in zip(best, lists, strict=True):
        assert_same([one], outputs[:1])


def test_log_probabilities_are_of_the_output():
    """So the state has followed its hypothesis through every reordering."""
    network = Network(3)
    states = network.states(2)
    found = beam_search(network.step, (states,), START, END, beam_size=3, max_length=6, n_best=3)
    for outputs, state in zip(found, states, strict=True):
        for output in outputs:
            words = output.words + (END,) * output.complete
            assert output.log_probability == pytest.approx(network.log_probability(words, state))


def test_what_is_cut_is_not_complete():
    """A network that never ends; its best words are cut, and nothing is made up."""

    def step(words, state):
        return torch.tensor([0.3, 0.5, 0.2, 0.0]).log().expand(len(words), -1), state

    (found,) = beam_search(step, (torch.zeros(1, 1),), START, END, beam_size=2, max_length=3, n_best=2)
    assert found[0].words == (1, 1, 1) and not found[0].complete
    assert found[0].log_probability == pytest.approx(3 * torch.tensor(0.5).log().item())


def test_complete_outputs_stand_before_cut_ones():
    """After word 1 the network ends for certain; everything else goes on for ever with a higher probability."""
    going_on, ending = torch.tensor([0.9, 0.1, 0.0, 0.0]), torch.tensor([0.0, 0.0, 0.0, 1.0])

    def step(words, state):
        return torch.where((words == 1).unsqueeze(1), ending, going_on).log(), state

    (found,) = beam_search(step, (torch.zeros(1, 1),), START, END, beam_size=3, max_length=4, n_best=3)
    assert [(each.words, each.complete) for each in found] == [((1,), True), ((0, 1), True), ((0, 0, 0, 0), False)]


def test_a_length_exponent_prefers_the_longer():
    """Ending at once has probability 0.3, word 1 and then the end 0.7 * 0.4 = 0.28, which is 0.53 per word."""

    def step(words, state):
        first = torch.tensor([0.0, 0.7, 0.0, 0.3])
        then = torch.tensor([0.0, 0.6, 0.0, 0.4])
        return torch.where((words == START).unsqueeze(1), first, then).log(), state

    for length_exponent, expected in ((0.0, ()), (1.0, (1,))):
        (found,) = beam_search(
            step, (torch.zeros(1, 1),), START, END, beam_size=3, max_length=2, length_exponent=length_exponent
        )
        assert found[0].words == expected


def test_nothing_to_search():
    network = Network(1)
    assert beam_search(network.step, (network.states(0),), START, END, beam_size=2, max_length=3) == []
    found = beam_search(network.step, (network.states(2),), START, END, beam_size=2, max_length=0)
    assert found == [[Hypothesis((), 0.0, False)]] * 2


@pytest.mark.parametrize(
    "options", [{"beam_size": 0}, {"beam_size": 2, "n_best": 3}, {"max_length": -1}, {"forbidden": (END,)}]
)
def test_impossible_searches_are_refused(options):
    network = Network(1)
    with pytest.raises(ValueError, match="beam search"):
        beam_search(network.step, (network.states(1),), START, END, **({"beam_size": 2, "max_length": 3} | options))
