"""Which weights a network of memory cells has: the papers' printed counts, and pictures of small ones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.cells.elman import Elman
from common.cells.lstm import connections, units
from common.errors import UserError

FORGETS = {"forget_gate": True, "gates_see_gates": False}
ALL_BIASES = {"cell_bias": True}
NO_BIASES = {"gate_bias": False}
ONLY_INPUTS = NO_BIASES | {"output_gate": False, "recurrent": False}


@pytest.mark.parametrize(
    "inputs, blocks, size, options, outputs, see_inputs, have_biases, printed",
    [
        (7, 4, 1, {}, 7, False, False, 264),  # 1997, table 1
        (7, 3, 2, {}, 7, False, False, 276),
        (101, 1, 1, ONLY_INPUTS, 101, True, False, 10504),  # table 2
        (54, 2, 1, NO_BIASES, 2, False, False, 364),  # table 3, p = 50 ... 1000
        (104, 2, 1, NO_BIASES, 2, False, False, 664),
        (204, 2, 1, NO_BIASES, 2, False, False, 1264),
        (504, 2, 1, NO_BIASES, 2, False, False, 3064),
        (1004, 2, 1, NO_BIASES, 2, False, False, 6064),
        (1, 3, 1, ALL_BIASES, 1, False, False, 102),  # tables 4-6
        (2, 2, 2, ALL_BIASES, 1, False, True, 93),  # tables 7 and 8
        (8, 2, 2, ALL_BIASES, 4, False, True, 156),  # table 9
        (8, 3, 2, ALL_BIASES, 8, False, True, 308),
        (7, 4, 2, FORGETS, 7, True, True, 424),  # Gers et al. 2000, section 4
    ],
)
def test_as_many_weights_as_printed(inputs, blocks, size, options, outputs, see_inputs, have_biases, printed):
    """Weights into the hidden units, and into outputs that see the cells and sometimes the inputs."""
    hidden = connections(inputs, blocks, size, **options).sum()
    assert hidden + outputs * (blocks * size + see_inputs * inputs + have_biases) == printed


def picture(mask) -> list[str]:
    return ["".join("#" if connected else "." for connected in row) for row in mask]


def test_connections_by_hand():
    """One input; two blocks of one cell; columns: input, cells, input gates, output gates, (forget gates,) bias."""
    assert picture(connections(1, 2, 1)) == 2 * ["#######."] + 4 * ["########"]
    assert picture(connections(1, 2, 1, **FORGETS)) == 2 * ["###......."] + 6 * ["###......#"]
    assert picture(connections(1, 2, 1, cell_bias=True, gate_bias=False)) == 2 * ["########"] + 4 * ["#######."]
    assert picture(connections(1, 2, 1, output_gate=False, recurrent=False)) == 2 * ["#....."] + 2 * ["#....#"]


def test_order_of_the_units():
    assert units(3, 2) == {"c": slice(0, 6), "in": slice(6, 9), "out": slice(9, 12)}
    assert units(3, 2, forget_gate=True)["phi"] == slice(12, 15)
    assert units(3, 2, forget_gate=True, output_gate=False) == {
        "c": slice(0, 6),
        "in": slice(6, 9),
        "phi": slice(9, 12),
    }


def test_four_times_the_weights_of_a_simple_network_of_the_same_width():
    simple = sum(p.numel() for p in Elman(9, 5).parameters())
    assert connections(9, 5, 1, gate_bias=False, **FORGETS).sum() == 4 * simple


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 4), st.booleans(), st.booleans())
def test_weight_count_of_any_size(inputs, blocks, size, forget_gate, output_gate):
    """Every unit sees inputs and units of t-1; gates see their bias."""
    gates = blocks * (1 + forget_gate + output_gate)
    total = blocks * size + gates
    mask = connections(inputs, blocks, size, forget_gate=forget_gate, output_gate=output_gate)
    assert mask.shape == (total, inputs + total + 1)
    assert mask.sum() == total * (inputs + total) + gates


@pytest.mark.parametrize(
    "sizes, message",
    [((0, 1, 1), "0 inputs"), ((1, 0, 1), "0 memory blocks of 1"), ((1, 1, 0), "1 memory blocks of 0 cells")],
)
def test_a_network_without_cells_or_inputs(sizes, message):
    with pytest.raises(UserError, match=message):
        connections(*sizes)
