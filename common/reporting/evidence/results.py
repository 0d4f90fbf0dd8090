"""Our measurements: the quick runs of this checkout, and the records that git keeps for the larger scales."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import numpy as np
import pydantic

from common import config, paths
from common.config import SCALES
from common.errors import UserError, unknown
from common.metrics.bleu_statistics import unpacked
from common.reporting.evidence.published import Paper, load_paper
from common.reporting.text import several

HISTORY = ("seed", "epoch", "step", "metric", "value")


class Record(pydantic.BaseModel):
    """One experiment at one scale: ``results.json`` of a run, or a file under ``records/``.

    ``metrics``: metric -> seed -> value, or "1+2+3" -> value for a metric of several seeds together.
    ``history``: rows of (seed, epoch, step, metric, value). ``earlier``: what the experiment gave when it was measured
    before (``git_commit``, ``config``, ``metrics``), the newest first: each is a look at the test text.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    paper: str
    experiment: str
    scale: str
    seeds: tuple[int, ...]
    metrics: dict[str, dict[str, pydantic.FiniteFloat]]  # JSON has no infinity
    parameters: int | None
    seconds: dict[str, float]
    throughput: dict[str, float] = {}
    throughput_unit: str = ""
    config: dict[str, Any] = {}
    provenance: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    history: tuple[tuple[str, float, int, str, float], ...] = ()
    earlier: tuple[dict[str, Any], ...] = ()

    def sentences(self, metric: str) -> np.ndarray | None:
        """BLEU counts ``[tuning starts, seeds, sentences, 9]`` behind ``metric``, where the figures hold them."""
        starts = self.figures.get("sentences", {}).get(metric)
        return starts and np.array([[unpacked(text) for text in seeds] for seeds in starts])

    @property
    def looks(self) -> int:
        """How often the test text was evaluated for this experiment."""
        return 1 + len(self.earlier)

    def values(self, metric: str) -> dict[str, float]:
        """Seed -> value of ``metric``, or of what every run measures: ``seconds`` and ``throughput``.

        The mean over all looks with these settings, so that measuring again cannot choose.
        """
        measured = {"seconds": self.seconds, "throughput": self.throughput}
        looks = self.each_look(metric)
        if len(looks) < 2:
            return looks[0] if looks else measured.get(metric, {})
        pooled: dict[str, list[float]] = {}
        for seed, value in (pair for look in looks for pair in look.items()):
            if "+" not in seed or seed in looks[0]:  # the average of fewer networks is another quantity
                pooled.setdefault(seed, []).append(value)
        return {seed: fmean(values) for seed, values in pooled.items()}

    def each_look(self, metric: str) -> list[dict[str, float]]:
        """``metric`` at each look with these settings, the newest first."""
        here = self.config | {"seeds": None}
        before = [look["metrics"] for look in self.earlier if look["config"] | {"seeds": None} == here]
        return [found[metric] for found in (self.metrics, *before) if found.get(metric)]

    def is_fixed(self, metric: str) -> bool:
        """Whether a single value is all there is to know: counted rather than trained, or over all seeds."""
        values = self.values(metric)
        return (
            len(values) == 1
            and metric.partition("/")[0] not in ("seconds", "throughput")
            and ("+" in next(iter(values)) or not self.history and len(self.seeds) == 1)
        )


Runs = dict[str, Record]  # experiment -> record, at one scale


