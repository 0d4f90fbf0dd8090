"""What tests of every folder use."""

import signal
import sys

import hypothesis
import pytest

from common import cli

hypothesis.settings.register_profile("the same examples every time", derandomize=True)
hypothesis.settings.load_profile("the same examples every time")


@pytest.fixture
def replicate(monkeypatch, capsys):
    """Runs a command line in this process: exit code, output, errors."""

    def replicate(*words):
        monkeypatch.setattr(sys, "argv", ["replicate", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, *capsys.readouterr()

    return replicate


@pytest.fixture(autouse=True)
def interruptible():
    """Not so what a script has started in the background, nor what follows an interruption of Lightning."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)
