"""How the networks are trained: on-line gradient descent on the log-probability of the next word."""

import math
import time

import numpy as np
import torch
from torch import Tensor

from common.errors import UserError
from common.training.fit import Module
from common.training.sgd import SGD
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.model import RareWords, language_model


class LanguageModel(Module):
    """Cross-entropy summed over the block of words, one update per block (2010, section 2; toolkit).

    Batches are windows ``[T, B]`` of :class:`common.data.streams.Streams`; the state is carried from one to the next
    across sentences, starts anew with every epoch, and is part of a checkpoint.
    """

    def __init__(self, config: Config, counts: np.ndarray):
        super().__init__()
        self.config = config
        self.rare = RareWords(counts, config.rare_threshold) if config.rare_threshold else None
        self.network = language_model(config, self.rare.counts if self.rare else counts)
        self.state = None
        self.valid_state = None

    def negative_log_probabilities(self, words: Tensor, next_words: Tensor, state):
        """Nats per word ``[T * B]`` and the next state; in training with samples, nats of choosing among those."""
        targets, shared = next_words.flatten(), 0.0
        if self.rare is not None:
            words, targets, shared = self.rare.symbol[words], self.rare.symbol[targets], self.rare.shared[targets]
        hidden, state = self.network(words, state)
        hidden, output = hidden.flatten(0, 1), self.network.output
        if self.training and self.config.samples is not None:
            return output.training_loss(hidden, targets, torch.default_generator) + shared, state
        return output(hidden, targets) + shared, state

    def log_probabilities(self, words: Tensor, state):
        """Log-probabilities of every next word ``[T * B, V]`` after words ``[T, B]``, and the next state."""
        if self.rare is not None:
            words = self.rare.symbol[words]
        hidden, state = self.network(words, state)
        log_p = self.network.output.log_probabilities(hidden.flatten(0, 1))
        return (log_p if self.rare is None else log_p[:, self.rare.symbol] - self.rare.shared), state

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        words, next_words = batch
        if index == 0:
            self.state = self.network.initial(words.shape[1])
            self.nats, self.words = 0.0, 0
        nll, self.state = self.negative_log_probabilities(words, next_words, self.state)
        loss = nll.sum()
        self.nats += loss.item()
        self.words += nll.numel()
        return loss * self.trainer.world_size  # processes' gradients are averaged, the paper's are summed

    def on_train_start(self) -> None:
        self.started = time.monotonic()
        if self.state is not None:  # resumed; a checkpoint is read to the CPU
            self.state = tuple(part.to(self.device) for part in self.state)

    def on_train_epoch_start(self) -> None:  # not called for an epoch that is resumed
        self.started, self.seconds = time.monotonic(), 0.0

    def on_validation_start(self) -> None:
        self.seconds += time.monotonic() - self.started
        self.valid_state = self.network.initial(1)
        self.valid_nats, self.valid_words = 0.0, 0

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        with torch.autocast(self.device.type, enabled=False):
            nll, self.valid_state = self.negative_log_probabilities(*batch, self.valid_state)
        self.valid_nats += nll.double().sum().item()
        self.valid_words += nll.numel()

    def on_validation_epoch_end(self) -> None:
        valid = self.valid_nats / self.valid_words
        nats, words = self.of_all_processes(self.totals())[0].sum(0).tolist()
        train = "train/perplexity" if self.config.samples is None else "train/perplexity_among_samples"
        values = {"valid/nll": valid, "valid/perplexity": math.exp(valid), train: math.exp(nats / words),
                  "train/words_per_second": words / self.seconds}
        self.log_dict(values, sync_dist=True)

    def configure_optimizers(self) -> SGD:
        """Plain gradient descent; what holds for one stream's block is meant once per stream."""
        config = self.config
        clip_norm = config.clip_norm and config.clip_norm * config.streams
        return SGD(self.network.parameters(), config.lr, config.weight_decay * config.streams, clip_norm)

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
        processes, mine = len(checkpoint["streams"][-1]), self.trainer.global_rank
        if processes != self.trainer.world_size:
            raise UserError(f"this training was interrupted on {processes} devices and each has a part of the text; "
                            f"continue it with --devices {processes}, or delete {self.trainer.ckpt_path}")
        *state, totals = (part[mine] for part in checkpoint["streams"])
        self.state, self.seconds = tuple(state), checkpoint["seconds"]
        self.nats, self.words = totals.tolist()
