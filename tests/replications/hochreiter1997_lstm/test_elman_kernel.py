import numpy as np
import pytest
import torch

from common.config import load_params
from common.errors import UserError
from replications.hochreiter1997_lstm import elman_kernel as elman
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.online import ELMAN, Criterion, Learning, Window
from replications.hochreiter1997_lstm.tasks.sequences import Sequences, of_symbols, one_hot

NEVER = Criterion(tolerance=0.0, allowed=0, mean_below=0.0)


def config(**changes) -> Config:
    own = {"task": "reber", "cell": "elman", "blocks": 4, "size": 1, "update": "sequence", "grow": False}
    return Config(**load_params("hochreiter1997_lstm")["defaults"] | own | changes)


def start(inputs: int, outputs: int, seed: int = 0, **changes) -> tuple[elman.Network, elman.Memory]:
    settings = config(**changes)
    net = elman.network(settings, inputs, outputs)
    return net, elman.initial(settings, net, np.random.default_rng(seed))


def learn(net, memory, batch: Sequences, rate: float = 0.5) -> None:
    window = Window(np.zeros(1), np.zeros(1), np.zeros(1, np.int64))
    ELMAN.train(net, memory, batch, Learning(rate, False, False), window, NEVER)


def judge(net, memory, batch: Sequences) -> np.ndarray:
    """The largest error of each sequence."""
    errors = np.zeros((3, batch.size))
    ELMAN.test(net, memory, batch, Learning(0.0, False, False), Criterion(0.0, batch.size, np.inf), errors)
    return errors[0]


def random_batch(seed: int, real: bool, at_end: bool, inputs: int = 3, outputs: int = 4) -> Sequences:
    """Five sequences of different lengths, the shortest of one step."""
    rng, n, steps = np.random.default_rng(seed), 5, 9
    if real:
        index = np.tile(np.arange(inputs, dtype=np.int32), (n, steps, 1))
        value = rng.normal(size=index.shape)
    else:
        index = rng.integers(inputs, size=(n, steps, 1), dtype=np.int32)
        value = np.ones(index.shape)
    return Sequences(
        index=index,
        value=value,
        length=np.array([9, 1, 4, 2, 7], np.int32),
        next=rng.integers(outputs, size=(n, 0 if at_end else steps), dtype=np.int32),
        target=rng.uniform(size=(n, outputs if at_end else 0)),
        legal=np.zeros((n, 0, 0), bool),
    )


def forward(W: torch.Tensor, V: torch.Tensor, batch: Sequences, n: int) -> torch.Tensor:
    """The outputs [T, K] of sequence n, from the definition of the network."""
    one, y, outputs = torch.ones(1, dtype=W.dtype), torch.zeros(len(W), dtype=W.dtype), []
    for t in range(batch.length[n]):
        x = torch.zeros(W.shape[1] - len(W) - 1, dtype=W.dtype)
        x[batch.index[n, t].tolist()] = torch.from_numpy(batch.value[n, t])
        y = torch.sigmoid(W @ torch.cat([x, y, one]))
        outputs.append(torch.sigmoid(V @ torch.cat([y, x, one])))
    return torch.stack(outputs)


def wanted(batch: Sequences, n: int) -> torch.Tensor:
    """The targets of the judged steps: all, or the last."""
    if batch.next.shape[1] == 0:
        return torch.from_numpy(batch.target[n : n + 1])
    return torch.from_numpy(one_hot(batch.next[n, : batch.length[n]], 4))


