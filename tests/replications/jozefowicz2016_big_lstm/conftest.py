"""A tiny text."""

from pathlib import Path

import pytest

from tests.replications.jozefowicz2016_big_lstm.tiny import settings
from tests.replications.texts import agreeing


@pytest.fixture(scope="session")
def text(tmp_path_factory) -> Path:
    """A text file of short sentences in which the verb agrees with the noun."""
    return agreeing(tmp_path_factory.mktemp("text") / "own.txt", lines=80)


@pytest.fixture
def tiny(text):
    """Settings of networks that train in a second."""
    return lambda **changes: settings(text, **changes)
