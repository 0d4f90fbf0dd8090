import csv
import errno
import fcntl
import json
import os
import shutil
import types
from pathlib import Path

import pytest
import torch

from common import paths
from common.errors import UserError
from common.training import finished, launch
from common.training.execute import execute
from common.training.finished import made_with, own_runs, run_folder

TOY = "toy1999_net"


def results(folder):
    return json.loads((folder / "results.json").read_text())


def works():
    return sorted((paths.BUILD / "work").glob("*"))


@pytest.mark.parametrize("asked, scale, threads", [(None, "quick", 1), ("2", "quick", 2), (None, "scaled", 2)])
def test_small_networks_take_one_thread_unless_asked_for_more(toy, monkeypatch, asked, scale, threads):
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    try:
        torch.set_num_threads(2)
        assert results(execute(TOY, "net", scale, accelerator="cpu"))["provenance"]["threads"] == threads
    finally:
        torch.set_num_threads(before)


def test_a_finished_run(toy):
    folder = execute(TOY, "net", accelerator="cpu")
    assert folder == run_folder(TOY, "net", "quick") == paths.REPLICATIONS / TOY / "runs" / "quick" / "net"
    found = results(folder)
    assert (found["paper"], found["experiment"], found["scale"], found["seeds"]) == (TOY, "net", "quick", [1, 2])
    assert found["metrics"]["test/error"].keys() == found["seconds"].keys() == {"1", "2"}
    assert found["config"]["hidden"] == 8
    provenance = found["provenance"]
    assert provenance.keys() == {
        "git_commit",
        "git_dirty",
        "fingerprint",
        "versions",
        "python",
        "device",
        "devices",
        "threads",
        "peak_memory_mb",
        "precision",
        "rules",
    }
    assert provenance["precision"] == "32-true"
    assert provenance["fingerprint"]["data"] == "made" and len(provenance["fingerprint"]["parameters"]) == 64
    assert provenance["versions"]["torch"] == torch.__version__.split("+")[0] or provenance["versions"]["torch"]
    with open(folder / "history.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert (
        rows[:3]
        == [
            ["seed", "epoch", "step", "metric", "value"],
            ["1", "1", "10", "valid/error", "1.0"],
            ["1", "2", "20", "valid/error", "0.5"],
        ]
        and len(rows) == 5
    )
    assert torch.load(folder / "seed-2.pt", weights_only=True) == {"seed": 2}
    assert works() == []  # what was in progress is gone


def test_every_seed_counts_zero_too(toy):
    first, again = (results(execute(TOY, "net", seeds=[0, 1], accelerator="cpu")) for _ in range(2))
    errors = first["metrics"]["test/error"]
    assert errors == again["metrics"]["test/error"] and errors["0"] != errors["1"]
    torch.manual_seed(0)
    assert errors["0"] == torch.rand(1).item()


def test_a_finished_run_leaves_the_progress_of_other_seeds(toy):
    step = toy.step

    def stop(run, seed):
        step(run, seed)
        if seed == 2:
            raise KeyboardInterrupt

    toy.step = stop
    with pytest.raises(KeyboardInterrupt):
        execute(TOY, "net", accelerator="cpu")
    toy.step = step
    execute(TOY, "net", seeds=[1], accelerator="cpu")
    (work,) = works()
    assert sorted(path.name for path in work.glob("seed-*")) == ["seed-2"]


def test_other_settings_than_the_declared_ones_are_no_evidence(toy):
    declared = execute(TOY, "net", accelerator="cpu")
    own = [
        execute(TOY, "net", accelerator="cpu", **changes)
        for changes in (
            {"overrides": ["lr=0.2"]},
            {"overrides": ["lr=0.3"]},
            {"seeds": [7]},
            {"precision": "bf16-mixed"},
        )
    ]
    assert len({*own}) == 4 and own_runs(TOY) == sorted(own)  # none replaces another
    assert [results(folder)["config"]["lr"] for folder in own] == [0.2, 0.3, 0.1, 0.1]
    assert execute(TOY, "net", overrides=["lr=0.3"], accelerator="cpu") == own[1]
    assert execute(TOY, "net", overrides=["lr=0.1"], accelerator="cpu") == declared  # the declared value said again
    assert results(declared)["config"]["lr"] == 0.1


