"""The figures, redrawn from our runs."""

import textwrap
from collections.abc import Iterator
from statistics import mean

from matplotlib.figure import Figure

from common.reporting.pages.figures import INK, PALETTE

LABELS = {
    "kn5": "KN5",
    "lstm_512": "LSTM, few cells",
    "lstm_1024": "LSTM, more",
    "lstm_2048": "LSTM, most",
    "nce": "LSTM, most, NCE",
    "full_softmax": "LSTM, most, full softmax",
    "lstm_8192_undropped": "wide LSTM, no dropout",
    "lstm_8192": "wide LSTM, dropout",
    "big_lstm": "BIG LSTM",
    "big_lstm_cnn": "+ CNN inputs",
    "cnn_softmax": "+ CNN softmax",
    "cnn_softmax_corrected": "+ CNN softmax, corrected",
    "character_lstm": "+ character LSTM",
}
Runs = dict[str, dict]


def draw(runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    networks = {name: run for name, run in runs.items() if run["parameters"]}
    if len(networks) > 1:
        yield "parameters", *parameters(networks)
    if "kn5" in runs and networks:
        yield "loss-by-frequency", *by_frequency(runs)
    if "big_lstm_cnn" in runs:
        yield "neighbours", *near(runs["big_lstm_cnn"]["figures"]["neighbours"])
    written = {name: networks[name] for name in ("big_lstm_cnn", "character_lstm") if name in networks}
    if written:
        yield "samples", *samples(written)


def parameters(networks: Runs) -> tuple[str, Figure]:
    """Perplexity against the number of parameters, one point per model."""
    figure = Figure(figsize=(6.8, 4.2))
    axes = figure.add_subplot()
    for name, run in networks.items():
        size, value = run["parameters"], mean(run["metrics"]["test/perplexity"].values())
        axes.plot([size], [value], "o", color=PALETTE["characters" in run["config"]["inputs"]])
        axes.annotate(LABELS[name], (size, value), (5, 3), textcoords="offset points", color=INK, fontsize=8)
    axes.margins(x=0.25, y=0.1)
    axes.xaxis.set_major_formatter(lambda size, _: f"{size / 1e6:g} M")
    axes.set(xlabel="parameters", ylabel="test perplexity", ylim=(0, None))
    return (
        "Test perplexity against the number of parameters, mean over seeds. The second colour marks networks that "
        "read characters."
    ), figure


def by_frequency(runs: Runs) -> tuple[str, Figure]:
    """How far each network is ahead of KN5, by how often the training text has the word."""
    compared = ("lstm_2048", "big_lstm", "big_lstm_cnn", "cnn_softmax", "cnn_softmax_corrected", "character_lstm")
    shown = [name for name in compared if name in runs]
    figure = Figure(figsize=(6.8, 3.6))
    axes = figure.add_subplot()
    bounds: dict[int | None, str] = {}
    low = 0
    counted = {row["below"]: row["nats"] for row in runs["kn5"]["figures"]["loss_by_frequency"]}
    for row in runs["kn5"]["figures"]["loss_by_frequency"]:
        bounds[row["below"]] = f"{low:,}–{row['below'] - 1:,}" if row["below"] else f"{low:,} or more"
        low = row["below"]
    for number, name in enumerate(shown):
        rows = runs[name]["figures"]["loss_by_frequency"]
        axes.plot(
            [list(bounds).index(row["below"]) for row in rows],
            [counted[row["below"]] - row["nats"] for row in rows],
            "o-",
            color=PALETTE[number % len(PALETTE)],
            label=LABELS[name],
        )
    axes.set_xticks(range(len(bounds)), list(bounds.values()))
    axes.set(xlabel="occurrences of the word in the training text", ylabel="nats per word\nahead of KN5")
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return (
        "Gain over KN5 on the test text by word frequency, unknown words left out; networks averaged over seeds."
    ), figure


def text(lines: list[str], size: float = 8.5) -> Figure:
    """A page of lines."""
    figure = Figure(figsize=(6.8, 0.2 * len(lines) + 0.2))
    axes = figure.add_subplot()
    axes.axis("off")
    for number, line in enumerate(lines):
        axes.text(
            0, 1 - (number + 0.5) / len(lines), line, transform=axes.transAxes, color=INK, fontsize=size, va="center"
        )
    return figure


def near(rows: list[dict]) -> tuple[str, Figure]:
    """Words that were never seen, and the known words nearest to them."""
    figure = text([f"{row['word']}:   {',  '.join(row['near'])}" for row in rows])
    return (
        "Words that the training text does not have, and the known words whose vectors are nearest (cosine), as "
        "the network that reads characters sees them."
    ), figure


def samples(networks: Runs) -> tuple[str, Figure]:
    """What the networks write."""
    lines = []
    for name, run in networks.items():
        lines += [f"{LABELS[name]}:"]
        for line in run["figures"]["sample"].split("\n"):
            lines += textwrap.wrap(line.replace("$", r"\$"), 100, initial_indent="    ", subsequent_indent="      ")
        lines += [""]
    return "Text drawn from the networks, a line per sentence.", text(lines[:-1])
