"""A trained network in one call: fitted or found, with the weights that are to be kept, and how to use it again."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import lightning as L
from torch import nn

from common.data.order import Loader
from common.errors import UserError
from common.text.vocabulary import Vocabulary
from common.training import checkpoints
from common.training.best_weights import Weights, copied
from common.training.fit import fit
from common.training.run import Run


class Keeper(Protocol):
    """A callback that knows which weights a training is to end with."""

    best_weights: Weights


def trained(
    run: Run,
    seed: int,
    module: L.LightningModule,
    train: Callable[[int, int], Loader],
    valid: Iterable | None,
    *,
    max_epochs: int,
    unit: str | None,
    keep: Keeper | None = None,
    name: str = "model",
    part: Callable[[L.LightningModule], nn.Module] = lambda module: module,
    about: dict[str, Any] | None = None,
    callbacks: Iterable[L.Callback] = (),
    curve: Callable[[str], str] = str,
    **options,
) -> L.LightningModule:
    """``module`` with the weights that training gives it, on the CPU and in evaluation mode, in every process.

    What is trained already, before the run was interrupted, is read. The weights are kept as ``<name>.pt`` in the
    seed's folder, with the settings, the vocabularies and what else is known ``about`` them; ``model`` is what users
    get.

    Args:
        train, valid, max_epochs, curve, options: as of :func:`common.training.fit.fit`.
        unit: of the speed, which is that of ``module.counted``; None: another training's speed is the seed's.
        keep: whose weights come back at the end; none: the last ones.
        part: the part of the module whose weights are kept.
    """
    path = run.seed_folder(seed) / f"{name}.pt"
    if path.exists():
        saved = checkpoints.load(path)
        part(module).load_state_dict(saved["weights"])
        if "random" in saved:  # what follows draws as if this training had just ended
            checkpoints.RandomState.restore(saved["random"])
    else:
        fit(
            run,
            seed,
            module,
            train,
            valid,
            max_epochs=max_epochs,
            part=name,
            callbacks=[*callbacks, *([keep] if keep else [])],
            curve=curve,
            **options,
        )
        module.cpu()
        if keep and keep.best_weights:
            part(module).load_state_dict(keep.best_weights)
        elif keep:
            print(f"{run.name} seed {seed}: no epoch was better than none; the last weights are kept", flush=True)
        if run.is_first_process:
            checkpoints.save_atomically(
                {
                    "config": run.settings,
                    "vocabularies": [each.fingerprint for each in _vocabularies(run.corpus)],
                    "weights": copied(part(module)),
                    "random": checkpoints.RandomState.present(),
                    **(about or {}),
                },
                path,
            )
    if unit:
        run.measure_throughput(seed, curve(f"train/{module.counted}_per_second"), unit)
    return module.cpu().eval()


def kept(path: Path, config: type) -> tuple[dict[str, Any], Any]:
    """What :func:`trained` has kept in a file, and the paper's typed settings (``config``) in it.

    Raises:
        UserError: no such file, or not a checkpoint of this paper.
    """
    saved = checkpoints.load(path)
    try:
        return saved, config(**dict(saved)["config"])
    except (LookupError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a network of this paper; name one that `replicate run` has made") from error


def restored(path: Path, config: type, load_data: Callable, build: Callable) -> tuple[L.LightningModule, Any]:
    """The network that :func:`trained` has kept in a file, and the corpus that it was trained on.

    Args:
        config: the paper's typed settings.
        load_data, build: of the paper's ``experiment.py``: settings to corpus, both to an untrained module.

    Raises:
        UserError: no such file, not a checkpoint of this paper, or its vocabularies are not those of the corpus now.
    """
    saved, settings = kept(path, config)
    corpus = load_data(settings)
    for vocabulary, fingerprint in zip(_vocabularies(corpus), saved.get("vocabularies", ()), strict=False):
        vocabulary.require_same(fingerprint, str(path))
    module = build(settings, corpus)
    try:
        module.load_state_dict(saved["weights"])
    except (LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise UserError(f"{path}: its weights are not those of such a network; train it anew") from error
    return module.eval(), corpus


def _vocabularies(corpus: Any) -> list[Vocabulary]:
    """What the words of a corpus are numbered by."""
    return [getattr(corpus, name) for name in ("vocabulary", "source", "target") if hasattr(corpus, name)]
