"""The same reports in Markdown, readable in a terminal and on a code host."""

from collections.abc import Iterable, Sequence

from common.config import SCALES
from common.reporting import content, text
from common.reporting.claims import FAILED, HOLDS, INCONCLUSIVE, Verdict
from common.reporting.content import PaperReport, ResultTable
from common.reporting.summary import Result


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
    sign = "✓" if one.verdict in HOLDS else "✕" if one.verdict == FAILED else ""
    if sign:
        return f"**{sign} {one.verdict}**"
    return f"≈ {one.verdict}" if one.verdict == INCONCLUSIVE else one.verdict


def published(row: Result) -> str:
    if row.published is None:
        return "–"
    shown = f"{row.published:g}" + (" (?)" if row.confidence == "unverified" else "")
    return shown if row.comparable else f"({shown})"


def result_table(shown: ResultTable) -> str:
    """Published and ours, row by row, with every seed's value."""
    lines = []
    for row in shown.rows:
        size = shown.size or row.mean
        label = f"{row.label} (`{row.experiment}`, {row.metric})"
        if row.mean is None:
            lines.append([label, published(row), "–", "–", "–", f"not attempted: {row.reason}"])
            continue
        interval = "–" if row.low is None else f"{text.number(row.low, size)} – {text.number(row.high, size)}"
        values = ", ".join(text.number(value, size) for value in row.values.values())
        together = f"{values} ({content.seeds(row)})" if "together" in content.seeds(row) else values
        ours = f"**{text.number(row.mean, size)}** {row.unit}".strip()
        lines.append(
            [label, published(row), ours, content.difference(row, shown.size)[0], interval, together]
        )
    head = (cell(shown.where) or "Experiment", "published", "ours", "difference", "95 % interval", "seeds")
    return table(head, lines, right=(1, 2, 3, 4))


def results_section(report: PaperReport, scale: str) -> str:
    """The tables of one scale and the notes that a reader of them needs."""
    tables = report.tables(scale)
    parts = [result_table(one) for one in tables]
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
        "".join(f"- {one.scale}: {verdict(one)}. {one.evidence}.\n" for one in reversed(report.of(claim)))
    )
    if claim.published:
        printed = ", ".join(f"{name} {value:g}" for name, value in claim.published.items())
        lines.append(f"As printed: {printed}.\n")
    lines.append(f"Falsified if {claim.falsified_if.rstrip('.')}.\n")
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
    head = ("experiment", "scale", "parameters", "time per seed", "throughput", "peak memory")
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
