"""The figures: the cliff, signals on their way back, a linear unit, success and mistakes by length, gradient norms."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from common.reporting.evidence.statistics import binomial
from common.reporting.pages.figures import INK, PALE, PALETTE

Runs = dict[str, dict]
INITIALISATIONS = {"sigmoid": "sigmoid", "tanh": "basic tanh", "smart": "smart tanh"}
METHODS = {
    "msgd": ("plain gradient descent", PALETTE[1]),
    "c": ("clipping", PALETTE[5]),
    "cr": ("clipping and regulariser", PALETTE[0]),
}
CHANCE = 0.75  # of being wrong, with the four classes of the temporal order
BESIDE = 1.04  # lines that would lie on each other stand this far apart


def draw(runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    mechanics = runs.get("geometry", {}).get("figures", {})
    if mechanics:
        yield "cliff", *cliff(mechanics["surface"])
        yield "signals", *signals(mechanics["signals"])
        yield "linear", *linear(mechanics["linear"])
    if any(success(runs, f"{name}_{method}") for name in INITIALISATIONS for method in METHODS):
        yield "success", *success_rates(runs)
    traces = {method: runs[f"tanh_{method}"]["figures"]["traces"] for method in METHODS if f"tanh_{method}" in runs}
    if "c" in traces:
        yield "norms", *gradient_norms(traces, runs["tanh_c"]["config"]["threshold"])
    if any(runs.get("order_mixed", {}).get("metrics", {}).get("solved", {}).values()):
        yield "far", *far_lengths(runs["order_mixed"])


def success(runs: Runs, experiment: str) -> dict[int, tuple[int, int]]:
    """Length -> successes and trials."""
    metrics = runs[experiment]["metrics"] if experiment in runs else {}
    found = {int(name.partition("/")[2]): seeds for name, seeds in metrics.items() if name.startswith("solved/")}
    return {length: (round(sum(seeds.values())), len(seeds)) for length, seeds in sorted(found.items())}


def cliff(surface: dict) -> tuple[str, Figure]:
    """Figure 6: the loss of the one-unit network over its two parameters, and two descents."""
    figure = Figure(figsize=(7.2, 4.2))
    axes = figure.add_subplot()
    weights, biases = surface["weights"], surface["biases"]
    loss = np.maximum(np.array(surface["loss"]), 1e-4)
    shades = axes.pcolormesh(
        weights, biases, loss.T, norm=LogNorm(1e-4, 0.5), cmap="Greys", shading="nearest", rasterized=True
    )
    figure.colorbar(shades, ax=axes, label="loss", pad=0.01)
    for (name, path), color in zip(surface["paths"].items(), (PALETTE[1], PALETTE[0]), strict=True):
        axes.plot(*np.array(path).T, color=color, marker=".", markersize=3, linewidth=1, label=f"{name} descent")
    axes.plot(*surface["paths"]["plain"][0], "o", color=INK, markersize=6, label="start")
    axes.set(xlabel="weight w", ylabel="bias b", xlim=(weights[0], weights[-1]), ylim=(biases[0], biases[-1]))
    axes.grid(False)
    figure.legend(loc="outside upper left", ncols=3)
    return (
        "The loss of a network of one unit, x ← w σ(x) + b for 50 steps, over its two parameters (Figure 6). Along the "
        "edge the loss jumps: a plain step that meets it leaves the picture, a step of bounded length stays. The start "
        "is the one of our seeds from which the plain descent is thrown farthest."
    ), figure


def signals(found: dict[str, dict[str, list[float]]]) -> tuple[str, Figure]:
    """Size of the signal against how far back it has come, by the scale of W_rec."""
    figure = Figure(figsize=(9, 3.2))
    panels = figure.subplots(1, 2, sharey=True)
    scales = sorted({float(name.partition("/")[2]) for name in found})
    for axes, activation in zip(panels, ("tanh", "sigmoid"), strict=True):
        for scale, color in zip(scales, PALETTE, strict=False):
            norms = found[f"{activation}/{scale:g}"]
            lags = range(len(norms["mean"]))
            axes.fill_between(lags, norms["low"], norms["high"], color=color, alpha=0.15, linewidth=0)
            axes.plot(lags, norms["mean"], color=color, label=f"{scale:g}/γ")
        axes.set(
            title=f"{activation}, γ = {1 if activation == 'tanh' else '¼'}",
            xlabel="steps back",
            yscale="log",
            ylim=(1e-9, 1e4),
        )
        axes.margins(x=0)
    panels[0].set_ylabel("size of the signal")
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=len(scales),
        title="largest singular value of the recurrent weights",
    )
    return (
        "A signal on its way back in time, relative to its size at the end (geometric mean and range over random "
        "networks of 50 units). Below 1/γ it must vanish, whatever the inputs are; above, it may still vanish, and "
        "only far above it grows."
    ), figure


def success_rates(runs: Runs) -> tuple[str, Figure]:
    """Figure 7: how many networks succeed, against length, for each initialisation."""
    shown = [name for name in INITIALISATIONS if any(success(runs, f"{name}_{method}") for method in METHODS)]
    figure = Figure(figsize=(max(3.1 * len(shown) + 0.4, 6), 3.2))
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, shown, strict=True):
        for place, (method, (label, color)) in enumerate(METHODS.items()):
            _rates(axes, success(runs, f"{name}_{method}"), BESIDE ** (place - 1), color, label)
        axes.set(title=INITIALISATIONS[name], xlabel="length", xscale="log", ylim=(-0.04, 1.04))
        lengths = sorted({length for method in METHODS for length in success(runs, f"{name}_{method}")})
        axes.set_xticks(lengths, [str(length) for length in lengths])
        axes.minorticks_off()
    panels[0].set_ylabel("success rate")
    lines = {line.get_label(): line for axes in panels for line in axes.get_lines()}
    figure.legend(lines.values(), lines.keys(), loc="outside upper center", ncols=3)
    cap = max(run["config"]["max_updates"] for name, run in runs.items() if name.rpartition("_")[0] in shown)
    return (
        f"How many networks learn the temporal order within {cap:,} updates (the paper: 5,000,000), against the length "
        "of the sequences; bars are exact 95 % intervals (Figure 7)."
    ), figure


def _rates(axes: Axes, found: dict[int, tuple[int, int]], shift: float, color: str, label: str) -> None:
    if not found:  # an empty line would spoil the layout
        return
    rates = {length: binomial(*counts) for length, counts in found.items()}
    lengths = [length * shift for length in rates]
    axes.vlines(
        lengths, [rate.low for rate in rates.values()], [rate.high for rate in rates.values()], color=color, alpha=0.5
    )
    axes.plot(lengths, [rate.mean for rate in rates.values()], "o-", color=color, label=label, clip_on=False)


def gradient_norms(traces: dict[str, dict], threshold: float) -> tuple[str, Figure]:
    """The norm of the gradient before clipping, over a training."""
    lengths = sorted(traces["c"], key=int)[:3]
    figure = Figure(figsize=(max(3.1 * len(lengths) + 0.4, 6), 2.9))
    panels = figure.subplots(1, len(lengths), sharey=True, squeeze=False)[0]
    for axes, length in zip(panels, lengths, strict=True):
        for method, by_length in traces.items():
            if length in by_length:
                label, color = METHODS[method]
                trace = by_length[length]
                updates = (np.arange(len(trace["norms"])) + 1) * trace["updates"]
                axes.plot(updates, trace["norms"], color=color, linewidth=0.7, label=label)
        axes.axhline(threshold, color=INK, linestyle=(0, (4, 3)), linewidth=1)
        axes.set(title=f"length {length}", xlabel="updates", yscale="log")
        axes.ticklabel_format(axis="x", scilimits=(-3, 6))
    panels[0].set_ylabel("norm of the gradient")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return (
        "The norm of the gradient before any clipping, the largest of several updates, of the first seed (basic tanh); "
        "a line ends where the network succeeds. Dashed: the threshold of clipping."
    ), figure


def far_lengths(run: dict) -> tuple[str, Figure]:
    """Share of wrong sequences against length, of each network that has learnt a range of lengths."""
    figure = Figure(figsize=(6, 3))
    axes = figure.add_subplot()
    wrong = {int(name.rpartition("/")[2]): seeds for name, seeds in run["metrics"].items() if "test/wrong/" in name}
    solved = [seed for seed, success in run["metrics"]["solved"].items() if success]
    axes.axvspan(*run["config"]["lengths"], color=PALE, alpha=0.3, linewidth=0, label="lengths learnt")
    for seed, color in zip(solved, PALETTE, strict=False):
        shares = {length: seeds[seed] for length, seeds in sorted(wrong.items())}
        axes.plot(shares.keys(), shares.values(), "o-", color=color, label=f"seed {seed}", clip_on=False)
    axes.axhline(CHANCE, color=INK, linestyle=(0, (4, 3)), linewidth=1)
    axes.set(xlabel="length", xscale="log", ylabel="share of wrong sequences", ylim=(-0.02, 1))
    lengths = sorted(wrong)
    apart = [length for shorter, length in zip([0, *lengths], lengths, strict=False) if length > 1.3 * shorter]
    axes.set_xticks(apart, [str(length) for length in apart])
    axes.minorticks_off()
    axes.legend(loc="center left")
    return (
        f"Temporal order: {len(solved)} of {len(run['metrics']['solved'])} networks have learnt all lengths of the grey"
        " range; these are their mistakes there and at other lengths (section 4.1.1; the paper has none). Dashed: "
        "chance."
    ), figure


def linear(powers: dict[str, list[float]]) -> tuple[str, Figure]:
    """A linear unit whose weight is nearly 1."""
    figure = Figure(figsize=(5, 2.8))
    axes = figure.add_subplot()
    for (weight, values), color in zip(powers.items(), PALETTE, strict=False):
        steps = np.linspace(0, 1000, len(values))
        axes.plot(steps, np.maximum(values, 1e-6), color=color, label=f"w = {weight}")
    axes.axhline(1, color=PALE, linewidth=0.6)
    axes.set(xlabel="steps", ylabel="w to the power of the steps", yscale="log", ylim=(1e-6, 1e5))
    axes.legend(loc="upper left", ncols=2)
    return (
        "What is left of 1 in a linear unit with weight w. One per cent more or less than 1 makes twenty thousand, or "
        "next to nothing, of it within a thousand steps."
    ), figure
