"""Training on the expected number of word errors (Graves and Jaitly 2014, section 5), from a network trained by CTC."""

import numpy as np
import torch
from torch import Tensor

from common.data.speech.corpus import SpeechCorpus
from replications.graves2006_ctc.config import Config
from replications.graves2006_ctc.data import Batch
from replications.graves2006_ctc.expected_loss import loss_gradient, surrogate
from replications.graves2006_ctc.module import Recogniser


class Tuner(Recogniser):
    """Stochastic gradient descent on the estimate of :mod:`.expected_loss`, with the momentum of the first training.

    Its validation counts the word errors of the best path.
    """

    def __init__(self, config: Config, corpus: SpeechCorpus, seed: int):
        super().__init__(config.model_copy(update={"weight_average": 0.0}), corpus)
        self.seed = seed

    def loss(self, u: Tensor, batch: Batch) -> tuple[Tensor, dict]:
        log_y = u.detach().log_softmax(2).transpose(0, 1).cpu().numpy()
        labels, counts = batch.labels.cpu().numpy(), batch.label_lengths.tolist()
        gradients, errors = [], 0.0
        for b, (at, frames) in enumerate(zip(batch.index.tolist(), batch.lengths.tolist(), strict=True)):
            draw = np.random.default_rng([self.seed, self.global_step, at])  # the same in whichever process
            gradient, expected = loss_gradient(
                log_y[b, :frames], labels[b, : counts[b]], self.corpus.separator, self.config.tuning_samples, draw
            )
            gradients.append(gradient)
            errors += expected
        return surrogate(u, gradients), {"errors": errors}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.network.parameters(), self.config.tuning_lr, self.config.momentum)

    def errors(self, hypotheses: list[list], references: list[list]) -> dict:
        return super().errors(
            [self.corpus.words(one) for one in hypotheses], [self.corpus.words(one) for one in references]
        )

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        return {
            "valid/wer": 100 * valid["edits"] / valid["labels"],
            "train/expected_word_errors": train["errors"] / len(self.train_set),
        }
