"""A tiny language pair."""

from functools import partial

import pytest

from common import config as configuration
from replications.bahdanau2015_attention.config import Config
from tests.replications.bahdanau2015_attention import tiny as small

PAPER = "bahdanau2015_attention"


@pytest.fixture(scope="session")
def corpus_name(tmp_path_factory) -> str:
    return small.text(tmp_path_factory.mktemp("parallel"))


@pytest.fixture
def tiny(corpus_name):
    """Settings of a network that trains in seconds, as ``--set`` takes them."""
    return partial(small.settings, corpus_name)


@pytest.fixture
def settings():
    """A typed setting of the quick scale, changed as asked."""

    def settings(experiment: str = "search_50", scale: str = "quick", **changes) -> Config:
        return Config(**configuration.resolve(PAPER, experiment, scale) | changes)

    return settings
