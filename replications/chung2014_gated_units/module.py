"""How the networks are trained: RMSProp with weight noise on the nats of the next step (section 4.2, and the code)."""

import torch
from torch import Tensor
from torch.func import functional_call

from common.data.music import rolls
from common.data.music.rolls import Batch
from common.training.clipping import clip_norm
from common.training.fit import Module
from common.training.schedules import scheduled
from replications.chung2014_gated_units.config import Config
from replications.chung2014_gated_units.model import Network

LAST_RATE = 0.01  # part of the rate that is left at the last update


class Player(Module):
    """The loss is a mean over the steps of a minibatch; a piece, or a part of one, begins with h_0 = 0."""

    counted = "steps"

    def __init__(self, config: Config, lr: float):
        super().__init__()
        self.config, self.lr, self.updates = config, lr, 1
        self.network = Network(config)

    def noisy(self) -> dict[str, Tensor]:
        """The weights with fresh noise; the gradient by them is that by the clean ones."""
        found = dict(self.network.named_parameters())
        return {
            name: w + self.config.noise * torch.randn_like(w) if w.requires_grad else w for name, w in found.items()
        }

    def nats(self, batch: Batch, weights: dict[str, Tensor] | None = None) -> Tensor:
        """Nats ``[T, B]``, 0 where a step does not count."""
        outputs = functional_call(self.network, weights, batch.inputs) if weights else self.network(batch.inputs)
        return rolls.nats(outputs, batch.target) * batch.counts

    def training_step(self, batch: Batch, index: int) -> dict:
        nats = self.nats(batch, self.noisy() if self.config.noise else None).sum()
        return {
            "loss": nats * self.trainer.world_size / batch.total,
            "sums": {"nats": nats, "steps": batch.counts.sum()},
        }

    def validation_step(self, batch: Batch, index: int) -> dict:
        """Also what each piece has on average, added up."""
        nats, counts = self.nats(batch).double(), batch.counts.double()
        by_piece = nats.sum(0) / counts.sum(0)
        return {"nats": nats.sum(), "steps": counts.sum(), "by_piece": by_piece.sum(), "pieces": len(by_piece)}

    def measures(self, sums: dict) -> dict[str, float]:
        """Nats a step: over all steps, and as the mean over pieces."""
        return {"nll": float(sums["nats"] / sums["steps"]), "nll_by_piece": float(sums["by_piece"] / sums["pieces"])}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        return {"train/nll": train["nats"] / train["steps"], "valid/nll": valid["nats"] / valid["steps"]}

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        clip_norm(self.parameters(), self.config.clip_norm)

    def configure_optimizers(self) -> dict:
        """The rate falls in a straight line to a hundredth over all of ``max_epochs``, as the authors' code has it."""
        weights, config = [weight for weight in self.parameters() if weight.requires_grad], self.config
        descent = torch.optim.RMSprop(weights, self.lr, config.averaging, config.stabiliser, momentum=config.momentum)
        return scheduled(descent, lambda n: 1 - (1 - LAST_RATE) * min(n / self.updates, 1))
