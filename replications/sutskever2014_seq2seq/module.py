"""How the network is trained: gradient descent on log p(T | S), section 3.4."""

from common.data.parallel.buckets import Batch
from common.training.schedules import halved, scheduled
from common.training.sgd import SGD
from common.training.translation import Translation
from replications.sutskever2014_seq2seq.config import Config
from replications.sutskever2014_seq2seq.model import Seq2Seq


class Translator(Translation):
    """The network and its schedule: the paper halves the rate at 5, 5.5, 6, 6.5 and 7 epochs and stops at 7.5.

    The rate of 0.7 and the threshold of 5 are meant for this loss, which is summed over the words of a sentence.
    """

    batches = 1  # of an epoch

    def __init__(self, config: Config, source_words: int, target_words: int, end: int):
        super().__init__(Seq2Seq(config, source_words, target_words, end))
        self.config = config

    def configure_optimizers(self) -> dict:
        config = self.config
        return scheduled(
            SGD(self.parameters(), config.lr, clip_norm=config.clip_norm),
            lambda update: halved(update / self.batches, config.halve_after, config.halve_every),
        )

    def on_train_start(self) -> None:
        self.stop_at_the_end()  # a finished training that is resumed

    def on_train_batch_end(self, outputs: object, batch: Batch, index: int) -> None:
        self.stop_at_the_end()

    def stop_at_the_end(self) -> None:
        """An epoch may be a part of one."""
        if self.global_step / self.batches >= self.config.max_epochs:
            self.trainer.should_stop = True