def load_record(
    path: Path, history: Iterable[Iterable] | None = None, of: tuple[str, str, str] | None = None
) -> Record:
    """The record in ``path``, of this paper, scale and experiment. Raises: UserError when it is not."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if history is not None:
            raw["history"] = list(history)
        # History comes from CSV as text and from JSON as numbers; the seed stays a name.
        raw["history"] = [(str(row[0]), *row[1:]) for row in raw.get("history", ())]
        record = Record.model_validate(raw)
    except FileNotFoundError:
        raise UserError(f"{path}: not found; the run is not complete, so run it again") from None
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path}: {where}: {first['msg']}; this is not the result of a run") from None
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise UserError(f"{path}: not the result of a run ({error}); restore it or run it again") from None
    found = record.paper, record.scale, record.experiment
    if of and of != found:
        raise UserError(f"{path}: holds {'/'.join(found)}; the file is in the wrong place")
    return record


def load_quick(paper: str) -> Runs:
    """``runs/quick``, which must hold exactly the experiments and seeds that ``params.yaml`` declares, or nothing.

    DVC leaves the output of a removed experiment behind, so what is there is not what is declared.

    Raises:
        UserError: a missing or extra experiment, a missing seed, or a run made with other parameters; it
            names the folder and the command that repairs it.
    """
    folder = paths.runs(paper) / "quick"
    declared = config.experiments(paper, "quick")
    present = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not present:
        return {}
    if missing := [name for name in declared if name not in present]:
        raise UserError(
            f"{folder}: no run of {', '.join(missing)}; "
            f"run `replicate run {paper} {missing[0]} --scale quick`, or `dvc repro` for all of them"
        )
    for name in present:
        if name not in declared:
            raise UserError(
                f"{folder / name}: params.yaml declares no experiment {name!r} at scale quick; "
                f"delete the folder (`rm -r`), or declare the experiment and run `dvc repro`"
            )
    return {name: _load_run(folder / name, paper, name) for name in declared}


def _load_run(folder: Path, paper: str, experiment: str) -> Record:
    try:
        with open(folder / "history.csv", encoding="utf-8", newline="") as file:
            history = [[row[column] for column in HISTORY] for row in csv.DictReader(file)]
    except FileNotFoundError:
        history = []
    except KeyError as error:
        raise UserError(f"{folder / 'history.csv'}:1: no column {error}; run it again") from None
    record = load_record(folder / "results.json", history, of=(paper, "quick", experiment))
    again = f"run `replicate run {paper} {experiment} --scale quick`"
    resolved = config.resolve(paper, experiment, "quick")
    seeds = {str(seed) for seed in resolved["seeds"]}
    asked = f"params.yaml asks for {_names(seeds)}; {again}"
    for what, ran in (("the run", map(str, record.seeds)), ("seconds", record.seconds)):
        if set(ran := list(ran)) != seeds:
            raise UserError(f"{folder}: {what} has the seeds {_names(ran)}, {asked}")
    for metric, values in record.metrics.items():
        # A trial may lack a metric (one that failed has no number of sequences until success).
        if not set(values) <= seeds and [set(key.split("+")) for key in values] != [seeds]:
            raise UserError(f"{folder}: {metric} has the seeds {_names(values)}, {asked}")
    keys = sorted(resolved.keys() | record.config.keys()) if record.config else ()
    if changed := [key for key in keys if _plain(resolved.get(key)) != _plain(record.config.get(key))]:
        raise UserError(f"{folder}: params.yaml has another value of {', '.join(changed)} by now; {again}")
    return record


def _names(seeds: Iterable[str]) -> str:
    return ", ".join(sorted(seeds, key=lambda seed: (len(seed), seed))) or "none"


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def load_records(paper: str, scale: str) -> Runs:
    """``records/<scale>``, as far as it goes: an experiment without a record was not attempted.

    Without the metrics that ``paper.yaml`` has withdrawn: a record is evidence and stays as it is, wrong numbers too.
    """
    withdrawn = load_paper(paper).withdrawn.get(scale, {})
    folder = paths.REPLICATIONS / paper / "records" / scale
    known = config.load_params(paper)["experiments"]
    runs = {}
    for path in sorted(folder.glob("*.json")):
        if path.stem not in known:
            raise unknown("experiment", path.stem, known, str(path))
        run = load_record(path, of=(paper, scale, path.stem))
        kept = {metric: values for metric, values in run.metrics.items() if metric not in withdrawn}
        runs[path.stem] = run.model_copy(update={"metrics": kept})
    return {name: runs[name] for name in known if name in runs}  # the order of params.yaml


def evidence(paper: str, quick: Literal["here", "kept"] | None = "here") -> dict[str, Runs]:
    """Scale -> experiment -> record; of the quick scale what was made ``here``, or else what git has ``kept``."""
    runs = {scale: load_records(paper, scale) for scale in SCALES}
    if quick == "here":
        runs["quick"] = load_quick(paper) or runs["quick"]
    elif quick is None:
        runs["quick"] = {}
    return runs


def why_absent(paper: str, names: Sequence[str], scale: str) -> str:
    """The reason for an empty place in the report."""
    declared = config.experiments(paper, scale)
    if elsewhere := [name for name in names if name not in declared]:
        return f"the scale {scale} has no {', '.join(elsewhere)}"
    return f"no record of {', '.join(names)} at scale {scale}"


def lacking(paper: Paper, run: Record, metric: str) -> str:
    """Why a run that exists has no ``metric``: where trials are counted, none of them came so far as to have one."""
    if why := paper.withdrawn.get(run.scale, {}).get(metric):
        return f"withdrawn: {why}"
    if paper.run_of_a_seed == "seed":
        return f"{run.experiment} did not measure {metric}"
    return f"none of the {several(len(run.seeds), 'trial')} of {run.experiment} has {metric}"
