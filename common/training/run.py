"""A run: one experiment at one scale with all its seeds, from settings to ``runs/<scale>/<experiment>/``.

Work in progress lives in ``build/work/<paper>-<scale>-<experiment>-<fingerprint>/``, named by what determines the
result: resolved parameters, data and code. An interrupted run with the same fingerprint goes on where it stopped; a
finished one is moved into place in one step.

A paper's ``experiment.py`` has ``load_data(config)`` and ``run(run)``. If it also has ``train(run, seed)``, which keeps
what it has made in the seed's folder and finds it there again, seeds can be trained side by side before.
"""

import csv
import fcntl
import importlib
import json
import os
import platform
import random
import shutil
import time
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common import config as configuration
from common import paths
from common.errors import UserError, unknown
from common.training import memory, provenance
from common.training.closure import code_fingerprint
from common.training.precision import affordable

ACCELERATORS = ("cpu", "cuda")
HISTORY_COLUMNS = ("seed", "epoch", "step", "metric", "value")


@dataclass
class Run:
    """What a paper's ``experiment.run(run)`` works with: settings in, numbers out."""

    paper: str
    experiment: str
    scale: str
    settings: dict
    work: Path
    corpus: Any
    origin: dict  # commit and fingerprints when the run began
    accelerator: str = "cpu"
    devices: int = 1
    nodes: int = 1
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    parameters: int | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    throughput: dict[str, float] = field(default_factory=dict)
    throughput_unit: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    rows: list[list] = field(default_factory=list)
    began: dict[int, float] = field(default_factory=dict)  # monotonic clock, as if never interrupted
    peak_memory_mb: float = 0.0  # of all processes that took part

    @property
    def name(self) -> str:
        return f"{self.paper} {self.experiment} ({self.scale})"

    @property
    def config(self) -> configuration.Settings:
        """The settings, typed by the paper."""
        return configuration.validate(self.paper, self.settings, self.name)

    @property
    def is_first_process(self) -> bool:
        """False in the helper processes of a training on several devices: they train, but record nothing."""
        return is_first_process()

    def seed_folder(self, seed: int) -> Path:
        """Where a seed's checkpoints live while the run is in progress."""
        folder = self.work / f"seed-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def record(self, metric: str, seed: int | str, value: float) -> None:
        """A result. Results over all seeds together have a joined seed: ``1+2+3``."""
        self.metrics.setdefault(metric, {})[str(seed)] = float(value)

    def history(self, seed: int, epoch: int, step: int, metric: str, value: float) -> None:
        """A point of a learning curve. A point that is already there (resumed training) is replaced."""
        key = [seed, epoch, step, metric]
        self.rows = [row for row in self.rows if row[:4] != key] + [[*key, value]]
        if seed in self.began:
            self._clock(seed)
            if self.is_first_process:
                _write_json(self.seed_folder(seed) / "history.json", [row for row in self.rows if row[0] == seed])

    def measure_throughput(self, seed: int, metric: str, unit: str) -> None:
        """The median over a seed's epochs of ``metric`` in its learning curves."""
        if values := [row[4] for row in self.rows if row[0] == seed and row[3] == metric]:
            self.throughput[str(seed)], self.throughput_unit = float(np.median(values)), unit

    def _clock(self, seed: int) -> None:
        """Keeps what a seed has cost so far, which a process that ends would lose."""
        self.seconds[str(seed)] = time.monotonic() - self.began[seed]
        self.peak_memory_mb = max(self.peak_memory_mb, memory.peak_memory_mb())
        if self.is_first_process:
            cost = {"seconds": self.seconds[str(seed)], "peak_memory_mb": self.peak_memory_mb}
            _write_json(self.seed_folder(seed) / "cost.json", cost)

    @contextmanager
    def seed(self, seed: int):
        """Seeds every generator, continues the seed's learning curves, and adds up its wall time over interruptions."""
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        folder = self.seed_folder(seed)
        self.rows = [row for row in self.rows if row[0] != seed] + _read_json(folder / "history.json", [])
        cost = _read_json(folder / "cost.json", {"seconds": 0.0, "peak_memory_mb": 0.0})
        self.began[seed] = time.monotonic() - cost["seconds"]
        self.peak_memory_mb = max(self.peak_memory_mb, cost["peak_memory_mb"])
        try:
            yield folder
        finally:
            self._clock(seed)

    def made_with(self, **changes: Any) -> Path | None:
        """The results, of the same scale, data and code, of an experiment that differs from this one by these settings
        (and the seeds) only; None: there are none yet."""
        wanted = self.settings | changes
        for name in configuration.experiments(self.paper, self.scale):
            settings = configuration.resolve(self.paper, name, self.scale)
            folder = run_folder(self.paper, name, self.scale)
            if settings | {"seeds": wanted["seeds"]} == wanted and _is_made(folder, settings, fingerprints(
                    self.paper, settings, self.corpus)):
                return folder
        return None

    def results(self) -> dict:
        """The run as ``results.json`` holds it."""
        return {
            "paper": self.paper, "experiment": self.experiment, "scale": self.scale,
            "seeds": list(self.settings["seeds"]), "metrics": self.metrics, "parameters": self.parameters,
            "seconds": self.seconds, "throughput": self.throughput, "throughput_unit": self.throughput_unit,
            "config": self.settings,
            "provenance": self.origin | {
                "versions": provenance.versions(), "python": platform.python_version(),
                "device": provenance.device_name(self.accelerator), "devices": self.devices * self.nodes,
                "threads": torch.get_num_threads(),
                "peak_memory_mb": round(max(self.peak_memory_mb, memory.peak_memory_mb()), 1),
                "precision": affordable(self.settings.get("precision", "32-true"), self.accelerator),
            },
            "figures": self.figures,
        }


