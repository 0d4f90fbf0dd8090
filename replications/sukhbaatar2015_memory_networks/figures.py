"""The figures: the error on each task, and where a network looks in each hop."""

from collections.abc import Iterator
from statistics import mean

import numpy as np
from matplotlib.figure import Figure

SHOWN = {"bow": "BoW", "pe": "PE", "pe_ls": "PE LS", "pe_ls_rn": "PE LS RN", "joint_rn": "joint", "lstm": "LSTM"}
ERROR = "test/error/"


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if shown := {label: runs[name]["metrics"] for name, label in SHOWN.items() if name in runs}:
        caption = "Errors on the test questions of each task, mean over the restarts (paper: Table 1)."
        yield "tasks", caption, by_task(shown)
    if found := runs.get("pe_ls_rn", {"figures": {}})["figures"].get("attention"):
        caption = "Weight of each sentence in each hop, PE LS RN, the first test question of some tasks. A dot marks a"
        yield "attention", f"{caption} supporting fact, which the network is never told.", attention(found)


def by_task(shown: dict[str, dict]) -> Figure:
    """A dot for each task and setting."""
    tasks = [name.removeprefix(ERROR) for name in next(iter(shown.values())) if name.startswith(ERROR)]
    figure = Figure(figsize=(max(4.8, 0.45 * len(tasks)), 3.2))
    axes = figure.add_subplot(xlabel="task", ylabel="test error (%)", ylim=(-3, 103))
    for label, metrics in shown.items():
        axes.plot(tasks, [mean(metrics[ERROR + task].values()) for task in tasks], "o", alpha=0.8, label=label)
    axes.legend(ncols=3, loc="upper left", bbox_to_anchor=(0, -0.2))
    return figure


def attention(found: list[dict]) -> Figure:
    """A row for each sentence that is in the memory, a column for each hop."""
    heights = [len(one["hops"][0]) + 2 for one in found]
    figure = Figure(figsize=(6.4, 0.3 * sum(heights)), layout="constrained")
    for axes, one in zip(figure.subplots(len(found), squeeze=False, height_ratios=heights)[:, 0], found, strict=True):
        weights, gone = np.array(one["hops"]).T, len(one["sentences"]) - len(one["hops"][0])
        axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        marked = [f"{words} ●" if row in one["facts"] else words for row, words in enumerate(one["sentences"])]
        axes.set_yticks(range(len(weights)), marked[gone:])
        axes.set_xticks(range(len(one["hops"])), [f"hop {hop + 1}" for hop in range(len(one["hops"]))])
        axes.grid(visible=False)
        axes.set_title(f"{one['question']}? {one['given']} (right: {one['answer']})", fontsize=9)
    return figure
