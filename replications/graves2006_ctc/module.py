"""How the network is trained: with CTC on whole transcripts, or frame by frame on an alignment (the hybrid)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from common.data.order import batch_count
from common.data.speech.corpus import SpeechCorpus, Utterance
from common.metrics.label_error import edits
from common.output.ctc_kernel import ctc_loss
from common.search.ctc_best_path import best_path
from common.training.clipping import clip_norm
from common.training.fit import Module
from common.training.schedules import decaying
from replications.graves2006_ctc.config import Config
from replications.graves2006_ctc.data import Batch, shortest_first
from replications.graves2006_ctc.hmm import HMM
from replications.graves2006_ctc.model import Network


class Recogniser(Module):
    """The network, its loss, and its label error on the validation set after each epoch (best path, or Viterbi).

    A hybrid's outputs are the labels 1 ... K - 1, so that :meth:`log_y` puts an impossible blank before them.
    """

    counted = "frames"

    def __init__(self, config: Config, corpus: SpeechCorpus):
        super().__init__()
        self.config, self.corpus, self.labels = config, corpus, len(corpus.labels)
        outputs = self.labels if config.model == "ctc" else self.labels - 1
        self.network = Network(config, len(corpus.mean), outputs)
        self.averaged = None
        if config.weight_average:
            self.averaged = AveragedModel(self.network, avg_fn=partial(_moving_mean, config.weight_average))
            self.averaged.requires_grad_(False)
        self.train_set: list[Utterance] = []
        self.hmm: HMM | None = None

    @property
    def tested(self) -> Network:
        """The network that is validated and tested: the running mean of the trained one, where there is one."""
        return self.averaged.module if self.averaged is not None else self.network

    # --- training

    def training_step(self, batch: Batch, index: int) -> dict:
        loss, sums = self.loss(self.network.activations(batch.x, batch.lengths), batch)
        mean = loss * self.trainer.world_size / batch.total  # over utterances; processes' gradients are averaged
        return {"loss": mean, "sums": sums | {"frames": batch.lengths.sum()}}

    def loss(self, u: Tensor, batch: Batch) -> tuple[Tensor, dict]:
        """What is lowered, summed over utterances, from activations ``[T, B, K]``; and what an epoch adds up of it."""
        nats = self.nats(u, batch)
        return nats, {"nats": nats}

    def nats(self, u: Tensor, batch: Batch) -> Tensor:
        """-ln p(l | x) (section 4, equation 4), or the cross-entropy of every frame; summed over utterances."""
        if self.config.model == "ctc":
            return ctc_loss(u, batch.labels, batch.lengths, batch.label_lengths)
        targets = (batch.alignment - 1).clamp(min=0).flatten()  # weights are 0 in the padding
        return (F.cross_entropy(u.flatten(0, 1), targets, reduction="none") * batch.weights.flatten()).sum()

    def optimizer_step(self, *args, **kwargs) -> None:
        super().optimizer_step(*args, **kwargs)
        self.update_average()  # not in on_train_batch_end: a checkpoint is written before it

    def update_average(self) -> None:
        if self.averaged is not None:
            self.averaged.update_parameters(self.network)

    def configure_optimizers(self) -> dict:
        config = self.config
        if config.optimizer == "sgd":
            optimiser = torch.optim.SGD(self.network.parameters(), config.lr, config.momentum)
        else:
            optimiser = torch.optim.Adam(self.network.parameters(), config.lr)
        batches = batch_count(len(self.train_set), config.batch_size, 1, "utterances")
        return decaying(optimiser, config.schedule, config.max_epochs * batches)

    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None) -> None:
        clip_norm(self.network.parameters(), self.config.clip_norm)

    # --- the hybrid's alignment

    def on_train_epoch_start(self) -> None:
        """A hybrid's boundaries are set anew between equal parts of its training."""
        parts = self.config.realignments + 1
        due = {self.config.max_epochs * part // parts for part in range(1, parts)}
        if self.config.model == "hybrid" and self.current_epoch in due:
            self.realign()

    def set_alignments(self, alignments: Sequence[np.ndarray]) -> None:
        """The label of each frame of the training set, from which the hidden Markov model is counted."""
        self.train_set[:] = [
            replace(one, alignment=alignment) for one, alignment in zip(self.train_set, alignments, strict=True)
        ]
        self.hmm = HMM.count(self.train_set, alignments, self.labels)

    def realign(self) -> None:
        """New boundaries of the training set's phones, by the network as it is now."""
        outputs = zip(self.outputs(self.train_set), self.train_set, strict=True)
        self.set_alignments([self.hmm.align(log_y - self.hmm.log_prior, one.labels) for log_y, one in outputs])

    def alignments(self) -> list[Tensor]:
        """As they are kept in files, int16 ``[T]`` each; none of a network that is trained with CTC."""
        return [torch.from_numpy(one.alignment).to(torch.int16) for one in self.train_set if self.hmm is not None]

    def load_alignments(self, alignments: list[Tensor]) -> None:
        if self.hmm is not None:
            self.set_alignments([one.long().numpy() for one in alignments])

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["alignments"] = self.alignments()

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.load_alignments(checkpoint["alignments"])

    # --- using the network

    @torch.no_grad()
    def outputs(self, utterances: list[Utterance]) -> list[np.ndarray]:
        """ln y ``[T, K]`` float32 of every utterance."""
        network, training = self.tested, self.training
        network.eval()
        found: list[np.ndarray] = [np.empty(0)] * len(utterances)
        for batch in shortest_first(utterances):
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

    def validation_step(self, batch: Batch, index: int) -> dict:
        u = self.tested.activations(batch.x, batch.lengths)
        references = [row[:n].tolist() for row, n in zip(batch.labels, batch.label_lengths, strict=True)]
        if self.config.model == "ctc":
            return self.errors(best_path(u, batch.lengths), references) | {"nats": self.nats(u, batch)}
        outputs = self.log_y(u.log_softmax(2)).transpose(0, 1).cpu().numpy()
        return self.errors(
            [self.viterbi(one[:n]) for one, n in zip(outputs, batch.lengths.tolist(), strict=True)], references
        )

    def errors(self, hypotheses: list[list], references: list[list]) -> dict:
        return {"edits": edits(hypotheses, references), "labels": sum(map(len, references))}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        shown = {"valid/ler": 100 * valid["edits"] / valid["labels"], "train/loss": train["nats"] / train["frames"]}
        return shown | ({"valid/loss": valid["nats"] / len(self.corpus.valid)} if "nats" in valid else {})


def _moving_mean(decay: float, mean: Tensor, weight: Tensor, updates: Tensor) -> Tensor:
    """The running mean after ``updates`` of it; shorter at first, so that the first weights are soon forgotten."""
    return mean.lerp(weight, 1 - min(decay, (1 + float(updates)) / (10 + float(updates))))
