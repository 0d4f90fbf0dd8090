"""How the networks are trained: each by itself, on-line, until its own criterion is met; many side by side."""

from common.training import trials
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.streams import ContinualOrder, ContinualReber
from replications.hochreiter1997_lstm.trials import Grammar, Guessed, Tested, Trial, Windowed

KINDS = {
    "reber": Grammar,
    "two_3a": Tested,
    "two_3b": Tested,
    "two_3c": Tested,
    "continual_reber": ContinualReber,
    "continual_order": ContinualOrder,
}  # all others: Windowed


def begin(config: Config, seed: int) -> Trial:
    """The trial of a setting, before its first sequence."""
    return (Guessed if config.update == "guess" else KINDS.get(config.task, Windowed))(config, seed)


class Trials(trials.Trials):
    """The trials of a setting: a training step is a turn of one of them, some hundred updates of compiled code.

    Their weights are buffers, but their checkpoint is the pool's: it also has their generators and counts.

    Args:
        name: of the run.
    """

    def __init__(self, config: Config, name: str = ""):
        super().__init__(trials.Pool(name, {str(seed): begin(config, seed) for seed in config.seeds}))
        for seed, trial in self.trials.items():
            for key, weight in trial.weights.items():
                self.register_buffer(f"{key}_{seed}", weight, persistent=False)
