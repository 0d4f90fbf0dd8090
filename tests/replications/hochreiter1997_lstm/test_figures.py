"""The figures, drawn from invented runs."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from common import config
from common.reporting.pages import figures as look
from replications.hochreiter1997_lstm import figure_data, figures
from replications.hochreiter1997_lstm.trials import Windowed
from tests.replications.hochreiter1997_lstm.tiny import PAPER, settings

STRINGS = ("BTBTXSETE", "BPBPVVEPE", "BTBPTVPSETE", "BPBTSSXXVVEPE")


@pytest.fixture(autouse=True)
def _style():
    with look.style():
        yield


def run(metrics=None, scale="paper", **drawn):
    seeds = max((len(values) for values in (metrics or {}).values()), default=1)
    return {"scale": scale, "metrics": metrics or {}, "figures": drawn, "seeds": list(range(1, seeds + 1))}


def a_stream(strings, forget):
    """States that grow until a gate, if there is one, empties them at the start of a string."""
    symbols = "".join(strings)
    starts = [place == 0 for string in strings for place in range(len(string))]
    since, size = 0, []
    for start in starts:
        since = 1 if start and forget else since + 1
        size.append(since)
    data = {"symbols": symbols, "starts": starts, "states": [[0.3 * n for n in size], [-0.1 * n for n in size]]}
    return data | ({"forget": [[0.05 if start else 0.98 for start in starts]] * 2} if forget else {})


def some_trials(center, count=10, failed=0):
    values = center * np.exp(np.random.default_rng(round(center)).normal(0, 0.4, count))
    sequences = {str(seed): float(value) for seed, value in enumerate(values[failed:], failed + 1)}
    return {"sequences": sequences, "solved": {str(n + 1): float(n >= failed) for n in range(count)}}


def drawn(runs):
    return {name: (caption, figure) for name, caption, figure in figures.draw(runs)}


def lines(axes, marker):
    return [line for line in axes.lines if line.get_marker() == marker]


def test_nothing_is_drawn_without_runs_or_from_runs_without_data():
    assert drawn({}) == {}
    assert drawn({"order_6a": run({"solved": {"1": 0.0}}), "continual_1997": run()}) == {}


def test_the_error_flow_shows_both_networks_over_all_steps():
    flow = {"steps": [0, 1, 2, 3], "lstm": [0.0, 0.0, 0.0, 0.0], "elman": [0.0, -1.0, -2.5, -3.0]}
    axes = drawn({"elman_reber": run(), "reber_3x2_lr05": run(error_flow=flow)})["error-flow"][1].axes[0]
    assert [list(line.get_ydata()) for line in axes.lines] == [flow["lstm"], flow["elman"]]
    assert axes.yaxis.get_major_formatter()(-3, 0) == "$10^{-3}$"


def test_the_two_streams_stand_above_each_other_on_one_scale():
    runs = {
        "continual_1997": run(stream=a_stream(STRINGS, False)),
        "continual_forget": run(stream=a_stream(STRINGS, True)),
    }
    above, below = drawn(runs)["stream"][1].axes
    assert above.get_ylim() == below.get_ylim()
    assert above.get_title(loc="left").startswith("1997") and below.get_title(loc="left").startswith("2000")
    for axes in (above, below):
        assert list(lines(axes, "|")[0].get_xdata()) == [0, 9, 18, 29]  # where the strings begin


def test_one_stream_alone_is_drawn_too_and_gates_only_where_there_are_any():
    found = drawn({"continual_1997": run(stream=a_stream(STRINGS, False))})
    assert set(found) == {"stream"} and len(found["stream"][1].axes) == 1


def test_the_zoom_begins_with_a_string_and_names_every_symbol():
    stream = a_stream(STRINGS * 4, True)  # 168 symbols: too many to read
    _, below = drawn({"continual_forget": run(stream=stream)})["forgetting"][1].axes
    shown = "".join(label.get_text() for label in below.get_xticklabels())
    assert stream["symbols"].endswith(shown)
    assert len(shown) <= figures.LONGEST_ZOOM and shown.startswith(("BT", "BP"))
    first = int(below.get_xticks()[0])
    assert stream["starts"][first]
    gates = [line for line in below.lines if len(line.get_ydata()) == len(shown)]
    assert list(gates[0].get_ydata()) == stream["forget"][0][first:]


def test_a_smaller_scale_is_not_held_against_printed_numbers():
    runs = {"lag_2c_q50_p50": run(some_trials(3000), scale="quick")}
    found = drawn(runs)
    assert "printed" not in found["effort"][0]
    assert not lines(found["effort"][1].axes[0], "D")


def test_figures_become_svg_with_their_words(tmp_path):
    flow = {"steps": [0, 1], "lstm": [0.0, 0.0], "elman": [0.0, -1.0]}
    for name, (_, figure) in drawn({"order_6a": run(some_trials(30000), error_flow=flow)}).items():
        look.save(figure, tmp_path / f"{name}.svg")
    assert "Elman network" in (tmp_path / "error-flow.svg").read_text()
    assert "10 of 10" in (tmp_path / "effort.svg").read_text()


def test_every_experiment_shows_its_trials_and_how_many_succeeded():
    runs = {
        "reber_3x2_lr05": run(some_trials(8000, 30, failed=1)),
        "order_6a": run(some_trials(30000)),
        "continual_forget": run({"streams": {"1": 9000.0}, "perfect": {"1": 1.0, "2": 0.0}}),
    }
    caption, figure = drawn(runs)["effort"]
    axes = figure.axes[0]
    written = [text.get_text() for text in axes.texts]
    assert [text for text in written if " of " in text and text[0].isdigit() and len(text) < 9] == [
        "29 of 30",
        "10 of 10",
        "1 of 2",
    ]
    assert [text[:4] for text in written if "," in text] == ["1997", "1997", "2000"]  # a heading for each table
    assert [line.get_xdata()[0] for line in lines(axes, "D")] == [8440, 31390, 18889]
    # The quotation of 8440 in the paper of 2000 is not a second row, and a number from memory is hollow.
    filled = [line.get_markerfacecolor() for line in lines(axes, "D")]
    assert filled == [figures.PRINTED, figures.PRINTED, "none"]
    assert to_hex(lines(axes, "|")[0].get_color()) == figures.OURS


def test_readings_stand_apart_those_that_no_trial_learnt_too():
    runs = {"adding_t100": run(some_trials(3000)), "adding_no_slope": run(some_trials(900, 10, failed=10))}
    effort, readings = (drawn(runs)[name][1].axes[0] for name in ("effort", "readings"))
    counts = [[text.get_text() for text in axes.texts if " of " in text.get_text()] for axes in (effort, readings)]
    assert counts == [["10 of 10"], ["10 of 10", "0 of 10"]]


def test_errors_stand_against_targets_and_states_fall_together():
    """Data of trials of a few sequences."""
    short = {"length": 20, "max_sequences": 20_000}
    setting = config.validate(PAPER, config.resolve(PAPER, "adding_no_slope", "paper") | short, "test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure_data, "WATCHED", (1000, 2000))
        tails = figure_data.collect(setting, [Windowed(setting, 1)])
    panels = drawn({"adding_no_slope": run(**tails)})["tails"][1].axes
    assert [axes.get_title(loc="left")[:8] for axes in panels] == ["with the"] * 2 + ["without "] * 2
    assert all(len(lines(axes, "o")[0].get_xdata()) == 1000 for axes in panels)
    setting = config.validate(PAPER, settings("lag_2c_q50_p50", lr=0.01, max_sequences=10_000), "test")
    fallen, kept = Windowed(setting, 1), Windowed(setting, 2)
    fallen.curve, kept.curve = [(1, 0.5), (2, 0.1), (3, 0.5)], [(1, 0.5), (2, 0.1), (3, 0.2)]
    course = figure_data.collect(setting, [kept, fallen])
    assert course["fall"] == figure_data.fall(setting, 1) and course["fall"]["sequences"] == [5000, 10_000]
    above, below = drawn({"lag_2c_q50_p50": run(**course)})["fall"][1].axes
    assert list(above.lines[0].get_ydata()) == course["fall"]["error"]
    assert [list(line.get_ydata()) for line in below.lines[:2]] == np.transpose(course["fall"]["x"]).tolist()
