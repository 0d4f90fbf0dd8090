"""Learning curves: one panel per experiment, every seed a line, the others (where few) behind it in grey."""

import math
from collections.abc import Iterator, Sequence
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from common.reporting.evidence.published import Paper
from common.reporting.evidence.results import Runs
from common.reporting.pages.figures import INK, PALE, PALETTE
from common.reporting.pages.summary import Result

COLUMNS = 3
BEHIND = 60  # with more curves than this, the others behind a panel's own are a grey blot
LONG = 1000  # more steps than so many times the first ones are drawn on a logarithmic axis
POINTS = 20_000  # of one figure: what a browser draws at once
TANGLE = 100  # longer lines of a single experiment get a panel each
Curves = dict[str, dict[str, list[tuple[float, float]]]]  # experiment -> seed -> (epoch, value)


def curves_of(runs: Runs, metric: str) -> Curves:
    """The finite points of ``metric`` by epoch, or by step where nothing has epochs (they are all 0); experiments
    with at most one point per seed have no curve.
    """
    found: Curves = {}
    for name, run in runs.items():
        seeds: dict[str, list[tuple[float, float]]] = {}
        for seed, epoch, step, measured, value in run.history:
            if measured == metric and math.isfinite(value):
                seeds.setdefault(seed, []).append((epoch or step, value))
        if any(len(points) > 1 for points in seeds.values()):
            found[name] = {seed: sorted(points) for seed, points in seeds.items()}
    return found


def learning_curves(
    paper: Paper, scale: str, runs: Runs, results: Sequence[Result]
) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every ``valid/...`` metric of the histories at one scale, and for every metric of
    learning without epochs.

    Where a published number is about the same quantity (``test/perplexity`` for ``valid/perplexity``) and the
    same data, a dashed line shows it.
    """
    rows = [row for run in runs.values() for row in run.history]
    metrics = {row[3] for row in rows if row[3].startswith("valid/") or not row[1]}
    if "valid/perplexity" in metrics:
        metrics.discard("valid/nll")  # its logarithm
    online = {row[3] for row in rows if not row[1]}
    for metric in sorted(metrics):
        curves = curves_of(runs, metric)
        if not curves:
            continue
        quantity = metric.partition("/")[2]
        published = {
            one.experiment: one.published
            for one in reversed(results)
            if one.scale == scale and one.comparable and one.published is not None
            and one.metric.partition("/")[2] == quantity and one.experiment in curves
        }  # fmt: skip
        unit = paper.unit(metric) or paper.unit(f"test/{quantity}") or quantity
        curves, published = apart(thinned(curves), published)
        when = f"against {paper.steps}" if metric in online else "after each epoch"
        caption = f"Learning curves at scale {scale}: {metric} {when}, every seed a line."
        if published:
            caption += " Dashed: the published test value."
        name = f"curves-{scale}-{quantity.replace('/', '-')}"
        yield name, caption, _panels(curves, published, unit, paper.steps if metric in online else "epoch")


def thinned(curves: Curves) -> Curves:
    """The same curves with every n-th point and the last, where all their points together are too many to draw."""
    points = sum(len(line) for seeds in curves.values() for line in seeds.values())
    step = math.ceil(points / POINTS)
    return {name: {seed: line[:-1:step] + line[-1:] for seed, line in seeds.items()} for name, seeds in curves.items()}


def apart(curves: Curves, published: dict[str, float]) -> tuple[Curves, dict[str, float]]:
    """Long curves of a single experiment, and few of them, by seed: a panel each."""
    lines = {(name, seed): line for name, seeds in curves.items() for seed, line in seeds.items()}
    if len(curves) > 1 or len(lines) > COLUMNS**2 or max(map(len, lines.values())) <= TANGLE:
        return curves, published
    return (
        {f"{name}, seed {seed}": {seed: line} for (name, seed), line in lines.items()},
        {f"{name}, seed {seed}": published[name] for name, seed in lines if name in published},
    )


def _panels(curves: Curves, published: dict[str, float], unit: str, across: str) -> Figure:
    columns = min(COLUMNS, len(curves))
    rows = math.ceil(len(curves) / columns)
    figure = Figure(figsize=(9.6 if columns == COLUMNS else 3.4 * columns + 0.6, 0.5 + 2.05 * rows))
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    few = sum(len(seeds) for seeds in curves.values()) <= BEHIND
    for index, (axes, name) in enumerate(zip(grid.flat, curves, strict=False)):
        for other, seeds in curves.items():
            if few and other != name:
                for points in seeds.values():
                    axes.plot(*zip(*points, strict=True), color=PALE, linewidth=0.6, alpha=0.45, zorder=1)
        color = PALETTE[index % len(PALETTE)]
        thin = len(curves[name]) > 8
        for points in curves[name].values():
            axes.plot(*zip(*points, strict=True), color=color, linewidth=0.7 if thin else 1.4,
                      alpha=0.6 if thin else 1.0, zorder=3)  # fmt: skip
        if name in published:
            axes.axhline(published[name], color=INK, linestyle=(0, (4, 3)), linewidth=1.0, zorder=2)
            # Curves come from above: the place below the line, on the left, is free.
            place = (0.02, published[name])
            axes.annotate(
                f"{published[name]:g}", place, (0, -3), ("axes fraction", "data"), "offset points", va="top", fontsize=8
            )
        axes.set_title(name)
        axes.tick_params(left=index % columns == 0)
        if index + columns >= len(curves):  # the lowest panel of its column
            axes.tick_params(labelbottom=True)
            axes.set_xlabel(across)
    for axes in grid.flat[len(curves) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(fill(unit, 26))
    _scale(grid[0, 0], curves, list(published.values()))
    return figure


def _scale(axes: Axes, curves: Curves, published: list[float]) -> None:
    """Logarithmic where the values span much, with plain numbers at round places."""
    values = [value for seeds in curves.values() for points in seeds.values() for _, value in points] + published
    low, high = min(values), max(values)
    steps = [step for seeds in curves.values() for points in seeds.values() for step, _ in points]
    if max(steps) > LONG * max(min(steps), 1):
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6 if max(steps) < 100_000 else 3))
    if low == 0 and high > 100:  # counts: small ones are seen beside large ones, and nought
        axes.set_yscale("symlog", linthresh=1)
        return
    if low <= 0 or high / low < 2.5:
        return
    steps = (1, 1.2, 1.5, 2, 3, 4, 6, 8) if high / low < 6 else (1, 2, 5)
    axes.set_yscale("log")
    axes.set_ylim(low / (high / low) ** 0.12, high * (high / low) ** 0.04)
    places = [step * 10**power for power in range(-6, 9) for step in steps]
    axes.set_yticks([place for place in places if low * 0.97 <= place <= high])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()
