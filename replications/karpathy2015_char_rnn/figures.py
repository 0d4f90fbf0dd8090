"""The figures, redrawn from our runs."""

from collections.abc import Iterator

from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from common.data.text.spans import SPANS
from common.reporting.pages.figures import INK, PALETTE

WIDTH = 60  # characters in a line of a figure
SHOWN = {"quote": "within quotes", "column": "place in the line", "bracket": "open brackets"}


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if "lstm" in runs and "quote" in runs["lstm"]["figures"]:
        found, searched = runs["lstm"]["figures"], int(next(iter(runs["lstm"]["metrics"]["cells"].values())))
        yield (
            "cells",
            f"Of {searched} cells the one that follows each best in half of the test text, in the other half, where "
            "that changes most: tanh(c) from -1 (red) to 1 (blue) before each character. ¶ ends a line.",
            cells(found),
        )
    for name in ("lstm_2", "gru"):
        if "gates" in runs.get(name, {"figures": ()})["figures"]:
            yield (
                f"saturation-{name}",
                f"{name}: how much of the time each cell's gates are shut (below 0.1) and open (above 0.9).",
                saturation(runs[name]["figures"]["gates"]),
            )


def cells(found: dict) -> Figure:
    """A fragment for each cell, a character on the colour of the cell before it."""
    lines = [-(-len(found[name]["text"]) // WIDTH) for name in SPANS]
    figure = Figure(figsize=(7, 0.24 * (sum(lines) + 2 * len(lines))))
    for axes, name in zip(figure.subplots(len(lines), 1, height_ratios=[n + 1 for n in lines]), SPANS, strict=True):
        shown, colours = found[name], colormaps["RdBu"]
        for place, (character, value) in enumerate(zip(shown["text"], shown["values"], strict=True)):
            y, x = divmod(place, WIDTH)
            axes.add_patch(Rectangle((x, -y), 1, 1, color=colours((value + 1) / 2), linewidth=0))
            character = {"\n": "¶", "\r": ""}.get(character, character).replace("$", r"\$")
            axes.text(
                x + 0.5, -y + 0.5, character, ha="center", va="center", family="monospace", fontsize=7, color="#111"
            )
        axes.set(xlim=(0, WIDTH), ylim=(1 - lines[SPANS.index(name)], 1))
        axes.set_title(f"{SHOWN[name]}: cell {shown['cell']}, r = {shown['r']:.2f}", loc="left", fontsize=9)
        axes.set_axis_off()
    return figure


def saturation(layers: list[dict]) -> Figure:
    """A panel for each layer and gate, a dot for a cell."""
    figure = Figure(figsize=(2.3 * len(layers[0]), 2.3 * len(layers)))
    for row, (panels, layer) in enumerate(
        zip(figure.subplots(len(layers), len(layers[0]), squeeze=False), layers, strict=True)
    ):
        for axes, (gate, cells) in zip(panels, layer.items(), strict=True):
            axes.plot(cells["shut"], cells["open"], "o", color=PALETTE[0], alpha=0.5)
            axes.plot([0, 1], [1, 0], color=INK, linewidth=0.6)
            axes.set(
                xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), title=f"{gate}, layer {row + 1}", xlabel="shut", ylabel="open"
            )
    return figure
