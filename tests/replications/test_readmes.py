"""What a paper's README says of results is what its records say."""

import pytest

from common import config
from common.reporting.pages import readme


@pytest.mark.parametrize("paper", config.papers())
def test_the_tables_of_the_readme_are_generated_from_the_records(paper):
    assert readme.is_current(paper), f"run: replicate report {paper}"
