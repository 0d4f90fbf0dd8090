"""How both networks are trained: -log p, averaged over the examples of a batch, by Adadelta (section 4.1.1)."""

from torch import nn

from common.training.adaptive import ADAPTIVE
from common.training.schedules import decaying
from common.training.translation import Translation
from replications.cho2014_gru.config import Config


class Learner(Translation):
    """The loss of a network, the optimiser and its rate.

    Args:
        lr: factor of Adadelta's steps, or Adam's rate.
    """

    updates = 0  # of the whole training, over which the rate falls if it does

    def __init__(self, config: Config, network: nn.Module, lr: float):
        super().__init__(network)
        self.config, self.lr = config, lr

    def configure_optimizers(self) -> dict:
        optimiser = ADAPTIVE[self.config.optimizer](self.parameters(), self.lr)
        return decaying(optimiser, self.config.decay, self.updates)
