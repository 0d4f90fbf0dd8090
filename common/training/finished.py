"""Finished runs: where they lie, how they get there, and whether they are what settings, data and code would give."""

import csv
import os
import shutil
from pathlib import Path
from typing import Any

from common import config as configuration
from common import paths
from common.errors import UserError
from common.training import provenance
from common.training.closure import code_fingerprint
from common.training.run import Run, read_json, write_json

HISTORY_COLUMNS = ("seed", "epoch", "step", "metric", "value")


def run_folder(paper: str, experiment: str, scale: str) -> Path:
    """Where a finished run lies; of scale ``own``, ``experiment`` is the name of one with settings of one's own."""
    return paths.runs(paper) / scale / experiment


def own_runs(paper: str) -> list[Path]:
    """The finished runs with settings of one's own."""
    return sorted(path.parent for path in run_folder(paper, "*", "own").parent.glob("*/results.json"))


def fingerprints(paper: str, settings: dict, corpus: Any) -> dict[str, str]:
    """What determines the result of a seed: SHA-256 of parameters (the list of seeds apart), data and code."""
    parameters = {key: value for key, value in settings.items() if key != "seeds"}
    return {
        "parameters": provenance.sha256_json(parameters),
        "data": corpus.fingerprint,
        "code": code_fingerprint(f"replications.{paper}.experiment"),
    }


def is_made(target: Path, settings: dict, prints: dict[str, str]) -> bool:
    """Whether the results in ``target`` are what these settings, data and code give."""
    try:
        found = read_json(target / "results.json", {})
        return found.get("config") == settings and found["provenance"]["fingerprint"] == prints
    except (UserError, KeyError, TypeError):  # damaged: make it again
        return False


def made_with(run: Run, **changes: Any) -> Path | None:
    """The results, of the same scale, data and code, of an experiment that differs from ``run`` by these settings (and
    the seeds) only; None: there are none yet."""
    wanted = run.settings | changes
    for name in configuration.experiments(run.paper, run.scale):
        settings = configuration.resolve(run.paper, name, run.scale)
        folder = run_folder(run.paper, name, run.scale)
        if settings | {"seeds": wanted["seeds"]} == wanted and is_made(
            folder, settings, fingerprints(run.paper, settings, run.corpus)
        ):
            return folder
    return None


def put_in_place(run: Run, target: Path) -> None:
    """Writes results, learning curves and models of a run beside ``target``, which they then replace in one step.

    Raises:
        UserError: they cannot be written; what was in ``target`` before is kept.
    """
    new, old = (target.with_name(target.name + end) for end in (".new", ".old"))
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        write_json(new / "results.json", run.results(), indent=1)
        with open(new / "history.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([HISTORY_COLUMNS, *run.rows])
        for seed in run.settings["seeds"]:
            model = run.seed_folder(seed) / "model.pt"
            if model.exists():
                shutil.copyfile(model, new / f"seed-{seed}.pt")
        if old.exists() and not target.exists():  # broken off between the next two lines
            os.replace(old, target)
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            os.replace(target, old)
        os.replace(new, target)
    except OSError as error:
        raise UserError(
            f"{target}: results not written ({error.strerror}); earlier ones are kept. Make room or make "
            "it writable and run the same command again: nothing is trained twice"
        ) from error
    shutil.rmtree(old, ignore_errors=True)
