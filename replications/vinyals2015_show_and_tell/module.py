"""How the network is trained: gradient descent on the log-probability of the right caption (equations 1, 2, 13)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from common.data.pictures.batches import Batch
from common.metrics.perplexity import of_sum
from common.training.clipping import clip_norm
from common.training.fit import Module
from common.vision import encoders
from replications.vinyals2015_show_and_tell.config import Config
from replications.vinyals2015_show_and_tell.model import ShowAndTell

Squares = Callable[[Tensor], Tensor]  # numbers of pictures [B] to the pictures, uint8 [B, 3, S, S]


class Captioner(Module):
    """The loss is the mean over the words of a batch, stop words included, padding not.

    To be trained it is shown the training and the validation pictures: their ``features [N, D]`` as the encoder came,
    and for fine-tuning the pictures themselves.

    Args:
        words: V.
    """

    counted = "words"
    features: dict[str, Tensor]
    squares: dict[str, Squares]

    def __init__(self, config: Config, words: int):
        super().__init__()
        kind = encoders.kind(config.encoder)
        self.config = config
        self.network = ShowAndTell(config, words, kind.features)
        self.encoder = kind.build().eval() if config.fine_tune_from else None

    def train(self, mode: bool = True) -> "Captioner":
        """As always, but the encoder's batch normalisation keeps the statistics that it came with."""
        super().train(mode)
        if self.encoder is not None:
            self.encoder.eval()
        return self

    def look(self, split: str, pictures: Tensor) -> Tensor:
        """Features ``[B, D]`` of some pictures of a split: the stored ones, or, once it learns, the encoder's."""
        if self.encoder is not None and self.trainer.current_epoch + 1 >= self.config.fine_tune_from:
            return self.encoder(self.squares[split](pictures).to(self.device))
        return self.features[split][pictures.cpu()].to(self.device)

    def negative_log_probabilities(self, features: Tensor, batch: Batch) -> Tensor:
        """Nats of every word that counts ``[words]``."""
        mask = batch.mask
        logits = self.network.output(self.network(features, batch.words)[mask])
        return nn.functional.cross_entropy(logits.float(), batch.words[mask], reduction="none")

    def training_step(self, batch: Batch, index: int) -> dict:
        nats = self.negative_log_probabilities(self.look("train", batch.pictures), batch)
        # gradients of processes are averaged
        return {
            "loss": nats.sum() / batch.total * self.trainer.world_size,
            "sums": {"nats": nats.sum(), "words": nats.numel()},
        }

    def validation_step(self, batch: Batch, index: int) -> dict:
        nats = self.negative_log_probabilities(self.look("valid", batch.pictures), batch)
        return {"nats": nats.double().sum(), "words": nats.numel()}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        return {
            "valid/nll": valid["nats"] / valid["words"],
            "valid/perplexity": of_sum(**valid),
            "train/perplexity": of_sum(**train),
        }

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        clip_norm(self.network.parameters(), self.config.clip_norm)

    def configure_optimizers(self):
        config = self.config
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[config.optimizer]
        groups = [{"params": self.network.parameters()}]
        if self.encoder is not None:
            groups.append({"params": self.encoder.parameters(), "lr": config.fine_tune_lr})
        optimiser = kind(groups, config.lr)
        if config.halve_every is None:
            return optimiser
        return [optimiser], [torch.optim.lr_scheduler.StepLR(optimiser, config.halve_every, 0.5)]
