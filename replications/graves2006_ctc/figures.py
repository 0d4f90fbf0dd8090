"""The figures, redrawn from our runs: spikes, the error signal over training, a search tree, errors of each decoder."""

from collections.abc import Iterator
from statistics import mean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.reporting.pages.figures import INK, PALE, PALETTE

BLANK = "<blank>"
Runs = dict[str, dict]
DECODERS = {
    "best_path": "best path",
    "prefix": "prefix search",
    "character_lm": "+ characters' n-grams",
    "word_lm": "+ dictionary, words' n-grams",
}
NAMED = 0.35  # curves that get so high are named
TITLES = {"untrained": "before training", "early": "early in training", "trained": "after training"}


def draw(runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    ctc = runs.get("ctc", {}).get("figures", {})
    if "spikes" in ctc:
        frames = runs.get("hybrid", {}).get("figures", {}).get("frames")
        yield "spikes", *spikes(ctc["spikes"], frames, runs["ctc"]["config"]["shift_ms"])
    if "error_signal" in ctc:
        yield "error-signal", *error_signal(ctc["error_signal"])
    if "tree" in ctc:
        yield "prefix-search", *prefix_search(ctc["tree"])
    if "characters" in runs:
        yield "decoders", *decoders(runs["characters"])


def colors(*panels: dict[str, list[float]]) -> dict[str, str]:
    """The blank in grey, a label in the same colour in all panels, neighbours of the last panel in different ones."""
    peak: dict[str, tuple[int, int, str]] = {}
    for at, outputs in enumerate(panels):
        peak |= {label: (len(panels) - at, values.index(max(values)), label) for label, values in outputs.items()}
    named = sorted(peak.keys() - {BLANK}, key=peak.__getitem__)
    return {BLANK: PALE} | {label: PALETTE[i % len(PALETTE)] for i, label in enumerate(named)}


def curves(axes: Axes, outputs: dict[str, list[float]], color: dict[str, str], step: float = 1.0) -> None:
    """One line per label, named at its highest point."""
    for label, values in outputs.items():
        times = [step * t for t in range(len(values))]
        axes.plot(
            times,
            values,
            color=color[label],
            linewidth=0.9 if label == BLANK else 1.2,
            linestyle=(0, (3, 2)) if label == BLANK else "-",
            zorder=1 if label == BLANK else 2,
        )
        for peak in peaks(values) if label != BLANK else []:
            axes.annotate(
                label,
                (times[peak], values[peak]),
                (0, 2),
                textcoords="offset points",
                ha="center",
                color=color[label],
                fontsize=8,
            )


def peaks(values: list[float]) -> list[int]:
    """Where a stretch above ``NAMED`` is highest, one for each stretch."""
    found, inside = [], []
    for t, value in enumerate([*values, 0.0]):
        if value > NAMED:
            inside.append(t)
        elif inside:
            found.append(max(inside, key=lambda i: values[i]))
            inside = []
    return found


def spikes(data: dict, frames: dict | None, shift_ms: float) -> tuple[str, Figure]:
    """Outputs along an utterance: the frame-wise network's above, those of CTC below."""
    panels = ([("frame by frame", frames)] if frames else []) + [("CTC", data["outputs"])]
    figure = Figure(figsize=(9, 0.6 + 1.8 * len(panels)))
    color = colors(*(outputs for _, outputs in panels))
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (title, outputs) in zip(grid, panels, strict=True):
        for start in data["boundaries"]:
            axes.axvline(start * shift_ms / 1000, color=PALE, linewidth=0.7, zorder=0)
        curves(axes, outputs, color, shift_ms / 1000)
        axes.set_title(title)
        axes.grid(visible=False)
        axes.margins(x=0)
        axes.set(ylim=(0, 1.18), yticks=[0, 0.5, 1], ylabel="probability")
    axes.set_xlabel("seconds")
    borders = "are where they were set" if data["set_by_hand"] else "come from a forced alignment"
    return (
        f"Output probabilities along a test utterance; the borders of its phones (grey lines) {borders}. Trained "
        f"with CTC, the network gives short spikes and between them the blank (dashed). Best path: "
        f"{' '.join(data['decoded'])}."
    ), figure


def error_signal(panels: list[dict]) -> tuple[str, Figure]:
    """Outputs (above) and errors (below) of one utterance at three times of the training."""
    figure = Figure(figsize=(9.6, 3.8))
    grid = figure.subplots(2, len(panels), sharex=True, sharey="row", squeeze=False)
    color = colors(*(panel["errors"] | panel["outputs"] for panel in panels))
    for column, panel in enumerate(panels):
        above, below = grid[:, column]
        curves(above, panel["outputs"], color)
        for label, values in panel["errors"].items():
            below.plot(
                [-value for value in values],
                color=color[label],
                linewidth=0.9,
                linestyle=(0, (3, 2)) if label == BLANK else "-",
            )
        above.set_title(TITLES[panel["title"]])
        below.axhline(0, color=INK, linewidth=0.6)
        below.set_xlabel("frame")
        for axes in (above, below):
            axes.grid(visible=False)
            axes.margins(x=0)
    grid[0, 0].set(ylabel="outputs", ylim=(0, 1.18))
    grid[1, 0].set_ylabel("error (up: more of it)")
    return (
        "The error signal -dL/du along a test utterance. At first only the transcript shapes it; then it gathers "
        "where the network begins to decide; it vanishes where the spikes stand right."
    ), figure


def prefix_search(tree: dict) -> tuple[str, Figure]:
    """Prefixes from left to right, labels of equal depth below each other."""
    rows: list[tuple[dict, int, float]] = []

    def place(node: dict, depth: int) -> float:
        """Lays out a node and what is below it; leaves take a line each."""
        children = [place(child, depth + 1) for child in node["children"]]
        y = mean(children) if children else sum(not one["children"] for one, _, _ in rows)
        rows.append((node | {"below": children}, depth, y))
        return y

    place(tree["tree"], 0)
    leaves = sum(not node["children"] for node, _, _ in rows)
    depth = max(depth for _, depth, _ in rows)
    figure = Figure(figsize=(9, 0.8 + 0.3 * max(leaves, 4)))
    axes = figure.add_subplot()
    axes.set_axis_off()
    for node, x, y in rows:
        for child in node["below"]:
            axes.plot([x + 0.2, x + 0.8], [y, child], color=PALE, linewidth=0.7, zorder=0)
        extended = node["rank"] is not None
        text = f"{node['label'] or 'start'}  {node['whole']:.3f} / {node['longer']:.3f}"
        if extended:
            text = f"{node['rank'] + 1}. " + text
        axes.annotate(
            text,
            (x, y),
            ha="center",
            va="center",
            fontsize=8,
            color=INK if extended else PALE,
            weight="bold" if is_best(node, x, rows, tree) else "normal",
        )
    axes.set(xlim=(-0.6, depth + 0.6), ylim=(leaves - 0.5, -0.5))
    return (
        "Prefix search on a section of a test utterance. At each prefix: the probability that it is the whole "
        "labelling, and that of all longer ones. The most promising prefix is extended next (numbers give the "
        f"order; only its best extensions are shown). It finds “{' '.join(tree['best'])}” (bold), where the best "
        f"path gives “{' '.join(tree['best_path']) or 'nothing'}”."
    ), figure


def is_best(node: dict, depth: int, rows: list[tuple[dict, int, float]], tree: dict) -> bool:
    """Whether a node is the labelling that the search returns: of its length and last label, the most probable."""
    best = tree["best"]
    if depth != len(best) or (best and node["label"] != best[-1]):
        return False
    return abs(node["whole"] - tree["probability"]) < 1e-3


def decoders(run: dict) -> tuple[str, Figure]:
    """Word errors of each decoder, before and after fine-tuning; a dot is a seed."""
    figure = Figure(figsize=(6.4, 2.6))
    axes = figure.add_subplot()
    stages = {"": ("CTC", PALETTE[0], -0.12), "tuned/": ("fine-tuned on expected word errors", PALETTE[1], 0.12)}
    for stage, (label, color, offset) in stages.items():
        for y, name in enumerate(DECODERS):
            values = list(run["metrics"].get(f"test/wer/{stage}{name}", {}).values())
            if values:
                axes.plot(values, [y + offset] * len(values), "o", color=color, alpha=0.75, label=None if y else label)
    axes.set_yticks(range(len(DECODERS)), list(DECODERS.values()))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlim(left=0)
    axes.set_xlabel("word error rate, %")
    figure.legend(loc="outside upper center", ncols=2)
    return "Word errors on the test set, by decoder. A dot is a seed.", figure
