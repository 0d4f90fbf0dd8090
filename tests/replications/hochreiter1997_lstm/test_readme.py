"""The walk through the cell quotes lines that the code has."""

import re

import pytest

from common import paths

FOLDER = paths.REPLICATIONS / "hochreiter1997_lstm"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
READABLE, COMPILED = paths.ROOT / "common/cells/lstm.py", FOLDER / "lstm_kernel.py"


def quotations():
    """(file, line of code) of the table whose last two columns are the two implementations."""
    table = README.partition("| what | paper | readable")[2].partition("\n\n")[0]
    for row in table.splitlines()[2:]:
        for file, cell in zip((READABLE, COMPILED), row.strip("|").split(" | ")[2:], strict=True):
            yield from ((file, code) for code in re.findall("`([^`]+)`", cell))


def test_the_table_quotes_both_implementations():
    found = list(quotations())
    assert {file for file, _ in found} == {READABLE, COMPILED} and len(found) > 12


@pytest.mark.parametrize(("file", "code"), quotations())
def test_the_quoted_line_is_in_the_code(file, code):
    assert code in file.read_text(encoding="utf-8"), f"README.md quotes {code!r}; {file.name} says it otherwise by now"


def test_every_file_that_the_readme_links_to_exists():
    found = re.findall(r"\]\(((?:\.\./)*[\w/]+(?:\.py)?)\)(?!`)", README)  # reports/*.md are generated
    assert len(found) > 8 and [path for path in found if not (FOLDER / path).exists()] == []
