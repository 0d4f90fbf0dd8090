"""The same reports in Markdown, readable in a terminal and on a code host."""

from collections.abc import Iterable, Sequence

from common.config import SCALES
from common.reporting import text
from common.reporting.pages import cells, content
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
        parts.append(
            "Published numbers in parentheses are about the paper's corpus, which this scale does not use.\n"
        )
    if report.has_unverified:
        parts.append("(?) marks a published number quoted from memory, to be checked against the paper.\n")
    return "\n".join(parts)


def claims_table(report: PaperReport, scales: Sequence[str] = SCALES) -> str:
    rows = [
        [claim.says, *(verdict(one) for one in report.of(claim) if one.scale in scales)]
        for claim in report.paper.claims
    ]
    return table(["Claim", *scales], rows)


def index_page(reports: Sequence[PaperReport]) -> str:
    """``README.md`` of the reports: the verdicts of every paper, then the papers."""
    parts = ["# Recurrent networks, replicated\n", content.INTRODUCTION + "\n", "## The verdicts\n"]
    for report in reports:
        parts += [f"### {report.mark} [{report.paper.title}]({report.name}.md)\n", claims_table(report)]
    parts.append("".join(f"- *{name}*: {meaning}\n" for name, meaning in content.VERDICT_MEANING))
    parts.append("".join(f"- scale *{scale}*: {content.SCALE_MEANING[scale]}\n" for scale in SCALES))
    parts.append("## The papers\n")
    for report in reports:
        paper = report.paper
        parts.append(
            f"- **[{paper.title}]({report.name}.md)**, {paper.byline}, {paper.venue}. {paper.summary}\n"
        )
    parts.append("The same numbers for other tools: [summary.json](summary.json).\n")
    return "\n".join(parts)


def _claim(report: PaperReport, number: int) -> str:
    claim = report.paper.claims[number]
    lines = [f"### {number + 1}. {claim.says}\n", f"`{claim.id}`, {claim.where}\n"]
    lines.append(
        "".join(f"- {one.scale}: {verdict(one)}. {'. '.join([one.evidence, *one.remarks])}.\n"
                for one in reversed(report.of(claim)))
    )
    if claim.published:
        printed = ", ".join(f"{name} {text.printed(value)}" for name, value in claim.published.items())
        lines.append(f"As printed: {printed}.\n")
    lines.append(f"Falsified if {report.of(claim)[0].falsified_if}.\n")
    return "\n".join(lines)


def _deviations(report: PaperReport) -> list[str]:
    parts = ["## Deviations from the paper\n"]
    for scale, changes in reversed(report.deviations.items()):
        parts.append(f"### Scale {scale}\n")
        rows = [
            (f"`{key}`", text.setting(theirs), text.setting(ours), names)
            for names, key, theirs, ours in changes
        ]
        head = ("setting", "paper", "ours", "experiments")
        parts.append(table(head, rows) if rows else "None: the settings are the paper's.\n")
    return parts


def _cost(report: PaperReport) -> str:
    rows = []
    for run in report.records():
        speed = f"{text.count(text.average(run.throughput))} {run.throughput_unit}" if run.throughput else "–"
        seconds = text.duration(text.average(run.seconds))
        memory = text.memory(run.provenance.get("peak_memory_mb"))
        rows.append([f"`{run.experiment}`", run.scale, text.count(run.parameters), seconds, speed, memory])
    head = ("experiment", "scale", "parameters", f"time per {report.paper.run_of_a_seed}", "throughput", "peak memory")
    return table(head, rows, right=(2, 3, 4, 5))


def _provenance(report: PaperReport) -> list[str]:
    rows = []
    for run in report.records():
        made = run.provenance
        prints = made.get("fingerprint", {})
        commit = text.short(made.get("git_commit")) + (" + changes" if made.get("git_dirty") else "")
        rows.append([f"`{run.experiment}`", run.scale, commit,
                     *(text.short(prints.get(key)) for key in ("parameters", "data", "code"))])  # fmt: skip
    head = ("experiment", "scale", "commit", "parameters", "data", "code")
    return ["## Provenance\n", *(line + "\n" for line in content.provenance(report)), table(head, rows)]


def paper_page(report: PaperReport) -> str:
    """``<paper>.md``."""
    paper = report.paper
    link = f" [Read the paper]({paper.url})." if paper.url else ""
    parts = [
        f"# {report.mark} {paper.title}\n",
        f"{paper.byline}. {paper.venue}, {paper.year}.{link}\n",
        paper.summary + "\n",
        "## Claims\n",
        claims_table(report),
        *(_claim(report, number) for number in range(len(paper.claims))),
        "## Published and ours\n",
    ]
    for scale in report.scales:
        parts += [f"### Scale {scale}: {content.SCALE_MEANING[scale]}\n", results_section(report, scale)]
    if report.figures:
        parts.append("## Figures\n")
        parts += [
            f"![{caption}](figures/{report.name}/{name}.svg)\n\n{caption}\n"
            for _, name, caption in report.figures
        ]
    parts += _deviations(report)
    parts += ["## Cost\n", _cost(report), *_provenance(report), "[All papers](README.md)\n"]
    return "\n".join(parts)
