"""The compiled learner against autograd through the readable cell, in float64, and against brute force."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from common import config
from common.cells.lstm import LSTM
from replications.hochreiter1997_lstm import learner, model
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.learner import Criterion, Memory, Network, Window
from replications.hochreiter1997_lstm.tasks.sequences import Sequences, of_symbols, of_values, one_hot

DEFAULTS = config.load_params("hochreiter1997_lstm")["defaults"]
NEVER = Criterion(0.3, -1, np.inf)
RATE = 0.5

LAG_2A = {"blocks": 1, "size": 1, "output_gate": False, "recurrent": False, "cell_bias": False, "gate_bias": False,
          "output_bias": False, "outputs_see_inputs": True, "g": "logistic", "h": "identity"}
FORGETS = {"forget_gate": True, "gates_see_gates": False, "cell_bias": False, "outputs_see_inputs": True}
# changes to the papers' shared setting; what is to be predicted: each next symbol, or a target at the end
NETWORKS = {
    "experiment 1": ({"blocks": 3, "cell_bias": False, "output_bias": False}, "next"),
    "experiment 2a": (LAG_2A, "next"),
    "experiment 2c": ({"size": 1, "cell_bias": False, "gate_bias": False, "output_bias": False}, "class"),
    "experiment 4": ({}, "value"),
    "2000": (FORGETS, "next"),
    "2000, target at the end": (FORGETS, "value"),
    "forget gates that see gates": ({"forget_gate": True, "g": "identity", "h": "logistic"}, "next"),
    "state decay": ({"state_decay": 0.9, "gates_see_gates": False}, "next"),
    "forget gates and state decay": ({"forget_gate": True, "state_decay": 0.9}, "class"),
}
every_network = pytest.mark.parametrize("name", NETWORKS)
whenever = pytest.mark.parametrize("every_step", [False, True], ids=["sequence", "step"])


class Case(NamedTuple):
    setting: Config
    net: Network
    memory: Memory
    batch: Sequences


def case(name: str, n: int = 3) -> Case:
    """A network with weights large enough to leave the linear part of every squashing function, and n sequences."""
    changes, kind = NETWORKS[name]
    setting = Config(**(DEFAULTS | {"init_range": 1.5} | changes))
    rng = np.random.default_rng(1)
    length = rng.integers(5, 9, size=n)
    if kind == "value":
        inputs, outputs = 2, 1
        batch = of_values(np.array([0, 1]), rng.normal(size=(n, 8, 2)), length, rng.uniform(size=(n, 1)))
    else:
        inputs, outputs = 5, 5 if kind == "next" else 3
        symbols = rng.integers(5, size=(n, 9))
        goal = {"following": symbols[:, 1:]} if kind == "next" else {"target": one_hot(symbols[:, -1] % 3, 3)}
        batch = of_symbols(symbols[:, :-1], length, **goal)
    net = model.network(setting, inputs, outputs)
    return Case(setting, net, model.initial(setting, net, rng), batch)


def train(case: Case, window: int = 100, criterion=NEVER, every_step=False, last_only=False, rate=RATE):
    """Learns from the case's sequences: the window, and whether the criterion was met."""
    judged, batch = Window(np.zeros(window), np.zeros(window), np.zeros(1, np.int64)), case.batch
    met = learner.train(case.net, case.memory, judged, criterion, batch.index, batch.value, batch.length, batch.next,
                        batch.target, rate, every_step, last_only)
    return judged, met


def test(case: Case, allowed: int = 1000, tolerance: float = 0.3, last_only=False):
    """Judges the case's sequences: how many, and the worst and the mean error of each."""
    batch, worst, mean = case.batch, np.full(len(case.batch), -1.0), np.full(len(case.batch), -1.0)
    judged = learner.test(case.net, case.memory, Criterion(tolerance, allowed, np.inf), batch.index, batch.value,
                          batch.length, batch.next, batch.target, worst, mean, last_only)
    return judged, worst, mean


test.__test__ = False