def run_folder(paper: str, experiment: str, scale: str) -> Path:
    """Where a finished run lies."""
    return paths.REPLICATIONS / paper / "runs" / scale / experiment


def fingerprints(paper: str, settings: dict, corpus: Any) -> dict[str, str]:
    """What determines the result of a seed: SHA-256 of parameters (the list of seeds apart), data and code."""
    parameters = {key: value for key, value in settings.items() if key != "seeds"}
    return {"parameters": provenance.sha256_json(parameters), "data": corpus.fingerprint,
            "code": code_fingerprint(f"replications.{paper}.experiment")}


def execute(
    paper: str,
    experiment: str,
    scale: str = "quick",
    *,
    seeds: Iterable[int] = (),
    overrides: Iterable[str] = (),
    devices: int = 1,
    nodes: int = 1,
    precision: str | None = None,
    accelerator: str | None = None,
    again: bool = True,
) -> Path:
    """Trains and evaluates one experiment; returns the folder of its results.

    Runs with other settings than the declared ones (``overrides``, ``seeds``) go to ``runs/own/`` so that they never
    count as evidence. Without ``again``, results that these settings, data and code have given before are kept.

    Raises:
        UserError: a name, key, corpus or file is wrong, training diverged, or the same run is in progress elsewhere.
    """
    declared = configuration.resolve(paper, experiment, scale)
    chosen = [f"seeds={seeds}"] if (seeds := list(seeds)) else []
    settings = configuration.resolve(paper, experiment, scale, [*overrides, *chosen])
    if precision is not None:
        if "precision" not in settings:
            raise UserError(f"{paper}: its networks have no precision to choose")
        settings = configuration.validate(paper, settings | {"precision": precision}, paper).model_dump(mode="json")
    target = run_folder(paper, experiment, scale if settings == declared else "own")
    program = importlib.import_module(f"replications.{paper}.experiment")
    run = _begin(paper, experiment, scale, settings, accelerator, devices, nodes)
    if not again and _is_made(target, settings, run.origin["fingerprint"]):
        return target
    if not run.is_first_process:
        program.run(run)
        return target
    run.work.mkdir(parents=True, exist_ok=True)
    with _only_one(run.work):
        program.run(run)
        finished = run.work / "finished"
        shutil.rmtree(finished, ignore_errors=True)
        finished.mkdir()
        _write_json(finished / "results.json", run.results(), indent=1)
        with open(finished / "history.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([HISTORY_COLUMNS, *run.rows])
        for seed in settings["seeds"]:
            model = run.seed_folder(seed) / "model.pt"
            if model.exists():
                shutil.copy2(model, finished / f"seed-{seed}.pt")
        _replace_folder(finished, target)
    for seed in settings["seeds"]:
        shutil.rmtree(run.seed_folder(seed))
    if not any(run.work.glob("seed-*")):  # another list of seeds may be half done here
        shutil.rmtree(run.work)
    return target


def train_seed(paper: str, experiment: str, scale: str, seed: int, accelerator: str | None = None) -> None:
    """The training of one seed, which :func:`execute` then finds done; nothing if the results are there.

    Raises:
        UserError: as of :func:`execute`.
    """
    program = importlib.import_module(f"replications.{paper}.experiment")
    run = _begin(paper, experiment, scale, configuration.resolve(paper, experiment, scale), accelerator)
    if _is_made(run_folder(paper, experiment, scale), run.settings, run.origin["fingerprint"]):
        return
    run.work.mkdir(parents=True, exist_ok=True)
    with _only_one(run.work, shared=True), _only_one(run.seed_folder(seed)), run.seed(seed):
        program.train(run, seed)


def _begin(paper: str, experiment: str, scale: str, settings: dict, accelerator: str | None, devices: int = 1,
           nodes: int = 1) -> Run:
    program = importlib.import_module(f"replications.{paper}.experiment")
    corpus = program.load_data(configuration.validate(paper, settings, paper))
    prints = fingerprints(paper, settings, corpus)
    work = paths.BUILD / "work" / f"{paper}-{scale}-{experiment}-{provenance.sha256_json(prints)[:12]}"
    memory.keep_freed_memory()
    origin = provenance.git_state() | {"fingerprint": prints}
    return Run(paper, experiment, scale, settings, work, corpus, origin, _accelerator(accelerator), devices, nodes)


def _is_made(target: Path, settings: dict, prints: dict[str, str]) -> bool:
    try:
        found = _read_json(target / "results.json", {})
    except ValueError:  # damaged: make it again
        return False
    return found.get("config") == settings and found["provenance"]["fingerprint"] == prints


def _accelerator(name: str | None) -> str:
    if name not in (None, *ACCELERATORS):
        raise unknown("accelerator", name, ACCELERATORS)
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("accelerator cuda: torch finds no GPU here; use cpu")
    return name or ("cuda" if torch.cuda.is_available() else "cpu")


def is_first_process() -> bool:
    """False in the helper processes of a training on several devices."""
    ranks = ("RANK", "SLURM_PROCID", "NODE_RANK", "LOCAL_RANK")  # of torchrun, SLURM and Lightning
    return not any(int(os.environ.get(name, 0)) for name in ranks)


@contextmanager
def _only_one(work: Path, shared: bool = False):
    """A lock that the system drops with the process, however that ends; ``shared`` by those who train seeds."""
    with open(work / "lock", "w") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"{work}: the same run is in progress in another process; wait for it or stop it") from None
        yield


def _replace_folder(source: Path, target: Path) -> None:
    old = target.with_name(target.name + ".old")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.replace(target, old)
    os.replace(source, target)
    shutil.rmtree(old, ignore_errors=True)


def _write_json(path: Path, value: Any, indent: int | None = None) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(value, indent=indent) + "\n", encoding="utf-8")
    os.replace(partial, path)


def _read_json(path: Path, default: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default
