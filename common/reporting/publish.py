"""Results replayed to Weights & Biases: a view of the files, which stay the only home of a result.

A replay is repeatable: run ids follow from the results, so publishing again replaces what was published before.
Nothing here runs while a model trains.
"""

import io
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from tqdm import tqdm

from common import paths
from common.config import SCALES
from common.errors import UserError
from common.reporting.evidence.deviations import other_data
from common.reporting.evidence.published import Paper, load_paper
from common.reporting.evidence.results import Record, Runs
from common.reporting.evidence.rules import Value, experiments
from common.reporting.pages import figures
from common.reporting.verdicts.claims import Verdict, judge_all
from common.training.provenance import sha256_json

PROJECT = "rnn-replications"
REPORT = "report"  # stands where the name of an experiment does, in the run of a scale's tables and figures
OTHER_DATA = "Trained on other data than the paper's: the series paper/... are for orientation only."

Place = dict[str, str]  # paper, experiment and scale


def publish(paper: str, records: Sequence[Record], *, online: bool = False) -> list[str]:
    """Replay ``records`` of one paper to W&B; returns the folders written, or with ``online`` the addresses.

    One run per experiment and seed (learning curves, the published numbers as constant series ``paper/<metric>``,
    verdicts of the claims it takes part in), and one ``report`` run per scale (tables of claims and results, the
    paper's figures). Offline unless ``online`` or the variable WANDB_MODE says otherwise: it then writes
    ``wandb/offline-run-*`` below the folder WANDB_DIR (default: the checkout), for ``wandb sync`` whenever wanted.

    Raises:
        UserError: wandb is not installed or refuses (no login), or ``paper.yaml`` is bad.
    """
    wandb = imported("wandb", "publishing to W&B needs")
    published = load_paper(paper)
    runs_of = {scale: {r.experiment: r for r in records if r.scale == scale} for scale in SCALES}
    jobs, judged = [], judge_all(paper, published, runs_of)
    for scale, runs in runs_of.items():
        verdicts = [one for one in judged if one.scale == scale]
        jobs += [(_replay_seed, record, seed, published, verdicts) for record in runs.values() for seed in record.seeds]
        jobs += [(_replay_report, paper, scale, runs, published, verdicts)] if runs else []
    mode = "online" if online else os.environ.get("WANDB_MODE", "offline")
    try:
        made = [replay(wandb, mode, *rest) for replay, *rest in tqdm(jobs, desc=f"publish {paper}", disable=None)]
        return [run.url or str(Path(run.dir).parent) for run in made]
    except wandb.Error as error:
        raise UserError(f"W&B: {error}; `wandb login` for online runs, or publish offline") from error


def imported(module: str, what: str) -> ModuleType:
    """A module of a package that only ``what`` is done with. Raises: UserError where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise UserError(f"{what} the package {package}: pip install {package}") from error


def start(wandb: ModuleType, name: str, mode: str, place: Place, tags: Iterable[str] = (), **settings: Any) -> Any:
    """A run in W&B that tells nothing of the machine."""
    quiet = wandb.Settings(
        silent=True, console="off", disable_git=True, save_code=False,
        x_disable_stats=True, x_disable_meta=True, x_disable_machine_info=True, x_save_requirements=False,
    )  # fmt: skip
    return wandb.init(
        project=os.environ.get("WANDB_PROJECT", PROJECT),
        dir=os.environ.get("WANDB_DIR") or paths.HOME,
        name=name,
        mode=mode,
        group=f"{place['paper']}/{place['experiment']}",
        # W&B refuses a tag of more than 64 characters.
        tags=[tag[:64] for tag in (f"paper:{place['paper']}", f"scale:{place['scale']}", *tags)],
        settings=quiet,
        **settings,
    )


def place(paper: str, experiment: str, scale: str) -> Place:
    """What a dashboard selects runs by."""
    return {"paper": paper, "experiment": experiment, "scale": scale}


def run_id(paper: str, experiment: str, scale: str, seed: int, made_from: dict) -> str:
    """Of W&B's run of a seed; ``made_from`` are the fingerprints of parameters, data and code."""
    return f"{paper}-{experiment}-{scale}-s{seed}-{sha256_json(made_from)[:8]}"


def of_experiment(paper: Paper, experiment: str) -> dict[str, float]:
    """What the paper printed of an experiment, as constant series."""
    return {
        f"paper/{row.metric}": row.published
        for _, row in reversed(paper.rows())
        if row.experiment == experiment and row.published is not None
    }


