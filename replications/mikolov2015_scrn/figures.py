"""The figures, drawn from our runs."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from common.reporting.pages.figures import dots


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    rows = [(name.replace("_", " "), run["metrics"]["test/perplexity"]) for name, run in runs.items()]
    if rows:
        yield "perplexity", "Test perplexity of each network; a dot is a seed.", dots(rows, "test perplexity")
    learned = {name: runs[name]["figures"]["alpha"] for name in ("learned", "context_learned") if name in runs}
    if learned:
        yield "alpha", "What each context unit keeps at a step, learned from 0.95 on; a line is a seed.", alpha(learned)


def alpha(learned: dict[str, dict[str, list[float]]]) -> Figure:
    """The learned alphas of each network, sorted."""
    figure = Figure(figsize=(6.4, 2.6))
    for axes, (name, seeds) in zip(
        figure.subplots(1, len(learned), sharey=True, squeeze=False)[0], learned.items(), strict=True
    ):
        for values in seeds.values():
            axes.plot(range(1, len(values) + 1), values, "o-")
        axes.set(xlabel="context unit", title=name.replace("_", " "), ylim=(0, 1.02))
        axes.axhline(0.95, linestyle="--", linewidth=0.8)
    return figure
