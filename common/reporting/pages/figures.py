"""One look for every figure, SVG files that are the same bytes every time, and the paper's own figures."""

import importlib.util
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean

import matplotlib
from cycler import cycler
from matplotlib.figure import Figure

from common import paths
from common.reporting.evidence.results import Runs

# Okabe and Ito's colours, told apart with every kind of colour vision, on white and on black.
PALETTE = ("#2b7bba", "#d55e00", "#0a9a72", "#b5679a", "#56a9d9", "#d19000", "#7a6fbf", "#8c6d4f")
INK = "#59616c"  # readable on white, and on black where the file's own dark rule is not applied
PALE = "#a9b0ba"

STYLE = {
    "svg.hashsalt": "replications",
    "svg.fonttype": "none",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.labelsize": 9.5,
    "axes.titlelocation": "left",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": PALE,
    "grid.alpha": 0.35,
    "grid.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=PALETTE),
    "lines.linewidth": 1.5,
    "lines.markersize": 4.5,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.constrained_layout.use": True,
}
DARK = (
    "<style>@media (prefers-color-scheme: dark) {"
    f'[style*="fill: {INK}"]{{fill:#c3c8d0 !important}}'
    f'[style*="stroke: {INK}"]{{stroke:#c3c8d0 !important}}'
    "}</style>"
)


@contextmanager
def style() -> Iterator[None]:
    """The shared look, for figures made and saved inside."""
    with matplotlib.rc_context(STYLE):
        yield


def save(figure: Figure, path: Path) -> None:
    """Writes the SVG: transparent, in the reader's own sans-serif font, with ink that follows a dark page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().replace("'DejaVu Sans'", "system-ui, 'Helvetica Neue', Arial, 'DejaVu Sans'")
    head, tag, body = text.partition("<defs>")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + DARK + tag + body, encoding="utf-8")


def paper_figures(paper: str, runs: Runs) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) of the paper's own ``figures.py``, if it has one, for one scale."""
    path = paths.REPLICATIONS / paper / "figures.py"
    if not path.exists() or not runs:
        return
    spec = importlib.util.spec_from_file_location(f"replications.{paper}.figures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield from module.draw({name: record.model_dump(mode="json") for name, record in runs.items()})


def dots(rows: Sequence[tuple[str, Mapping[str, float]]], quantity: str) -> Figure:
    """A line per row (its label, a value per seed): every seed a dot, their mean a stroke with its number."""
    figure = Figure(figsize=(6.4, 0.4 * len(rows) + 0.9))
    axes = figure.add_subplot()
    for y, (_, seeds) in enumerate(rows):
        axes.plot(list(seeds.values()), [y] * len(seeds), "o", color=PALETTE[0], alpha=0.6)
        axes.plot([mean(seeds.values())] * 2, [y - 0.25, y + 0.25], color=INK)
        axes.annotate(
            f"{mean(seeds.values()):.2f}",
            (max(seeds.values()), y),
            (9, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    axes.set_yticks(range(len(rows)), [label for label, _ in rows])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.2)
    axes.set(xlabel=quantity)
    return figure
