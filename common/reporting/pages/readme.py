"""The tables of a paper's README, and the results in its sentences, generated between markers: none is typed by hand.

A number in a sentence stands in ``<!-- n: experiment metric scale -->...<!-- /n -->``, a mean over the seeds. All come
from ``paper.yaml`` and the records only: running ``quick`` again changes no README.
"""

import re
from pathlib import Path

from common import paths
from common.errors import UserError
from common.reporting.pages import cells
from common.reporting.pages.content import PaperReport, read
from common.reporting.pages.render import environment

START, END = "<!-- generated: results -->", "<!-- end -->"
NUMBER = re.compile(r"(<!-- n: (\S+) (\S+) (\S+) -->)[^<]*(<!-- /n -->)")


def generated(report: PaperReport) -> str:
    """The Markdown between the markers: a verdict per claim, then the tables of every recorded scale."""
    return environment().get_template("readme.md.j2").render(report=report).rstrip() + "\n"


def with_numbers(text: str, report: PaperReport, path: Path) -> str:
    """``text`` with fresh numbers in its sentences. Raises: UserError for one that no record has."""
    found = {(row.experiment, row.metric, row.scale): row for row in report.results if row.mean is not None}

    def fresh(match: re.Match) -> str:
        row = found.get(match.groups()[1:4])
        if row is None:
            line, asked = text.count("\n", 0, match.start()) + 1, " ".join(match.groups()[1:4])
            raise UserError(
                f"{path}:{line}: no record has {asked}; name an experiment, a metric and a scale that one "
                "has, or delete the number"
            )
        return match[1] + cells.cells(row).ours + match[5]

    return NUMBER.sub(fresh, text)


def filled(paper: str) -> tuple[Path, str, str]:
    """The README's path, its text, and its text with fresh tables and numbers.

    Raises:
        UserError: no markers, or a number that no record has.
    """
    path = paths.REPLICATIONS / paper / "README.md"
    try:
        before = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: not found; every replication has a README with '{START}' and '{END}'") from None
    head, start, rest = before.partition(START)
    _, end, tail = rest.partition(END)
    if not start or not end:
        raise UserError(f"{path}: no '{START}' followed by '{END}'; the tables go between these two lines")
    report = read(paper, quick=None)
    head, tail = (with_numbers(part, report, path) for part in (head, tail))
    return path, before, f"{head}{START}\n\n{generated(report)}\n{END}{tail}"


def is_current(paper: str) -> bool:
    """Whether the README's tables and numbers are what the records say."""
    _, before, after = filled(paper)
    return before == after


def fill(paper: str) -> bool:
    """Rewrites the README's tables and numbers; returns whether they changed."""
    path, before, after = filled(paper)
    if before != after:
        path.write_text(after, encoding="utf-8")
    return before != after
