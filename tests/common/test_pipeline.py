import json
from pathlib import Path

import networkx as nx
import pytest
import yaml

from common import config, paths, pipeline
from common.data import catalog
from common.training.closure import import_closure

FILES = pipeline.generated()


@pytest.mark.parametrize("path", FILES, ids=str)
def test_what_git_keeps_is_what_the_folders_give(path):
    assert (paths.ROOT / path).read_text() == FILES[path], f"{path} is not what the folders give: replicate pipeline"


@pytest.fixture(scope="module")
def graph():
    """What DVC makes of the files: stages, each with an edge to what it needs."""
    from dvc.repo import Repo

    with Repo(str(paths.ROOT), uninitialized=True) as repo:
        return nx.relabel_nodes(repo.index.graph, {stage: stage.addressing for stage in repo.index.graph})


def upstream(graph, stage):
    return nx.descendants(graph, stage)


def test_a_stage_per_paper_and_scale_in_a_graph_that_can_be_drawn(graph):
    declared = {
        f"replications/{paper}/dvc.yaml:{scale}"
        for paper in config.papers()
        for scale in config.SCALES
        if config.experiments(paper, scale)
    }
    assert {stage for stage in graph if stage.startswith("replications/")} == declared
    assert len(graph) <= 4 * len(config.papers()) + 2  # three scales and about one corpus a paper


def test_only_the_quick_scale_is_upstream_of_the_reports(graph):
    quick = {f"replications/{paper}/dvc.yaml:quick" for paper in config.papers()}
    assert upstream(graph, "reports") == quick | {"code"}


def test_corpora_are_fetched_before_the_stages_that_read_them(graph):
    def fetched(paper, scale):
        needed = upstream(graph, f"replications/{paper}/dvc.yaml:{scale}")
        return {one.removeprefix("corpora/dvc.yaml:fetch@") for one in needed if "fetch@" in one}

    assert fetched("mikolov2010_rnnlm", "scaled") == {"ptb"}
    assert fetched("cho2014_gru", "scaled") == {"multi30k", "tatoeba-fra-eng"}
    assert fetched("pascanu2013_clipping", "scaled") == {"music", "ptb"}
    assert fetched("vinyals2015_show_and_tell", "paper") == {"coco", "flickr30k", "flickr8k"}
    assert fetched("cho2014_gru", "paper") == set()  # streamed
    for paper in config.papers():
        assert fetched(paper, "quick") == set() == set(pipeline.corpora(paper, "quick"))


def test_what_a_stage_is_keyed_on():
    stages = yaml.safe_load(FILES[Path("replications/graves2006_ctc/dvc.yaml")])["stages"]
    assert stages["quick"]["params"] == [{"params.yaml": ["defaults", "scales.quick", "experiments"]}]
    assert stages["quick"]["deps"] == ["code.sha256"]
    assert stages["scaled"]["always_changed"] and stages["scaled"]["params"] == [
        {"params.yaml": ["defaults", "scales.scaled", "experiments"]},
        {"../../common/data/catalog.yaml": ["an4", "timit-features"]},
    ]


def test_a_changed_component_makes_the_papers_due_that_use_it_and_no_other(monkeypatch):
    changed = paths.ROOT / "common" / "search" / "ctc_beam.py"
    users = {paper for paper in config.papers() if changed in import_closure(f"replications.{paper}.experiment")}
    assert users == {"graves2006_ctc"}

    content = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: content(path) + b"# more\n" * (path == changed))
    now = pipeline.generated()
    due = {f"replications/{one}/code.sha256" for one in users}
    assert {str(path) for path in now if now[path] != FILES[path]} == due


def test_write_touches_what_is_stale_only(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "generated", lambda: {Path("a.yaml"): "a\n", Path("b.yaml"): "b\n"})
    monkeypatch.setattr(pipeline, "RECEIPTS", tmp_path / "receipts")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    (tmp_path / "a.yaml").write_text("a\n")
    assert pipeline.write() == [tmp_path / "b.yaml"] and pipeline.write() == []
    assert (tmp_path / "b.yaml").read_text() == "b\n"


def test_the_receipt_of_the_quick_runs_follows_what_is_there(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "RECEIPTS", tmp_path / "receipts")
    monkeypatch.setattr(pipeline, "generated", dict)
    folder = paths.REPLICATIONS / "toy1999_net" / "runs" / "quick"
    for name in ("net", "wide", "no_longer_declared"):
        (folder / name).mkdir(parents=True)
        results = {"seconds": {"1": 2.0}, "provenance": {"fingerprint": {"code": name}, "device": "mine"}}
        (folder / name / "results.json").write_text(json.dumps(results))
    path = pipeline.receipt("toy1999_net")
    assert json.loads(path.read_text()) == {"net": {"code": "net"}, "wide": {"code": "wide"}}
    (folder / "net" / "results.json").unlink()
    pipeline.write()
    assert json.loads(path.read_text()) == {"wide": {"code": "wide"}}


def test_the_receipt_of_a_corpus_is_read_by_sha256sum(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    sums = catalog.entry("ptb").files
    lines = pipeline.fetched("ptb").read_text().splitlines()
    assert lines == [f"{file.sha256}  {name}" for name, file in sums.items()]
    assert pipeline.fetched("timit").read_text() == "TRAIN\nTEST\n"
