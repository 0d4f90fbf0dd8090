"""One look for every figure, SVG files that are the same bytes every time, and the paper's own figures."""

import importlib.util
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean

import matplotlib
from matplotlib.figure import Figure

from common import paths
from common.reporting.evidence.results import Runs
from common.reporting.pages.environment import TEMPLATES

STYLE = matplotlib.rc_params_from_file(TEMPLATES / "figures.mplstyle", use_default_template=False)
PALETTE = tuple(STYLE["axes.prop_cycle"].by_key()["color"])
INK, PALE = STYLE["text.color"], STYLE["grid.color"]
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
    """Writes the SVG, and its folder: transparent, in the reader's own sans-serif font, with ink for dark pages too."""
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
        place = (max(seeds.values()), y)
        axes.annotate(f"{mean(seeds.values()):.2f}", place, (9, 0), textcoords="offset points", va="center", color=INK)
    axes.set_yticks(range(len(rows)), [label for label, _ in rows])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.2)
    axes.set(xlabel=quantity)
    return figure
