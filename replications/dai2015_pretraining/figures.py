"""The figures, drawn from our runs: how the error falls with and without pretraining, and the mood as it is read."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from common.reporting.coloured_text import coloured
from common.reporting.pages.figures import PALETTE

LABELS = {"lstm": "LSTM", "lm_lstm": "LM-LSTM", "sa_lstm": "SA-LSTM"}


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if shown := {name: runs[name] for name in LABELS if name in runs}:
        figure = Figure(figsize=(6.4, 3))
        axes = figure.add_subplot(xlabel="epochs of labelled reviews", ylabel="error (%)")
        for colour, (name, run) in zip(PALETTE, shown.items(), strict=False):
            for number, seed in enumerate(run["seeds"]):
                points = [(row[1], row[4]) for row in run["history"] if row[0] == str(seed) and row[3] == "valid/error"]
                axes.plot(*zip(*points, strict=True), color=colour, alpha=0.7, label="" if number else LABELS[name])
        axes.legend()
        yield "curves", "Error on validation reviews, with and without pretraining; a line is a seed.", figure
    for name, run in shown.items():
        if reading := run["figures"].get("reading"):
            parts = {f"review {number}": as_colours(*one) for number, one in enumerate(reading, 1)}
            caption = f"{LABELS[name]}, first seed: how good the review is (blue) or bad (red) if it ended there."
            yield f"reading-{name}", caption, coloured(parts)


def as_colours(words: list[str], good: list[float]) -> tuple[str, list[float]]:
    """The text, and for each character what its word has made of the probability: from -1 to 1."""
    return " ".join(words), [2 * p - 1 for word, p in zip(words, good, strict=True) for _ in f"{word} "][:-1]
