"""The figures, drawn from small invented runs."""

import pytest

from common.reporting.pages import figures as look
from replications.pascanu2013_clipping import figures


@pytest.fixture(autouse=True)
def _style():
    with look.style():
        yield


def trials(rates, trace=(0.5, 2.0, 1.0)):
    solved = {f"solved/{length}": {str(n): float(n < wins) for n in range(10)} for length, wins in rates.items()}
    traces = {str(length): {"updates": 10, "norms": list(trace)} for length in rates}
    return {"metrics": solved, "config": {"max_updates": 8000, "threshold": 1.0}, "figures": {"traces": traces}}


def drawn(runs):
    return {name: (caption, figure) for name, caption, figure in figures.draw(runs)}


def test_nothing_without_runs():
    assert drawn({}) == {} and drawn({"piano_c": {"metrics": {"test/nll": {"1": 7.0}}, "figures": {}}}) == {}


def test_success_against_length():
    runs = {"tanh_msgd": trials({20: 10, 50: 0}), "tanh_cr": trials({20: 10, 50: 7}), "smart_cr": trials({20: 9})}
    caption, figure = drawn(runs)["success"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["basic tanh", "smart tanh"]
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["clipping and regulariser"].get_ydata()) == [1.0, 0.7]
    assert "8,000 updates" in caption


def test_a_method_that_is_not_run_yet_leaves_the_panels_their_width():
    lengths = {20: 9, 50: 2, 100: 0, 200: 0}
    _, figure = drawn({"tanh_cr": trials(lengths), "smart_c": trials(lengths)})["success"]
    figure.draw_without_rendering()
    assert all(axes.get_position().width > 0.3 for axes in figure.axes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["clipping and regulariser", "clipping"]


def test_gradient_norms_have_the_threshold():
    _, figure = drawn({"tanh_c": trials({20: 1, 50: 2}), "tanh_msgd": trials({20: 1})})["norms"]
    assert len(figure.axes) == 2
    assert any(set(line.get_ydata()) == {1.0} for line in figure.axes[0].lines)
    assert list(figure.axes[0].lines[0].get_xdata()) == [10, 20, 30]


def test_far_lengths_are_those_of_the_networks_that_have_learnt():
    metrics = {"solved": {"1": 1.0, "2": 0.0}, "test/wrong/500": {"1": 0.3}, "test/wrong/50": {"1": 0.0, "2": 0.7}}
    _, figure = drawn({"order_mixed": {"metrics": metrics, "config": {"lengths": [50, 200]}, "figures": {}}})["far"]
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["seed 1"].get_xdata()) == [50, 500] and list(lines["seed 1"].get_ydata()) == [0.0, 0.3]
    assert "seed 2" not in lines
    assert "far" not in drawn({"order_mixed": {"metrics": {"solved": {"1": 0.0}}, "figures": {}}})


def test_mechanics():
    norms = {"mean": [1.0, 0.45, 0.16], "low": [1.0, 0.4, 0.1], "high": [1.0, 0.5, 0.25]}
    surface = {
        "weights": [4.0, 5.0],
        "biases": [-3.0, -2.0],
        "loss": [[0.1, 0.2], [0.3, 0.0]],
        "paths": {"plain": [[4.5, -2.5], [9.0, 1.0]], "clipped": [[4.5, -2.5], [4.4, -2.4]]},
    }
    runs = {
        "geometry": {
            "metrics": {},
            "figures": {
                "surface": surface,
                "signals": {f"{a}/{s}": norms for a in ("tanh", "sigmoid") for s in ("0.5", "3")},
                "linear": {"1": [1.0, 1.0], "1.01": [1.0, 20959.0], "0.01": [1.0, 0.0]},
            },
        }
    }
    found = drawn(runs)
    assert set(found) == {"cliff", "signals", "linear"}
    assert list(found["signals"][1].axes[0].lines[0].get_ydata()) == norms["mean"]
