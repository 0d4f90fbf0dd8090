"""From records to ``reports/``, with the runs made here to ``reports-here/``: HTML, Markdown, figures, a summary."""

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from tqdm import tqdm

from common import config, paths
from common.reporting.pages import content, figures, render
from common.reporting.pages.summary import summary


def write(papers: Sequence[str], folder: Path, quick: str) -> None:
    """Writes the whole report on ``papers`` into ``folder``; ``quick`` as of :func:`evidence`."""

    def draw(paper: str, name: str, figure: Figure) -> None:
        figures.save(figure, folder / "figures" / paper / f"{name}.svg")

    with figures.style():
        reports = [content.build(name, draw, quick) for name in tqdm(papers, desc="reports", disable=None)]
    pages = dict(render.pages(reports))
    rows = [row for report in reports for row in report.results]
    verdicts = [(report.name, verdict) for report in reports for verdict in report.verdicts]
    pages["summary.json"] = json.dumps(summary(rows, verdicts), ensure_ascii=False, separators=(",", ":")) + "\n"
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


def report(papers: Sequence[str] | None = None, kept: bool = False) -> Path:
    """Makes ``reports-here/`` on ``papers`` (default: all) and returns the folder; or ``reports/``, from what git has
    ``kept``: the same bytes on every machine.

    In the first, quick runs of this checkout take the place of those that git keeps. The folder is replaced as a whole,
    and only when everything was written: an error leaves the previous report. What that says of other papers, and of
    all together, stays.

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
        write(names, fresh, "kept" if kept else "here")
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
