"""The figures, redrawn from our runs."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from common.reporting.coloured_text import coloured
from common.reporting.pages.figures import INK, PALETTE

SHOWN = {"quote": "within quotes", "column": "place in the line", "bracket": "open brackets"}


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if "lstm" in runs and "quote" in runs["lstm"]["figures"]:
        found, searched = runs["lstm"]["figures"], int(next(iter(runs["lstm"]["metrics"]["cells"].values())))
        caption = (
            f"Of {searched} cells the one that follows each best in half of the test text, in the other, where that "
            "changes most: tanh(c) from -1 (red) to 1 (blue) when it has read a character. ¶ ends a line."
        )
        titles = {name: f"{SHOWN[name]}: cell {found[name]['cell']}, r = {found[name]['r']:.2f}" for name in SHOWN}
        yield "cells", caption, coloured({titles[name]: (found[name]["text"], found[name]["values"]) for name in SHOWN})
    for name in ("lstm_2", "gru"):
        if "gates" in runs.get(name, {"figures": ()})["figures"]:
            caption = f"{name}: how much of the time each cell's gates are shut (below 0.1) and open (above 0.9)."
            yield f"saturation-{name}", caption, saturation(runs[name]["figures"]["gates"])


def saturation(layers: list[dict]) -> Figure:
    """A panel for each layer and gate, a dot for a cell."""
    figure = Figure(figsize=(2.3 * len(layers[0]), 2.3 * len(layers)))
    rows = figure.subplots(len(layers), len(layers[0]), squeeze=False)
    for row, (panels, layer) in enumerate(zip(rows, layers, strict=True), start=1):
        for axes, (gate, sides) in zip(panels, layer.items(), strict=True):
            axes.plot(sides["shut"], sides["open"], "o", color=PALETTE[0], alpha=0.5)
            axes.plot([0, 1], [1, 0], color=INK, linewidth=0.6)
            axes.set(xlim=(0, 1), ylim=(0, 1), title=f"{gate}, layer {row}", xlabel="shut", ylabel="open")
    return figure
