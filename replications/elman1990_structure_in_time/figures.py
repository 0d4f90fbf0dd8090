"""The published figures, redrawn: errors by bit and by letter, the tree of hidden states."""

from collections.abc import Iterator
from statistics import mean

from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from common.data.synthetic.templates import WORDS
from common.reporting.pages.figures import INK, PALETTE
from replications.elman1990_structure_in_time.measures import CYCLE, FRAGMENT

Runs = dict[str, dict]
NETWORKS = {"xor": "Elman", "xor_jordan": "Jordan, targets fed back", "xor_frozen": "no memory"}
TREES = {"sentences": "rate 0.3", "sentences_slow": "rate 0.03"}


def draw(runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if networks := {label: runs[name] for name, label in NETWORKS.items() if name in runs}:
        yield "xor", *bits(networks)
    if "words" in runs:
        yield "words", *fragment(runs["words"])
    if trees := {label: runs[name] for name, label in TREES.items() if name in runs}:
        yield "tree", *tree(trees)


def over_seeds(run: dict, what: str) -> list[float]:
    """Mean over seeds of what a figure shows."""
    return [mean(values) for values in zip(*(shown[what] for shown in run["figures"].values()), strict=True)]


def bits(runs: Runs) -> tuple[str, Figure]:
    """The error over a cycle of twelve bits."""
    figure = Figure(figsize=(6.4, 2.8))
    axes = figure.add_subplot(xticks=range(1, CYCLE + 1), xlabel="bit of the cycle", ylabel="error", ylim=(0.3, 0.6))
    for label, run in runs.items():
        axes.plot(range(1, CYCLE + 1), over_seeds(run, "error_by_bit"), "o-", label=label)
    axes.legend(ncols=len(runs), loc="upper center")
    return (
        "Error of the prediction of each bit over cycles of twelve, mean over seeds. Every third bit is the "
        "exclusive or of the two before; the others are random: no network that knows this is below 0.5."
    ), figure


def fragment(run: dict) -> tuple[str, Figure]:
    """The error along the published fragment."""
    values, words = over_seeds(run, "fragment"), FRAGMENT.split()
    starts = [len("".join(words[:number])) for number in range(1, len(words))]
    figure = Figure(figsize=(9, 2.6))
    axes = figure.add_subplot(ylabel="error", xlim=(-0.7, len(values) + 0.7), ylim=(0, 1.1 * max(values)))
    axes.plot(range(1, len(values) + 1), values)
    axes.plot(starts, [values[start - 1] for start in starts], "o", color=PALETTE[1])
    axes.set_xticks(range(len(values) + 1), "".join(words), fontsize=7.5)
    axes.grid(axis="x", visible=False)
    return (
        "Error of the prediction of each letter, mean over seeds; a dot is the first letter of a word. Nothing "
        "tells the networks where words begin."
    ), figure


def tree(runs: Runs) -> tuple[str, Figure]:
    """How the mean hidden states of the words cluster, of the first seed."""
    figure = Figure(figsize=(9, 5))
    for axes, (label, run) in zip(figure.subplots(1, len(runs), squeeze=False)[0], runs.items(), strict=True):
        dendrogram(
            next(iter(run["figures"].values()))["tree"],
            ax=axes,
            orientation="left",
            labels=WORDS,
            color_threshold=0,
            above_threshold_color=INK,
            leaf_font_size=8,
        )
        axes.grid(visible=False)
        axes.set(xlabel="distance", title=label)
    return (
        "Clusters (Ward's) of the mean hidden state of each word, first seed. No label was given: words are alike "
        "by what precedes and what follows them."
    ), figure
