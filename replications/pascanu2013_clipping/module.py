"""How networks learn music and text: by Lightning's own loop."""

import torch
from torch import Tensor

from common.training.fit import Module
from replications.pascanu2013_clipping.config import Config
from replications.pascanu2013_clipping.data import Batch, Characters, Music
from replications.pascanu2013_clipping.model import Network
from replications.pascanu2013_clipping.update import ClippedDescent


class NextStep(Module):
    """The cross-entropy of the next step of music or text, one update per minibatch (section 4.2).

    The state of a text is carried from one minibatch to the next; a piece of music starts with h_0 = 0.
    """

    def __init__(self, config: Config, data: Music | Characters, seed: int = 1):
        super().__init__()
        self.config, self.data, self.counted = config, data, data.counted
        self.network = Network(
            data.inputs, config.hidden, data.outputs, config.activation, config.initialisation, seed, config.biases
        )
        self.state = self.valid_state = ()

    def nats(self, batch: Batch, before: tuple, alpha: float = 0.0) -> tuple[Tensor, tuple]:
        """Nats ``[T, B]``, 0 where a step does not count, and what is carried to the next minibatch."""
        states = self.network.states(batch.inputs, *before, alpha=alpha)
        nats = self.data.losses(self.network.outputs(states), batch.target) * batch.counts
        return nats, (states[-1].detach(),) if self.data.carries else ()

    def training_step(self, batch: Batch, index: int) -> dict:
        alpha = self.config.alpha / (self.current_epoch + 1 if self.config.alpha_decay else 1)
        nats, self.state = self.nats(batch, self.state if index else (), alpha)
        total = nats.sum()
        # weights that plain descent has lost come back at the end of the epoch; until then nothing is learnt
        loss = torch.nan_to_num(total * self.trainer.world_size / batch.total)
        return {"loss": loss, "sums": {"nats": total, self.counted: batch.counts.sum()}}

    def validation_step(self, batch: Batch, index: int) -> dict:
        nats, self.valid_state = self.nats(batch, self.valid_state if index else ())
        return {"nats": nats.double().sum(), self.counted: batch.counts.double().sum()}

    def per_step(self, sums: dict) -> float:
        """The error of one step on average, in the unit of the data."""
        return float(sums["nats"] / sums[self.counted] / self.data.nats)

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        unit = self.data.unit
        return {f"train/{unit}": self.per_step(train), f"valid/{unit}": self.per_step(valid)}

    def configure_optimizers(self) -> ClippedDescent:
        return ClippedDescent(self.network, self.config.lr, self.config.bound)
