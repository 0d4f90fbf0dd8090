"""The figures, redrawn from our runs."""

from collections.abc import Iterator
from statistics import mean

from matplotlib.figure import Figure

from common.reporting.pages.figures import INK, PALE, PALETTE

SINGLE = {
    "ngram": {"gt3": "Good-Turing 3-gram", "kn5": "Kneser-Ney 5-gram"},
    "nnlm": {"": "Feed-forward network"},
    "rnn_one_step": {"": "RNN, 100 classes, one step"},
    "rnn_classes": {"": "RNN, 100 classes"},
    "rnn": {"": "RNN", "+kn5": "RNN + KN5", "average": "RNNs averaged", "dynamic": "RNN, dynamic"},
    "rnn_sampled": {"": "RNN, trained on samples", "average": "the same, averaged"},
}
Runs = dict[str, dict]


def perplexity(run: dict, what: str = "") -> float:
    """Mean over seeds of the test perplexity."""
    return mean(run["metrics"]["test/perplexity" + (f"/{what}" if what else "")].values())


def draw(runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if "ngram" in runs:
        yield "models", *models(runs)
    if "rnn" in runs:
        yield "gain-by-frequency", *gain_by_frequency(runs["rnn"])
    if "speed" in runs and any(name.startswith("classes_") for name in runs):
        yield "classes", *classes(runs)
    if {"tenth", "third", "rnn_classes"} <= runs.keys():
        yield "text-size", *text_size(runs)


def models(runs: Runs) -> tuple[str, Figure]:
    """Every model on one axis and, where the text comes from a known grammar, the best that any model can do."""
    found = [
        (label, perplexity(runs[name], what))
        for name, labels in SINGLE.items()
        if name in runs
        for what, label in labels.items()
        if "test/perplexity" + (f"/{what}" if what else "") in runs[name]["metrics"]
    ]
    figure = Figure(figsize=(6.4, 0.32 * len(found) + 1))
    axes = figure.add_subplot()
    axes.hlines(range(len(found)), 0, [value for _, value in found], color=PALE, linewidth=1)
    axes.plot([value for _, value in found], range(len(found)), "o")
    for y, (_, value) in enumerate(found):
        axes.annotate(f"{value:.1f}", (value, y), (7, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(len(found)), [label for label, _ in found])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(xlabel="test perplexity", xlim=(0, 1.12 * max(value for _, value in found)))
    caption = "Test perplexity of each model, mean over seeds."
    best = runs["ngram"]["metrics"].get("entropy_rate")
    if best:
        value = mean(best.values())
        axes.axvline(value, color=PALETTE[1], linestyle="--")
        axes.annotate(
            f"grammar {value:.1f}",
            (value, len(found) - 0.5),
            (4, 0),
            textcoords="offset points",
            color=PALETTE[1],
            va="bottom",
        )
        caption += " The text comes from a grammar of known entropy rate: no model can be left of the dashed line."
    return caption, figure


def gain_by_frequency(run: dict) -> tuple[str, Figure]:
    """Where the recurrent network is ahead of KN5."""
    rows = run["figures"]["gain_by_frequency"]
    labels, low = [], 0
    for row in rows:
        labels.append(f"{low:,}–{row['below'] - 1:,}" if row["below"] else f"{low:,} or more")
        low = row["below"]
    figure = Figure(figsize=(6.4, 2.8))
    axes = figure.add_subplot()
    axes.bar(labels, [row["bits"] for row in rows], width=0.6)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.grid(axis="x", visible=False)
    axes.set(xlabel="occurrences of the word in the training text", ylabel="bits per word\nahead of KN5")
    return "Bits by which the networks, averaged over seeds, beat KN5 on the test text, by word frequency.", figure


def classes(runs: Runs) -> tuple[str, Figure]:
    """Perplexity and training speed for growing numbers of classes."""
    speeds = {what.partition("/")[2]: values for what, values in runs["speed"]["metrics"].items()}
    names = [name for name in runs if name.startswith("classes_") or name in ("rnn_classes", "rnn")]
    perplexities = {str(runs[name]["config"]["classes"] or "full"): perplexity(runs[name]) for name in names}
    figure = Figure(figsize=(6.4, 2.8))
    left, right = figure.subplots(1, 2)
    places = {count: x for x, count in enumerate(speeds)}
    found = [count for count in places if count in perplexities]
    left.plot([places[count] for count in found], [perplexities[count] for count in found], "o-")
    right.plot(list(places.values()), [mean(values.values()) for values in speeds.values()], "o-", color=PALETTE[1])
    right.set_ylim(bottom=0)
    for axes, label in ((left, "test perplexity"), (right, "words per second in training")):
        axes.set_xticks(list(places.values()), list(places))
        axes.set(xlabel="classes", ylabel=label, xlim=(-0.3, len(places) - 0.7))
    return (
        "Perplexity and training speed for several numbers of classes and for one softmax over all words (full), "
        "with 200 hidden units. The full softmax is trained by a recipe of its own, and for longer. Speeds were "
        "measured in turn on one machine, in single precision."
    ), figure


def text_size(runs: Runs) -> tuple[str, Figure]:
    """KN5 and its mixture with a network, for a tenth, a third and all of the training text."""
    sizes = [("a tenth", runs["tenth"]), ("a third", runs["third"]), ("all", runs["rnn_classes"])]
    figure = Figure(figsize=(6.4, 2.6))
    axes = figure.add_subplot()
    for x, (_, run) in enumerate(sizes):
        values = [100 * gain for gain in run["metrics"]["gain"].values()]
        axes.plot([x] * len(values), values, "o", color=PALETTE[0], alpha=0.7)
    axes.set_xticks(range(len(sizes)), [label for label, _ in sizes])
    axes.set(xlabel="training text", ylabel="lower than KN5 alone, %", xlim=(-0.5, len(sizes) - 0.5))
    return "What RNN + KN5 gains over KN5 of the same text (50, 100 and 200 hidden units); a dot is a seed.", figure
