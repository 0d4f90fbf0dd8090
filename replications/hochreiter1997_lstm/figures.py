"""The figures: error flow, cells on an endless stream, errors by target, a network that falls
back, every trial beside the printed mean."""

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, MaxNLocator, NullLocator

from common.reporting.evidence.published import Row, load_paper
from common.reporting.evidence.statistics import median_interval
from common.reporting.pages.figures import INK, PALE, PALETTE

PAPER = "hochreiter1997_lstm"
Runs = dict[str, dict]
STREAMS = {"continual_1997": "1997: nothing forgets", "continual_forget": "2000: forget gates"}
LONGEST_ZOOM = 75  # symbols that can still be read one by one
READINGS = "Readings"  # how the tables of ours begin
OURS, PRINTED = PALETTE[0], PALETTE[1]
INTERVAL = 1.2  # width of its line


def draw(runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    for name, make in (("error_flow", error_flow), ("tails", tails), ("fall", fall)):
        if found := next((run["figures"][name] for run in runs.values() if name in run["figures"]), None):
            yield name.replace("_", "-"), *make(found)
    streams = {
        name: runs[name]["figures"]["stream"] for name in STREAMS if name in runs and "stream" in runs[name]["figures"]
    }
    if streams:
        yield "stream", *stream(streams)
    if streams.get("continual_forget", {}).get("forget"):
        yield "forgetting", *forgetting(streams["continual_forget"])
    for name, readings in (("effort", False), ("readings", True)):
        rows = [(where, row) for where, row in effort_rows(readings) if row.experiment in runs]
        if any(trials(runs, row.experiment, row.metric) for _, row in rows):
            yield name, *effort(runs, rows)


def trials(runs: Runs, experiment: str, metric: str = "sequences") -> list[float]:
    """The values of the trials that succeeded, from the smallest."""
    return sorted(runs[experiment]["metrics"].get(metric, {}).values()) if experiment in runs else []


def effort_rows(readings: bool = False) -> list[tuple[str, Row]]:
    """(table, row) wherever the paper counts training sequences or streams, or those of our readings; a quoted row
    counts once."""
    found = {}
    for table, row in load_paper(PAPER).rows():
        if row.metric.startswith(("sequences", "streams")) and table.where.startswith(READINGS) == readings:
            found.setdefault((row.experiment, row.metric), (table.where, row))
    return list(found.values())


def is_papers_own(runs: Runs) -> bool:
    """Whether the runs are of the scale that the printed numbers are about."""
    return all(run["scale"] == "paper" for run in runs.values())


def error_flow(flow: dict) -> tuple[str, Figure]:
    """How much of an error is left after q steps back."""
    figure = Figure(figsize=(6.4, 3))
    axes = figure.add_subplot()
    axes.plot(flow["steps"], flow["lstm"], color=OURS, label="LSTM, inside the cell")
    axes.plot(flow["steps"], flow["elman"], color=PRINTED, label="Elman network")
    axes.legend()
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_formatter(lambda power, _: f"$10^{{{power:g}}}$")
    axes.margins(x=0.01, y=0.12)
    axes.set(xlabel="steps back in time", ylabel="size of the error")
    return (
        "An error on its way back in time, relative to its size where it began (geometric mean). The carousel of a "
        "memory cell hands it on unchanged; in a recurrent network it is multiplied by weights and slopes at every "
        "step, and vanishes."
    ), figure


def stream(streams: dict[str, dict]) -> tuple[str, Figure]:
    """The states of all cells, above without and below with forget gates, on one scale."""
    figure = Figure(figsize=(9, 1.9 * len(streams) + 0.5))
    panels = figure.subplots(len(streams), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, (name, data) in zip(panels, streams.items(), strict=True):
        _states(axes, data["states"])
        ends = [t for t, start in enumerate(data["starts"]) if start]
        foot = {"transform": axes.get_xaxis_transform(), "clip_on": False}  # along y, fractions of the panel
        axes.plot(ends, [0] * len(ends), "|", color=INK, markersize=4, markeredgewidth=0.6, **foot)
        axes.set_title(STREAMS[name])
        axes.set_ylabel("cell states")
    panels[-1].margins(x=0.01)
    panels[-1].set_xlabel("symbol of the stream (a tick: a string begins)")
    return (
        "Continual embedded Reber grammar, one trained network each; a line is the state of a cell. Nothing tells "
        "the networks where a string ends."
    ), figure


def _states(axes: Axes, states: Sequence[Sequence[float]], start: int = 0) -> None:
    axes.axhline(0, color=INK, linewidth=0.6)
    for cell, values in enumerate(states):
        axes.plot(range(start, start + len(values)), values, color=PALETTE[cell % len(PALETTE)], linewidth=1.1)


def forgetting(data: dict) -> tuple[str, Figure]:
    """The last strings of a stream, symbol by symbol: states above, forget gates below."""
    starts = [t for t, start in enumerate(data["starts"]) if start]
    length = len(data["symbols"])
    first = next((t for t in starts if length - t <= LONGEST_ZOOM), max(0, length - LONGEST_ZOOM))
    figure = Figure(figsize=(9, 3.8))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _states(above, [values[first:] for values in data["states"]], first)
    size = len(data["states"]) // len(data["forget"])
    for block, values in enumerate(data["forget"]):
        color = PALETTE[(size * block) % len(PALETTE)]
        below.plot(range(first, length), values[first:], color=color, linewidth=1.1)
    for axes in (above, below):
        axes.grid(visible=False)
        for t in starts:
            if t > first:
                axes.axvline(t - 0.5, color=PALE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    below.set_xticks(range(first, length), list(data["symbols"][first:]))
    below.tick_params(axis="x", length=0, labelsize=7.5)
    above.tick_params(axis="x", length=0)
    below.set(
        ylim=(-0.04, 1.04),
        yticks=(0, 0.5, 1),
        ylabel="forget gates",
        xlabel="symbol read",
        xlim=(first - 0.8, length - 0.2),
    )
    above.set_ylabel("cell states")
    return (
        "The last strings of the stream above, with forget gates: a line is a cell (above) or the gate of a block "
        "(below; 1 keeps the state, 0 empties it), in the colour of its first cell. Dashed: a new string "
        "begins."
    ), figure


def tails(found: dict[str, list[dict]]) -> tuple[str, Figure]:
    """Errors in adding against the targets: a row with and a row without the slope of the output."""
    figure = Figure(figsize=(8.4, 4.6))
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for row, (name, stages) in zip(panels, found.items(), strict=True):
        for axes, stage in zip(row, stages, strict=True):
            axes.plot(stage["target"], stage["error"], "o", color=OURS, alpha=0.3, markersize=3, markeredgewidth=0)
            axes.axhline(0.04, color=INK, linewidth=0.6)
            axes.set_title(f"{name} the slope, {stage['sequences']:,} sequences".replace(",", " "))
        row[0].set(ylabel="error", yscale="log", ylim=(1e-3, 1))
    for axes in panels[-1]:
        axes.set_xlabel("target")
    return (
        "Experiment 4 (T = 100): the error on 1000 test sequences against the sum asked for, one network each, trained "
        "with the slope y(1 - y) of the output in its error, as printed, and without. Above the line: wrong."
    ), figure


def fall(course: dict) -> tuple[str, Figure]:
    """A network of experiment 2c that learns and falls back: its error, and where the states of its cells end."""
    figure = Figure(figsize=(8.4, 4))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    above.plot(course["sequences"], course["error"], color=INK, linewidth=1.1)
    above.set_ylabel("mean error")
    for symbol, color in (("x", OURS), ("y", PRINTED)):
        for cell, (values, line) in enumerate(zip(zip(*course[symbol], strict=True), ("-", "--"), strict=True), 1):
            below.plot(
                course["sequences"], values, line, color=color, linewidth=1.1, label=f"cell {cell}, after {symbol}"
            )
    below.axhline(0, color=INK, linewidth=0.6)
    below.legend(ncols=2)
    below.set(ylabel="state at the end", xlabel="training sequences")
    below.xaxis.set_major_formatter(EngFormatter(sep=""))
    return (
        "Experiment 2c (q = 50): the trial that fell back furthest, watched as it is trained again. A class is "
        "told by where the states of the cells have drifted by the end of a sequence."
    ), figure


def _plain_log(axis, limits: tuple[float, float]) -> None:
    """Ticks at 1, 2 and 5 times powers of ten, written 20k and 1M."""
    low, high = limits
    steps = (1, 2, 5) if high / low < 200 else (1,)
    places = [step * 10.0**power for power in range(0, 9) for step in steps]
    axis.set_major_locator(FixedLocator([place for place in places if low <= place <= high]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(EngFormatter(sep=""))


def effort(runs: Runs, rows: list[tuple[str, Row]]) -> tuple[str, Figure]:
    """Every experiment on one axis: its trials, their median, and the printed mean."""
    places, heads, y = [], [], 0.0
    for number, (where, _) in enumerate(rows):
        if number == 0 or where != rows[number - 1][0]:
            heads.append((y, where))
            y += 1
        places.append(y)
        y += 1
    figure = Figure(figsize=(9, 0.23 * y + 0.7))
    axes = figure.add_subplot()
    for place, (_, row) in zip(places, rows, strict=True):
        _effort_row(axes, place, runs, row)
    for place, where in heads:
        _words(axes, where, (0, place), 4, fontsize=8.5, fontweight="bold")
    axes.set_yticks(places, [row.label for _, row in rows], fontsize=8.5)
    axes.set(ylim=(y - 0.3, -0.7), xscale="log", xlabel="sequences (2000, Tables 2 and 3: streams) to success")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    _plain_log(axes.xaxis, axes.get_xlim())
    caption = (
        "Training until success. A dot is a trial that succeeded, a bar the median, a line its 95 % "
        "interval; on the right, how many trials succeeded."
    )
    if is_papers_own(runs):
        caption += " Diamonds: the printed means (hollow where the number could not be checked)."
    return caption, figure


def _effort_row(axes: Axes, place: float, runs: Runs, row: Row) -> None:
    values = trials(runs, row.experiment, row.metric)
    _words(axes, f"{len(values)} of {len(runs[row.experiment]['seeds'])}", (1, place), 6, fontsize=8)
    axes.axhline(place, color=PALE, linewidth=0.5, alpha=0.5, zorder=0)
    if values:
        middle = median_interval(values)
        axes.plot(values, [place] * len(values), "o", color=OURS, alpha=0.4, markersize=4.5, markeredgewidth=0)
        if middle.low is not None:
            axes.plot([middle.low, middle.high], [place, place], color=OURS, linewidth=INTERVAL)
        axes.plot(middle.value, place, "|", color=OURS, markersize=11, markeredgewidth=2.2)
    if row.published is not None and is_papers_own(runs):
        filled = PRINTED if row.confidence != "unverified" else "none"
        axes.plot(row.published, place, "D", color=PRINTED, markerfacecolor=filled, markersize=4.5)


def _words(axes: Axes, text: str, place: tuple[float, float], right: float, **style) -> None:
    axes.annotate(
        text, place, (right, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center", **style
    )
