"""Training on the expected number of word errors (Graves and Jaitly 2014, section 5), from a network trained by CTC."""

import numpy as np
import torch
from torch import Tensor

from common.data.speech.corpus import SpeechCorpus
from common.metrics.label_error import label_error_rate
from replications.graves2006_ctc.config import Config
from replications.graves2006_ctc.data import Batch
from replications.graves2006_ctc.expected_loss import loss_gradient, surrogate
from replications.graves2006_ctc.module import Recogniser


class Tuner(Recogniser):
    """Stochastic gradient descent on the estimate of :mod:`expected_loss`, with the momentum of the first training."""

    def __init__(self, config: Config, inputs: int, labels: int, corpus: SpeechCorpus, seed: int):
        super().__init__(config.model_copy(update={"weight_average": 0.0}), inputs, labels, corpus)
        self.seed = seed

    def training_step(self, batch: Batch, index: int) -> Tensor:
        activations = self.network.activations(batch.x, batch.lengths)
        log_y = activations.detach().log_softmax(2).transpose(0, 1).cpu().numpy()
        draw = np.random.default_rng([self.seed, self.global_step, self.global_rank])
        gradients = []
        for one, frames, labels, count in zip(log_y, batch.lengths.tolist(), batch.labels.cpu().numpy(),
                                              batch.label_lengths.tolist(), strict=True):
            gradient, loss = loss_gradient(one[:frames], labels[:count], self.corpus.separator,
                                           self.config.tuning_samples, draw)
            gradients.append(gradient)
            self.nats += loss
            self.frames += frames
        return surrogate(activations, gradients)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.network.parameters(), self.config.tuning_lr, self.config.momentum)

    def on_validation_epoch_end(self) -> None:
        """Word errors of the best path."""
        transcripts, references = zip(*self.valid_pairs, strict=True)
        error = label_error_rate([self.corpus.words(one) for one in transcripts],
                                 [self.corpus.words(one) for one in references])
        self.log_all({"valid/wer": error, "train/expected_word_errors": self.nats / len(self.corpus.train)})
