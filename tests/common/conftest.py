"""A paper that does next to nothing, in a checkout of its own: for what only needs some paper."""

import sys
import types
from typing import Literal

import pytest
import torch
import yaml

from common import config, paths, pipeline

PARAMS = {
    "defaults": {"corpus": "large", "hidden": 200, "lr": 0.1, "precision": "32-true", "seeds": [1, 2]},
    "scales": {"quick": {"corpus": "made", "hidden": 8}, "scaled": {"hidden": 50}, "paper": {}},
    "experiments": {
        "net": {},
        "wide": {"hidden": 400, "quick": {"hidden": 16, "lr": 0.2}},
        "late": {"scales": ["scaled", "paper"]},
    },
}


PAPER = {
    "title": "A net",
    "key": "toy1999net",
    "authors": ["A. Author"],
    "year": 1999,
    "venue": "Journal 1",
    "summary": "It nets.",
    "diagram": ["word -> net ⟲ -> P(next)"],
    "units": {},
    "tables": [],
    "claims": [],
}


class ToyConfig(config.Settings):
    hidden: int
    lr: float
    precision: Literal["32-true", "bf16-mixed"]


@pytest.fixture
def toy(tmp_path, monkeypatch) -> types.ModuleType:
    """The experiment module of the paper ``toy1999_net``; its ``step(run, seed)`` may be replaced."""
    folder = tmp_path / "replications" / "toy1999_net"
    folder.mkdir(parents=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
    (folder / "paper.yaml").write_text(yaml.safe_dump(PAPER))
    monkeypatch.setattr(pipeline, "RECEIPTS", tmp_path / "receipts")
    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path / "replications")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    program = types.ModuleType("replications.toy1999_net.experiment")

    def step(run, seed):
        for epoch in (1, 2):
            run.history(seed, epoch, 10 * epoch, "valid/error", 1 / epoch)
        torch.save({"seed": seed}, run.seed_folder(seed) / "model.pt")
        run.record("test/error", seed, torch.rand(1).item())

    def run(run):
        for seed in run.config.seeds:
            with run.seed(seed):
                program.step(run, seed)

    program.step, program.run = step, run
    program.load_data = lambda settings: types.SimpleNamespace(fingerprint=settings.corpus)
    settings = types.ModuleType("replications.toy1999_net.config")
    settings.Config = ToyConfig
    for module in (types.ModuleType("replications.toy1999_net"), program, settings):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return program
