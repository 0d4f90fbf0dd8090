"""The networks of both papers: which connections exist, and how their weights start.

The cell itself stands in :mod:`common.cells.lstm`, to be read; :mod:`replications.hochreiter1997_lstm.lstm_kernel` is
the same cell compiled, with the papers' learning algorithm. Both take the weights that are laid out here.
"""

import numpy as np

from common.cells.lstm import connections, units
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.lstm_kernel import Memory, Network

G = {"centred": (-2.0, 2.0), "exchanged": (-1.0, 1.0), "logistic": (0.0, 1.0), "identity": (0.0, 0.0)}
H = G | {"centred": G["exchanged"], "exchanged": G["centred"]}
PARTS = ("forget_gate", "output_gate", "gates_see_gates", "recurrent", "cell_bias", "gate_bias")


def parts(config: Config) -> dict[str, bool]:
    """The settings that say which gates and connections an LSTM network has."""
    return {name: getattr(config, name) for name in PARTS}


def output_connections(config: Config, inputs: int, outputs: int) -> np.ndarray:
    """Which weights into the outputs exist, bool ``[K, C + I + 1]``: cells, inputs, bias."""
    cells = config.blocks * config.size
    mask = np.zeros((outputs, cells + inputs + 1), bool)
    mask[:, :cells] = True
    mask[:, cells:-1] = config.outputs_see_inputs
    mask[:, -1] = config.output_bias
    return mask


def network(config: Config, inputs: int, outputs: int) -> Network:
    """The network of a setting."""
    where = units(config.blocks, config.size, forget_gate=config.forget_gate, output_gate=config.output_gate)
    present = connections(inputs, config.blocks, config.size, **parts(config))
    seen = (len(present) if config.gates_see_gates else where["c"].stop) if config.recurrent else 0
    return Network(
        blocks=config.blocks,
        size=config.size,
        inputs=inputs,
        recurrent=seen,
        output_gates=where["out"].start if config.output_gate else -1,
        forget_gates=where["phi"].start if config.forget_gate else -1,
        decay=config.state_decay,
        g=G[config.g],
        h=H[config.h],
        output_slope=config.output_slope,
        present=present.astype(np.float64),
        present_out=output_connections(config, inputs, outputs).astype(np.float64),
    )


def parameters(net: Network) -> int:
    """How many weights there are."""
    return int(net.present.sum() + net.present_out.sum())


def initial(config: Config, net: Network, rng: np.random.Generator) -> Memory:
    """Weights drawn from U[-init_range, init_range], gate biases as the experiment sets them, block by block."""
    W = rng.uniform(-config.init_range, config.init_range, net.present.shape) * net.present
    V = rng.uniform(-config.init_range, config.init_range, net.present_out.shape) * net.present_out
    cells = net.blocks * net.size
    for biases, first in (
        (config.input_gate_bias, cells),
        (config.output_gate_bias, net.output_gates),
        (config.forget_gate_bias, net.forget_gates),
    ):
        if biases is not None:
            W[first : first + net.blocks, -1] = biases
    shapes = W.shape, V.shape, cells, len(W), len(W), cells, (3, cells, W.shape[1]), len(V), len(V)
    return Memory(W, V, *(np.zeros(shape) for shape in shapes))
