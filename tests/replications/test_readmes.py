"""What a paper's README says of results is what its records say."""

import pytest

from common import config, paths
from common.reporting.pages import readme


@pytest.mark.parametrize("paper", config.papers())
def test_the_tables_of_the_readme_are_generated_from_the_records(paper):
    assert readme.is_current(paper), f"run: replicate report {paper}"


@pytest.mark.parametrize("paper", config.papers())
def test_the_readme_leads_to_what_else_there_is(paper):
    text = (paths.REPLICATIONS / paper / "README.md").read_text(encoding="utf-8")
    for place in (f"reports/{paper}.md", f"docs/annotated/{paper}.html", f"notebooks/{paper}.py"):
        assert f"](../../{place})" in text and (paths.ROOT / place).exists(), place
