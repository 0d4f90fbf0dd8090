"""The figures, redrawn from our runs: Figure 2 (BLEU against length) and Figure 3 (where the network looks)."""

from collections.abc import Iterator
from statistics import mean

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from common.reporting.pages.figures import INK, PALETTE

LABELS = {
    "search_50": "RNNsearch-50",
    "search_30": "RNNsearch-30",
    "encdec_50": "RNNenc-50",
    "encdec_30": "RNNenc-30",
    "phrase_based": "phrase-based",
}
STYLES = {
    "search_50": (PALETTE[0], "-"),
    "search_30": (PALETTE[0], "--"),
    "encdec_50": (PALETTE[1], "-"),
    "encdec_30": (PALETTE[1], "--"),
    "phrase_based": (PALETTE[2], ":"),
}
WEIGHTS = LinearSegmentedColormap.from_list(
    "weights", [(*(int(PALETTE[0][i : i + 2], 16) / 255 for i in (1, 3, 5)), a) for a in (0.0, 1.0)]
)
Runs = dict[str, dict]


def draw(runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if any(name in runs for name in LABELS):
        yield "bleu-by-length", *bleu_by_length({name: runs[name] for name in LABELS if name in runs})
    looked = [runs[name] for name in ("search_50", "search_30") if name in runs]
    if looked and looked[0]["figures"].get("heat_maps"):
        yield "alignments", *alignments(looked[0]["figures"]["heat_maps"])


def bleu_by_length(runs: Runs) -> tuple[str, Figure]:
    """BLEU of test sentences of each length, mean over seeds (Figure 2)."""
    figure = Figure(figsize=(6.4, 3.4))
    axes = figure.add_subplot()
    for name, run in runs.items():
        seeds = list(run["figures"]["by_length"].values())
        centres = [(bin["from"] + bin["to"]) / 2 for bin in seeds[0]]
        values = [mean(bins[i]["bleu"] for bins in seeds) for i in range(len(centres))]
        colour, line = STYLES[name]
        trained = "all pairs" if name == "phrase_based" else f"up to {run['config']['max_length']} words"
        axes.plot(centres, values, line, color=colour, marker="o", label=f"{LABELS[name]} ({trained})")
    axes.set(xlabel="words of the source sentence", ylabel="BLEU", ylim=(0, None))
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.18), ncols=2)
    counts = ", ".join(f"{bin['from']}–{bin['to']}: {bin['sentences']}" for bin in seeds[0])
    signature = run["figures"]["signatures"]["test/bleu"]
    return (
        f"BLEU of the test sentences by length, mean over seeds, unknown words included (paper: Figure 2); "
        f"in brackets the longest training sentences. "
        f"Sentences: {counts}. {signature}"
    ), figure


def heat_map(axes, source: list[str], target: list[str], weights: np.ndarray, links=()) -> None:
    """alpha ``[T, S]``: a row per target word; ``links`` (source word, target word) are framed."""
    axes.imshow(weights, cmap=WEIGHTS, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(source)), source, rotation=60, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(len(target)), target)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(False)
    for j, i in links:
        axes.plot(j, i, "s", markersize=9, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=0.8)


def alignments(maps: list[dict]) -> tuple[str, Figure]:
    """Test sentences in which the most words change places (Figure 3)."""
    figure = Figure(figsize=(8.4, 3.9 * -(-len(maps) // 2)))
    for axes, found in zip(
        figure.subplots(-(-len(maps) // 2), min(2, len(maps)), squeeze=False).flat, maps, strict=False
    ):
        heat_map(axes, found["source"], found["target"], np.array(found["weights"]), found["links"])
    return (
        "Weight of each source word (columns) for each word of the reference (rows), RNNsearch-50, first seed; "
        "test sentences of 6 to 12 words with the most crossing links. Framed: the links that the alignment error "
        "is counted against. A square in full colour has weight 1 (paper: Figure 3)."
    ), figure
