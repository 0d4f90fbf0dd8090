"""The record of a run: one experiment at one scale with all its seeds, from settings to what ``results.json`` holds."""

import json
import os
import platform
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common import config as configuration
from common.errors import UserError
from common.training import memory, provenance
from common.training.launch import is_first_process


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
    accelerator: str = "cpu"  # what was asked for; ``trained_on`` is what was used
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
    trained_on: dict = field(default_factory=dict)  # device, devices, precision of what was trained
    trainer: dict = field(default_factory=dict)  # options of Lightning's Trainer that were asked for
    logger: Callable[["Run", int, str], AbstractContextManager] = lambda run, seed, part: nullcontext(False)

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
        return is_first_process(self.devices * self.nodes)

    def seed_folder(self, seed: int, part: str = "") -> Path:
        """Where a seed's models lie while the run is in progress, and the checkpoints of the ``part`` in training."""
        folder = self.work / f"seed-{seed}" / part
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
            self.keep_cost(seed)
            if self.is_first_process:
                write_json(self.seed_folder(seed) / "history.json", [row for row in self.rows if row[0] == seed])

    def measure_throughput(self, seed: int, metric: str, unit: str) -> None:
        """The median over a seed's epochs of ``metric`` in its learning curves."""
        if values := [row[4] for row in self.rows if row[0] == seed and row[3] == metric]:
            self.throughput[str(seed)], self.throughput_unit = float(np.median(values)), unit

    def keep_cost(self, seed: int) -> None:
        """Keeps what a seed has cost so far, and where, which a process that ends would lose."""
        self.seconds[str(seed)] = time.monotonic() - self.began[seed]
        self.peak_memory_mb = max(self.peak_memory_mb, memory.peak_memory_mb())
        if self.is_first_process:
            write_json(
                self.seed_folder(seed) / "cost.json",
                {
                    "seconds": self.seconds[str(seed)],
                    "peak_memory_mb": self.peak_memory_mb,
                    "trained_on": self.trained_on,
                },
            )

    @contextmanager
    def seed(self, seed: int):
        """Seeds every generator, continues the seed's learning curves, and adds up its wall time over interruptions."""
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        folder = self.seed_folder(seed)
        self.rows = [row for row in self.rows if row[0] != seed] + read_json(folder / "history.json", [])
        cost = {"seconds": 0.0, "peak_memory_mb": 0.0, "trained_on": {}} | read_json(folder / "cost.json", {})
        self.began[seed] = time.monotonic() - cost["seconds"]
        self.peak_memory_mb = max(self.peak_memory_mb, cost["peak_memory_mb"])
        self.trained_on = self.trained_on | cost["trained_on"]
        try:
            yield folder
        finally:
            self.keep_cost(seed)

    def results(self) -> dict:
        """The run as ``results.json`` holds it."""
        nothing_trained = {"device": provenance.device_name("cpu"), "devices": 1, "precision": "32-true"}
        return {
            "paper": self.paper,
            "experiment": self.experiment,
            "scale": self.scale,
            "seeds": list(self.settings["seeds"]),
            "metrics": self.metrics,
            "parameters": self.parameters,
            "seconds": self.seconds,
            "throughput": self.throughput,
            "throughput_unit": self.throughput_unit,
            "config": self.settings,
            "provenance": self.origin
            | {
                "versions": provenance.versions(),
                "python": platform.python_version(),
                "threads": torch.get_num_threads(),
                "peak_memory_mb": round(max(self.peak_memory_mb, memory.peak_memory_mb()), 1),
            }
            | nothing_trained
            | self.trained_on
            | ({"trainer": self.trainer} if self.trainer else {}),
            "figures": self.figures,
        }


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(value, indent=indent) + "\n", encoding="utf-8")
    os.replace(partial, path)


def read_json(path: Path, default: Any) -> Any:
    """What a file holds, ``default`` if there is none. Raises: UserError if it is damaged, or of another type."""
    if not path.exists():
        return default
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: damaged ({error}); delete it and run the same command again") from None
    if type(found) is not type(default):
        raise UserError(f"{path}: damaged (not what a run writes); delete it and run the same command again")
    return found
