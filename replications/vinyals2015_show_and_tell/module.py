"""How the network is trained: gradient descent on the log-probability of the right caption (equations 1, 2, 13)."""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from common.errors import UserError
from common.training.fit import Module
from replications.vinyals2015_show_and_tell.config import Config
from replications.vinyals2015_show_and_tell.data import Batch
from replications.vinyals2015_show_and_tell.model import ShowAndTell

Squares = Callable[[Tensor], Tensor]  # numbers of pictures [B] to the pictures, uint8 [B, 3, S, S]


class Captioner(Module):
    """The loss is the mean over the words of a batch, stop words included, padding not.

    Args:
        words: V.
        features: of the training and of the validation pictures ``[N, D]``, as the encoder came.
        encoder, squares: for fine-tuning: what computes features, and the pictures of both splits for it.
    """

    def __init__(self, config: Config, words: int, features: dict[str, Tensor], encoder: nn.Module | None = None,
                 squares: dict[str, Squares] | None = None):
        super().__init__()
        self.config = config
        self.network = ShowAndTell(config, words, features["train"].shape[1])
        self.network.standardise(features["train"])
        self.encoder = encoder if config.fine_tune_from else None
        self.features, self.squares = features, squares

    def train(self, mode: bool = True) -> "Captioner":
        """As always, but the encoder's batch normalisation keeps the statistics that it came with."""
        super().train(mode)
        if self.encoder is not None:
            self.encoder.eval()
        return self

    @property
    def fine_tuning(self) -> bool:
        """Whether the encoder learns in this epoch."""
        return self.encoder is not None and self.trainer.current_epoch + 1 >= self.config.fine_tune_from

    def features_of(self, split: str, pictures: Tensor) -> Tensor:
        """Features ``[B, D]`` of some pictures of a split: the stored ones, or, once it learns, the encoder's."""
        if self.fine_tuning:
            return self.encoder(self.squares[split](pictures).to(self.device))
        return self.features[split][pictures.cpu()].to(self.device)

    def negative_log_probabilities(self, features: Tensor, batch: Batch) -> Tensor:
        """Nats of every word that counts ``[words]``."""
        mask = batch.mask
        logits = self.network.output(self.network(features, batch.words)[mask])
        return nn.functional.cross_entropy(logits.float(), batch.words[mask], reduction="none")

    def training_step(self, batch: Batch, index: int) -> Tensor:
        nll = self.negative_log_probabilities(self.features_of("train", batch.pictures), batch)
        self.nats += float(nll.sum().detach())
        self.words += nll.numel()
        return nll.sum() / batch.total * self.trainer.world_size  # gradients of processes are averaged

    def on_train_start(self) -> None:
        if self.encoder is not None and self.trainer.world_size > 1:
            raise UserError("fine_tune_from: the encoder learns on one device only; leave --devices out")
        self.started = time.monotonic()

    def on_train_epoch_start(self) -> None:  # not called for an epoch that is resumed
        self.started, self.seconds = time.monotonic(), 0.0
        self.nats, self.words = 0.0, 0
        self.trainer.train_dataloader.start(self.trainer.current_epoch)  # Lightning restores it within an epoch only

    def on_validation_epoch_start(self) -> None:
        self.seconds += time.monotonic() - self.started
        self.valid_nats, self.valid_words = 0.0, 0

    def validation_step(self, batch: Batch, index: int) -> None:
        nll = self.negative_log_probabilities(self.features_of("valid", batch.pictures), batch)
        self.valid_nats += nll.double().sum().item()
        self.valid_words += nll.numel()

    def on_validation_epoch_end(self) -> None:
        valid = self.valid_nats / self.valid_words
        train = self.all_gather(torch.tensor([self.nats, self.words], dtype=torch.float64, device=self.device))
        nats, words = train.view(-1, 2).sum(0).tolist()
        values = {"valid/nll": valid, "valid/perplexity": math.exp(valid), "train/perplexity": math.exp(nats / words),
                  "train/words_per_second": words / self.seconds}
        self.log_dict(values, sync_dist=True)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip_norm)

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

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["epoch_so_far"] = [self.nats, self.words, self.seconds + time.monotonic() - self.started]

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.nats, self.words, self.seconds = checkpoint["epoch_so_far"]