@pytest.mark.parametrize("real", [False, True], ids=["one-hot", "real"])
@pytest.mark.parametrize("at_end", [False, True], ids=["next symbol", "target at the end"])
@pytest.mark.parametrize("shortcuts", [False, True])
def test_learns_by_the_gradient_of_autograd_after_every_sequence(real, at_end, shortcuts):
    net, memory = start(3, 4, init_range=1.0, outputs_see_inputs=shortcuts)
    assert memory.V[:, 4:-1].all() if shortcuts else not memory.V[:, 4:-1].any()
    W, V = (torch.from_numpy(w.copy()).requires_grad_() for w in (memory.W, memory.V))
    batch, rate = random_batch(1, real, at_end), 0.5
    learn(net, memory, batch, rate)
    for n in range(batch.size):
        targets = wanted(batch, n)
        loss = 0.5 * (targets - forward(W, V, batch, n)[-len(targets) :]).square().sum()
        dW, dV = torch.autograd.grad(loss, (W, V))
        with torch.no_grad():
            W -= rate * dW
            V -= rate * dV * torch.from_numpy(net.present_out)
    np.testing.assert_allclose(memory.W, W.detach(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(memory.V, V.detach(), rtol=0, atol=1e-10)


def test_an_error_vanishes_on_its_way_back():
    """Section 3.1 of 1997: from one step to the one before, an error shrinks at least by |R| / 4.

    Every step reads a symbol of its own, so that a column of the gradient is the error at one step.
    """
    steps, hidden = 40, 8
    net, memory = start(steps, 1, blocks=hidden, init_range=1.0)
    memory.W[:, :steps] = 0.0
    recurrent = memory.W[:, steps:-1].copy()
    batch = of_symbols(np.arange(steps)[None], np.array([steps]), target=np.ones((1, 1)))
    learn(net, memory, batch, rate=1.0)
    error = np.linalg.norm(memory.W[:, :steps], axis=0)[::-1]  # by lag
    shrinks = np.linalg.norm(recurrent, 2) / 4.0
    assert shrinks < 1.0
    assert error[0] > 1e-4 and (error[1:] > 0.0).all()
    assert (error <= error[0] * shrinks ** np.arange(steps) * (1.0 + 1e-9)).all()
    assert error[10] < 1e-2 * error[0] and error[30] < 1e-6 * error[0]


def test_a_string_knows_nothing_of_the_one_before():
    """Hidden unit 0 is on from the first symbol 1 of a string to its end; output 1 is the largest while it is on."""
    net, memory = start(2, 2)
    memory.W[:] = 0.0
    memory.V[:] = 0.0
    memory.W[0, [1, 2, -1]] = 20.0, 20.0, -10.0
    memory.V[0, -1], memory.V[1, 0] = 5.0, 10.0
    legal = np.array([[[False, True]] * 3, [[True, False]] * 3])
    batch = of_symbols(np.array([[1, 0, 0], [0, 0, 0]]), np.array([3, 3]), target=np.eye(2)[::-1].copy(), legal=legal)
    assert ELMAN.first_misprediction(net, memory, batch) == 2
    logistic = 1.0 / (1.0 + np.exp(-np.array([5.0, 10.0, 0.0])))
    assert judge(net, memory, batch) == pytest.approx([logistic[0], logistic[2]], abs=1e-3)


def test_weights():
    net, memory = start(7, 5, blocks=3, size=2, init_range=0.2)
    assert net.hidden == 6
    assert elman.parameters(net) == np.count_nonzero(memory.W) + np.count_nonzero(memory.V) == 6 * 14 + 5 * 7
    assert elman.parameters(start(7, 5, blocks=3, size=2, outputs_see_inputs=True)[0]) == 6 * 14 + 5 * (7 + 7)
    for weights in (memory.W, memory.V):
        assert 0.15 < np.abs(weights).max() <= 0.2 and weights.min() < 0.0 < weights.max()
    assert not memory.dW.any() and not memory.dV.any()


@pytest.mark.parametrize(
    ("changes", "says"), [({"update": "step"}, "set update: sequence"), ({"grow": True}, "set grow: false")]
)
def test_refuses_what_only_the_other_network_can(changes, says):
    with pytest.raises(UserError, match=says):
        elman.network(config(**changes), 2, 1)
