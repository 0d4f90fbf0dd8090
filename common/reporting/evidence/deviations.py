"""What the runs did otherwise than the paper: settings, numbers of seeds or trials, limits."""

from numbers import Real
from typing import Any

from common import config
from common.reporting.evidence.published import Paper
from common.reporting.evidence.results import Record, Runs
from common.reporting.text import several

LIMIT = "max_"  # how the settings begin that end a training


def papers_own(name: str, paper: Paper, experiment: str) -> dict[str, Any]:
    """The paper's settings of ``experiment``, of which ``seeds`` is the number.

    Where ``params.yaml`` gives the experiment fewer seeds or a lower limit than its defaults, the paper's are the
    defaults; ``printed`` of ``paper.yaml`` corrects both, with a text for what the paper does not say.
    """
    start, own = config.paper_setting(name), config.paper_setting(name, experiment)
    for settings in (start, own):
        settings["seeds"] = len(settings["seeds"])
    limits = [key for key in own if key.startswith(LIMIT)] + (["seeds"] if experiment not in paper.counted else [])
    reduced = {key: start[key] for key in limits if _is_less(own[key], start[key])}
    return own | reduced | paper.printed.get("all", {}) | paper.printed.get(experiment, {})


def _is_less(ours: Any, theirs: Any) -> bool:
    return isinstance(ours, Real) and isinstance(theirs, Real) and ours < theirs


def deviations(name: str, paper: Paper, runs: Runs) -> list[tuple[str, str, Any, Any]]:
    """(experiments, key, paper's value, ours) of the settings with which the runs were made.

    These may be older than ``params.yaml``; a key that they do not know yet had the paper's value. More seeds than the
    paper's are no deviation.
    """
    rows: dict[tuple[str, str, str], tuple[Any, Any, list[str]]] = {}
    for experiment, run in runs.items():
        ours = run.config | {"seeds": len(run.seeds)}
        for key, theirs in papers_own(name, paper, experiment).items():
            value = ours.get(key, theirs)
            if value != theirs and (key != "seeds" or not _is_less(theirs, value)):
                rows.setdefault((key, repr(theirs), repr(value)), (theirs, value, []))[2].append(experiment)
    return [(_names(names, list(runs)), key, theirs, ours) for (key, _, _), (theirs, ours, names) in rows.items()]


def _names(names: list[str], everything: list[str]) -> str:
    """The experiments of a deviation, the shorter way: those that have it, or all but those that have not."""
    without = [name for name in everything if name not in names]
    if not without:
        return "all"
    return f"all but {', '.join(without)}" if len(without) < len(everything) / 2 else ", ".join(names)


def reductions(name: str, paper: Paper, run: Record) -> list[str]:
    """In what a run did less than the paper: a row with less is not reproduced, whatever it gives.

    A limit that every trial came in under is none.
    """
    own, thing = papers_own(name, paper, run.experiment), paper.run_of_a_seed
    found = []
    if _is_less(len(run.seeds), own["seeds"]):
        found.append(f"{run.experiment}: {len(run.seeds)} of {several(own['seeds'], thing)}")
    failed = any(0 in values.values() for metric, values in run.metrics.items() if paper.is_rate(metric))
    if thing == "seed" or failed:
        found += [
            f"{run.experiment}: {key} {run.config[key]} for {own[key]}"
            for key in own
            if key.startswith(LIMIT) and _is_less(run.config.get(key), own[key])
        ]
    return found


def other_data(name: str, scale: str) -> set[str]:
    """The experiments that a scale runs on another corpus than the paper's."""
    return {
        one
        for one in config.experiments(name, scale)
        if config.resolve(name, one, scale)["corpus"] != config.paper_setting(name, one)["corpus"]
    }
