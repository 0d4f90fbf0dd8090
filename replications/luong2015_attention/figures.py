"""The figures: BLEU of the rows, and where a network looks."""

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from common.reporting.pages.figures import INK

ROWS = {
    "base": "base",
    "reversed": "reversed",
    "dropout": "dropout",
    "location": "location, no feeding",
    "location_feed": "location",
    "dot_no_feed": "dot, no feeding",
    "dot": "dot",
    "general": "general",
    "concat": "concat",
    "local_m": "local-m general",
    "local_p_dot": "local-p dot",
    "local_p": "local-p general",
}


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if shown := {label: runs[name]["metrics"]["test/bleu"] for name, label in ROWS.items() if name in runs}:
        yield "ladder", "BLEU on the test sentences, a dot for each seed (paper: Tables 1 and 4).", ladder(shown)
    looked = {label: runs[name]["figures"].get("heat_maps") for name, label in ROWS.items() if name in runs}
    if looked := {
        label: maps for label, maps in looked.items() if maps and label in ("location", "dot", "local-p general")
    }:
        caption = (
            "Weight of each source word (columns) for each word of a reference (rows), first seed. Framed: the links"
        )
        yield (
            "alignments",
            f"{caption} that the alignment error is counted against (paper: Figure 7).",
            alignments(looked),
        )


def ladder(shown: dict[str, dict[str, float]]) -> Figure:
    figure = Figure(figsize=(6.4, 0.3 * len(shown) + 0.9))
    axes = figure.add_subplot(xlabel="BLEU")
    for row, values in enumerate(shown.values()):
        axes.plot(list(values.values()), [row] * len(values), "o")
    axes.set_yticks(range(len(shown)), list(shown))
    axes.invert_yaxis()
    return figure


def alignments(looked: dict[str, list[dict]]) -> Figure:
    """The first sentence, a picture for each kind of attention."""
    figure = Figure(figsize=(4.2 * len(looked), 4), layout="constrained")
    for axes, (label, (one, *_)) in zip(figure.subplots(1, len(looked), squeeze=False)[0], looked.items(), strict=True):
        axes.imshow(np.array(one["weights"]), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(one["source"])), one["source"], rotation=60, ha="right")
        axes.set_yticks(range(len(one["target"])), one["target"])
        axes.grid(visible=False)
        for source, target in one["links"]:
            axes.plot(
                source, target, "s", markersize=9, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=0.8
            )
        axes.set_title(label, fontsize=9)
    return figure
