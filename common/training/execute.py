"""The execution of a run, from a command to ``runs/<scale>/<experiment>/``.

Work in progress lives in ``build/work/<paper>-<scale>-<experiment>-<fingerprint>/``, named by what determines the
result: resolved parameters, data and code. An interrupted run with the same fingerprint goes on where it stopped; a
finished one is moved into place in one step.

A paper's ``experiment.py`` has ``load_data(config)``, whose result may have a ``note`` for the user, and ``run(run)``.
If it also has ``train(run, seed)``, which keeps what it has made in the seed's folder and finds it there again, seeds
can be trained side by side before. If it has ``needs_processor(config)`` and that is true, nothing of it is computed on
a GPU.
"""

import importlib
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import ModuleType

import torch

from common import config as configuration
from common import paths
from common.errors import UserError, unknown
from common.locks import locked
from common.training import launch, memory, provenance
from common.training.finished import fingerprints, is_made, put_in_place, run_folder
from common.training.run import Run, read_json
from common.training.trainer_options import trainer_options

ACCELERATORS = ("cpu", "cuda")


def execute(
    paper: str,
    experiment: str,
    scale: str = "quick",
    *,
    seeds: Iterable[int] = (),
    overrides: Iterable[str] = (),
    name: str | None = None,
    devices: int = 1,
    nodes: int = 1,
    precision: str | None = None,
    accelerator: str | None = None,
    trainer: Iterable[str] = (),
    logger: Callable[[Run, int, str], AbstractContextManager] | None = None,
    again: bool = True,
) -> Path:
    """Trains and evaluates one experiment; returns the folder of its results.

    Runs with other settings than the declared ones (``overrides``, ``seeds``, ``precision``, ``trainer``: options of
    Lightning's Trainer as ``key=value``) go to ``runs/own/``, so that they never count as evidence, under ``name`` or
    one made of the experiment and a hash of settings and data. ``logger`` follows each training of a seed.
    Without ``again``, results that these settings, data and code have given before are kept.

    Raises:
        UserError: a name, key, corpus or file is wrong, training diverged, or the same run is in progress elsewhere.
    """
    launch.settle(devices, nodes)
    declared = configuration.resolve(paper, experiment, scale)
    chosen = [f"seeds={seeds}"] if (seeds := list(seeds)) else []
    settings = configuration.resolve(paper, experiment, scale, [*overrides, *chosen])
    if precision is not None:
        if "precision" not in settings:
            raise UserError(f"{paper}: its networks have no precision to choose")
        settings = configuration.validate(paper, settings | {"precision": precision}, paper).model_dump(mode="json")
    run = _begin(paper, experiment, scale, settings, accelerator, devices, nodes, trainer_options(trainer))
    run.logger = logger or run.logger
    if settings == declared and name is None and not run.trainer:
        target = run_folder(paper, experiment, scale)
    else:
        target = _own_folder(run, name)
    program = _program(paper)
    if not again and is_made(target, settings, run.origin["fingerprint"]):
        return target
    if not run.is_first_process:
        launch.end_with_parent()
        program.run(run)
        return target
    run.work.mkdir(parents=True, exist_ok=True)
    if note := getattr(run.corpus, "note", ""):
        print(note, flush=True)
    with _only_one(run.work):
        program.run(run)
        put_in_place(run, target)
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
    run = _begin(paper, experiment, scale, configuration.resolve(paper, experiment, scale), accelerator)
    if is_made(run_folder(paper, experiment, scale), run.settings, run.origin["fingerprint"]):
        return
    run.work.mkdir(parents=True, exist_ok=True)
    with _only_one(run.work, shared=True), _only_one(run.seed_folder(seed)), run.seed(seed):
        _program(paper).train(run, seed)


def _program(paper: str) -> ModuleType:
    return importlib.import_module(f"replications.{paper}.experiment")


def _begin(
    paper: str,
    experiment: str,
    scale: str,
    settings: dict,
    accelerator: str | None,
    devices: int = 1,
    nodes: int = 1,
    trainer: dict | None = None,
) -> Run:
    program = _program(paper)
    config = configuration.validate(paper, settings, paper)
    compiled = hasattr(program, "needs_processor") and program.needs_processor(config)
    accelerator = _accelerator(accelerator, compiled)
    if scale == "quick" and not compiled and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)  # too small to share: two threads gain little, and lose nine tenths beside a busy core
    if accelerator == "cuda" and devices > torch.cuda.device_count():
        raise UserError(f"--devices {devices}: there are {torch.cuda.device_count()} GPUs here")
    corpus = program.load_data(config)
    prints = fingerprints(paper, settings | ({"trainer": trainer} if trainer else {}), corpus)
    work = paths.BUILD / "work" / f"{paper}-{scale}-{experiment}-{provenance.sha256_json(prints)[:12]}"
    memory.keep_freed_memory()
    origin = provenance.git_state() | {"fingerprint": prints, "rules": provenance.rule_hashes(paper, experiment)}
    return Run(
        paper, experiment, scale, settings, work, corpus, origin, accelerator, devices, nodes, trainer=trainer or {}
    )


def _own_folder(run: Run, name: str | None) -> Path:
    """Where a run with settings of one's own goes: two of them never into the same folder."""
    made_of = provenance.sha256_json([run.settings, run.corpus.fingerprint, *([run.trainer] if run.trainer else [])])
    target = run_folder(run.paper, name or f"{run.experiment}-{made_of[:8]}", "own")
    if target.parent.name != "own" or target.name in (".", "..") or target.suffix in (".old", ".new"):
        raise UserError(f"--name {name}: give a plain name for a folder")
    try:
        found = read_json(target / "results.json", {})
        origin = found.get("provenance", {})
        other = (
            {**found["config"], "trainer": origin.get("trainer", {}), "data": origin["fingerprint"]["data"]}
            if found
            else None
        )
    except (UserError, ValueError, KeyError, TypeError):  # damaged: made again
        other = None
    mine = {**run.settings, "trainer": run.trainer, "data": run.corpus.fingerprint}
    if other and (different := sorted(key for key, value in mine.items() if value != other.get(key))):
        raise UserError(
            f"{target}: holds a run with other settings ({', '.join(different)}); choose another --name, or remove it"
        )
    return target


def _accelerator(name: str | None, needs_processor: bool) -> str:
    if name not in (None, *ACCELERATORS):
        raise unknown("accelerator", name, ACCELERATORS)
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("accelerator cuda: torch finds no GPU here; use cpu")
    if name == "cuda" and needs_processor:
        raise UserError("accelerator cuda: these networks learn in code that is compiled for processors; use cpu")
    return name or ("cuda" if torch.cuda.is_available() and not needs_processor else "cpu")


@contextmanager
def _only_one(work: Path, shared: bool = False):
    """Nobody else does this run; ``shared`` by those who train seeds."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(work / "lock", wait=False, shared=shared))
        except BlockingIOError:
            raise UserError(f"{work}: the same run is in progress in another process; wait for it or stop it") from None
        yield
