"""A small corpus in a manner of speaking."""

import pytest

from common import config
from tests.replications.graves2006_ctc import tiny

PAPER = "graves2006_ctc"


@pytest.fixture
def settings():
    """The typed settings of an experiment at quick scale with changes."""

    def settings(experiment="ctc", scale="quick", **changes):
        return config.validate(PAPER, config.resolve(PAPER, experiment, scale) | changes, "test")

    return settings


@pytest.fixture(scope="session")
def toy():
    return tiny.toy()
