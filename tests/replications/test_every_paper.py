"""What every paper must stand, without writing a test for it: interruption anywhere, and several processes.

A paper's ``tiny.py`` has ``runs(folder)``, which makes small data in a folder and gives, by name, experiments with
settings (``key=value``) that train within seconds for two epochs of at least four updates, one for each kind of its
networks.
"""

import importlib
import json
import shutil
from pathlib import Path

import pytest
import torch

from common import config, paths
from common.training import checkpoints, epochs
from common.training import fit as fitting
from common.training.execute import execute
from tests.replications.processes import die, forked, shared

FIRST_EPOCH = " epoch 1:"  # is said at the end of it
HERE = Path(__file__).parent
CLOCKS = ("_per_second", "seconds", "decoding", "scoring")  # what a clock decides


def tiny(paper: str):
    return importlib.import_module(f"tests.replications.{paper}.tiny")


def cases() -> list:
    return [pytest.param(paper, name, id=f"{paper}-{name}")
            for paper in config.papers() if (HERE / paper / "tiny.py").exists() for name in tiny(paper).NAMES]


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

    def start(paper: str, name: str):
        checkout = own_checkout(paper)
        experiment, overrides = data(paper)[name]
        target = checkout / "replications" / paper / "runs" / "own" / "case"

        def run(devices: int = 1) -> None:
            execute(paper, experiment, overrides=overrides, name="case", devices=devices, accelerator="cpu")

        def left() -> dict:
            """Weights, metrics and learning curves without what a clock decides."""
            results = json.loads((target / "results.json").read_text())
            rows = [row for row in (target / "history.csv").read_text().splitlines()
                    if not any(clock in row for clock in CLOCKS)]
            found = {"metrics": {metric: values for metric, values in results["metrics"].items()
                                 if not any(clock in metric for clock in CLOCKS)},
                     "rows": rows, "provenance": results["provenance"], "unit": results["throughput_unit"],
                     "weights": {path.name: torch.load(path, weights_only=True)["weights"]
                                 for path in sorted(target.glob("seed-*.pt"))}}
            shutil.rmtree(target)
            return found

        return run, left

    return start


# --- where a run is killed: each changes, in the process that is to die, what happens there


def in_mid_epoch() -> None:
    """Two updates after a checkpoint, in the second epoch."""
    saved = []

    class Save(checkpoints.SaveLast):
        def on_train_batch_end(self, trainer, module, outputs, batch, index):
            if trainer.current_epoch == 1 and not trainer.is_last_batch and not saved:
                self._save(trainer)
                saved.append(index)
            elif saved and index >= min(saved[0] + 2, trainer.num_training_batches - 1):
                die()

    fitting.SaveLast = Save


def after_an_epoch() -> None:
    class Save(checkpoints.SaveLast):
        def on_train_epoch_end(self, trainer, module):
            super().on_train_epoch_end(trainer, module)
            if trainer.current_epoch == 0:
                die()

    fitting.SaveLast = Save


def in_validation() -> None:
    add = epochs.Epochs.on_validation_batch_end

    def on_validation_batch_end(callback, trainer, *others):
        if trainer.current_epoch == 1:
            die()
        add(callback, trainer, *others)

    epochs.Epochs.on_validation_batch_end = on_validation_batch_end


def while_a_checkpoint_is_written() -> None:
    """The second one, when half of its bytes are on the disk."""
    save, written = torch.save, []

    def half(value, file):
        save(value, file)
        written.append(file.name)
        if len([name for name in written if "ckpt" in name]) == 2:
            file.truncate(file.tell() // 2)
            file.flush()
            die()

    checkpoints.torch.save = half


def while_a_checkpoint_takes_its_place() -> None:
    """Between the two renames that make the last one the previous one and the new one the last."""
    replace, kept = checkpoints.os.replace, []

    def broken(source, target):
        replace(source, target)
        if str(target).endswith(checkpoints.PREVIOUS):
            kept.append(target)
            if len(kept) == 1:
                die()

    checkpoints.os.replace = broken


KILLS = (in_mid_epoch, after_an_epoch, in_validation, while_a_checkpoint_is_written, while_a_checkpoint_takes_its_place)


@pytest.mark.parametrize("paper, name", cases())
def test_a_killed_run_goes_on_to_the_same_end(start, paper, name, capfd):
    run, left = start(paper, name)
    run()
    whole, first_epochs = left(), capfd.readouterr().out.count(FIRST_EPOCH)
    for kill in getattr(tiny(paper), "KILLS", KILLS):
        def killed(kill=kill):
            kill()
            run()

        assert forked(killed) == [-9], f"{kill.__name__}: it was not killed there\n{capfd.readouterr()}"
        assert not (paths.REPLICATIONS / paper / "runs/own/case").exists()
        capfd.readouterr()
        run()
        resumed = left()
        assert capfd.readouterr().out.count(FIRST_EPOCH) < first_epochs, f"{kill.__name__}: it began anew"
        assert resumed["metrics"] == whole["metrics"], kill.__name__
        assert resumed["rows"] == whole["rows"], kill.__name__
        assert resumed["weights"].keys() == whole["weights"].keys()
        for model, weights in whole["weights"].items():
            assert all(torch.equal(weight, resumed["weights"][model][key]) for key, weight in weights.items()), \
                kill.__name__


@pytest.mark.parametrize("paper, name", cases())
def test_two_processes_do_what_one_does(start, paper, name, capfd):
    run, left = start(paper, name)
    run()
    one = left()
    assert shared(lambda: run(2), 2) == [0, 0], capfd.readouterr()
    two = left()
    torch.testing.assert_close(two["weights"], one["weights"], rtol=0, atol=1e-5)
    assert two["unit"] == one["unit"] and two["metrics"].keys() == one["metrics"].keys()
    for row, other in zip(two["rows"][1:], one["rows"][1:], strict=True):
        (*point, value), (*expected, wanted) = row.split(","), other.split(",")
        assert point == expected and float(value) == pytest.approx(float(wanted), rel=1e-3, abs=1e-4)
    assert (one["provenance"]["devices"], two["provenance"]["devices"]) == (1, 2)
    assert two["provenance"]["device"] == one["provenance"]["device"]
