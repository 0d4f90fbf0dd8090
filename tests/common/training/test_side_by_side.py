import json
import multiprocessing
import os
import shutil
import signal
import time

import pytest
import torch

from common import paths
from common.errors import UserError
from common.training.execute import execute, train_seed
from common.training.finished import run_folder
from common.training.side_by_side import cores as cores_here
from common.training.side_by_side import execute_all, places

TOY = "toy1999_net"


@pytest.fixture(params=[1, 2])
def cores(request, monkeypatch):
    monkeypatch.setattr("common.training.side_by_side.cores", lambda: request.param)


def results(name):
    return json.loads((run_folder(TOY, name, "quick") / "results.json").read_text())


def made():
    """When each experiment's results were written."""
    files = paths.REPLICATIONS.glob("*/runs/quick/*/results.json")
    return {path.parent.name: path.stat().st_mtime_ns for path in files}


def wait_until(condition, seconds=20):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.02)


def state(pid):
    """S: it sleeps; Z: it has ended and nobody has asked yet; None: there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return None


def test_every_experiment_is_run_in_a_process_of_its_own(toy, cores):
    step = toy.step

    def with_process(run, seed):
        step(run, seed)
        run.record("process", seed, os.getpid())

    toy.step = with_process
    assert execute_all(TOY, accelerator="cpu") == run_folder(TOY, "net", "quick").parent
    processes = {results(name)["metrics"]["process"]["1"] for name in ("net", "wide")}
    assert len(processes) == 2 and os.getpid() not in processes
    assert results("net")["config"]["hidden"] == 8 and results("wide")["config"]["hidden"] == 16
    assert results("net")["provenance"]["threads"] == 1


def test_only_what_is_not_made_yet_is_trained(toy, cores):
    execute_all(TOY, accelerator="cpu")
    first = made()
    execute_all(TOY, accelerator="cpu")
    assert made() == first
    (run_folder(TOY, "wide", "quick") / "results.json").write_text("{")  # damaged
    execute_all(TOY, accelerator="cpu")
    second = made()
    assert second["net"] == first["net"] and results("wide")["metrics"]
    params = paths.REPLICATIONS / TOY / "params.yaml"
    params.write_text(params.read_text().replace("hidden: 16", "hidden: 17"))
    execute_all(TOY, accelerator="cpu")
    third = made()
    assert third["net"] == first["net"] and third["wide"] > second["wide"]
    toy.load_data = lambda settings, load=toy.load_data: type(load(settings))(fingerprint="other text")
    execute_all(TOY, accelerator="cpu")
    assert made()["net"] > third["net"] and made()["wide"] > third["wide"]


@pytest.mark.parametrize("failure", [UserError("no such file"), ZeroDivisionError("a bug")])
def test_a_failure_does_not_stop_the_others(toy, cores, capfd, failure):
    step = toy.step

    def fails(run, seed):
        if run.experiment == "net":
            raise failure
        step(run, seed)

    toy.step = fails
    with pytest.raises(UserError, match="toy1999_net: net failed .*the same command goes on with what is missing"):
        execute_all(TOY, accelerator="cpu")
    assert made().keys() == {"wide"}
    errors = capfd.readouterr().err
    assert str(failure) in errors and ("Traceback" in errors) == isinstance(failure, ZeroDivisionError)
    toy.step = step
    before = made()["wide"]
    execute_all(TOY, accelerator="cpu")
    assert made().keys() == {"net", "wide"} and made()["wide"] == before


@pytest.fixture
def by_seed(toy, monkeypatch):
    """The toy as a program whose seeds can be trained apart, on four cores."""
    monkeypatch.setattr("common.training.side_by_side.cores", lambda: 4)

    def train(run, seed):
        path = run.seed_folder(seed) / "model.pt"
        if not path.exists():
            run.history(seed, 1, 10, "valid/error", 0.5)
            torch.save({"process": os.getpid()}, path)

    def step(run, seed):
        train(run, seed)
        run.record("trained by", seed, torch.load(run.seed_folder(seed) / "model.pt", weights_only=True)["process"])
        run.record("evaluated by", seed, os.getpid())

    toy.train, toy.step = train, step
    return toy


def test_where_cores_would_be_idle_seeds_are_trained_apart(by_seed):
    execute_all(TOY, accelerator="cpu")
    for name in ("net", "wide"):
        found = results(name)
        trained, evaluated = (list(found["metrics"][what].values()) for what in ("trained by", "evaluated by"))
        assert len({*trained, *evaluated}) == 3 and evaluated[0] == evaluated[1]
        assert found["seconds"].keys() == {"1", "2"} and found["provenance"]["peak_memory_mb"] > 0
        assert len((run_folder(TOY, name, "quick") / "history.csv").read_text().splitlines()) == 3
    before = made()
    execute_all(TOY, accelerator="cpu")
    assert made() == before


def test_a_seed_that_fails_ends_its_experiment_only(by_seed, capfd):
    train = by_seed.train

    def fails(run, seed):
        if run.experiment == "net":
            raise UserError(f"no such file for seed {seed}")
        train(run, seed)

    by_seed.train = fails
    with pytest.raises(UserError, match="toy1999_net: net failed "):
        execute_all(TOY, accelerator="cpu")
    assert made().keys() == {"wide"}
    printed = capfd.readouterr()
    assert "no such file for seed 1" in printed.err and "wide (quick): done" in printed.out
    by_seed.train = train
    execute_all(TOY, accelerator="cpu")
    assert made().keys() == {"net", "wide"}


def test_a_seed_is_not_trained_beside_its_run(by_seed):
    """Neither while the whole run is in progress, nor twice at the same time."""

    def again(run, seed):
        with pytest.raises(UserError, match="in progress in another process"):
            train_seed(TOY, "net", "quick", 1, "cpu")

    by_seed.step = again
    execute(TOY, "net", accelerator="cpu")
    shutil.rmtree(run_folder(TOY, "net", "quick"))
    by_seed.train = again
    train_seed(TOY, "net", "quick", 1, "cpu")


@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_its_processes_end_with_it(toy, tmp_path, monkeypatch, kill):
    monkeypatch.setattr("common.training.side_by_side.cores", lambda: 2)

    def endless(run, seed):
        (tmp_path / f"{run.experiment}.pid").write_text(str(os.getpid()))
        time.sleep(600)

    def numbers():
        return [int(path.read_text() or 0) for path in tmp_path.glob("*.pid")]

    toy.step = endless
    process = multiprocessing.get_context("fork").Process(target=execute_all, args=(TOY, "quick", "cpu"))
    process.start()

    def all_asleep():  # the numbers are written and the parent waits, not just for a moment
        time.sleep(0.02)
        return {state(pid) for pid in (process.pid, *numbers())} == {"S"}

    wait_until(lambda: len(numbers()) == 2)
    wait_until(lambda: all(all_asleep() for _ in range(10)))
    children = numbers()
    os.kill(process.pid, kill)
    process.join(20)
    assert process.exitcode not in (0, None)
    wait_until(lambda: all(state(pid) in (None, "Z") for pid in children))


def test_a_scale_without_experiments():
    with pytest.raises(UserError, match="hochreiter1997_lstm: nothing is declared at scale 'scaled'"):
        execute_all("hochreiter1997_lstm", "scaled")


def test_each_gpu_has_a_job_of_its_own(toy, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    assert places("cpu", False) == places(None, True) == [{}] * cores_here()
    assert places(None, False) == [{"CUDA_VISIBLE_DEVICES": "5"}, {"CUDA_VISIBLE_DEVICES": "7"}]
    step = toy.step

    def with_gpu(run, seed):
        step(run, seed)
        run.record("gpu", seed, int(os.environ["CUDA_VISIBLE_DEVICES"]))
        time.sleep(0.3)

    toy.step = with_gpu
    execute_all(TOY)
    assert {results(name)["metrics"]["gpu"]["1"] for name in ("net", "wide")} == {5, 7}
