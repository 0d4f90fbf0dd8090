"""Runs tests of the suite with the learner's file in the place of a module."""

import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

from common import paths
from common.errors import UserError

NOT_RUN = "its test did not run"


class Substitute:
    """Finds one module elsewhere; everything that imports it gets that one."""

    def __init__(self, module: str, file: Path):
        self.module, self.file = module, file

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self.file) if name == self.module else None


class Watcher:
    """The first fault of each test, whatever its parameters; of a file that cannot be read, that of all its tests."""

    def __init__(self, tests: Sequence[str]):
        self.faults: dict[str, str | None] = dict.fromkeys(tests, NOT_RUN)

    def pytest_runtest_logreport(self, report) -> None:
        test = report.nodeid.partition("[")[0]
        if report.failed and self.faults[test] in (None, NOT_RUN):
            self.faults[test] = told(report)
        elif report.when == "call" and report.passed and self.faults[test] == NOT_RUN:
            self.faults[test] = None

    def pytest_collectreport(self, report) -> None:
        if report.failed:
            self.faults |= {test: told(report) for test in self.faults if test.startswith(report.nodeid)}


def told(report) -> str:
    """Where it failed and why, on one line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return str(report.longrepr).strip().splitlines()[-1]
    first = next((line for line in crash.message.splitlines() if line.strip()), "failed")
    return f"{os.path.relpath(crash.path, paths.ROOT)}:{crash.lineno}: {first}"


def session(tests: Iterable[str], plugin: object) -> None:
    """Lets pytest run some tests in this process, without a word."""
    try:
        import pytest
    except ModuleNotFoundError:
        raise UserError("pytest is not installed, and checks the exercises: pip install -e '.[test]'") from None
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist"]
    pytest.main(["-o", "addopts=--import-mode=importlib", *quiet, *tests], plugins=[plugin])


def run_on(module: str, file: Path, tests: Sequence[str]) -> dict[str, str | None]:
    """Test -> its first fault with ``file`` as ``module``, None where it holds. For a process in which nothing was
    imported that imports the module."""
    sys.meta_path.insert(0, Substitute(module, file))
    sys.dont_write_bytecode = True  # compiled files are told apart by seconds
    os.chdir(paths.ROOT)
    sys.path.insert(0, str(paths.ROOT))
    watcher = Watcher(tests)
    session(tests, watcher)
    return watcher.faults
