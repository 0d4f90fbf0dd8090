"""The course: every line, link and command on its pages leads somewhere."""

import re
import shlex

import pytest

from common import config, paths
from common.course import documents, exercises, notebooks, quotes
from common.reporting.pages import render

DOCS = paths.ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), paths.ROOT / "README.md"]
COURSE = (DOCS / "course.md").read_text(encoding="utf-8")
TOPICS = dict(re.findall(r"\n## (\d+\. .+)\n\n((?:\|.*\n)+)", COURSE))
LINK = re.compile(r"\]\(([^)\s]+)\)")


def heading_anchors(path):
    return set(map(documents.anchor, re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), f"{page.name}: {target}"
        if anchor and path.suffix == ".md":
            assert anchor in heading_anchors(path), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_quoted_line_is_there_and_has_its_number(page):
    assert quotes.numbered(page) == page.read_text(encoding="utf-8"), "run: replicate annotate"


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_the_page_for_a_browser_is_current_and_stays_on_disk(page):
    written = page.with_suffix(".html").read_text(encoding="utf-8")
    assert written == documents.page(page), "run: replicate annotate"
    ids, links = (set(re.findall(rf'{attribute}="([^"]+)"', written)) for attribute in ("id", "href"))
    for target in links - {"data:,"}:
        file, _, anchor = target.partition("#")
        assert (page.parent / file).exists() and not (
            file.endswith(".md") and page.parent == (page.parent / file).parent
        )
        assert file or anchor in ids
    assert not re.search(r"<script|@import|url\(|src=\"http", written)


def test_topics_are_numbered_and_each_has_everything():
    assert [int(title.partition(".")[0]) for title in TOPICS] == list(range(1, len(TOPICS) + 1)) and len(TOPICS) >= 18
    for title, table in TOPICS.items():
        rows = dict(re.findall(r"^\| (\w+) \| (.+) \|$", table, re.M))
        assert list(rows) == ["folder", "equation", "line", "figure", "claim", "read", "run"], title
        assert quotes.QUOTE.fullmatch(rows["line"]) and re.fullmatch(r"\[.+\]\(.+\.svg\)", rows["figure"]), title
        assert re.fullmatch(r"\[`id: [\w-]+`\]\(\.\./replications/\w+/paper\.yaml#L\d+\)", rows["claim"]), title


@pytest.mark.parametrize(
    "command",
    sorted(set(re.findall(r"(?:`|^)(replicate (?:run|exercise|report|notebook|serve)\b[^`#\n]*)", COURSE, re.M))),
)
def test_every_command_can_be_given(command):
    match shlex.split(command):
        case ["replicate", "run", paper, experiment] | ["replicate", "run", paper, experiment, "--name", _]:
            assert config.resolve(paper, experiment, "quick")
        case "replicate", "exercise", "start" | "check" | "solution", paper, number:
            assert exercises.exercise(paper, int(number)).entry.tests
        case "replicate", "report", paper:
            assert config.require_paper(paper)
        case "replicate", "notebook", name:
            assert name in notebooks.scripts()
        case other:
            assert other in (["replicate", "exercise", "list"], ["replicate", "serve"])


def test_every_paper_with_exercises_is_taught():
    assert [one for one in config.papers() if exercises.of(one) and f"replications/{one})" not in COURSE] == []


def test_the_front_pages_lead_to_the_course(monkeypatch, tmp_path):
    fronts = [text for name, text in render.pages([]) if name in ("index.html", "README.md")]
    assert len(fronts) == 2 and all(re.search(r"../docs/course.(html|md)", text) for text in fronts)
    first_screen = (paths.ROOT / "README.md").read_text(encoding="utf-8").partition("## The two commands")[0]
    assert "docs/course.md" in first_screen
    monkeypatch.setattr(paths, "REPORTS", tmp_path / "reports")  # an installed package has none
    assert not any("course.md" in text for _, text in render.pages([]))


def test_forty_questions_have_their_answers_folded_away():
    quiz = (DOCS / "quiz.md").read_text(encoding="utf-8")
    asked = re.findall(
        r"^\*\*(\d+)\.\*\* .+\?\n\n<details><summary>Answer</summary>\n\n(.+)\n\n</details>$", quiz, re.M
    )
    assert [int(number) for number, _ in asked] == list(range(1, 41)) and quiz.count("<details>") == 40
    assert all(quotes.QUOTE.search(answer) for _, answer in asked)
