"""The figures, redrawn from our runs."""

from collections.abc import Iterator
from statistics import mean

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from common.reporting.pages.figures import INK, PALE, PALETTE, dots

Runs = dict[str, dict]
NAMES = {"reversed": "source reversed", "forward": "source as it is"}


def draw(runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if any(name in runs for name in NAMES):
        yield (
            "length",
            *groups(
                runs,
                "by_length",
                "words of the source sentence",
                "BLEU of the test sentences by length, in fifths; lines: mean over seeds, dots: seeds.",
            ),
        )
        yield (
            "rarity",
            *groups(
                runs,
                "by_rarity",
                "mean frequency rank of the source words",
                "BLEU of the test sentences by how rare their words are, in fifths.",
            ),
        )
    if "reversed" in runs and runs["reversed"]["metrics"].get("test/bleu/ensemble"):
        yield "beams", *beams(runs["reversed"])
    if "reversed" in runs and runs["reversed"]["metrics"].get("test/bleu/phrases"):
        yield "rescoring", *rescoring(runs)
    if "reversed" in runs and runs["reversed"]["figures"].get("vectors"):
        yield "vectors", *vectors(runs["reversed"]["figures"]["vectors"])


def groups(runs: Runs, what: str, label: str, caption: str) -> tuple[str, Figure]:
    """Figure 3, left and right."""
    figure = Figure(figsize=(6.4, 3.0))
    axes = figure.add_subplot()
    for colour, (name, shown) in zip(PALETTE, NAMES.items(), strict=False):
        if name not in runs:
            continue
        rows = runs[name]["figures"][what]
        places = [row["mean"] for row in rows]
        axes.plot(places, [mean(row["bleu"].values()) for row in rows], color=colour, label=shown)
        for row in rows:
            axes.plot([row["mean"]] * len(row["bleu"]), list(row["bleu"].values()), "o", color=colour, markersize=3)
    axes.set(xlabel=label, ylabel="BLEU")
    axes.set_ylim(bottom=0)
    axes.legend()
    return caption, figure


def beams(run: dict) -> tuple[str, Figure]:
    """Table 1 as a picture: what a larger beam and more networks cost and bring."""
    config, metrics = run["config"], run["metrics"]
    largest = config["beam_size"]
    figure = Figure(figsize=(6.4, 3.0))
    axes = figure.add_subplot()
    for colour, (what, shown) in zip(
        PALETTE, (("", "one network"), ("/ensemble", "all seeds' networks together")), strict=False
    ):
        points = []
        for beam_size in sorted({largest, *config["ensemble_beam_sizes" if what else "beam_sizes"]}):
            name = what if beam_size == largest else f"{what}/beam_{beam_size}"
            speed = mean(metrics[f"decoding{name or '/single'}"].values())
            points.append((1000 / speed, mean(metrics[f"test/bleu{name}"].values()), beam_size))
        axes.plot([x for x, _, _ in points], [y for _, y, _ in points], "o-", color=colour, label=shown)
        for x, y, beam_size in points:
            axes.annotate(f"beam {beam_size}", (x, y), (0, 7), textcoords="offset points", ha="center", color=INK)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.2, y=0.2)
    axes.set(xlabel="milliseconds per sentence", ylabel="BLEU")
    axes.legend()
    return "BLEU against the time of decoding, for beams of several sizes.", figure


def rescoring(runs: Runs) -> tuple[str, Figure]:
    """Table 2 as a picture."""
    rows = [
        ("phrase-based", "reversed", "phrases"),
        ("+ forward LSTM", "forward", "rescored"),
        ("+ reversed LSTM", "reversed", "rescored"),
        ("+ all seeds' together", "reversed", "rescored/ensemble"),
        ("best of the n best", "reversed", "oracle"),
    ]
    found = [
        (label, runs[name]["metrics"][f"test/bleu/{what}"])
        for label, name, what in rows
        if name in runs and f"test/bleu/{what}" in runs[name]["metrics"]
    ]
    n_best = runs["reversed"]["config"]["n_best"]
    caption = (
        f"A phrase-based system's {n_best} best translations of each test sentence, by an even average of its "
        "score and the LSTM's (Table 2); last, the best that any order can do."
    )
    return caption, dots(found, "BLEU of the test sentences")


def vectors(points: list[dict]) -> tuple[str, Figure]:
    """Figure 2: where the encoder puts sentences of the same words."""
    figure = Figure(figsize=(6.4, 4.6))
    axes = figure.add_subplot()
    doers = list(dict.fromkeys(point["doer"] for point in points))
    for point in points:
        active = next(
            p for p in points if (p["doer"], p["other"]) == (point["doer"], point["other"]) and not p["passive"]
        )
        axes.plot([active["x"], point["x"]], [active["y"], point["y"]], color=PALE, linewidth=0.8, zorder=1)
    width, height = (max(p[axis] for p in points) - min(p[axis] for p in points) for axis in "xy")
    labels: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda point: point["y"]):
        colour = PALETTE[doers.index(point["doer"])]
        axes.plot(point["x"], point["y"], "s" if point["passive"] else "o", color=colour, zorder=2)
        near = [y + 0.045 * height for x, y in labels if abs(x - point["x"]) < 0.5 * width]
        labels.append((point["x"], max([point["y"], *near])))  # no label on another
        axes.annotate(point["text"], labels[-1], (6, -2), textcoords="offset points", color=INK, fontsize=7.5)
    axes.margins(x=0.25, y=0.1)
    axes.set(xlabel="first principal component", ylabel="second principal component")
    return (
        "Sentence vectors (h and c of all layers after the last word) in the plane of their two main axes. Colour: "
        "who does it; circles: active, squares: passive; a line joins an active sentence and its passive."
    ), figure
