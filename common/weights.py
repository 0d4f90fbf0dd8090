"""Trained networks that are handed on: small ones that come with the code, others through a DVC remote of the user's.

They lie in ``replications/<paper>/weights/<scale>/<experiment>/seed-<n>.pt``. Git keeps the small ones, and of the
others ``weights/<scale>.dvc``, by which DVC finds them in the remote.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import paths
from common.config import require_paper, require_scale
from common.errors import UserError
from common.training import checkpoints
from common.training.finished import run_folder


def folder(paper: str, scale: str) -> Path:
    return paths.REPLICATIONS / require_paper(paper) / "weights" / require_scale(scale)


def find(paper: str, experiment: str, scale: str, seed: int) -> Path:
    """The network of one's own run, else one that was handed on.

    Raises:
        UserError: neither is there.
    """
    name = f"seed-{seed}.pt"
    mine = run_folder(paper, experiment, scale) / name
    for path in (mine, folder(paper, scale) / experiment / name):
        if path.exists():
            return path
    pull = ""
    if folder(paper, scale).with_suffix(".dvc").exists():
        pull = f", or get it: replicate weights pull {paper} --scale {scale}"
    raise UserError(f"{mine}: no trained model; train it: replicate run {paper} {experiment} --scale {scale}{pull}")


def push(paper: str, scale: str, remote: str | None = None) -> list[Path]:
    """Hands on the networks of all finished runs of a scale; ``weights/<scale>.dvc`` is then to be committed.

    Raises:
        UserError: no network is finished, or DVC refuses.
    """
    target, sent = folder(paper, scale), []
    models = sorted(run_folder(paper, "*", scale).parent.glob("*/seed-*.pt"))
    if not models:
        raise UserError(
            f"{paper}: no network is finished at scale {scale!r}; train some: replicate run {paper} --scale {scale}"
        )
    for model in models:
        sent.append(target / model.parent.name / model.name)
        sent[-1].parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(model, sent[-1])
    with _dvc() as repo:
        repo.add([str(target)])
        repo.push([f"{target}.dvc"], remote=remote)
    return sent


def ship(paper: str, experiment: str) -> Path:
    """Puts the quick network of seed 1 beside the code, in half precision: what ``replicate try`` has in a fresh clone.

    Raises:
        UserError: it is not trained yet.
    """
    name = "seed-1.pt"
    trained = run_folder(paper, experiment, "quick") / name
    if not trained.exists():
        raise UserError(f"{trained}: no trained model; train it: replicate run {paper} {experiment}")
    saved = checkpoints.load(trained)
    saved.pop("random", None)  # nothing follows it
    halves = {key: each.half() if each.is_floating_point() else each for key, each in saved["weights"].items()}
    shipped = folder(paper, "quick") / experiment / name
    checkpoints.save_atomically(saved | {"weights": halves}, shipped)
    return shipped


def pull(paper: str, scale: str, remote: str | None = None) -> list[Path]:
    """Gets what :func:`push` has sent, here or elsewhere.

    Raises:
        UserError: nothing was, or DVC refuses.
    """
    target = folder(paper, scale)
    if not Path(f"{target}.dvc").exists():
        raise UserError(
            f"{target}.dvc: not there; whoever trained them sends them: replicate weights push {paper} --scale {scale}"
        )
    with _dvc() as repo:
        repo.pull([f"{target}.dvc"], remote=remote)
    return sorted(target.glob("*/*.pt"))


@contextmanager
def _dvc() -> Iterator[Any]:
    """The checkout as DVC sees it; what DVC refuses is a UserError."""
    from dvc.config import NoRemoteError
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(paths.ROOT)) as repo:
            yield repo
    except NoRemoteError as error:
        raise UserError(
            "there is no DVC remote; add one: dvc remote add --default NAME URL, or name it with --remote"
        ) from error
    except DvcException as error:
        raise UserError(f"DVC: {error}") from error
