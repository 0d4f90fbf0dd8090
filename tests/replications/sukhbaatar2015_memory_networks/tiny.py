"""The second of the made-up tasks, and every kind of network, for a few epochs."""

import json
from pathlib import Path

from common.data.stories.corpus import Stories, load
from replications.sukhbaatar2015_memory_networks.config import Config

NETWORKS = {
    "pe_ls_rn": {"linear_epochs": 1, "max_epochs": 1, "linear_lr": 0.001},  # else rounding grows too much to compare
    "bow": {},
    "joint_rn": {"tying": "layerwise", "mask": True, "linear_epochs": 0},
    "no_time": {"encoding": "printed", "linear_epochs": 0},
    "pe": {"model": "lstm"},
}
NAMES = list(NETWORKS)


def settings(**changes) -> list[str]:
    values = {"tasks": [2], "hidden": 6, "max_epochs": 2, "halve_every": 1, "noise": 0.0, "seeds": [1, 2]} | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {name: (name, settings(**changes)) for name, changes in NETWORKS.items()}


def stub(config: Config) -> Stories:
    return load("stories", [2])