def test_own_runs_have_names_and_keep_them(toy):
    mine = execute(TOY, "net", overrides=["lr=0.2"], name="mine", accelerator="cpu")
    assert mine == run_folder(TOY, "mine", "own")
    assert execute(TOY, "net", overrides=["lr=0.2"], name="mine", accelerator="cpu") == mine
    with pytest.raises(UserError, match=r"mine: holds a run with other settings \(lr\); choose another --name, or rem"):
        execute(TOY, "net", overrides=["lr=0.3"], name="mine", accelerator="cpu")
    assert results(mine)["config"]["lr"] == 0.2
    toy.load_data = lambda settings: types.SimpleNamespace(fingerprint="another text")
    with pytest.raises(UserError, match=r"mine: holds a run with other settings \(data\)"):
        execute(TOY, "net", overrides=["lr=0.2"], name="mine", accelerator="cpu")
    assert execute(TOY, "net", name="as-declared", accelerator="cpu") == run_folder(TOY, "as-declared", "own")
    for name in ("../quick/net", "a/b", ".."):
        with pytest.raises(UserError, match="give a plain name for a folder"):
            execute(TOY, "net", overrides=["lr=0.2"], name=name, accelerator="cpu")


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """``runs/`` is on another disk."""
    rename = os.replace

    def replace(source, target):
        disks = {(tmp_path / "build") in Path(path).parents for path in (source, target)}
        if len(disks) > 1:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "rename", replace)


def test_results_reach_another_disk(toy, elsewhere):
    first = results(execute(TOY, "net", accelerator="cpu"))
    folder = execute(TOY, "net", accelerator="cpu")
    assert results(folder)["metrics"] == first["metrics"] and (folder / "seed-1.pt").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["net"]


def test_a_disk_that_is_full_at_the_end_loses_nothing(toy, monkeypatch):
    before = results(execute(TOY, "net", accelerator="cpu"))
    copy = shutil.copyfile

    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(UserError, match="results not written .No space left on device.; earlier ones are kept. Make"):
        execute(TOY, "net", accelerator="cpu")
    assert results(run_folder(TOY, "net", "quick")) == before
    monkeypatch.setattr(shutil, "copyfile", copy)
    assert execute(TOY, "net", accelerator="cpu")


def test_results_that_were_put_aside_come_back(toy):
    folder = execute(TOY, "net", accelerator="cpu")
    folder.rename(folder.with_name("net.old"))  # the power failed before the new ones were in place
    step, toy.step = toy.step, lambda run, seed: 1 / 0
    with pytest.raises(ZeroDivisionError):
        execute(TOY, "net", accelerator="cpu")
    toy.step = step
    execute(TOY, "net", accelerator="cpu")
    assert [path.name for path in folder.parent.iterdir()] == ["net"]


