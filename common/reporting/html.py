"""The HTML pages: one file each, style inline, nothing fetched."""

import re
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from common.config import SCALES
from common.reporting import content, text
from common.reporting.content import PaperReport, ResultTable
from common.reporting.strips import effect_strip, strip
from common.reporting.summary import Result


def result_strip(row: Result, table: ResultTable) -> Markup:
    """The seeds of one row on the axis that its table shares; nothing where the units differ."""
    if len(table.units) > 1:
        return Markup("")
    label = f"{row.label}: {', '.join(text.number(value) for value in row.values.values())}"
    tick = row.published if row.comparable else None
    return strip(row.values, (row.low, row.high), tick, table.bounds, label)


def tied(sentence: str) -> str:
    """With no line break between a number and what it counts."""
    return re.sub(r"(\d) (?=%|seed)", "\\1\u00a0", sentence)


def environment() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    env.filters |= {
        "number": text.number,
        "count": text.count,
        "duration": text.duration,
        "memory": text.memory,
        "short": text.short,
        "average": text.average,
        "setting": text.setting,
        "tied": tied,
        "strip": result_strip,
        "effect_strip": effect_strip,
        "seeds": content.seeds,
        "difference": content.difference,
        "provenance": content.provenance,
    }
    return env


def index_page(reports: Sequence[PaperReport]) -> str:
    """``index.html``: the verdict matrix of all papers, then a card for each."""
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            reports=reports,
            scales=SCALES,
            scale_meaning=content.SCALE_MEANING,
            meanings=content.VERDICT_MEANING,
            introduction=content.INTRODUCTION,
        )
    )


def paper_page(report: PaperReport) -> str:
    """``<paper>.html``."""
    template = environment().get_template("paper.html.j2")
    return template.render(report=report, scale_meaning=content.SCALE_MEANING)
