"""How the network is trained: section 4.1, hard attention by REINFORCE, and 4.2, soft attention with a penalty."""

import torch
from torch import Tensor
from torch.nn import functional as F

from common.data.pictures.batches import Batch
from common.metrics.perplexity import of_sum
from common.training.fit import Module
from common.vision.maps import MAPS
from replications.xu2015_show_attend_tell.config import Config
from replications.xu2015_show_attend_tell.data import Annotations
from replications.xu2015_show_attend_tell.model import Read, ShowAttendTell


class Captioner(Module):
    """The loss is summed over the words of a caption and averaged over captions.

    To be trained it is shown the training and the validation pictures, ``annotations``.

    Args:
        words: V.
        seed: of the locations that are drawn, which do not depend on how many processes share a batch.
    """

    counted = "words"
    annotations: dict[str, Annotations]
    baseline: Tensor

    def __init__(self, config: Config, words: int, seed: int = 1):
        super().__init__()
        self.config, self.seed = config, seed
        self.network = ShowAttendTell(config, words, MAPS[config.encoder].features)
        self.register_buffer("baseline", torch.zeros(()))

    @property
    def hard(self) -> bool:
        """Whether locations are drawn by now."""
        return self.config.attention == "hard" and self.trainer.current_epoch >= self.config.soft_epochs

    def nats(self, read: Read, batch: Batch) -> Tensor:
        """-log p of every word ``[T, B]``, 0 at padding."""
        logits = self.network.output(read.readout)
        return (
            F.cross_entropy(logits.flatten(0, 1), batch.words.flatten(), reduction="none").view_as(batch.mask)
            * batch.mask
        )

    def loss(self, read: Read, nats: Tensor, batch: Batch, hard: bool) -> Tensor:
        """Of each caption ``[B]``; its gradient is the one that section 4 prints."""
        config, maps = self.config, read.maps * batch.mask.unsqueeze(2)
        if not hard:
            return nats.sum(0) + config.penalty * doubly_stochastic(maps)
        log_p, log_alpha = -nats.sum(0), read.maps.clamp_min(1e-20).log()
        score = (read.looked * log_alpha * batch.mask.unsqueeze(2)).sum((0, 2))  # log p(s | a) of what was drawn
        entropy = -(maps * log_alpha).sum((0, 2))
        reward = config.reward_weight * (log_p.detach() - self.baseline)
        return -(log_p + reward * score + config.entropy_weight * entropy)

    def draw(self, t: int, alpha: Tensor) -> Tensor:
        """A location for each caption of this process, one-hot ``[B, L]``, or alpha as it is; no gradient passes."""
        alpha, rank, world = alpha.detach(), self.trainer.global_rank, self.trainer.world_size
        start = (self.seed * 1_000_003 + self.global_step) * 1009
        if torch.rand((), generator=torch.Generator().manual_seed(start)) >= self.config.sampled:
            return alpha
        u = torch.rand(world * len(alpha), generator=torch.Generator().manual_seed(start + 1 + t))[rank::world]
        chosen = (alpha.cumsum(1) < u.to(alpha).unsqueeze(1)).sum(1).clamp_max(alpha.shape[1] - 1)
        return F.one_hot(chosen, alpha.shape[1]).to(alpha)

    def training_step(self, batch: Batch, index: int) -> dict:
        read, nats = self._read("train", batch, self.draw if self.hard else None)
        loss = self.loss(read, nats, batch, self.hard).sum() / batch.captions
        if self.hard:
            log_p = -self.all_gather(nats.detach().sum()).sum() / batch.captions
            self.baseline.lerp_(log_p, 1 - self.config.baseline_decay)
        # gradients of processes are averaged
        return {"loss": loss * self.trainer.world_size, "sums": _sums(nats.detach(), batch)}

    def validation_step(self, batch: Batch, index: int) -> dict:
        return _sums(self._read("valid", batch)[1].double(), batch)

    def _read(self, split: str, batch: Batch, *choose) -> tuple[Read, Tensor]:
        memory = self.network.memory(self.annotations[split][batch.pictures].to(self.device))
        read = self.network(memory, batch.words, *choose)
        return read, self.nats(read, batch)

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        nll = valid["nats"] / valid["words"]
        return {"valid/nll": nll, "valid/perplexity": of_sum(**valid), "train/perplexity": of_sum(**train)}

    def configure_optimizers(self):
        config = self.config
        if config.optimizer == "adam":
            optimiser = torch.optim.Adam(self.parameters(), config.lr)
        else:  # in Graves' form
            optimiser = torch.optim.RMSprop(self.parameters(), config.lr, 0.95, 1e-4, momentum=0.9, centered=True)
        every = config.halve_every or config.max_epochs
        return [optimiser], [torch.optim.lr_scheduler.StepLR(optimiser, every, 0.5)]


def doubly_stochastic(maps: Tensor) -> Tensor:
    """sum_i (1 - sum_t alpha_ti)^2 ``[B]`` of maps ``[T, B, L]`` that are 0 at padding."""
    return (1 - maps.sum(0)).square().sum(1)


def _sums(nats: Tensor, batch: Batch) -> dict:
    return {"nats": nats.sum(), "words": int(batch.lengths.sum())}
