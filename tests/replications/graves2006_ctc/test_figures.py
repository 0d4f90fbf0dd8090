import numpy as np
import pytest
import torch

from common.reporting.pages.figures import save, style
from replications.graves2006_ctc import figure_data, figures
from replications.graves2006_ctc.module import Recogniser
from replications.graves2006_ctc.plain import prefix_tree


@pytest.fixture
def module(toy, settings):
    torch.manual_seed(1)
    return Recogniser(settings(hidden=4), toy).eval()


def test_every_figure_is_drawn(module, toy, tmp_path):
    early = {name: weight + 0.1 for name, weight in module.tested.state_dict().items()}
    data = figure_data.ctc(toy, module, module.outputs(toy.test), module.tested.state_dict(), early)
    tree = {
        "label": "",
        "rank": 0,
        "whole": 0.1,
        "longer": 0.9,
        "children": [
            {"label": "a", "rank": 1, "whole": 0.5, "longer": 0.1, "children": []},
            {"label": "b", "rank": None, "whole": 0.2, "longer": 0.1, "children": []},
        ],
    }
    data["tree"] = {"tree": tree, "best": ["a"], "best_path": [], "probability": 0.5}
    errors = {
        f"test/wer/{stage}{name}": {"1": 40.0, "2": 41.0} for stage in ("", "tuned/") for name in figures.DECODERS
    }
    runs = {
        "ctc": {"figures": data, "config": {"shift_ms": 10.0}},
        "characters": {"metrics": errors, "figures": {}},
        "hybrid": {"figures": {"frames": data["spikes"]["outputs"]}},
    }
    with style():
        drawn = list(figures.draw(runs))
        for name, caption, figure in drawn:
            assert caption.endswith(".")
            save(figure, tmp_path / f"{name}.svg")
    assert [name for name, *_ in drawn] == ["spikes", "error-signal", "prefix-search", "decoders"]
    assert not list(figures.draw({}))


def test_tree_holds_the_probabilities_of_the_search():
    y = np.array([[0.6, 0.4], [0.6, 0.4]])
    labels, log_p, root = prefix_tree(np.log(y))
    assert labels == (1,) and np.exp(log_p) == pytest.approx(0.64)
    assert np.exp(root.whole) == pytest.approx(0.36) and np.exp(root.longer) == pytest.approx(0.64)
    (child,) = root.children
    assert np.exp(child.longer) == pytest.approx(0, abs=1e-9)  # two labels would need a blank between them


def test_peaks():
    assert figures.peaks([0, 0.5, 0.9, 0.2, 0.4, 0.0]) == [2, 4]
    assert figures.peaks([0.1, 0.2]) == []
    assert figures.peaks([0.9]) == [0]


def test_other_weights_are_for_the_moment_only(module):
    before = {name: weight.clone() for name, weight in module.tested.state_dict().items()}
    with figure_data.weights_for_now(module, {name: torch.zeros_like(weight) for name, weight in before.items()}):
        assert not any(weight.any() for weight in module.tested.parameters())
    assert all(torch.equal(weight, before[name]) for name, weight in module.tested.state_dict().items())
