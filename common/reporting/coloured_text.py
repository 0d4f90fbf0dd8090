"""Text on colours: what one cell does, character by character (Karpathy 2015)."""

from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

WIDTH = 60  # characters in a line
MARKS = {"\n": "¶", "\r": "", "$": r"\$"}


def coloured(fragments: dict[str, tuple[str, list[float]]]) -> Figure:
    """By title, a text and a value in [-1, 1] for each of its characters: from red to blue."""
    lines = [-(-len(text) // WIDTH) for text, _ in fragments.values()]
    figure, colours = Figure(figsize=(7, 0.24 * (sum(lines) + 2 * len(lines)))), colormaps["RdBu"]
    panels = figure.subplots(len(lines), 1, height_ratios=[count + 1 for count in lines], squeeze=False)[:, 0]
    for axes, count, (title, (text, values)) in zip(panels, lines, fragments.items(), strict=True):
        for place, (character, value) in enumerate(zip(text, values, strict=True)):
            y, x = divmod(place, WIDTH)
            axes.add_patch(Rectangle((x, -y), 1, 1, color=colours((value + 1) / 2), linewidth=0))
            shown = MARKS.get(character, character if character.isprintable() else "?")
            ink = "white" if abs(value) > 0.6 else "black"  # on a dark page too
            axes.text(x + 0.5, 0.5 - y, shown, ha="center", va="center", family="monospace", fontsize=7, color=ink)
        axes.set(xlim=(0, WIDTH), ylim=(1 - count, 1))
        axes.set_title(title, loc="left", fontsize=9)
        axes.set_axis_off()
    return figure
