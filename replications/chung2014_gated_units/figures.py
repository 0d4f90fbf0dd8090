"""The published figures, redrawn: error on validation music by epoch; and the picture of a roll."""

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from common.data.music.rolls import LOWEST
from common.reporting.pages.figures import INK, PALETTE

UNITS = {"tanh": "tanh", "gru": "GRU", "lstm": "LSTM"}
TITLES = ("Made up", "Nottingham", "JSB Chorales", "MuseData", "Piano-midi")
SETS = dict(zip(("made_up", "nottingham", "jsb", "musedata", "piano"), TITLES, strict=True))


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    sets = {title: name for name, title in SETS.items() if any(f"{name}_{unit}" in runs for unit in UNITS)}
    if not sets:
        return
    figure = Figure(figsize=(3.6 * len(sets) + 0.4, 2.9))
    for axes, (title, name) in zip(figure.subplots(1, len(sets), squeeze=False)[0], sets.items(), strict=True):
        for colour, (unit, label) in zip(PALETTE, UNITS.items(), strict=False):
            run = runs.get(f"{name}_{unit}", {"seeds": []})
            for number, seed in enumerate(run["seeds"]):
                points = [row[1:5:3] for row in run["history"] if row[0] == str(seed) and row[3] == "valid/nll"]
                axes.plot(*zip(*points, strict=True), color=colour, alpha=0.7, label="" if number else label)
        axes.set(title=title, xlabel="epoch", ylabel="nats a step")
        axes.legend()
    yield "curves", "Negative log-likelihood of validation music while the networks learn; a line is a seed.", figure


def roll_figure(roll: np.ndarray, given: int) -> Figure:
    """A roll ``[T, 88]``, of which the first steps were given and the others played."""
    figure = Figure(figsize=(7, 3))
    axes = figure.add_subplot(xlabel="step", ylabel="MIDI note")
    for steps, colour, label in ((slice(given), INK, "given"), (slice(given, None), PALETTE[0], "played")):
        at, notes = np.nonzero(roll[steps])
        axes.plot(at + (steps.start or 0), notes + LOWEST, "s", markersize=3, color=colour, label=label)
    axes.legend(ncols=2, loc="upper right")
    return figure
