"""The figure: where the network looks for each word that it writes.

Photographs are their owners' and do not enter a report: there the maps stand alone. ``replicate try`` lays them on the
picture.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from common.reporting.pages.figures import INK
from replications.xu2015_show_attend_tell import lists


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    for name in (one for one in ("soft", "hard") if one in runs):
        shown, ours = runs[name]["figures"]["examples"], runs[name]["config"]["corpus"] == lists.NAME
        pictures = [lists.load().test.open(each["index"]) for each in shown] if ours else []
        note = "" if ours else " Photographs are not ours to print: what is white was looked at."
        yield f"maps-{name}", f"Where the network looks for each word, {name} attention.{note}", maps(shown, pictures)


def maps(shown: Sequence[dict], pictures: Sequence[Image.Image]) -> Figure:
    """A row for each caption: its picture, and under each word the picture as far as it was looked at."""
    columns = 1 + max(len(each["words"]) for each in shown)
    figure = Figure(figsize=(1.05 * columns, 1.25 * len(shown)), layout="none")
    for row, each in enumerate(shown):
        for column, (word, alpha) in enumerate(zip(["", *each["words"]], [[1.0], *each["maps"]], strict=True), 1):
            axes = figure.add_subplot(len(shown), columns, row * columns + column)
            axes.set_axis_off()
            axes.set_title(word, fontsize=8, color=INK, pad=2)
            light = (np.array(alpha) / max(*alpha, 1e-9)).reshape(round(len(alpha) ** 0.5), -1, 1)
            if pictures:
                axes.imshow(pictures[row], extent=(0, 1, 0, 1))
            veil = np.concatenate([light * 0] * 3 + [0.85 * (1 - light)], 2) if pictures else light.repeat(3, 2)
            axes.imshow(veil, extent=(0, 1, 0, 1), interpolation="nearest")
    figure.subplots_adjust(left=0.01, right=0.99, top=0.93, bottom=0.02, wspace=0.08, hspace=0.25)
    return figure
