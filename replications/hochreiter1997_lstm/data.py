"""The task of a setting."""

from common.errors import unknown
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.tasks.adding import Adding, Multiplication
from replications.hochreiter1997_lstm.tasks.long_lag import LongLag, VeryLongLag
from replications.hochreiter1997_lstm.tasks.reber import Reber
from replications.hochreiter1997_lstm.tasks.temporal_order import TemporalOrder
from replications.hochreiter1997_lstm.tasks.two_sequence import TwoSequences


def task(config: Config, noise_free: bool = False):
    """The generator of a setting's sequences; ``noise_free``: with exact targets, as 3c is tested."""
    match config.task:
        case "reber" | "continual_reber":
            return Reber()
        case "lag_2a" | "lag_2b":
            return LongLag(config.length, regular=config.task == "lag_2a")
        case "lag_2c":
            return VeryLongLag(config.length, config.symbols)
        case "two_3a" | "two_3b" | "two_3c":
            return TwoSequences(config.task[-2:], config.length, config.informative, noise_free)
        case "adding":
            return Adding(config.length)
        case "multiplication":
            return Multiplication(config.length)
        case "order_6a" | "order_6b" | "continual_order":
            return TemporalOrder(2 if config.task == "order_6a" else 3, config.length)
    raise unknown("task", config.task, ())
