"""The compiled learner against the readable network, in float64; what it counts as wrong."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from replications.pascanu2013_clipping import learner
from replications.pascanu2013_clipping.model import Replicas, initial
from replications.pascanu2013_clipping.tasks import ENOUGH, TASKS
from replications.pascanu2013_clipping.update import descend

LENGTH, BATCH, UPDATES, RATE, HIDDEN, SEED = 12, 5, 4, 0.3, 9, 3


def weights(task, initialisation, kind=np.float64):
    w_in, w_rec, w_out = initial(task.inputs, HIDDEN, task.outputs, initialisation, SEED)
    rng = np.random.default_rng(1)  # biases that are not 0 show more
    each = w_in, w_rec, rng.normal(0, 0.1, HIDDEN), w_out, rng.normal(0, 0.1, task.outputs)
    return learner.Weights(*(np.ascontiguousarray(weight, kind) for weight in each))


def network(task, values, activation):
    """The readable network with the same weights."""
    net = Replicas(task.inputs, HIDDEN, task.outputs, activation, "tanh", (SEED,)).double()
    with torch.no_grad():
        for name, value in values._asdict().items():
            getattr(net, name).copy_(torch.from_numpy(value).view(getattr(net, name).shape))
    return net


def dense(task, sequences):
    """Inputs ``[T, 1, n, I]``."""
    found = np.zeros((*sequences.index.shape[:2], task.inputs))
    for k in range(sequences.index.shape[2]):
        np.put_along_axis(found, sequences.index[..., k : k + 1].astype(int), sequences.value[..., k : k + 1], 2)
    return torch.from_numpy(found[:, None])


def answers(task, net, inputs, alpha=None):
    states = net.states(inputs, alpha=alpha)
    return net.outputs(states)[:, 0] if task.kind == learner.EVERY_CLASS else net.outputs(states[-1])


def loss(task, found, target):
    if task.kind == learner.NUMBER:
        return (found[0, :, 0] - target[0]).square().mean()
    return functional.cross_entropy(found.flatten(0, 1), target.flatten().long())


@pytest.mark.parametrize(
    "name, activation, initialisation, alpha, clipping, threshold",
    [
        ("temporal_order", "tanh", "tanh", 0.0, None, 1.0),
        ("temporal_order", "tanh", "tanh", 4.0, "norm", 0.3),
        ("temporal_order_3bit", "sigmoid", "tanh", 2.0, "norm", 1e9),
        ("memorisation_5bit", "sigmoid", "tanh", 2.0, "elements", 0.02),
        ("addition", "tanh", "tanh", 0.5, "norm", 0.1),
        ("permutation", "tanh", "tanh", 1.0, None, 1.0),
    ],
)
def test_updates_are_those_of_the_readable_network(name, activation, initialisation, alpha, clipping, threshold):
    task = TASKS[name]
    ours = weights(task, initialisation)
    net = network(task, ours, activation)
    start = ours.recurrent.copy()
    sequences = task.draw(np.random.default_rng(1), LENGTH, UPDATES * BATCH)
    norms, kinds = np.zeros(UPDATES), {None: learner.UNCLIPPED, "norm": learner.BY_NORM, "elements": learner.BY_ELEMENT}
    memory = learner.memory(ours, len(sequences.index), BATCH)
    learner.learn(
        ours,
        learner.zeros(ours),
        memory,
        *sequences,
        task.kind,
        activation == "tanh",
        alpha,
        RATE,
        kinds[clipping],
        threshold,
        norms,
    )
    inputs, target = dense(task, sequences), torch.from_numpy(sequences.target).double()
    weight_of_omega = torch.tensor([alpha], dtype=torch.float64) if alpha else None
    for update in range(UPDATES):
        part = slice(update * BATCH, (update + 1) * BATCH)
        loss(task, answers(task, net, inputs[:, :, part], weight_of_omega), target[:, part]).backward()
        norm = descend(net, torch.tensor([RATE], dtype=torch.float64), clipping, threshold)
        assert norms[update] == pytest.approx(norm.item(), rel=1e-5)
    for field, value in ours._asdict().items():
        theirs = getattr(net, field).detach().numpy().reshape(value.shape)
        np.testing.assert_allclose(value, theirs, rtol=1e-5, atol=1e-7)
    assert np.abs(ours.recurrent - start).max() > 1e-4


def test_a_lost_gradient_shrinks_the_recurrent_weights_alone():
    ours = weights(TASKS["temporal_order"], "tanh")
    old = learner.Weights(*(weight.copy() for weight in ours))
    gradient = learner.zeros(ours)
    gradient.bias[0] = np.nan
    assert np.isnan(learner.descend(ours, gradient, RATE, learner.BY_NORM, 1.0))
    np.testing.assert_allclose(ours.recurrent, old.recurrent * (1 - 0.02 * RATE), rtol=1e-6)
    for name in ("input", "bias", "output", "output_bias"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(old, name))
    learner.descend(ours, gradient, RATE, learner.UNCLIPPED, 1.0)
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
