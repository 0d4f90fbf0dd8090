"""The figures: where the network looks for each word it writes, and the rows of the tables side by side.

Photographs are their owners' and do not enter a report: there the maps stand alone. ``replicate try`` lays them on the
picture.
"""

from collections.abc import Iterator, Sequence
from statistics import mean

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from common.reporting.pages.figures import INK, PALETTE
from replications.xu2015_show_attend_tell import lists

LABELS = {
    "soft": "soft attention",
    "hard": "hard attention",
    "no_baseline": "hard, no baseline",
    "no_gate": "soft, no gate",
    "no_penalty": "soft, no penalty",
    "mean": "mean at every step",
    "start": "mean to begin with",
}


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    for name in ("soft", "hard"):
        if name in runs:
            shown = runs[name]["figures"]["examples"]
            ours = runs[name]["config"]["corpus"] == lists.NAME
            pictures = [lists.load().test.open(each["index"]) for each in shown] if ours else []
            note = "" if ours else " Photographs are not ours to print: what is white was looked at."
            yield (
                f"maps-{name}",
                f"Where the network looks for each word ({LABELS[name]}).{note}",
                maps_of(shown, pictures),
            )
    if len(runs) > 1:
        yield "contrasts", "The rows of the tables; a dot is a seed, the line their mean.", contrasts(runs)


def maps_of(shown: Sequence[dict], pictures: Sequence[Image.Image]) -> Figure:
    """A row for each caption: its picture, and under each word the picture as far as it was looked at."""
    columns = 1 + max(len(each["words"]) for each in shown)
    figure = Figure(figsize=(1.05 * columns, 1.25 * len(shown)), layout="none")
    for row, each in enumerate(shown):
        for column, word in enumerate(["", *each["words"]]):
            axes = figure.add_subplot(len(shown), columns, row * columns + column + 1)
            axes.set_axis_off()
            axes.set_title(word, fontsize=8, color=INK, pad=2)
            if pictures:
                axes.imshow(pictures[row], extent=(0, 1, 0, 1))
            if word:
                alpha = np.array(each["maps"][column - 1])
                side = round(len(alpha) ** 0.5)
                light = (alpha / alpha.max()).reshape(side, side)
                veil = np.zeros((side, side, 4)) if pictures else np.repeat(light[..., None], 3, 2)
                if pictures:
                    veil[..., 3] = 0.85 * (1 - light)
                axes.imshow(veil, extent=(0, 1, 0, 1), interpolation="nearest")
    figure.subplots_adjust(left=0.01, right=0.99, top=0.93, bottom=0.02, wspace=0.08, hspace=0.25)
    return figure


def contrasts(runs: dict[str, dict]) -> Figure:
    """BLEU-4 and perplexity of every row."""
    names = [name for name in LABELS if name in runs]
    figure = Figure(figsize=(6.4, 0.35 * len(names) + 1))
    for column, (metric, label) in enumerate((("test/bleu4", "test BLEU-4"), ("test/perplexity", "test perplexity"))):
        axes = figure.add_subplot(1, 2, column + 1, xlabel=label)
        for y, name in enumerate(names):
            values = list(runs[name]["metrics"][metric].values())
            axes.plot(values, [y] * len(values), "o", color=PALETTE[column], alpha=0.7)
            axes.plot([mean(values)], [y], "|", color=INK, markersize=13)
        axes.set_yticks(range(len(names)), [LABELS[name] for name in names] if column == 0 else [""] * len(names))
        axes.invert_yaxis()
        axes.margins(y=0.2)
    return figure
