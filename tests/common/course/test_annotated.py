"""Annotated pages: made again they are the same, and they say where the equations of each paper are."""

import html
import re

import pytest

from common import paths
from common.course import annotated, exercises
from common.errors import UserError

PAPERS = annotated.papers()


@pytest.mark.parametrize("paper", PAPERS)
def test_the_page_is_what_readme_and_code_say(paper):
    path = annotated.FOLDER / f"{paper}.html"
    assert path.exists() and path.read_text(encoding="utf-8") == annotated.page(paper), (
        f"run: replicate annotate {paper}"
    )


@pytest.mark.parametrize("paper", PAPERS)
def test_nothing_is_fetched_and_every_link_leads_somewhere(paper):
    text = annotated.page(paper)
    assert not re.search(r"<script|@import|url\(|(?:src|<link[^>]*href)=\"(?!data:)", text)
    for target in re.findall(r'<a href="((?!../../reports/)[^"#]+)', text):  # a paper's first report comes later
        assert (annotated.FOLDER / target).resolve().exists(), target
    assert len(text) < 80_000


@pytest.mark.parametrize("paper", PAPERS)
def test_the_lines_shown_are_those_of_the_files(paper):
    """Every definition of the page stands where its link leads; quoted lines are marked or stand alone."""
    page = annotated.Page(paper)
    shown = [one for row in page.rows for one in row.shown]
    assert sum(bool(one.code and one.says) for one in shown) >= 2
    for one in shown:
        lines = one.path.read_text(encoding="utf-8").splitlines()[one.start - 1 : one.end]
        assert [line for line in one.code.splitlines() if line.strip() not in map(str.strip, lines)] == []
        if one.quoted:
            assert html.escape(one.quoted, quote=False) in re.search("<mark>(.+)</mark>", one.html)[1]


def test_exercises_bring_their_examples_by_hand():
    text = annotated.page("hochreiter1997_lstm")
    assert "replicate exercise start hochreiter1997_lstm 1" in text
    assert "def test_memory_worked_by_hand" in text and "[0, 0, 0, 0, 0, 7, 0, 0, 6]" in text


@pytest.mark.parametrize("paper", PAPERS)
def test_every_exercise_of_a_paper_is_on_its_page_once(paper):
    told = re.findall(rf"replicate exercise start {paper} (\d)<", annotated.page(paper))
    assert sorted(map(int, told)) == [one.number for one in exercises.of(paper)]


def test_docstrings_flow_in_their_column():
    says = "The head, which goes on\nin a second line::\n\n    y = 1\n    z = ``y``\n\nArgs:\n    y: see :class:`~a.B`."
    assert annotated.plain(says) == (
        "The head, which goes on in a second line:\n\n    y = 1\n    z = y\n\nArgs:\n    y: see a.B."
    )
    assert annotated.plain("one   1\nthree 3\nfour  4") == "one   1\nthree 3\nfour  4"


def test_cells_of_markdown():
    folder = paths.REPLICATIONS / "graves2006_ctc"
    assert annotated.inline("a < b, `x < 1`, *no*, [data](data.py)", folder) == (
        'a &lt; b, <code>x &lt; 1</code>, <em>no</em>, <a href="../../replications/graves2006_ctc/data.py">data</a>'
    )


def test_a_row_of_the_table_may_have_an_empty_cell_but_none_too_few(monkeypatch):
    page = annotated.Page("graves2006_ctc")
    head = "| what | paper | code |\n|---|---|---|\n"
    row = "| the network | {} [`model.py`](model.py) |\n"
    found = list(page._rows(annotated.TABLE.search(head + row.format("|"))))
    assert [str(one.paper) for one in found] == [""] and found[0].shown
    with pytest.raises(UserError, match="README.md: 'the network' has 2 cells, its table 3"):
        list(page._rows(annotated.TABLE.search(head + row.format(""))))
