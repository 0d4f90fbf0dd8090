"""Loggers and options of Lightning's Trainer, with a small language model."""

import csv
import json
import shutil
import sys

import pytest

from common import paths
from common.errors import UserError
from common.reporting.evidence.published import load_paper
from common.reporting.live import live
from common.training.execute import execute
from common.training.finished import own_runs
from common.training.trainer_options import trainer_options
from tests.common.reporting.test_publish import read
from tests.replications.mikolov2010_rnnlm.tiny import settings
from tests.replications.texts import agreeing

PAPER = "mikolov2010_rnnlm"


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Trains the network for two epochs; gives its learning curve, speed apart."""
    (tmp_path / "replications" / PAPER).mkdir(parents=True)
    for name in ("params.yaml", "paper.yaml"):
        shutil.copy(paths.REPLICATIONS / PAPER / name, tmp_path / "replications" / PAPER)
    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path / "replications")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    text = agreeing(tmp_path / "own.txt", lines=60)

    def train(name="net", **options) -> list[list[str]]:
        folder = execute(PAPER, "rnn_classes", overrides=settings(text, max_epochs=2), name=name, **options)
        with open(folder / "history.csv", newline="") as file:
            return [row[1:] for row in csv.reader(file) if "per_second" not in row[3]][1:]

    return train


def test_csv_has_the_curves_and_the_published_number_beside_them(train):
    history = train(logger=live("csv", PAPER, "rnn_classes"), trainer=["log_every_n_steps=5"])
    (path,) = paths.BUILD.glob("logs/*/seed-1/metrics.csv")
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    curve = [row["valid/perplexity"] for row in rows if row["valid/perplexity"]]
    kept = [value for _, _, metric, value in history if metric == "valid/perplexity"]
    assert len(kept) == 2 and list(map(float, curve)) == pytest.approx(list(map(float, kept)))
    assert sum(bool(row["train/loss"]) for row in rows) >= 2
    printed = next(
        row.published
        for _, row in load_paper(PAPER).rows()
        if row.published is not None and (row.experiment, row.metric) == ("rnn_classes", "test/perplexity")
    )
    assert {row["paper/test/perplexity"] for row in rows} == {str(printed)}


def test_wandb_has_a_run_per_seed_and_nothing_else_changes(train, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "view"))
    monkeypatch.setenv("WANDB_MODE", "offline")
    (tmp_path / "view").mkdir()
    followed = train("followed", logger=live("wandb", PAPER, "rnn_classes"))
    (folder,) = (tmp_path / "view" / "wandb").glob("offline-run-*")
    run = read(folder)
    assert run["run"].run_id.startswith(f"{PAPER}-rnn_classes-quick-s1-") and run["run"].job_type == "train"
    assert run["run"].run_group == f"{PAPER}/rnn_classes" and run["config"]["hidden"] == 8
    points = [row for row in run["history"] if "valid/perplexity" in row]
    assert len(points) == 2 and all("paper/test/perplexity" in row for row in points)
    assert followed == train("alone")


def test_without_its_package_a_logger_says_what_to_install(train, monkeypatch):
    for name in ("wandb", "tensorboard", "tensorboardX"):
        monkeypatch.setitem(sys.modules, name, None)
    for kind in ("wandb", "tensorboard"):
        with pytest.raises(UserError, match=f"--logger {kind} needs the package {kind}: pip install {kind}"):
            live(kind, PAPER, "rnn_classes")
    assert train()
    with pytest.raises(UserError, match="unknown logger 'tensorbord'; did you mean 'tensorboard'?"):
        live("tensorbord", PAPER, "rnn_classes")


def test_options_of_the_trainer_make_a_run_of_ones_own(train):
    plain, limited = train(), train("limited", trainer=["limit_train_batches=2"])
    assert max(int(row[1]) for row in limited) == 4 < max(int(row[1]) for row in plain)
    with pytest.raises(UserError, match="holds a run with other settings"):
        train("limited")
    folders = {folder.name: json.loads((folder / "results.json").read_text()) for folder in own_runs(PAPER)}
    assert folders["limited"]["provenance"]["trainer"] == {"limit_train_batches": 2}
    assert "trainer" not in folders["net"]["provenance"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("limit_train_batchs=2", "did you mean 'limit_train_batches'?"),
        ("limit_train_batches", "write key=value"),
        ("devices=2", "devices is not free"),
        ("limit_train_batches=-1", "limit_train_batches"),
        ("profiler=nothing", "profiler=nothing: "),
        ("max_steps=[", "max_steps"),
    ],
)
def test_a_wrong_option_is_one_message(text, message):
    with pytest.raises(UserError, match="--trainer") as error:
        trainer_options([text])
    assert message in str(error.value)