class Readable:
    """The same network as :class:`common.cells.lstm.LSTM` and logistic outputs, learning by autograd."""

    def __init__(self, case: Case):
        c, self.batch = case.setting, case.batch
        self.inputs = case.net.inputs
        self.lstm = LSTM(self.inputs, c.blocks, c.size, forget_gate=c.forget_gate, output_gate=c.output_gate,
                         gates_see_gates=c.gates_see_gates, recurrent=c.recurrent, cell_bias=c.cell_bias,
                         gate_bias=c.gate_bias, g=c.g, h=c.h, state_decay=c.state_decay, truncated=True).double()
        self.masks = self.lstm.mask, torch.from_numpy(model.output_connections(c, self.inputs, len(case.memory.V)))
        self.weights = [torch.from_numpy(case.memory.W.copy()), torch.from_numpy(case.memory.V.copy())]

    def sequence(self, n: int) -> torch.Tensor:  # [T, 1, I]
        x = torch.zeros(self.batch.length[n], 1, self.inputs, dtype=torch.float64)
        for t in range(len(x)):
            for place, value in zip(self.batch.index[n, t], self.batch.value[n, t], strict=True):
                x[t, 0, place] += value
        return x

    def target(self, n: int, t: int, outputs: int) -> torch.Tensor | None:
        if self.batch.next.size:
            return torch.eye(outputs, dtype=torch.float64)[self.batch.next[n, t]]
        return torch.from_numpy(self.batch.target[n]) if t == self.batch.length[n] - 1 else None

    def step(self, x, state, weights):
        W, V = weights
        state = self.lstm.step(x @ W[:, :self.inputs].t() + W[:, -1], state, W[:, self.inputs:-1])
        seen = torch.cat([state.y[:, self.lstm.units["c"]], x], dim=1)
        return state, torch.sigmoid(seen @ V[:, :-1].t() + V[:, -1])[0]

    def forward(self, n: int):
        state, found = self.lstm.initial(1), []
        for x in self.sequence(n):
            state, y = self.step(x, state, self.weights)
            found.append((state, y))
        return found

    def learn(self, n: int, every_step: bool) -> list[float]:
        """Gradient descent on half the squared error; returns the errors [judged steps * K].

        With an update at every step, the error of a step is due to the weights of all steps until then: to each of the
        copies that were in use, and the sum of their gradients changes the weights of now.
        """
        state, copies, errors = self.lstm.initial(1), [], []
        for t, x in enumerate(self.sequence(n)):
            if every_step or t == 0:
                copies.append([w.clone().requires_grad_() for w in self.weights])
            state, y = self.step(x, state, copies[-1])
            target = self.target(n, t, len(y))
            if target is None:
                continue
            errors += (target - y).abs().tolist()
            loss = ((target - y) ** 2).sum() / 2
            for copy in copies:
                gradients = torch.autograd.grad(loss, copy, retain_graph=True, allow_unused=True,
                                                materialize_grads=True)
                for w, gradient, mask in zip(self.weights, gradients, self.masks, strict=True):
                    w -= RATE * gradient * mask
        return errors


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * max(np.abs(expected).max(), 1e-3))


@every_network
@whenever
def test_learns_as_autograd_does(name, every_step):
    """Several sequences, each with the weights that the ones before have left."""
    ours = case(name)
    theirs, before = Readable(ours), (ours.memory.W.copy(), ours.memory.V.copy())
    errors = [theirs.learn(n, every_step) for n in range(len(ours.batch))]
    window, met = train(ours, every_step=every_step)
    for found, start, expected in zip((ours.memory.W, ours.memory.V), before, theirs.weights, strict=True):
        change = expected.numpy() - start
        assert np.abs(change).max() > 1e-3
        assert_close(found - start, change)
    assert not met and window.count[0] == len(errors)
    assert_close(window.worst[:3], [max(each) for each in errors])
    assert_close(window.mean[:3], [np.mean(each) for each in errors])
    assert not ours.memory.dW.any() and not ours.memory.dV.any()


@every_network
def test_activations_of_the_readable_cell(name):
    """Sequences cut short after every step show the activations of that step."""
    whole = case(name, n=1)
    for t, (state, y) in enumerate(Readable(whole).forward(0), start=1):
        test(whole._replace(batch=replace(whole.batch, length=np.array([t], np.int32))))
        assert_close(whole.memory.state, state.s[0].numpy())
        assert_close(whole.memory.hidden, state.y[0].numpy())
        assert_close(whole.memory.output, y.numpy())


@every_network
@whenever
def test_absent_connections_stay_absent(name, every_step):
    ours = case(name, n=20)
    train(ours, every_step=every_step)
    for weights, present in ((ours.memory.W, ours.net.present), (ours.memory.V, ours.net.present_out)):
        assert (weights[present == 0] == 0).all() and weights[present == 1].all()


@every_network
def test_testing_changes_nothing(name):
    """Neither the weights, nor what is learnt afterwards."""
    ours, other = case(name), case(name)
    test(ours)
    for field in ("W", "V", "dW", "dV"):
        assert np.array_equal(getattr(ours.memory, field), getattr(other.memory, field))
    train(ours)
    train(other)
    assert np.array_equal(ours.memory.W, other.memory.W) and np.array_equal(ours.memory.V, other.memory.V)


@pytest.mark.parametrize("last_only", [False, True])
def test_errors_of_a_test(last_only):
    ours = case("2000", n=6)
    readable = Readable(ours)
    errors = []
    for n in range(len(ours.batch)):
        steps = [(readable.target(n, t, 5) - y).abs().numpy() for t, (_, y) in enumerate(readable.forward(n))]
        errors.append(steps[-1] if last_only else np.concatenate(steps))
    judged, worst, mean = test(ours, last_only=last_only)
    assert judged == 6
    assert_close(worst, [each.max() for each in errors])
    assert_close(mean, [each.mean() for each in errors])
    window, _ = train(ours, last_only=last_only, rate=0.0)
    assert np.array_equal(window.worst[:6], worst) and np.array_equal(window.mean[:6], mean)


