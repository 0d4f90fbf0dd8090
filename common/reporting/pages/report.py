"""From records to ``reports/``, with the runs made here to ``reports-here/``: HTML, Markdown, figures, a summary."""

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from common import config, paths
from common.parallel import over_cores
from common.reporting.pages import content, figures, render
from common.reporting.pages.summary import summary


def write(papers: Sequence[str], folder: Path, quick: str, drawn: Path | None = None) -> None:
    """Writes the whole report on ``papers`` into ``folder``; ``quick`` as of :func:`evidence`.

    The figures of records are copied from the report in ``drawn``, where there is one of the same records.
    """
    reports = over_cores(partial(_build, folder, quick, drawn), papers, "reports")
    pages = dict(render.pages(reports))
    rows = [row for report in reports for row in report.results]
    verdicts = [(report.name, verdict) for report in reports for verdict in report.verdicts]
    pages["summary.json"] = json.dumps(summary(rows, verdicts), ensure_ascii=False, separators=(",", ":")) + "\n"
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


def _build(folder: Path, quick: str, drawn: Path | None, paper: str) -> content.PaperReport:
    def draw(scale: str, name: str, figure: Figure) -> None:
        within = Path("figures", paper, f"{name}.svg")
        (folder / within).parent.mkdir(parents=True, exist_ok=True)
        if drawn and scale != "quick":
            shutil.copyfile(drawn / within, folder / within)
        else:
            figures.save(figure, folder / within)

    with figures.style():
        return content.build(paper, draw, quick)


def report(papers: Sequence[str] | None = None, kept: bool = False, drawn: Path | None = None) -> Path:
    """Makes ``reports-here/`` on ``papers`` (default: all) and returns the folder; or ``reports/``, from what git has
    ``kept``: the same bytes on every machine.

    In the first, quick runs of this checkout take the place of those that git keeps. The folder is replaced as a whole,
    and only when everything was written: an error leaves the previous report. What that says of other papers, and of
    all together, stays. ``drawn`` as of :func:`write`.

    Raises:
        UserError: an unknown paper, a bad ``paper.yaml``, or quick runs that are not the declared ones.
    """
    names = [config.require_paper(name) for name in papers] if papers else config.papers()
    target = paths.REPORTS if kept else paths.REPORTS_HERE
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the swap is a rename and not a copy.
    with tempfile.TemporaryDirectory(prefix=".reports-", dir=target.parent) as work:
        fresh = Path(work) / "new"
        fresh.mkdir()
        write(names, fresh, "kept" if kept else "here", drawn)
        if set(names) < set(config.papers()):
            _keep_others(names, target, fresh)
        if target.exists():
            os.replace(target, Path(work) / "old")
        shutil.move(fresh, target)
    return target


def _keep_others(papers: Sequence[str], old: Path, new: Path) -> None:
    for path in old.rglob("*"):
        within = path.relative_to(old)
        paper = within.parts[1] if len(within.parts) > 2 else within.stem  # figures/<paper>/..., <paper>.html
        if path.is_file() and paper not in papers:
            (new / within).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, new / within)
