"""The walk through the code quotes lines that the code has."""

import re

import pytest

from common import paths

FOLDER = paths.REPLICATIONS / "pascanu2013_clipping"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
FILES = FOLDER / "model.py", FOLDER / "update.py", paths.ROOT / "common/cells/elman.py"
CODE = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
QUOTED = re.findall(r"\| `([^`]+)` \|", README.partition("| what | paper | line")[2].partition("\n\n")[0])


def test_the_table_quotes_something():
    assert len(QUOTED) == 5


@pytest.mark.parametrize("line", QUOTED)
def test_the_quoted_line_is_in_the_code(line):
    assert line in CODE, f"README.md quotes {line!r}; the code says it otherwise by now"


def test_every_file_that_the_readme_links_to_exists():
    found = re.findall(r"\]\(([\w/.]+\.py)\)", README)
    assert len(found) > 6 and [path for path in found if not (FOLDER / path).exists()] == []