def test_a_test_ends_once_too_many_are_wrong():
    ours = case("experiment 1", n=30)
    _, worst, mean = test(ours)
    tolerance = float(np.median(worst))
    wrong = np.flatnonzero(worst >= tolerance)
    for allowed in (0, 3, len(wrong) - 1):
        judged, some, means = test(ours, allowed, tolerance)
        assert judged == wrong[allowed] + 1
        assert np.array_equal(some[:judged], worst[:judged]) and np.array_equal(means[:judged], mean[:judged])
        assert (some[judged:] == -1).all()
    assert test(ours, len(wrong), tolerance)[0] == 30


# Eighths: their sums have no rounding, in whatever order they are taken.
eighths = st.integers(0, 8).map(lambda n: n / 8)
histories = st.lists(st.tuples(eighths, eighths), max_size=12)
criteria = st.builds(Criterion, eighths, st.integers(-1, 4), st.one_of(st.just(np.inf), eighths))


def is_met(history, size: int, criterion: Criterion) -> bool:
    """The definition: of all errors (largest, mean) so far, the last ``size`` decide."""
    worst, mean = zip(*history[-size:], strict=True) if history else ((), ())
    wrong = sum(error >= criterion.tolerance for error in worst)
    return len(worst) == size and wrong <= criterion.allowed and sum(mean) / size < criterion.mean_below


@settings(deadline=None, derandomize=True, max_examples=100)
@given(histories, st.integers(1, 5), criteria)
def test_the_criterion_by_its_definition(history, size, criterion):
    window = Window(np.zeros(size), np.zeros(size), np.array([len(history)]))
    for n, (worst, mean) in enumerate(history):  # each in place of the oldest
        window.worst[n % size], window.mean[n % size] = worst, mean
    assert learner.is_met(window, criterion) == is_met(history, size, criterion)


@pytest.mark.parametrize("size, allowed, mean_below", [(1, 0, np.inf), (5, 1, np.inf), (5, 4, 0.31), (8, 3, np.inf)])
def test_training_stops_with_the_first_sequence_that_meets_the_criterion(size, allowed, mean_below):
    one_by_one = case("experiment 4", n=200)
    window, _ = train(one_by_one, window=200, rate=0.1)
    history = list(zip(window.worst, window.mean, strict=True))
    criterion = Criterion(float(np.quantile(window.worst, 0.35)), allowed, mean_below)
    at = next(n for n in range(1, 201)
              if history[n - 1][0] < criterion.tolerance and is_met(history[:n], size, criterion))
    ours = case("experiment 4", n=200)
    window, met = train(ours, window=size, criterion=criterion, rate=0.1)
    assert met and window.count[0] == at
    assert set(zip(window.worst, window.mean, strict=True)) == set(history[at - size:at])
    assert not np.array_equal(ours.memory.V, one_by_one.memory.V), "the rest was not learnt"


STRINGS = case("experiment 1", n=4)
ANSWERS = [np.array([y.numpy() for _, y in Readable(STRINGS).forward(n)]) for n in range(4)]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.data())
def test_first_misprediction_by_its_definition(data):
    """Legal symbols are the most active ones, but now and then the wrong number of them or two changed places."""
    longest = STRINGS.batch.index.shape[1]
    legal = np.zeros((4, longest, 5), bool)
    for n, t in np.ndindex(4, longest):
        if t < len(ANSWERS[n]):
            legal[n, t, np.argsort(-ANSWERS[n][t])[:data.draw(st.integers(0, 5))]] = True
        else:
            legal[n, t] = data.draw(st.booleans())  # padding does not count
    for n, t in data.draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, longest - 1)), max_size=3)):
        legal[n, t] = data.draw(st.permutations(legal[n, t].tolist()))
    right = [all(y[i] > y[j] for y, allowed in zip(ANSWERS[n], legal[n], strict=False)
                 for i in np.flatnonzero(allowed) for j in np.flatnonzero(~allowed)) for n in range(4)]
    index, value, length = STRINGS.batch.index, STRINGS.batch.value, STRINGS.batch.length
    found = learner.first_misprediction(STRINGS.net, STRINGS.memory, index, value, length, legal)
    assert found == [*right, False].index(False)


def test_equal_outputs_are_a_misprediction():
    """A network without weights answers 1/2 everywhere: nothing legal stands out, unless all or nothing is legal."""
    ours = case("experiment 1", n=3)
    ours.memory.W[:], ours.memory.V[:] = 0, 0
    legal = np.zeros((3, ours.batch.index.shape[1], 5), bool)
    legal[1] = True
    strings = ours.net, ours.memory, ours.batch.index, ours.batch.value, ours.batch.length
    assert learner.first_misprediction(*strings, legal) == 3
    legal[2, ours.batch.length[2] - 1, 0] = True
    assert learner.first_misprediction(*strings, legal) == 2
