"""Every notebook runs from its first cell to its last, on networks that are small and quickly trained."""

import importlib
import runpy
import shutil

import matplotlib
import nbformat
import pytest
import torch

from common import config, paths
from common.course import notebooks
from common.training.execute import execute

NAMES = list(notebooks.scripts())


@pytest.fixture
def small(name, tmp_path, monkeypatch):
    """Networks are those of the paper's ``tiny.py``."""
    if name in config.papers():  # what it compiles is kept where it is, not in the test's folder
        importlib.import_module(f"replications.{name}.experiment")

    def network(paper, experiment):
        tiny = importlib.import_module(f"tests.replications.{paper}.tiny")
        (tmp_path / "replications" / paper).mkdir(parents=True)
        for name in ("params.yaml", "paper.yaml"):
            shutil.copy(paths.REPLICATIONS / paper / name, tmp_path / "replications" / paper)
        monkeypatch.setattr(paths, "REPLICATIONS", tmp_path / "replications")
        if prepare := getattr(tiny, "prepare", None):
            prepare(monkeypatch)
        name, settings = tiny.runs(tmp_path)[experiment]
        return execute(paper, name, overrides=settings) / "seed-1.pt"

    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(notebooks, "network", network)
    monkeypatch.setitem(matplotlib.rcParams, "figure.max_open_warning", 0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", NAMES)
def test_it_runs(name, small, capsys):
    matplotlib.use("Agg")
    from matplotlib import pyplot

    runpy.run_path(str(notebooks.FOLDER / f"{name}.py"))
    drawn = [figure for figure in map(pyplot.figure, pyplot.get_fignums()) if figure.axes]
    assert drawn or len(capsys.readouterr().out.splitlines()) > 3
    pyplot.close("all")


def test_every_paper_with_exercises_has_one():
    papers = [one for one in config.papers() if (paths.REPLICATIONS / one / "exercises.yaml").exists()]
    assert [paper for paper in papers if paper not in NAMES] == []


def test_cells_become_a_notebook():
    made = notebooks.notebook("# %% [markdown]\n# # One\n# two\n\n# %%\na = 1\n\n\n# %%\nprint(a)\n")
    assert [cell["cell_type"] for cell in made["cells"]] == ["markdown", "code", "code"]
    assert ["".join(cell["source"]) for cell in made["cells"]] == ["# One\ntwo", "a = 1", "print(a)"]


@pytest.mark.parametrize("name", NAMES)
def test_every_script_becomes_a_valid_notebook(name):
    nbformat.validate(notebooks.notebook((notebooks.FOLDER / f"{name}.py").read_text(encoding="utf-8")))


def test_a_notebook_is_not_overwritten(replicate, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "HOME", tmp_path)
    assert replicate("notebook", "smoothing") == (0, "notebooks/smoothing.ipynb\n", "")
    code, _, error = replicate("notebook", "smoothing")
    assert code == 2 and "is there already, and kept" in error
    assert replicate("notebook", "smoothing", "--again")[0] == 0
    assert "did you mean 'smoothing'" in replicate("notebook", "smoothin")[2]
    assert replicate("notebook")[1].split() == NAMES


def test_a_network_that_is_not_there_is_trained(toy, tmp_path):
    path = notebooks.network("toy1999_net", "net")
    assert path == tmp_path / "replications/toy1999_net/runs/own/notebook-net/seed-1.pt"
