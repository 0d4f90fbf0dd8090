import shutil

import pytest

from common import paths, weights
from common.errors import UserError
from common.training.finished import run_folder

TOY = "toy1999_net"


@pytest.fixture
def checkout(toy, tmp_path, monkeypatch):
    """A folder under DVC with two finished networks and a remote beside it."""
    from dvc.repo import Repo

    monkeypatch.setattr(paths, "ROOT", tmp_path)
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        with repo.config.edit("repo") as config:
            config["remote"]["shared"] = {"url": str(tmp_path / "remote")}
    for experiment in ("net", "late"):
        folder = run_folder(TOY, experiment, "scaled")
        folder.mkdir(parents=True)
        (folder / "seed-1.pt").write_text(experiment)
        (folder / "results.json").write_text("{}")
    return tmp_path


def test_what_one_pushes_another_pulls_and_tries(checkout, replicate):
    code, output, errors = replicate("weights", "push", TOY, "--scale", "scaled", "--remote", "shared")
    assert (code, errors) == (0, "") and "replications/toy1999_net/weights/scaled.dvc" in output
    shutil.rmtree(run_folder(TOY, "net", "scaled").parent)
    shutil.rmtree(weights.folder(TOY, "scaled"))
    shutil.rmtree(checkout / ".dvc" / "cache", ignore_errors=True)
    with pytest.raises(UserError, match="or get it: replicate weights pull toy1999_net --scale scaled"):
        weights.find(TOY, "net", "scaled", 1)
    code, output, _ = replicate("weights", "pull", TOY, "--scale", "scaled", "--remote", "shared")
    assert code == 0 and output.splitlines() == [
        f"replications/toy1999_net/weights/scaled/{one}/seed-1.pt" for one in ("late", "net")
    ]
    assert weights.find(TOY, "net", "scaled", 1).read_text() == "net"


def test_ones_own_network_comes_first(checkout):
    handed_on = weights.folder(TOY, "scaled") / "net" / "seed-1.pt"
    handed_on.parent.mkdir(parents=True)
    handed_on.write_text("handed on")
    assert weights.find(TOY, "net", "scaled", 1).read_text() == "net"
    run_folder(TOY, "net", "scaled").joinpath("seed-1.pt").unlink()
    assert weights.find(TOY, "net", "scaled", 1) == handed_on


def test_what_is_refused(checkout):
    with pytest.raises(UserError, match="weights/paper.dvc: not there; whoever trained them sends them"):
        weights.pull(TOY, "paper")
    with pytest.raises(UserError, match="toy1999_net: no network is finished at scale 'paper'"):
        weights.push(TOY, "paper")
    with pytest.raises(UserError, match="there is no DVC remote; add one: dvc remote add --default NAME URL"):
        weights.push(TOY, "scaled")
    with pytest.raises(UserError, match="DVC: .*nowhere"):
        weights.push(TOY, "scaled", remote="nowhere")