@contextmanager
def _replayed(
    wandb: ModuleType, mode: str, name: str, here: Place, verdicts: list[Verdict], config: dict, **settings: Any
) -> Iterator[Any]:
    """A run in the place of former offline copies of itself, which only go once the new one is whole."""
    folder = Path(os.environ.get("WANDB_DIR") or paths.HOME)
    folder.mkdir(parents=True, exist_ok=True)
    former = [file.parent for file in folder.glob(f"wandb/offline-run-*/run-{name}.wandb")]
    claims = [f"claim:{one.claim.id}" for one in verdicts]
    # Without `resume`, a run with a known id is overwritten on the server.
    run = start(wandb, name, mode, here, claims, id=name, config=here | config, **settings)
    try:
        yield run
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish(exit_code=0)
    for old in former:
        shutil.rmtree(old)


def _made_from(record: Record) -> dict:
    return record.provenance.get("fingerprint") or record.config


def _replay_seed(wandb: ModuleType, mode: str, record: Record, seed: int, paper: Paper, verdicts: list[Verdict]) -> Any:
    mine = [one for one in verdicts if record.experiment in experiments(one.claim.rule)]
    where = record.paper, record.experiment, record.scale
    reference = of_experiment(paper, record.experiment)
    measured = {metric: values[str(seed)] for metric, values in record.metrics.items() if str(seed) in values}
    with _replayed(
        wandb, mode, run_id(*where, seed, _made_from(record)), place(*where), mine,
        config=record.config | {"seed": seed, "provenance": record.provenance},
        job_type="train" if record.history else "eval",
        notes=OTHER_DATA if record.experiment in other_data(record.paper, record.scale) else None,
    ) as run:  # fmt: skip
        run.define_metric("step")
        run.define_metric("*", step_metric="step")
        for point in _points(record, seed, measured):
            run.log(point | reference)
        run.summary.update(measured)
        for key in ("seconds", "throughput"):
            if str(seed) in getattr(record, key):
                run.summary[key] = getattr(record, key)[str(seed)]
        run.summary["parameters"] = record.parameters
        for one in mine:
            numbers = {f"{source}/{quantity}": value for source, quantity, value in _numbers(one)}
            found = numbers | {"verdict": one.verdict, "evidence": one.evidence}
            run.summary.update({f"claim/{one.claim.id}/{key}": value for key, value in found.items()})
    return run


def _points(record: Record, seed: int, measured: dict[str, float]) -> list[dict[str, float]]:
    """The learning curves, a dictionary per step, and a last point with the final results."""
    points: dict[int, dict[str, float]] = {}
    for one, epoch, step, metric, value in record.history:
        if one == str(seed):
            points.setdefault(step, {}).update({metric: value, "step": step, "epoch": epoch})
    *before, last = [points[step] for step in sorted(points)] or [{"step": 0}]
    return [*before, measured | last]


def _replay_report(
    wandb: ModuleType, mode: str, paper: str, scale: str, runs: Runs, published: Paper, verdicts: list[Verdict]
) -> Any:
    name = f"{paper}-report-{scale}-{sha256_json([sha256_json(_made_from(record)) for record in runs.values()])[:8]}"
    claims = [
        [one.claim.id, one.claim.says, one.claim.where, one.verdict, one.evidence, *number]
        for one in verdicts
        for number in _numbers(one) or [("", "", None)]
    ]
    numbers = {(row.experiment, row.metric): row.published for _, row in reversed(published.rows())}
    results = [
        [record.experiment, metric, seed, value, numbers.get((record.experiment, metric))]
        for record in runs.values() for metric, values in record.metrics.items() for seed, value in values.items()
    ]  # fmt: skip
    about = {"title": published.title, "venue": published.venue, "year": published.year}
    here = place(paper, REPORT, scale)
    with _replayed(wandb, mode, name, here, verdicts, config=about, job_type="report") as run:
        columns = ["claim", "says", "where", "verdict", "evidence", "source", "quantity", "value"]
        run.log({"claims": wandb.Table(columns, claims)})
        columns = ["experiment", "metric", "seed", "value", "published"]
        run.log({"results": wandb.Table(columns, results)})
        with figures.style():
            for figure_name, caption, figure in figures.paper_figures(paper, runs):
                run.log({f"figure/{figure_name}": wandb.Image(_picture(figure), caption=caption)})
        run.summary.update({f"claim/{one.claim.id}/verdict": one.verdict for one in verdicts})
    return run


def _numbers(one: Verdict) -> list[tuple[str, str, float]]:
    """(ours or published, quantity, value) of a claim."""
    ours, rule = {part.effect.label: part.effect.mean for part in one.parts if part.effect}, one.claim.rule
    printed = one.claim.published or {}
    if isinstance(rule, Value) and rule.published is not None:
        printed = {next(iter(ours), rule.value.metric): rule.published}
    return [
        (source, quantity, float(value))
        for source, numbers in (("ours", ours), ("published", printed))
        for quantity, value in numbers.items()
    ]


def _picture(figure: Any) -> Any:
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, facecolor="white")
    return Image.open(buffer)
