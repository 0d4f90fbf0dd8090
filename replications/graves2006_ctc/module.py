"""How the network is trained: with CTC on whole transcripts, or frame by frame on an alignment (the hybrid)."""

import math
import time
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from common.data.speech.corpus import SpeechCorpus, Utterance
from common.metrics.label_error import label_error_rate
from common.output.ctc_kernel import ctc_loss
from common.search.ctc_best_path import best_path
from common.training.fit import Module
from replications.graves2006_ctc.config import Config
from replications.graves2006_ctc.data import Batch, Batches
from replications.graves2006_ctc.hmm import HMM
from replications.graves2006_ctc.model import Network

EVALUATED = 50  # sequences side by side when nothing is learned


class Recogniser(Module):
    """The network, its loss, and its label error on the validation set after each epoch (best path, or Viterbi).

    A hybrid's outputs are the labels 1 ... K - 1, so that :meth:`log_y` puts an impossible blank before them.
    """

    def __init__(self, config: Config, inputs: int, labels: int, corpus: SpeechCorpus | None = None):
        super().__init__()
        self.config, self.corpus, self.labels = config, corpus, labels
        self.network = Network(config, inputs, labels if config.model == "ctc" else labels - 1)
        self.averaged = None
        if config.weight_average:
            self.averaged = AveragedModel(self.network, avg_fn=partial(_moving_mean, config.weight_average))
        self.train_set: list[Utterance] = []
        self.hmm: HMM | None = None

    @property
    def tested(self) -> torch.nn.Module:
        """The network that is validated and tested: the running mean of the trained one, where there is one."""
        return self.averaged.module if self.averaged is not None else self.network

    # --- training

    def training_step(self, batch: Batch, index: int) -> Tensor:
        loss = self.loss(self.network(batch.x, batch.lengths), batch)
        self.nats += loss.item()
        self.frames += int(batch.lengths.sum())
        return loss / len(batch.lengths)

    def loss(self, log_y: Tensor, batch: Batch) -> Tensor:
        """-ln p(l | x) (section 4, equation 4), or the cross-entropy of every frame; summed over sequences."""
        if self.config.model == "ctc":
            return ctc_loss(log_y, batch.labels, batch.lengths, batch.label_lengths)
        targets = (batch.alignment - 1).clamp(min=0).flatten()  # weights are 0 in the padding
        return (F.nll_loss(log_y.flatten(0, 1), targets, reduction="none") * batch.weights.flatten()).sum()

    def optimizer_step(self, *args, **kwargs) -> None:
        super().optimizer_step(*args, **kwargs)
        self.update_average()  # not in on_train_batch_end: a checkpoint is written before it

    def update_average(self) -> None:
        if self.averaged is not None:
            self.averaged.update_parameters(self.network)

    def configure_optimizers(self):
        config = self.config
        if config.optimizer == "sgd":
            optimizer = torch.optim.SGD(self.network.parameters(), config.lr, config.momentum)
        else:
            optimizer = torch.optim.Adam(self.network.parameters(), config.lr)
        if config.schedule == "constant":
            return optimizer
        # Not trainer.estimated_stepping_batches: it sets the loader up before a resumed one gets its position back.
        steps = config.max_epochs * (-(-len(self.train_set) // config.batch_size) // self.trainer.world_size)
        decay = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * min(step / steps, 1))))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": decay, "interval": "step"}}

    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None) -> None:
        if self.config.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip_norm)

    def on_train_start(self) -> None:
        self.started = time.monotonic()

    def on_train_epoch_start(self) -> None:
        self.started, self.seconds, self.nats, self.frames = time.monotonic(), 0.0, 0.0, 0
        parts = self.config.realignments + 1
        due = {self.config.max_epochs * part // parts for part in range(1, parts)}
        if self.config.model == "hybrid" and self.current_epoch in due:
            self.realign()

    # --- the hybrid's alignment

    def set_train(self, utterances: list[Utterance]) -> None:
        """Takes the training set; a hybrid's with alignments, from which its hidden Markov model is counted."""
        self.train_set = utterances
        if self.config.model == "hybrid":
            self.hmm = HMM.count(utterances, [one.alignment for one in utterances], self.labels)

    def realign(self) -> None:
        """New boundaries of the training set's phones, by the network as it is now."""
        outputs = self.outputs(self.train_set)
        for at, one in enumerate(self.train_set):
            aligned = self.hmm.align(outputs[at] - self.hmm.log_prior, one.labels)
            self.train_set[at] = replace(one, alignment=aligned)
        self.set_train(self.train_set)

    # --- using the network

    @torch.no_grad()
    def outputs(self, utterances: list[Utterance]) -> list[np.ndarray]:
        """ln y ``[T, K]`` float32 of every utterance."""
        network, training = self.tested, self.training
        network.eval()
        found: list[np.ndarray] = [np.empty(0)] * len(utterances)
        for batch in Batches(utterances, EVALUATED, shuffle=False):
            log_y = self.log_y(network(batch.x.to(self.device), batch.lengths.to(self.device))).cpu()
            for b, (at, length) in enumerate(zip(batch.index.tolist(), batch.lengths.tolist(), strict=True)):
                found[at] = log_y[:length, b].numpy()
        network.train(training)
        return found

    def log_y(self, log_y: Tensor) -> Tensor:
        """Network outputs ``[T, B, .]`` with a column for every label, blank first ``[T, B, K]``."""
        return log_y if self.config.model == "ctc" else F.pad(log_y, (1, 0), value=-torch.inf)

    def viterbi(self, log_y: np.ndarray, bigram_weight: float = 1.0) -> list[int]:
        """A hybrid's phones from ln y ``[T, K]``."""
        return self.hmm.decode(log_y - self.hmm.log_prior, bigram_weight)

    # --- validation

    def on_validation_start(self) -> None:
        self.seconds += time.monotonic() - self.started
        self.valid_nats, self.valid_pairs = 0.0, []

    def validation_step(self, batch: Batch, index: int) -> None:
        network = self.tested
        network.eval()
        log_y = network(batch.x, batch.lengths)
        references = [row[:n].tolist() for row, n in zip(batch.labels, batch.label_lengths, strict=True)]
        if self.config.model == "ctc":
            self.valid_nats += self.loss(log_y, batch).item()
            hypotheses = best_path(log_y, batch.lengths)
        else:
            outputs = self.log_y(log_y).transpose(0, 1).cpu().numpy()
            hypotheses = [self.viterbi(one[:n]) for one, n in zip(outputs, batch.lengths.tolist(), strict=True)]
        self.valid_pairs += zip(hypotheses, references, strict=True)

    def on_validation_epoch_end(self) -> None:
        values = {"valid/ler": label_error_rate(*zip(*self.valid_pairs, strict=True)),
                  "train/loss": self.nats / max(self.frames, 1), "train/frames_per_second": self.frames / self.seconds}
        if self.config.model == "ctc":
            values["valid/loss"] = self.valid_nats / len(self.valid_pairs)
        self.log_all(values)

    def log_all(self, values: dict[str, float]) -> None:
        self.log_dict({name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()},
                      sync_dist=True)

    # --- resuming

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["totals"] = [self.nats, self.frames, self.seconds + time.monotonic() - self.started]
        if self.config.realignments and self.config.model == "hybrid":
            checkpoint["alignments"] = [torch.from_numpy(one.alignment).to(torch.int16) for one in self.train_set]

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.nats, self.frames, self.seconds = checkpoint["totals"]
        for at, alignment in enumerate(checkpoint.get("alignments", [])):
            self.train_set[at] = replace(self.train_set[at], alignment=alignment.long().numpy())
        self.set_train(self.train_set)


def _moving_mean(decay: float, mean: Tensor, weight: Tensor, updates: Tensor) -> Tensor:
    """The running mean after ``updates`` of it; shorter at first, so that the first weights are soon forgotten."""
    return mean.lerp(weight, 1 - min(decay, (1 + float(updates)) / (10 + float(updates))))
