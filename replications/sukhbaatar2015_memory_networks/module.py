"""How the networks are trained: as the authors' code does, by plain gradient descent on the answers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from common.data.stories.batches import Batch, Encoded, Problem, in_order
from common.training.clipping import clip_norm
from common.training.fit import Module
from common.training.schedules import halved, scheduled
from replications.sukhbaatar2015_memory_networks.config import Config
from replications.sukhbaatar2015_memory_networks.model import LSTMs, MemoryNetworks, nats


def clip_matrices(gradient: Tensor, most: float) -> None:
    """Scales each matrix of ``gradient`` ``[..., N, M]`` whose spectral norm, Matlab's ``norm``, is above ``most``."""
    over = gradient.flatten(-2).norm(dim=-1) > most  # no norm is larger than that of the numbers in a row
    if over.any():
        norms = torch.linalg.matrix_norm(gradient[over], 2)
        gradient[over] *= (most / norms).clamp(max=1)[:, None, None]


class Answering(Module):
    """R restarts that learn a problem side by side; losses are summed over a batch, and over the restarts."""

    counted = "questions"

    def __init__(self, config: Config, problem: Problem, seeds: Sequence[int]):
        super().__init__()
        self.config = config
        self.network = {"memory": MemoryNetworks, "lstm": LSTMs}[config.model](config, problem, seeds)
        self.batches_per_epoch = max(1, len(problem.train.answers) // config.batch_size)

    def sums(self, batch: Batch) -> dict:
        scores, _ = self.network(batch, linear=self.current_epoch < self.config.linear_epochs)
        return {
            "nats": nats(scores, batch.answers).sum(),
            "wrong": (scores.argmax(-1) != batch.answers).sum(),
            "questions": scores.shape[0] * scores.shape[1],
        }

    def training_step(self, batch: Batch, index: int) -> dict:
        sums = self.sums(batch)
        # processes' gradients are averaged, the paper's are summed
        return {"loss": sums["nats"] * self.trainer.world_size, "sums": sums}

    def validation_step(self, batch: Batch, index: int) -> dict:
        return self.sums(batch)

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        shown = {"train/error": train, "valid/error": valid}
        errors = {name: 100 * sums["wrong"] / sums["questions"] for name, sums in shown.items()}
        return errors | {"valid/nll": valid["nats"] / valid["questions"]}

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        if self.config.model == "lstm":
            for each in zip(self.network.embedding, self.network.readers, self.network.outputs, strict=True):
                clip_norm([weight for part in each for weight in part.parameters()], self.config.clip)
            return
        for weight in self.parameters():
            clip_matrices(weight.grad, self.config.clip)
        self.network.embeddings.grad[..., 0, :] = 0  # no word stays 0

    def configure_optimizers(self) -> dict | torch.optim.Optimizer:
        """Gradient descent; Adam for the LSTM. The rate is halved in every ``halve_every``-th epoch."""
        config = self.config
        if config.model == "lstm":
            return torch.optim.Adam(self.parameters(), config.lr)

        def factor(updates: int) -> float:
            epoch = updates // self.batches_per_epoch - config.linear_epochs
            return halved(epoch + 1, after=config.halve_every, every=config.halve_every)

        lr = config.linear_lr if config.linear_epochs else config.lr
        return scheduled(torch.optim.SGD(self.parameters(), lr), factor)

    @torch.no_grad()
    def measure(self, problem: Problem, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """Error in percent and mean nats of each restart ``[R]`` on some questions, with softmax, without noise."""
        found = [(self.network(one)[0], one.answers) for one in in_order(problem, encoded)]
        wrong = torch.cat([(scores.argmax(-1) != answers).double() for scores, answers in found], 1)
        return 100 * wrong.mean(1), torch.cat([nats(*one) for one in found], 1).double().mean(1)
