"""The networks of both papers: as many weights as printed, biases as printed, for every row of ``params.yaml``."""

import numpy as np
import pytest

from common import config
from replications.hochreiter1997_lstm import model
from replications.hochreiter1997_lstm.data import task

PAPER = "hochreiter1997_lstm"
PRINTED = {  # weights, by how the experiment's name begins; lag_2c by its p, since its inputs are p + 4 symbols
    "reber_4x1": 264,
    "reber_3x2": 276,  # 1997, table 1
    "lag_2a": 10504,
    "lag_2b": 10504,  # table 2
    "p50": 364,
    "p100": 664,
    "p200": 1264,
    "p500": 3064,
    "p1000": 6064,  # table 3
    "two_3": 102,  # tables 4 to 6
    "adding": 93,
    "multiplication": 93,  # tables 7 and 8
    "order_6a": 156,
    "order_6b": 308,  # table 9
    "continual_forget": 424,  # 2000, section 4
}
ROWS = [
    (name, scale)
    for scale in config.SCALES
    for name in config.experiments(PAPER, scale)
    if config.resolve(PAPER, name, scale)["cell"] == "lstm"
]


def built(name: str, scale: str):
    """Settings and network of a row."""
    settings = config.validate(PAPER, config.resolve(PAPER, name, scale), name)
    sequences = task(settings)
    return settings, model.network(settings, sequences.inputs, sequences.outputs)


def key(name: str) -> str | None:
    if name.endswith(("_biases", "_shortcuts", "_guessed")):
        return None  # readings that add weights
    if name.startswith("lag_2c"):
        return f"p{config.resolve(PAPER, name, 'paper')['symbols']}"
    return next((start for start in PRINTED if name.startswith(start)), None)


@pytest.mark.parametrize("name", [name for name, scale in ROWS if scale == "paper" and key(name)])
def test_as_many_weights_as_printed(name):
    assert model.parameters(built(name, "paper")[1]) == PRINTED[key(name)]


def test_no_printed_count_is_left_out():
    assert {key(name) for name, scale in ROWS if scale == "paper"} - {None} == set(PRINTED)


@pytest.mark.parametrize("name, scale", ROWS)
def test_initial_weights(name, scale):
    """Random within the range wherever there is a connection, except gate biases that the paper sets block by block."""
    settings, net = built(name, scale)
    memory = model.initial(settings, net, np.random.default_rng(1))
    W, cells = memory.W.copy(), settings.blocks * settings.size
    for biases, first in (
        (settings.input_gate_bias, cells),
        (settings.output_gate_bias, cells + settings.blocks),
        (settings.forget_gate_bias, cells + 2 * settings.blocks),
    ):
        if biases is not None:
            rows = slice(first, first + settings.blocks)
            assert W[rows, -1].tolist() == list(biases) and len(biases) == settings.blocks
            assert net.present[rows, -1].all()
            W[rows, -1] = settings.init_range / 2
    for weights, present in (W, net.present), (memory.V, net.present_out):
        assert (weights[present == 0] == 0).all()
        drawn = np.abs(weights[present == 1])
        assert (drawn > 0).all() and drawn.max() <= settings.init_range
    everything = np.concatenate([W[net.present == 1], memory.V[net.present_out == 1]])
    assert np.abs(everything).max() > 0.9 * settings.init_range
    assert all(not array.any() for name, array in memory._asdict().items() if name not in ("W", "V"))


def test_a_seed_is_a_network():
    settings, net = built("adding_t100", "paper")
    one, again, other = (model.initial(settings, net, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.W, again.W) and np.array_equal(one.V, again.V)
    assert not np.array_equal(one.W, other.W)
    assert one.W is not again.W and not np.shares_memory(one.W, again.W)


def test_where_the_gates_stand():
    """Two blocks of two cells, units in the order cells, input, output, forget gates."""
    changes = {"forget_gate": True, "forget_gate_bias": [0.5, 1.0], "output_gate_bias": [-1.0, -2.0]}
    defaults = config.load_params(PAPER)["defaults"]
    settings = config.validate(PAPER, defaults | changes | {"input_gate_bias": [-3.0, -6.0]}, "test")
    net = model.network(settings, 2, 1)
    assert (net.output_gates, net.forget_gates, net.recurrent) == (6, 8, 10)
    biases = model.initial(settings, net, np.random.default_rng(1)).W[4:, -1]
    assert biases.tolist() == [-3, -6, -1, -2, 0.5, 1]
    bare = config.validate(PAPER, defaults | {"output_gate": False, "gates_see_gates": False}, "test")
    net = model.network(bare, 2, 1)
    assert (net.output_gates, net.forget_gates, net.recurrent) == (-1, -1, 4)
    assert model.network(bare.model_copy(update={"recurrent": False}), 2, 1).recurrent == 0


def test_output_connections_by_hand():
    """One cell, two inputs, one output: cell, inputs, bias."""
    defaults = config.load_params(PAPER)["defaults"] | {"blocks": 1, "size": 1}

    def row(**changes):
        return model.output_connections(config.validate(PAPER, defaults | changes, "test"), 2, 1).tolist()

    assert row() == [[True, False, False, True]]
    assert row(outputs_see_inputs=True) == [[True, True, True, True]]
    assert row(output_bias=False) == [[True, False, False, False]]
