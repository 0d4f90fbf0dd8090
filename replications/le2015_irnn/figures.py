"""The published figures, redrawn: error on the adding problem, and accuracy on pixels, while the networks learn."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from common.reporting.pages.figures import PALETTE

LABELS = {"irnn": "IRNN", "relu": "ReLU, Gaussian", "tanh": "tanh", "lstm": "LSTM"}
TASKS = {
    "": ("adding", "valid/mse", "squared error", "Error on the adding problem"),
    "pixels_": ("pixels", "valid/accuracy", "accuracy (%)", "Accuracy on pictures pixel by pixel"),
    "permuted_": ("permuted", "valid/accuracy", "accuracy (%)", "The same, pixels in one random order"),
}


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    for prefix, (name, metric, quantity, title) in TASKS.items():
        shown = {label: runs[prefix + cell] for cell, label in LABELS.items() if prefix + cell in runs}
        if not shown:
            continue
        figure = Figure(figsize=(6.4, 3))
        axes = figure.add_subplot(xlabel="updates", ylabel=quantity)
        for colour, (label, run) in zip(PALETTE, shown.items(), strict=False):
            for number, seed in enumerate(run["seeds"]):
                points = [(row[2], row[4]) for row in run["history"] if row[0] == str(seed) and row[3] == metric]
                axes.plot(*zip(*points, strict=True), color=colour, alpha=0.7, label="" if number else label)
        caption = f"{title}, on validation sequences; a line is a seed."
        if name == "adding":
            axes.axhline(1 / 6, linestyle=":", color=PALETTE[6])
            axes.set_ylim(0, 0.25)
            caption += " Dotted: always answering 1, which has 1/6 (the paper prints 0.1767)."
        axes.legend()
        yield name, caption, figure
