"""How the networks are trained: RMSProp, every component of the gradient clipped, the state carried on and on."""

import torch
from torch import Tensor
from torch.nn import functional as F

from common.training.fit import Module
from common.training.schedules import scheduled
from replications.karpathy2015_char_rnn.config import Config
from replications.karpathy2015_char_rnn.model import CharRNN


class CharacterModel(Module):
    """The mean over streams of the cross-entropy (nats), summed over the steps of an update as in char-rnn.

    The state goes from update to update and from epoch to epoch; the validation text begins with zeros.

    Args:
        updates: in an epoch.
    """

    counted = "characters"

    def __init__(self, config: Config, symbols: int, updates: int):
        super().__init__()
        self.config, self.updates = config, updates
        self.network = CharRNN(config, symbols)
        self.state = self.valid_state = ()

    def nats(self, batch: tuple[Tensor, Tensor], state: tuple) -> tuple[Tensor, tuple]:
        """Nats ``[T, B]`` of the characters that follow, and the state after."""
        scores, state = self.network(batch[0], state)
        return F.cross_entropy(scores.flatten(0, 1), batch[1].flatten(), reduction="none").view_as(batch[1]), state

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> dict:
        nats, self.state = self.nats(batch, self.state)
        total = nats.sum()
        loss = total * self.trainer.world_size / self.config.streams
        return {"loss": loss, "sums": {"nats": total, "characters": nats.numel()}}

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        torch.nn.utils.clip_grad_value_(self.parameters(), self.config.clip)

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> dict:
        nats, self.valid_state = self.nats(batch, self.valid_state if index else ())
        return {"nats": nats.double().sum(), "characters": nats.numel()}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        return {f"{name}/nll": sums["nats"] / sums["characters"] for name, sums in (("valid", valid), ("train", train))}

    def configure_optimizers(self) -> dict:
        config = self.config
        rms = torch.optim.RMSprop(self.parameters(), config.lr, alpha=config.rms_decay)
        return scheduled(rms, lambda n: config.lr_decay ** max(0, n // self.updates - config.hold + 1))
