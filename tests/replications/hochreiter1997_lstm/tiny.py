"""Short sequences that every kind of trial learns, or fails to learn, within a moment."""

import json
from pathlib import Path

from common import config
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.experiment import Generated, load_data
from tests.replications.kills import OF_TRIALS, TURN, short_turns

PAPER = "hochreiter1997_lstm"
SHORT = {  # settings that take a moment: a row of params.yaml, and changes
    "lag_2a": {"length": 5, "window": 500},
    "lag_2c_q50_p50": {"length": 5, "symbols": 5, "window": 500, "lr": 0.1},
    "two_3a_t100_n3": {"length": 10, "mean_error_below": 0.05},
    "two_3c_t100_n3": {"length": 10, "tolerance": 0.15, "mean_error_below": 0.05},
    "adding_t100": {"length": 20, "window": 200, "tolerance": 0.15, "mean_error_below": 0.05},
    "multiplication": {"length": 20, "window": 200},
    "order_6a": {"length": 20, "window": 200},
    "reber_3x2_lr05": {},
    "continual_forget": {"test_sequences": 1000},
    "cnto_forget": {"length": 20, "test_sequences": 4},
    "elman_order_6a": {"length": 20, "window": 200},
}
FEW = {
    "lag_2a": 10_000,
    "two_3a_t100_n3": 1000,
    "order_6a": 4000,
    "reber_3x2_lr05": 500,
    "continual_forget": 10_000,
    "cnto_forget": 500,
    "elman_order_6a": 5000,
}  # max_sequences
NAMES = list(FEW)
KILLS, SAID, prepare = OF_TRIALS, TURN, short_turns


def settings(name: str, **changes) -> dict:
    """A row of the tables, made short."""
    return config.resolve(PAPER, name, "paper") | {"test_sequences": 500} | SHORT[name] | changes


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """All as changes of a row that the quick scale has."""
    return {
        name: (
            "order_6a",
            [
                f"{key}={json.dumps(value)}"
                for key, value in settings(name, max_sequences=most, seeds=[1, 2, 3]).items()
            ],
        )
        for name, most in FEW.items()
    }


def stub(setting: Config) -> Generated:
    return load_data(setting)
