"""The tables of a paper's README, generated between markers, so that no number in it is typed by hand.

They come from ``paper.yaml`` and the records only: running ``quick`` again changes no README.
"""

from pathlib import Path

from common import paths
from common.config import SCALES
from common.errors import UserError
from common.reporting.evidence.published import load_paper
from common.reporting.evidence.results import evidence
from common.reporting.pages import markdown
from common.reporting.pages.content import PaperReport
from common.reporting.pages.summary import results
from common.reporting.verdicts.claims import judge_all

START, END = "<!-- generated: results -->", "<!-- end -->"


def generated(paper: str) -> str:
    """The Markdown between the markers: a verdict per claim, then the tables of every recorded scale."""
    published, runs = load_paper(paper), evidence(paper, quick=False)
    report = PaperReport(
        name=paper,
        paper=published,
        runs=runs,
        results=results(paper, published, runs),
        verdicts=judge_all(paper, published, runs),
        deviations={},
    )
    if not report.scales:
        return "No result has been recorded yet.\n"
    parts = [markdown.claims_table(report, [scale for scale in SCALES if scale in report.scales])]
    for scale in report.scales:
        parts += [f"**Scale {scale}**\n", markdown.results_section(report, scale)]
    return "\n".join(parts)


def filled(paper: str) -> tuple[Path, str, str]:
    """The README's path, its text, and its text with fresh tables. Raises: UserError without markers."""
    path = paths.REPLICATIONS / paper / "README.md"
    try:
        before = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            f"{path}: not found; every replication has a README with '{START}' and '{END}'"
        ) from None
    head, start, rest = before.partition(START)
    _, end, tail = rest.partition(END)
    if not start or not end:
        raise UserError(f"{path}: no '{START}' followed by '{END}'; the tables go between these two lines")
    return path, before, f"{head}{START}\n\n{generated(paper)}\n{END}{tail}"


def is_current(paper: str) -> bool:
    """Whether the README's tables are what the records say."""
    _, before, after = filled(paper)
    return before == after


def fill(paper: str) -> bool:
    """Rewrites the README's tables; returns whether they changed."""
    path, before, after = filled(paper)
    if before != after:
        path.write_text(after, encoding="utf-8")
    return before != after