def test_a_disk_without_locks_is_trusted(toy, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert execute(TOY, "net", accelerator="cpu").exists()


def test_what_to_know_of_the_data_is_said_first(toy, capsys):
    toy.load_data = lambda settings: types.SimpleNamespace(fingerprint="mine", note="text:mine: 8 sentences")
    step, said = toy.step, []
    toy.step = lambda run, seed: said.append(capsys.readouterr().out) or step(run, seed)
    execute(TOY, "net", accelerator="cpu")
    assert said == ["text:mine: 8 sentences\n", ""]


def test_what_needs_a_processor_gets_one(toy, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    toy.needs_processor = lambda config: True
    assert results(execute(TOY, "net"))["provenance"]["device"] != "a GPU"
    with pytest.raises(UserError, match="compiled for processors; use cpu"):
        execute(TOY, "net", accelerator="cuda")
    toy.needs_processor = lambda config: False
    with pytest.raises(UserError, match="--devices 2: there are 1 GPUs here"):
        execute(TOY, "net", devices=2)


def test_an_interrupted_run_goes_on(toy):
    whole = toy.step

    def fails_at_seed_2(run, seed):
        whole(run, seed)
        if seed == 2:
            raise RuntimeError("the power fails")

    toy.step = fails_at_seed_2
    with pytest.raises(RuntimeError):
        execute(TOY, "net", accelerator="cpu")
    (work,) = works()
    assert not run_folder(TOY, "net", "quick").exists()
    before = json.loads((work / "seed-2" / "cost.json").read_text())
    (work / "seed-2" / "cost.json").write_text('{"seconds": 1000.0, "peak_memory_mb": 1e6}')
    toy.step = whole
    folder = execute(TOY, "net", accelerator="cpu")
    assert before["seconds"] < 1000 <= results(folder)["seconds"]["2"] < 2000  # seconds of both attempts
    assert 0 < before["peak_memory_mb"] < results(folder)["provenance"]["peak_memory_mb"] == 1e6
    assert len((folder / "history.csv").read_text().splitlines()) == 5  # no point twice
    assert works() == []


def test_results_of_an_experiment_that_differs_in_one_setting(toy):
    found = {}
    step = toy.step

    def looks(run, seed):
        step(run, seed)
        found[run.experiment] = made_with(run, hidden=16), made_with(run, hidden=8), made_with(run, hidden=9)

    params = paths.REPLICATIONS / TOY / "params.yaml"
    params.write_text(params.read_text().replace("lr: 0.2", "lr: 0.1").replace("seeds:\n  - 1\n  - 2", "seeds: [1, 2]"))
    execute(TOY, "net", accelerator="cpu")
    toy.step = looks
    execute(TOY, "wide", accelerator="cpu")
    assert found["wide"] == (None, run_folder(TOY, "net", "quick"), None)
    toy.load_data = lambda settings: types.SimpleNamespace(fingerprint="other text")
    execute(TOY, "wide", accelerator="cpu")
    assert found["wide"] == (None, None, None)


def test_a_failure_keeps_the_results_of_before(toy):
    folder = execute(TOY, "net", accelerator="cpu")
    before = (folder / "results.json").read_bytes()

    def fails(run, seed):
        raise RuntimeError

    toy.step = fails
    with pytest.raises(RuntimeError):
        execute(TOY, "net", accelerator="cpu")
    assert (folder / "results.json").read_bytes() == before


def test_work_in_progress_is_named_by_what_determines_the_result(toy, monkeypatch):
    def fails(run, seed):
        raise RuntimeError

    toy.step = fails

    def names(**changes):
        with pytest.raises(RuntimeError):
            execute(TOY, "net", accelerator="cpu", **changes)
        return len(works())

    assert names() == names() == 1
    assert names(overrides=["lr=0.2"]) == 2
    assert names(seeds=[5]) == 2  # more seeds of the same run
    toy.load_data = lambda settings: type("Corpus", (), {"fingerprint": "another text"})
    assert names() == 3
    monkeypatch.setattr(finished, "code_fingerprint", lambda module: "another program")
    assert names() == 4


def test_the_same_run_is_not_done_twice_at_once(toy):
    whole, refused = toy.step, []

    def again(run, seed):
        with pytest.raises(UserError, match="the same run is in progress in another process; wait for it or stop it"):
            execute(TOY, "net", accelerator="cpu")
        refused.append(seed)
        whole(run, seed)

    toy.step = again
    folder = execute(TOY, "net", accelerator="cpu")
    assert refused == [1, 2] and results(folder)["metrics"]["test/error"].keys() == {"1", "2"}


def test_a_lock_that_nobody_holds_any_more_does_not_matter(toy):
    whole = toy.step

    def fails(run, seed):
        raise RuntimeError

    toy.step = fails
    with pytest.raises(RuntimeError):
        execute(TOY, "net", accelerator="cpu")
    lock = works()[0] / "lock"
    assert lock.exists()
    toy.step = whole
    with open(lock) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(UserError, match="in progress"):
            execute(TOY, "net", accelerator="cpu")
    assert execute(TOY, "net", accelerator="cpu")


@pytest.mark.parametrize(
    "variables",
    [
        {"RANK": "1", "WORLD_SIZE": "2"},
        {"LOCAL_RANK": "1", "WORLD_SIZE": "2"},
        {"SLURM_PROCID": "1", "SLURM_NTASKS": "2"},
    ],
)
def test_helper_processes_record_nothing(toy, monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    folder = execute(TOY, "net", accelerator="cpu", devices=2)
    assert not folder.exists() and not list(paths.BUILD.glob("**/history.json"))


@pytest.mark.parametrize("variable", [*launch.TORCH, *launch.SLURM, *launch.MEETING])
@pytest.mark.parametrize("value", ["1", "", "x"])
def test_what_a_shell_remembers_of_other_processes_does_not_count(toy, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert results(execute(TOY, "net", seeds=[1], accelerator="cpu"))["metrics"]


@pytest.mark.parametrize("damage", ["[]", "{", '{"config": 3}', "\xff"])
def test_damaged_results_are_made_again(toy, damage):
    folder = execute(TOY, "net", name="mine", accelerator="cpu")
    (folder / "results.json").write_bytes(damage.encode("latin1"))
    assert results(execute(TOY, "net", name="mine", accelerator="cpu", again=False))["metrics"]


@pytest.mark.parametrize("file", ["history.json", "cost.json"])
@pytest.mark.parametrize("damage", ["[[1, 1", "3"])
def test_damaged_work_in_progress_is_named(toy, file, damage):
    def broken(run, seed):
        (run.seed_folder(seed) / file).write_text(damage)
        raise KeyboardInterrupt

    toy.run = lambda run: broken(run, 1)
    with pytest.raises(KeyboardInterrupt):
        execute(TOY, "net", accelerator="cpu")
    toy.run = lambda run: run.seed(1).__enter__()
    with pytest.raises(UserError, match=rf"{file}: damaged .*delete it and run the same command again"):
        execute(TOY, "net", accelerator="cpu")


def test_wrong_devices(toy, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="accelerator cuda: torch finds no GPU here; use cpu"):
        execute(TOY, "net", accelerator="cuda")
    with pytest.raises(UserError, match="unknown accelerator 'cpus'; did you mean 'cpu'?"):
        execute(TOY, "net", accelerator="cpus")
    assert execute(TOY, "net")
