"""The training of a language model on parallel streams of text (:mod:`common.data.text.streams`)."""

import math
import time
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from common.errors import UserError
from common.training.fit import Module


class OnStreams(Module, ABC):
    """State, losses and speed of a training on windows ``(words [T, B], next words [T, B])``.

    The state is carried from window to window across sentences, starts anew with every epoch, and is part of a
    checkpoint. Each of several processes reads streams of its own.

    Args:
        network: its ``initial(B)`` gives the state before the first window, a tuple of tensors.
    """

    curve = ""  # ends the names of learning curves

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network
        self.state = self.valid_state = None

    @abstractmethod
    def loss(self, words: Tensor, next_words: Tensor) -> tuple[Tensor, float]:
        """What the update descends, and the nats of all the window's words; advances ``self.state``."""

    @abstractmethod
    def exact(self, words: Tensor, next_words: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        """Negative log-probabilities (nats) ``[T * B]`` of the next words, and the state after them."""

    @abstractmethod
    def training_curve(self, nats: float) -> dict[str, float]:
        """What is shown of an epoch's training: ``nats`` per word."""

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        words, next_words = batch
        if index == 0:
            self.state = self.network.initial(words.shape[1])
            self.nats, self.words = 0.0, 0
        loss, nats = self.loss(words, next_words)
        self.nats += nats
        self.words += words.numel()
        return loss

    def on_train_start(self) -> None:
        self.started = time.monotonic()
        if self.state is not None:  # resumed; a checkpoint is read to the CPU
            self.state = tuple(part.to(self.device) for part in self.state)

    def on_train_epoch_start(self) -> None:  # not called for an epoch that is resumed
        self.started, self.seconds = time.monotonic(), 0.0

    def on_validation_start(self) -> None:
        self.seconds += time.monotonic() - self.started
        self.valid_nats, self.valid_words = 0.0, 0

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        words, next_words = batch
        if index == 0:
            self.valid_state = self.network.initial(words.shape[1])
        with torch.autocast(self.device.type, enabled=False):
            nats, self.valid_state = self.exact(words, next_words, self.valid_state)
        self.valid_nats += nats.double().sum().item()
        self.valid_words += nats.numel()

    def on_validation_epoch_end(self) -> None:
        valid = self.valid_nats / self.valid_words
        nats, words = self.of_all_processes(self.totals())[0].sum(0).tolist()
        values = {"valid/nll": valid, "valid/perplexity": math.exp(valid), **self.training_curve(nats / words),
                  "train/words_per_second": words / self.seconds}
        self.log_dict({name + self.curve: value for name, value in values.items()}, sync_dist=True)

    def totals(self) -> Tensor:
        """Nats and words of the epoch so far ``[2]``."""
        return torch.tensor([self.nats, self.words], dtype=torch.float64, device=self.device)

    def of_all_processes(self, *parts: Tensor) -> list[Tensor]:
        """Each part ``[...]`` of every process, ``[processes, ...]``."""
        return [self.all_gather(part).view(self.trainer.world_size, *part.shape) for part in parts]

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["streams"] = self.of_all_processes(*self.state, self.totals())
        checkpoint["seconds"] = self.seconds + time.monotonic() - self.started

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        """Takes up this process's streams.

        Raises:
            UserError: the checkpoint was made by more or fewer processes.
        """
        processes, mine = len(checkpoint["streams"][-1]), self.trainer.global_rank
        if processes != self.trainer.world_size:
            raise UserError(f"this training was interrupted on {processes} devices and each has a part of the text; "
                            f"continue it with --devices {processes}, or delete {self.trainer.ckpt_path}")
        *state, totals = (part[mine] for part in checkpoint["streams"])
        self.state, self.seconds = tuple(state), checkpoint["seconds"]
        self.nats, self.words = totals.tolist()
