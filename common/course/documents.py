"""The course's Markdown as pages for a browser, from disk: HTML beside it, with the look of the reports."""

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

from common import paths
from common.course.annotated import TEMPLATES
from common.reporting.pages.render import environment

FOLDER = paths.ROOT / "docs"


def anchor(heading: str) -> str:
    """The name of a heading in links, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def page(path: Path) -> str:
    """A Markdown file in HTML; its links to what has a page for a browser lead there."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parts = parser.parse(path.read_text(encoding="utf-8"))
    heads = [(opened, parts[place + 1].content) for place, opened in enumerate(parts) if opened.type == "heading_open"]
    for opened, title in heads:
        opened.attrSet("id", anchor(title))
    for link in (one for part in parts for one in part.children or () if one.type == "link_open"):
        target, mark, rest = str(link.attrGet("href")).partition("#")
        if target.endswith(".md") and (path.parent / target).with_suffix(".html").exists():
            link.attrSet("href", target.removesuffix(".md") + ".html" + mark + rest)
    env = environment()
    env.loader.searchpath.append(str(TEMPLATES))
    body = Markup(parser.renderer.render(parts, parser.options, {}))
    return env.get_template("document.html.j2").render(title=heads[0][1], body=body)


def write() -> Iterator[Path]:
    """The pages of all Markdown files of the course."""
    for path in sorted(FOLDER.glob("*.md")):
        path.with_suffix(".html").touch()  # the others' links lead to it
    for path in sorted(FOLDER.glob("*.md")):
        path.with_suffix(".html").write_text(page(path), encoding="utf-8")
        yield path.with_suffix(".html")
