"""The compiled learner against the readable network, in float64; what it counts as wrong."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from replications.pascanu2013_clipping import learner
from replications.pascanu2013_clipping.model import Network, initial
from replications.pascanu2013_clipping.tasks import ENOUGH, TASKS
from replications.pascanu2013_clipping.update import ClippedDescent

LENGTH, UPDATES, RATE, HIDDEN, SEED = 12, 4, 0.3, 9, 3


def weights(task, initialisation, kind=np.float64):
    w_in, w_rec, w_out = initial(task.inputs, HIDDEN, task.outputs, initialisation, SEED)
    rng = np.random.default_rng(1)  # biases that are not 0 show more
    each = w_in, w_rec, rng.normal(0, 0.1, HIDDEN), w_out, rng.normal(0, 0.1, task.outputs)
    return learner.Weights(*(np.ascontiguousarray(weight, kind) for weight in each))


def network(task, values, activation):
    """The readable network with the same weights."""
    net = Network(task.inputs, HIDDEN, task.outputs, activation, "tanh", SEED).double()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in values._asdict().items()})
    return net


def dense(task, sequences):
    """Inputs ``[T, n, I]``."""
    found = np.zeros((*sequences.index.shape[:2], task.inputs))
    for k in range(sequences.index.shape[2]):
        np.put_along_axis(found, sequences.index[..., k : k + 1].astype(int), sequences.value[..., k : k + 1], 2)
    return torch.from_numpy(found)


def answers(task, net, inputs, alpha=0.0):
    states = net.states(inputs, alpha=alpha)
    return net.outputs(states if task.kind == learner.EVERY_CLASS else states[-1:])


def loss(task, found, target):
    if task.kind == learner.NUMBER:
        return (found[0, :, 0] - target[0]).square().mean()
    return functional.cross_entropy(found.flatten(0, 1), target.flatten().long())


@pytest.mark.parametrize(
    "name, activation, alpha, threshold",
    [
        ("temporal_order", "tanh", 0.0, math.inf),
        ("temporal_order", "tanh", 4.0, 0.3),
        ("temporal_order_3bit", "sigmoid", 2.0, 1e9),
        ("memorisation_5bit", "sigmoid", 2.0, 0.1),
        ("addition", "tanh", 0.5, 0.1),
        ("permutation", "tanh", 1.0, math.inf),
    ],
)
@pytest.mark.parametrize("batch", [5, 10])  # few, and many
def test_updates_are_those_of_the_readable_network(name, activation, alpha, threshold, batch):
    task = TASKS[name]
    ours = weights(task, "tanh")
    net = network(task, ours, activation)
    start, descent = ours.recurrent.copy(), ClippedDescent(net, RATE, threshold)
    sequences = task.draw(np.random.default_rng(1), LENGTH, UPDATES * batch)
    norms, memory = np.zeros(UPDATES), learner.memory(ours, len(sequences.index), batch)
    learner.learn(
        ours, learner.zeros(ours), memory, *sequences, task.kind, activation == "tanh", alpha, RATE, threshold, norms
    )
    inputs, target = dense(task, sequences), torch.from_numpy(sequences.target).double()
    for update in range(UPDATES):
        part = slice(update * batch, (update + 1) * batch)
        descent.zero_grad()
        loss(task, answers(task, net, inputs[:, part], alpha), target[:, part]).backward()
        norm = torch.nn.utils.get_total_norm([weight.grad for weight in net.parameters()])
        assert norms[update] == pytest.approx(norm.item(), rel=1e-5)
        descent.step()
    for field, value in ours._asdict().items():
        np.testing.assert_allclose(value, getattr(net, field).detach().numpy(), rtol=1e-5, atol=1e-7)
    assert np.abs(ours.recurrent - start).max() > 1e-4


def test_a_lost_gradient_shrinks_the_recurrent_weights_alone():
    ours = weights(TASKS["temporal_order"], "tanh")
    old = learner.Weights(*(weight.copy() for weight in ours))
    gradient = learner.zeros(ours)
    gradient.bias[0] = np.nan
    assert np.isnan(learner.descend(ours, gradient, RATE, 1.0))
    np.testing.assert_allclose(ours.recurrent, old.recurrent * (1 - 0.02 * RATE), rtol=1e-6)
    for name in ("input", "bias", "output", "output_bias"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(old, name))
    learner.descend(ours, gradient, RATE, math.inf)
    assert np.isnan(ours.bias[0])


@pytest.mark.parametrize("name", ["temporal_order", "memorisation_5bit", "multiplication"])
def test_what_is_wrong(name):
    task = TASKS[name]
    ours = weights(task, "tanh")
    sequences = task.draw(np.random.default_rng(2), LENGTH, 300)
    found = answers(task, network(task, ours, "tanh"), dense(task, sequences)).detach().numpy()
    if task.kind == learner.NUMBER:
        wrong = (found[0, :, 0] - sequences.target[0]) ** 2 > ENOUGH
    else:
        wrong = (found.argmax(-1) != sequences.target).any(0)
    ours = learner.Weights(*(weight.astype(np.float32) for weight in ours))
    counted = learner.count_wrong(ours, *sequences, task.kind, True, ENOUGH)
    assert abs(counted - wrong.sum()) <= 1 and 0 < counted  # one that lies on the edge in float32
