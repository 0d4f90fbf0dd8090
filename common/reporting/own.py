"""Runs with settings of one's own: what was changed, and what came out. They are no evidence and stand in no report."""

import json
from pathlib import Path

from common import config
from common.errors import UserError
from common.reporting.pages.environment import environment
from common.training.finished import own_runs


def changes(results: dict) -> list[str]:
    """The settings, as ``key=value``, that the experiment does not have as it is declared now."""
    try:
        declared = config.resolve(results["paper"], results["experiment"], results["scale"])
    except UserError:  # there is no such experiment any more
        return ["all of an experiment that is gone"]
    return [
        f"{key}={value}"
        for key, value in {**results["config"], **results["provenance"].get("trainer", {})}.items()
        if key not in declared or declared[key] != value
    ]


def read(folder: Path) -> dict:
    """The results of a run; a UserError if they are damaged."""
    path = folder / "results.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {key: found[key] for key in ("paper", "experiment", "scale", "config", "metrics", "provenance")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged results ({type(error).__name__}); remove {folder}") from error


def write(paper: str) -> Path | None:
    """Writes ``runs/own/README.md``, a table per run, and returns its path; None: there are no such runs."""
    folders = own_runs(paper)
    if not folders:
        return None
    runs = [(folder.name, read(folder)) for folder in folders]
    text = environment().get_template("own.md.j2").render(paper=paper, runs=runs, changes=changes)
    target = folders[0].parent / "README.md"
    target.write_text(text, encoding="utf-8")
    return target
