"""The pages in HTML (one file each, style inline, nothing fetched) and in Markdown, from ``templates/``."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import jinja2
from markupsafe import Markup

from common import config, paths
from common.config import SCALES, read_yaml
from common.reporting import text
from common.reporting.evidence.published import load_paper
from common.reporting.pages import cells, content
from common.reporting.pages.content import Group, PaperReport
from common.reporting.pages.environment import TEMPLATES
from common.reporting.pages.environment import environment as base
from common.reporting.pages.strips import effect_strip, strip
from common.reporting.pages.summary import Result


def result_strip(row: Result, group: Group) -> Markup:
    """The seeds of one row, or its rate, on the axis that its group shares."""
    shown = ", ".join(text.number(value) for value in row.values.values())
    values, label = ({"": row.mean}, text.percent(row.mean)) if row.is_rate else (row.values, shown)
    tick = row.published if row.comparable else None
    return strip(values, (row.low, row.high), tick, group.axis, f"{row.label}: {label}", median=row.median)


def end(value: float, group: Group) -> str:
    """An end of a group's axis."""
    return text.percent(value) if group.unit == "success" else text.printed(round(value, 9))


def tied(sentence: str) -> str:
    """With no line break inside a number, or between it and what it counts."""
    return re.sub(r"(?<=\d) (?=%|seed|trial|points|\d{3}(?!\d))", "\u00a0", sentence)


def environment() -> jinja2.Environment:
    """The templates' with what they call, and the words that they share."""
    env = base()
    writers = (
        text.printed, text.count, text.duration, text.memory, text.short, text.average, text.setting,
        cells.cells, cells.published, cells.basis, cells.reason, cells.looks, cells.listed, cells.cell, cells.verdict,
        tied, end, effect_strip, content.provenance, content.surroundings, text.number,
    )  # fmt: skip
    env.filters |= {write.__name__: write for write in writers} | {"strip": result_strip}
    env.globals |= {"scales": SCALES} | read_yaml(TEMPLATES / "words.yaml")
    return env


def _beside(name: str) -> Iterator[tuple[str, str]]:
    """(name, title) of the papers before and after one, whether or not the report is on them."""
    names = config.papers()
    place = names.index(name)
    for other in [*names[max(place - 1, 0) : place], *names[place + 1 : place + 2]]:
        yield other, load_paper(other).title


def pages(reports: Sequence[PaperReport]) -> Iterator[tuple[str, str]]:
    """(file name, text): the front page, and a page for each paper with links to its neighbours, in both forms."""
    env = environment()
    counts = Counter(verdict for report in reports for _, verdict in report.outcomes)
    neighbours = {report.name: list(_beside(report.name)) for report in reports}
    course = (paths.REPORTS.parent / "docs" / "course.md").exists()
    env.globals |= {"reports": reports, "counts": counts, "course": course}
    for kind, front in (("html", "index.html"), ("md", "README.md")):
        yield front, env.get_template(f"index.{kind}.j2").render()
        for report in reports:
            page = env.get_template(f"paper.{kind}.j2").render(report=report, neighbours=neighbours[report.name])
            yield f"{report.name}.{kind}", page
