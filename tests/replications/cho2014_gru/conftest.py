"""A tiny parallel corpus."""

import pytest

from tests.replications.cho2014_gru import tiny as small


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> str:
    """The name of a corpus of 200 pairs in two files."""
    return small.text(tmp_path_factory.mktemp("text"))


@pytest.fixture
def tiny(text):
    """Settings of a system and networks that are made in seconds."""
    return lambda **changes: small.settings(text, **changes)
