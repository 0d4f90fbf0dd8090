"""Quoted lines are found again wherever they have moved, and what is no longer there is told."""

import pytest

from common.course import quotes
from common.errors import UserError


@pytest.fixture
def page(tmp_path):
    (tmp_path / "code.py").write_text("one = 1\ntwo = one + one\nnumber = [one]\n# été\n", encoding="utf-8")
    return tmp_path / "page.md"


def test_a_line_is_found_where_it_is_now(page):
    page.write_text(
        "see [`two = one`](code.py#L9), [`[one]`](code.py#L3), [`one = 1`](code.py) and [`été`](code.py#L0)\n"
    )
    assert list(quotes.renumber(page.parent)) == [page]
    assert page.read_text() == (
        "see [`two = one`](code.py#L2), [`[one]`](code.py#L3), [`one = 1`](code.py) and [`été`](code.py#L4)\n"
    )
    assert list(quotes.renumber(page.parent)) == []


def test_the_line_that_ends_with_it_is_meant(page):
    (page.parent / "code.py").write_text("- id: a-b\n- id: a\n")
    page.write_text("[`id: a`](code.py#L0)")
    assert quotes.numbered(page) == "[`id: a`](code.py#L2)"


@pytest.mark.parametrize(
    ("quote", "says"),
    [
        ("[`three`](code.py#L1)", "page.md:2: 0 lines of code.py have 'three'; quote one line"),
        ("[`on`](code.py#L1)", "page.md:2: 3 lines of code.py have 'on'"),
        ("[`one`](gone.py#L1)", "page.md:2: .*gone.py"),
    ],
)
def test_what_cannot_be_found_is_told(page, quote, says):
    page.write_text("first\n" + quote)
    with pytest.raises(UserError, match=says):
        quotes.numbered(page)
