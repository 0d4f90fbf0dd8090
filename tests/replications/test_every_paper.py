"""What every paper must stand, without writing a test for it: interruption anywhere, and several processes.

A paper's ``tiny.py`` has ``runs(folder)``, which makes small data in a folder and gives, by name, experiments with
settings (``key=value``) that train within seconds for two epochs of at least four updates, one for each kind of its
networks. Where those are trained otherwise than in epochs, it names the ``KILLS`` that apply and what is ``SAID`` by
work that a resumed run does not do again, of all cases or, in a dictionary, of some.
"""

import importlib
import json
import shutil
from pathlib import Path

import pytest
import torch

from common import config, paths
from common.errors import UserError
from common.training.execute import execute
from tests.replications.kills import KILLS, in_mid_epoch
from tests.replications.processes import forked, shared

FIRST_EPOCH = " epoch 1:"  # is said at the end of it, by the run that trained it
HERE = Path(__file__).parent
RANDOM = {"dropout": 0.2, "noise": 0.3}  # settings that draw at every update, of the papers that have them
CLOCKS = ("_per_second", "seconds", "decoding", "scoring")  # what a clock decides


def tiny(paper: str):
    return importlib.import_module(f"tests.replications.{paper}.tiny")


def told(paper: str, name: str, what: str, default):
    """What a paper's ``tiny.py`` says of a case."""
    found = getattr(tiny(paper), what, default)
    return found.get(name, default) if isinstance(found, dict) else found


def cases() -> list:
    return [
        pytest.param(paper, name, id=f"{paper}-{name}")
        for paper in config.papers()
        if (HERE / paper / "tiny.py").exists()
        for name in tiny(paper).NAMES
    ]


