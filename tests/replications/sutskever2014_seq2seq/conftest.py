"""A tiny parallel corpus."""

from functools import partial

import pytest

from tests.replications.sutskever2014_seq2seq import tiny as small


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> str:
    return small.text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="session")
def tiny(text):
    """Settings of a network that trains in a second."""
    return partial(small.settings, text)
