"""The same reports in Markdown, readable in a terminal and on a code host."""

from collections.abc import Iterable, Sequence

from common.config import SCALES
from common.reporting import text
from common.reporting.pages import cells
from common.reporting.pages.content import PaperReport, ResultTable
from common.reporting.pages.summary import Result
from common.reporting.verdicts.claims import FAILED, HOLDS, INCONCLUSIVE, REACH, Verdict

LISTED = 5  # of more seeds, the range says as much


def cell(value: object) -> str:
    """Text that cannot break out of a table's cell."""
    return " ".join(str(value).split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> str:
    """A Markdown table; ``right`` names the columns of numbers."""
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    lines = [head, rule, *([cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def verdict(one: Verdict) -> str:
    """Bold where the claim was decided, with a sign that survives without colour."""
    sign = "~" if one.verdict == REACH else "✓" if one.verdict in HOLDS else "✕" if one.verdict == FAILED else ""
    if sign:
        return f"**{sign} {one.verdict}**"
    return f"≈ {one.verdict}" if one.verdict == INCONCLUSIVE else one.verdict


def published(row: Result) -> str:
    shown = cells.published(row) + (" (?)" if row.confidence == "unverified" else "")
    return shown if row.comparable or row.published is None else f"({shown})"


def basis(row: Result, size: float | None) -> str:
    """Every seed's value; of many, how many there are and their range."""
    shown = cells.basis(row)
    if row.is_rate:
        return shown
    if len(row.values) > LISTED:
        ends = min(row.values.values()), max(row.values.values())
        return f"{shown}: {' to '.join(text.number(value, size) for value in ends)}"
    values = ", ".join(text.number(value, size) for value in row.values.values())
    return values if shown == str(len(row.values)) else f"{values} ({shown})"


def result_table(shown: ResultTable, thing: str) -> str:
    """Published and ours, row by row; ``thing`` is what a seed is called."""
    lines = []
    sizes = {group.unit: group.size for group in shown.groups}
    for row in shown.rows:
        label = f"{row.label} (`{row.experiment}`, {row.metric})"
        if row.mean is None:
            lines.append([label, published(row), "–", "–", "–", cells.reason(row)])
            continue
        size = sizes[row.unit] or row.mean
        one = cells.cells(row, size)
        unit = "" if row.is_rate else f" {row.unit}".rstrip()
        ours = f"**{one.ours}**{unit}"
        if one.mean:
            ours = f"median **{one.ours}**, mean {one.mean}{unit}"
        interval = one.interval + (f", mean {one.mean_interval}" if one.mean else "")
        stands_on = "; ".join(part for part in (basis(row, size), cells.looks(row)) if part)
        lines.append([label, published(row), ours, one.difference, interval, stands_on])
    head = (cell(shown.where) or "Experiment", "published", "ours", "difference", "95 % interval", f"{thing}s")
    return table(head, lines, right=(1, 2, 3, 4))


def results_section(report: PaperReport, scale: str) -> str:
    """The tables of one scale and the notes that a reader of them needs."""
    tables = report.tables(scale)
    thing = report.paper.run_of_a_seed
    parts = [result_table(one, thing) for one in tables]
    if absent := report.not_attempted(scale):
        parts.append(f"Not attempted at this scale: {'; '.join(absent)}.\n")
    if thing == "trial":
        parts.append("Differences of numbers of sequences are those of the means, which papers print.\n")
    if any(not row.comparable for one in tables for row in one.rows):
        parts.append("Published numbers in parentheses are about the paper's corpus, which this scale does not use.\n")
    if report.has_unverified:
        parts.append("(?) marks a published number quoted from memory, to be checked against the paper.\n")
    return "\n".join(parts)


def claims_table(report: PaperReport, scales: Sequence[str] = SCALES) -> str:
    rows = [
        [claim.says, *(verdict(one) for one in report.of(claim) if one.scale in scales)]
        for claim in report.paper.claims
    ]
    return table(["Claim", *scales], rows)
