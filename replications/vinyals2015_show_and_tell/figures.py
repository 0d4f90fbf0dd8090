"""The figures, redrawn from our runs.

Photographs are their owners' and do not enter a report: there, the grid shows the scenes that we drew, and for
photographs their names. `replicate try vinyals2015_show_and_tell` without a picture draws the grid with photographs.
"""

import textwrap
from collections.abc import Iterator, Sequence
from statistics import mean

from matplotlib.figure import Figure
from PIL import Image

from common.data.pictures import captions, scenes
from common.reporting.pages.figures import INK, PALE, PALETTE

Runs = dict[str, dict]
COLUMNS = 4
LABELS = {
    "nic": "picture once",
    "every_step": "picture at every step",
    "random_cnn": "frozen random encoder",
    "no_dropout": "no dropout",
    "fine_tune": "encoder fine-tuned",
}


def draw(runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if "nic" in runs:
        shown = runs["nic"]["figures"]["examples"]
        corpus = runs["nic"]["config"]["corpus"]
        pictures = []
        if corpus in scenes.WORDINGS:
            test = captions.load(corpus).test
            pictures = [test.open(each["index"]) for each in shown]
        note = "" if pictures else " Photographs are not ours to print: the names are those of the set."
        yield (
            "grid",
            (
                "Test pictures, from the likeliest caption to the least likely: the caption (bold), its "
                "log-probability, and what people wrote." + note
            ),
            grid(shown, pictures),
        )
        yield "n-best", *n_best(runs["nic"]["figures"]["n_best"])
        if runs["nic"]["figures"]["neighbours"]:
            yield "neighbours", *neighbours(runs["nic"]["figures"]["neighbours"])
    if "nic" in runs and len(runs) > 1:
        yield "contrasts", *contrasts(runs)


def grid(shown: Sequence[dict], pictures: Sequence[Image.Image]) -> Figure:
    """Captions below pictures; a caption that is not true of its scene is in another colour."""
    rows = -(-len(shown) // COLUMNS)
    figure = Figure(figsize=(10.5, (2.9 if pictures else 1.6) * rows), layout="none")
    for number, each in enumerate(shown):
        axes = figure.add_subplot(rows, COLUMNS, number + 1)
        axes.set_axis_off()
        if pictures:
            axes.imshow(pictures[number])
        colour = PALETTE[1] if each.get("true") is False else INK
        head = textwrap.fill(f"{each['caption']}  ({each['log_probability']:.1f})", 34)
        body = "\n".join(textwrap.shorten(text, 46, placeholder=" …") for text in each["references"][:3])
        name = "" if pictures else each["name"] + "\n"
        line = 0.115 if pictures else 0.15
        y = -0.04 if pictures else 0.95
        if name:
            axes.text(0, y, name.strip(), fontsize=6.5, color=INK, va="top", transform=axes.transAxes)
            y -= line
        axes.text(0, y, head, fontsize=8.5, fontweight="bold", color=colour, va="top", transform=axes.transAxes)
        axes.text(
            0, y - line * (1 + head.count("\n")) * 0.95, body, fontsize=7, color=INK, va="top", transform=axes.transAxes
        )
    figure.subplots_adjust(left=0.02, right=0.99, top=0.99, bottom=0.1, wspace=0.12, hspace=0.55 if pictures else 0.1)
    return figure


def n_best(some: dict) -> tuple[str, Figure]:
    """The list of the best captions of one picture."""
    rows = some["captions"]
    figure = Figure(figsize=(6.4, 0.25 * len(rows) + 0.8), layout="none")
    axes = figure.add_subplot()
    for y, row in enumerate(rows):
        colour = PALETTE[0] if row["in_training"] else PALETTE[1]
        axes.barh(y, row["log_probability"], color=colour, height=0.55)
        axes.annotate(
            row["caption"],
            (0, y),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=INK,
            annotation_clip=False,
        )
    axes.invert_yaxis()
    axes.set_yticks([])
    axes.grid(axis="y", visible=False)
    axes.set(xlabel="log-probability", xlim=(1.1 * min(row["log_probability"] for row in rows), 0))
    figure.subplots_adjust(left=0.02, right=0.45, top=0.98, bottom=0.5 / figure.get_figheight())
    return (
        f"The best captions of the test picture {some['name']}; blue: word for word a training caption, orange: new."
    ), figure


def neighbours(table: dict[str, list[str]]) -> tuple[str, Figure]:
    """The paper's table of nearest words."""
    figure = Figure(figsize=(6.4, 0.3 * len(table) + 0.3))
    axes = figure.add_subplot()
    axes.set_axis_off()
    for y, (word, near) in enumerate(table.items()):
        axes.text(0, y, word, fontweight="bold", color=INK, va="center")
        axes.text(0.2, y, ", ".join(near), color=INK, va="center")
        axes.axhline(y + 0.5, color=PALE, linewidth=0.5)
    axes.set(xlim=(0, 1), ylim=(len(table) - 0.5, -0.5))
    return "Nearest words in the embedding that the first network learned, by the angle between the vectors.", figure


def contrasts(runs: Runs) -> tuple[str, Figure]:
    """Perplexity and BLEU-4 of every variant, a dot per seed."""
    corpus = runs["nic"]["config"]["corpus"]
    names = [name for name in LABELS if name in runs and runs[name]["config"]["corpus"] == corpus]
    figure = Figure(figsize=(6.4, 0.35 * len(names) + 1))
    for column, (metric, label) in enumerate((("test/perplexity", "test perplexity"), ("test/bleu4", "test BLEU-4"))):
        axes = figure.add_subplot(1, 2, column + 1)
        for y, name in enumerate(names):
            values = list(runs[name]["metrics"][metric].values())
            axes.plot(values, [y] * len(values), "o", color=PALETTE[column], alpha=0.7)
            axes.plot([mean(values)], [y], "|", color=INK, markersize=13)
        axes.set_yticks(range(len(names)), [LABELS[name] for name in names] if column == 0 else [""] * len(names))
        axes.invert_yaxis()
        axes.set(xlabel=label)
        axes.margins(y=0.2)
    return "Variants of the network; a dot is a seed, the line their mean.", figure
