"""Options of Lightning's Trainer that a user asks for, checked before anything is loaded."""

import inspect
from collections.abc import Iterable
from typing import Any

import lightning as L
import yaml

from common import paths
from common.errors import UserError, unknown
from common.training.fit import new_trainer

OURS = {  # with an option or a setting of their own, or what resuming and sharing a batch stand on
    "accelerator", "devices", "num_nodes", "precision", "logger", "max_epochs", "strategy", "callbacks", "plugins",
    "default_root_dir", "use_distributed_sampler", "enable_checkpointing", "barebones", "fast_dev_run",
}  # fmt: skip


def trainer_options(texts: Iterable[str]) -> dict[str, Any]:
    """``key=value`` texts, the value in YAML, as keyword arguments.

    Raises:
        UserError: an unknown key (with the nearest), one that the suite sets itself, or a value that Lightning refuses.
    """
    known = set(inspect.signature(L.Trainer.__init__).parameters) - {"self"}
    options = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--trainer {text}: write key=value")
        if key not in known:
            raise unknown("option of Lightning's Trainer", key, known - OURS, f"--trainer {text}")
        if key in OURS:
            raise UserError(
                f"--trainer {text}: {key} is not free; see --set, --devices, --precision and the other "
                "options of `replicate run`"
            )
        try:
            options[key] = yaml.safe_load(value)
            new_trainer(paths.BUILD, 1, accelerator="cpu", devices=1, **{key: options[key]})
        except Exception as error:  # Lightning checks some types, and lets others fail where they are used
            raise UserError(f"--trainer {text}: {error}") from error
    return options
