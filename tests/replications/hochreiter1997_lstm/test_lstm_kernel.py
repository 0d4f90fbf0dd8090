"""The compiled network against autograd through the readable cell, in float64."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from common import config
from common.cells.lstm import LSTM
from replications.hochreiter1997_lstm import model
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.lstm_kernel import Memory, Network
from replications.hochreiter1997_lstm.online import LSTM as LEARNER
from replications.hochreiter1997_lstm.online import Criterion, Learning, Window
from replications.hochreiter1997_lstm.tasks.sequences import Sequences, of_symbols, of_values, one_hot

DEFAULTS = config.load_params("hochreiter1997_lstm")["defaults"]
NEVER = Criterion(0.3, -1, np.inf)
RATE = 0.5

LAG_2A = config.resolve("hochreiter1997_lstm", "lag_2a", "paper") | {"init_range": 1.5}
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
    "ranges exchanged": ({"g": "exchanged", "h": "exchanged"}, "next"),
    "no slope of the outputs": ({"output_slope": False}, "next"),
    "error at the end only": (LAG_2A | {"errors": "last"}, "next"),
    "all symbols that may follow": (FORGETS | {"task": "reber", "targets": "legal"}, "next"),
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
        goal = {"following": symbols[:, 1:], "legal": rng.random((n, 8, 5)) < 0.5}
        if kind == "class":
            goal = {"target": one_hot(symbols[:, -1] % 3, 3)}
        batch = of_symbols(symbols[:, :-1], length, **goal)
    net = model.network(setting, inputs, outputs)
    return Case(setting, net, model.initial(setting, net, rng), batch)


def learns(setting: Config, rate: float, every_step: bool, last_only: bool) -> Learning:
    return Learning(rate, every_step, last_only, setting.errors == "last", setting.targets == "legal")


def train(case: Case, window: int = 100, criterion=NEVER, every_step=False, last_only=False, rate=RATE):
    """Learns from the case's sequences: the window, and whether the criterion was met."""
    judged = Window(np.zeros(window), np.zeros(window), np.zeros(1, np.int64))
    learning = learns(case.setting, rate, every_step, last_only)
    met = LEARNER.train(case.net, case.memory, case.batch, learning, judged, criterion)
    return judged, met


def test(case: Case, allowed: int = 1000, tolerance: float = 0.3, last_only=False):
    """Judges the case's sequences: how many, and the worst, the mean and the mean squared error of each."""
    errors = np.full((3, case.batch.size), -1.0)
    judged = LEARNER.test(
        case.net,
        case.memory,
        case.batch,
        learns(case.setting, 0.0, False, last_only),
        Criterion(tolerance, allowed, np.inf),
        errors,
    )
    return judged, errors


test.__test__ = False


class Readable:
    """The same network as :class:`common.cells.lstm.LSTM` and logistic outputs, learning by autograd."""

    def __init__(self, case: Case):
        c = self.setting = case.setting
        self.batch = case.batch
        self.inputs = case.net.inputs
        self.lstm = LSTM(
            self.inputs, c.blocks, c.size, **model.parts(c), g=c.g, h=c.h, state_decay=c.state_decay, truncated=True
        ).double()
        self.masks = self.lstm.mask, torch.from_numpy(model.output_connections(c, self.inputs, len(case.memory.V)))
        self.weights = [torch.from_numpy(case.memory.W.copy()), torch.from_numpy(case.memory.V.copy())]

    def sequence(self, n: int) -> torch.Tensor:  # [T, 1, I]
        x = torch.zeros(self.batch.length[n], 1, self.inputs, dtype=torch.float64)
        for t in range(len(x)):
            for place, value in zip(self.batch.index[n, t], self.batch.value[n, t], strict=True):
                x[t, 0, place] += value
        return x

    def target(self, n: int, t: int, outputs: int) -> torch.Tensor | None:
        if t < self.batch.length[n] - 1 and (self.setting.errors == "last" or not self.batch.next.size):
            return None
        if self.setting.targets == "legal":
            return torch.from_numpy(self.batch.legal[n, t]).double()
        if self.batch.next.size:
            return torch.eye(outputs, dtype=torch.float64)[self.batch.next[n, t]]
        return torch.from_numpy(self.batch.target[n])

    def step(self, x, state, weights):
        W, V = weights
        state = self.lstm.step(x @ W[:, : self.inputs].t() + W[:, -1], state, W[:, self.inputs : -1])
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

        Without the slope of the outputs, the gradient is that of the cross entropy.

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
            if not self.setting.output_slope:
                loss = torch.nn.functional.binary_cross_entropy(y, target, reduction="sum")
            for copy in copies:
                gradients = torch.autograd.grad(
                    loss, copy, retain_graph=True, allow_unused=True, materialize_grads=True
                )
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
    errors = [theirs.learn(n, every_step) for n in range(ours.batch.size)]
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
        test(whole._replace(batch=whole.batch._replace(length=np.array([t], np.int32))))
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
