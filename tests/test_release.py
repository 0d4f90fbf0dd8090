"""What is released: one version everywhere, every paper cited, every package in the wheel."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from setuptools import find_packages

from common import config, paths

PROJECT = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())
CITATION = yaml.safe_load((paths.ROOT / "CITATION.cff").read_text())


def test_one_version(replicate):
    version = PROJECT["project"]["version"]
    assert str(CITATION["version"]) == version
    assert f"\n## {version} ({CITATION['date-released']})\n" in (paths.ROOT / "CHANGELOG.md").read_text()


def test_every_paper_is_cited():
    cited = {one["title"].lower() for one in CITATION["references"]}
    for paper in config.papers():
        title = config.read_yaml(paths.REPLICATIONS / paper / "paper.yaml")["title"]
        assert title.lower() in cited, f"{paper}: not in CITATION.cff"


def test_the_citation_is_valid_and_gives_bibtex():
    cli = pytest.importorskip("cffconvert").Citation((paths.ROOT / "CITATION.cff").read_text())
    cli.validate()
    assert "year = {2026}" in cli.as_bibtex()


def test_every_module_is_in_the_wheel():
    options = PROJECT["tool"]["setuptools"]["packages"]["find"]
    packages = {paths.ROOT.joinpath(*name.split(".")) for name in find_packages(paths.ROOT, include=options["include"])}
    modules = {path for part in ("common", "replications") for path in (paths.ROOT / part).rglob("*.py")}
    assert {path.parent for path in modules} - packages == set()


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The code without its checkout: of a paper, what a wheel would hold."""
    site = tmp_path_factory.mktemp("site-packages")
    shutil.copytree(paths.ROOT / "common", site / "common", ignore=shutil.ignore_patterns("__pycache__"))
    folder = site / "replications" / "mikolov2010_rnnlm"
    folder.mkdir(parents=True)
    for path in (paths.REPLICATIONS / folder.name).iterdir():
        if path.suffix in (".py", ".yaml"):
            shutil.copy(path, folder)
    return site


def test_installed_it_writes_into_the_current_folder_and_keeps_no_records(installed, tmp_path):
    program = (
        "from common import cli, paths\nfrom common.training.finished import run_folder\n"
        "print(paths.BUILD, run_folder('mikolov2010_rnnlm', 'rnn', 'quick'), sep='\\n')\ncli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "record", "mikolov2010_rnnlm"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(installed)},
    )
    assert done.stdout.splitlines() == [f"{tmp_path}/build", f"{tmp_path}/runs/mikolov2010_rnnlm/quick/rnn"]
    assert done.returncode == 2 and "records belong to a checkout" in done.stderr and "Traceback" not in done.stderr
