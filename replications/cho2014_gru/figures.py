"""The figures, redrawn from our runs."""

from collections.abc import Iterator
from statistics import mean

from matplotlib.figure import Figure

from common.reporting.pages.figures import INK, PALE, PALETTE, dots

ROWS = {"baseline": "Baseline", "rnn": "+ RNN", "cslm": "+ CSLM + RNN", "wp": "+ word penalty"}
LABELS = 45  # of a map, so that they can be read
Runs = dict[str, dict]


def draw(runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if "smt" in runs:
        yield "table", *table(runs["smt"])
        figures = runs["smt"]["figures"]
        if figures.get("scatter"):
            yield "scores", *scores(figures["scatter"])
        for what, caption in (
            ("words", "The most frequent source words by their embeddings (paper: Figure 4)."),
            (
                "phrases",
                "Source phrases of four words and more by the vector c into which the "
                "network reads them (paper: Figure 5).",
            ),
        ):
            if what in figures.get("maps", {}):
                yield f"map-of-{what}", caption + " t-SNE, first seed.", plane(figures["maps"][what])
    if "sentences" in runs:
        yield "length-and-unknown-words", *breakdown(runs)


def table(run: dict) -> tuple[str, Figure]:
    """Table 1 as a picture, every seed a dot."""
    found = [
        (label, run["metrics"][f"test/bleu/{row}"])
        for row, label in ROWS.items()
        if f"test/bleu/{row}" in run["metrics"]
    ]
    caption = "BLEU of the rows of Table 1; a dot is a seed of the networks, a line their mean."
    return caption, dots(found, "BLEU of the test sentences")


def scores(points: dict) -> tuple[str, Figure]:
    """Figure 3: what the table counts against what the network thinks."""
    figure = Figure(figsize=(6.4, 3.2))
    for axes, colour, (name, found) in zip(figure.subplots(1, 2, sharey=True), PALETTE, points.items(), strict=False):
        axes.plot(
            [x for x, _ in found],
            [y for _, y in found],
            "o",
            color=colour,
            markersize=2.5,
            alpha=0.4,
            markeredgewidth=0,
        )
        axes.set(xlabel="log p(target | source), counted", title=f"{name} source phrases")
        axes.label_outer()
    figure.axes[0].set_ylabel("log p(target | source), network")
    return (
        "Phrase pairs by the phrase table's score and by the network's, for the shortest and the longest source "
        "phrases that have several translations (paper: Figure 3). First seed."
    ), figure


def plane(points: list[dict]) -> Figure:
    """Dots with the labels of those that stand apart."""
    figure = Figure(figsize=(7.2, 5.6))
    axes = figure.add_subplot()
    axes.plot([p["x"] for p in points], [p["y"] for p in points], "o", color=PALE, markersize=3)
    width = max(p["x"] for p in points) - min(p["x"] for p in points)
    height = max(p["y"] for p in points) - min(p["y"] for p in points)
    written: list[dict] = []
    for point in points:
        room = 0.011 * width * max(len(point["text"]), 6)
        if len(written) < LABELS and all(
            abs(point["y"] - other["y"]) > 0.035 * height or abs(point["x"] - other["x"]) > room + 0.01 * width
            for other in written
        ):
            written.append(point)
            axes.annotate(
                point["text"],
                (point["x"], point["y"]),
                (0, 3),
                textcoords="offset points",
                color=INK,
                fontsize=7.5,
                ha="center",
            )
            axes.plot(point["x"], point["y"], "o", color=PALETTE[0], markersize=3.5)
    axes.margins(x=0.08)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    return figure


def breakdown(runs: Runs) -> tuple[str, Figure]:
    """2014b, Figures 4 and 5: the network alone, and the phrase-based system."""
    figure = Figure(figsize=(7.2, 3.2))
    alone = list(runs["sentences"]["figures"]["alone"].values())
    curves = [("the network alone", alone)]
    if "baseline" in runs.get("smt", {}).get("figures", {}):
        curves.append(("phrase-based", [runs["smt"]["figures"]["baseline"]]))
    for axes, what, label in zip(
        figure.subplots(1, 2, sharey=True),
        ("by_length", "by_unknown"),
        ("words of the source sentence", "unknown words, source and reference"),
        strict=True,
    ):
        for colour, (name, seeds) in zip(PALETTE, curves, strict=False):
            groups = [row["group"] for row in seeds[0][what]]
            places = [group + 2 if what == "by_length" else group for group in groups]
            axes.plot(
                places,
                [mean(seed[what][i]["bleu"] for seed in seeds) for i in range(len(groups))],
                "o-",
                color=colour,
                label=name,
            )
        axes.set(xlabel=label, ylim=(0, None))
        if what == "by_unknown":
            axes.set_xticks(range(5), ["0", "1", "2", "3", "4 or more"])
    figure.axes[0].set_ylabel("BLEU")
    figure.axes[0].legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=2)
    counts = ", ".join(f"{row['group']}–{row['group'] + 4}: {row['sentences']}" for row in alone[0]["by_length"])
    return (
        f"BLEU of test sentences by length and by unknown words, mean over seeds (2014b, Figures 4 and 5). "
        f"Sentences by length: {counts}."
    ), figure