@pytest.mark.parametrize("paper", config.papers())
def test_every_paper_is_tested_here(paper):
    assert (HERE / paper / "tiny.py").exists()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The small data of each paper, made once."""
    made: dict[str, dict] = {}

    def data(paper: str) -> dict[str, tuple[str, list[str]]]:
        if paper not in made:
            made[paper] = tiny(paper).runs(tmp_path_factory.mktemp(paper))
        return made[paper]

    return data


@pytest.fixture
def own_checkout(tmp_path, monkeypatch):
    def own_checkout(paper: str) -> Path:
        (tmp_path / "replications" / paper).mkdir(parents=True)
        for name in ("params.yaml", "paper.yaml"):
            shutil.copy(paths.REPLICATIONS / paper / name, tmp_path / "replications" / paper)
        monkeypatch.setattr(paths, "REPLICATIONS", tmp_path / "replications")
        monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
        if prepare := getattr(tiny(paper), "prepare", None):
            prepare(monkeypatch)
        return tmp_path

    return own_checkout


@pytest.fixture
def start(own_checkout, data):
    """Begins a case: returns what runs it, and reads what it has left."""

    def start(paper: str, name: str, changes: dict | None = None):
        checkout = own_checkout(paper)
        experiment, overrides = data(paper)[name]
        known = config.resolve(paper, experiment, "quick").keys() & (changes or {})
        overrides = [*overrides, *(f"{key}={changes[key]}" for key in known)]
        target = checkout / "replications" / paper / "runs" / "own" / "case"

        def run(devices: int = 1, accelerator: str = "cpu") -> None:
            execute(paper, experiment, overrides=overrides, name="case", devices=devices, accelerator=accelerator)

        def left() -> dict:
            """Weights, metrics and learning curves without what a clock decides."""
            results = json.loads((target / "results.json").read_text())
            rows = [
                row
                for row in (target / "history.csv").read_text().splitlines()
                if not any(clock in row for clock in CLOCKS)
            ]
            found = {
                "metrics": {
                    metric: values
                    for metric, values in results["metrics"].items()
                    if not any(clock in metric for clock in CLOCKS)
                },
                "rows": rows,
                "provenance": results["provenance"],
                "unit": results["throughput_unit"],
                "weights": {
                    path.name: torch.load(path, weights_only=True)["weights"]
                    for path in sorted(target.glob("seed-*.pt"))
                },
            }
            shutil.rmtree(target)
            return found

        return run, left

    return start


@pytest.mark.parametrize("paper, name", cases())
def test_a_killed_run_goes_on_to_the_same_end(start, paper, name, capfd):
    run, left = start(paper, name, RANDOM)
    run()
    said = told(paper, name, "SAID", FIRST_EPOCH)
    whole, once = left(), capfd.readouterr().out.count(said)
    for kill in told(paper, name, "KILLS", KILLS):

        def killed(kill=kill):
            kill()
            run()

        assert forked(killed) == [-9], f"{kill.__name__}: it was not killed there\n{capfd.readouterr()}"
        assert not (paths.REPLICATIONS / paper / "runs/own/case").exists()
        capfd.readouterr()
        run()
        resumed = left()
        assert capfd.readouterr().out.count(said) < once, f"{kill.__name__}: it began anew"
        assert resumed["metrics"] == whole["metrics"], kill.__name__
        assert resumed["rows"] == whole["rows"], kill.__name__
        assert resumed["weights"].keys() == whole["weights"].keys()
        for model, weights in whole["weights"].items():
            assert all(torch.equal(weight, resumed["weights"][model][key]) for key, weight in weights.items()), (
                kill.__name__
            )


@pytest.mark.parametrize("paper, name", cases())
def test_two_processes_do_what_one_does(start, paper, name, capfd):
    """Also where both are killed, and go on."""
    run, left = start(paper, name)
    run()
    one = left()
    if told(paper, name, "KILLS", KILLS) is KILLS:  # else it is a trial that ends, in one process, that says when

        def killed():
            in_mid_epoch()
            run(2)

        assert 0 not in shared(killed, 2)
    assert shared(lambda: run(2), 2) == [0, 0], capfd.readouterr()
    two = left()
    torch.testing.assert_close(two["weights"], one["weights"], rtol=0, atol=1e-5)
    assert two["unit"] == one["unit"] and two["metrics"].keys() == one["metrics"].keys()
    for row, other in zip(two["rows"][1:], one["rows"][1:], strict=True):
        (*point, value), (*expected, wanted) = row.split(","), other.split(",")
        assert point == expected and float(value) == pytest.approx(float(wanted), rel=1e-3, abs=1e-4)
    assert (one["provenance"]["devices"], two["provenance"]["devices"]) == (1, 2)
    assert two["provenance"]["device"] == one["provenance"]["device"]


def alike(ours: dict, theirs: dict, atol: float) -> None:
    torch.testing.assert_close(ours["weights"], theirs["weights"], rtol=0, atol=atol)
    assert ours["unit"] == theirs["unit"] and ours["metrics"].keys() == theirs["metrics"].keys()


@pytest.mark.gpu
@pytest.mark.parametrize("paper, name", cases())
def test_gpus_do_what_a_processor_does(start, paper, name, capfd):
    """On one GPU, and on two where they are."""
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    run, left = start(paper, name)
    run()
    processor = left()
    try:
        run(accelerator="cuda")
    except UserError as error:
        pytest.skip(str(error))  # compiled for processors
    one = left()
    alike(one, processor, atol=1e-3)
    if torch.cuda.device_count() > 1:
        assert shared(lambda: run(2, accelerator="cuda"), 2) == [0, 0], capfd.readouterr()
        alike(left(), one, atol=1e-4)


@pytest.mark.parametrize("paper, name", cases())
def test_too_many_devices_are_refused_with_a_reason(start, paper, name):
    run, _ = start(paper, name)
    with pytest.raises(UserError, match="cannot be shared by 1000 processes"):
        run(1000)


@pytest.mark.parametrize("paper", config.papers())
@pytest.mark.parametrize("scale", config.SCALES)
def test_every_experiment_is_a_network_that_can_be_built_and_refuses_unknown_keys(paper, scale):
    program = importlib.import_module(f"replications.{paper}.experiment")
    for experiment in config.experiments(paper, scale):
        setting = config.validate(paper, config.resolve(paper, experiment, scale), experiment)
        with torch.device("meta"):
            stub = tiny(paper).stub(setting)
            assert stub is None or program.build(setting, stub) is not None
        with pytest.raises(UserError, match="unknown key 'colour'"):
            config.resolve(paper, experiment, scale, ["colour=red"])
