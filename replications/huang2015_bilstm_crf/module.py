"""How the networks are trained: on -log p(tags | words), by plain gradient descent (section 3.3) or by Adam."""

from functools import partial

import torch

from common.data.tagged.corpus import TaggedCorpus
from common.training.schedules import decaying
from common.training.tagging import Tagging
from replications.huang2015_bilstm_crf.config import Config
from replications.huang2015_bilstm_crf.model import Network


class Tagger(Tagging):
    """The loss is the mean over the sentences of a batch, which the paper does not say."""

    def __init__(self, config: Config, corpus: TaggedCorpus):
        words = corpus.vocabulary
        network = Network(
            config, len(words), len(corpus.target), len(corpus.features), torch.tensor(words.counts) == 1, words.unk
        )
        super().__init__(network, corpus, config.crf)
        self.config = config

    def configure_optimizers(self) -> dict:
        config = self.config
        kind = {"sgd": torch.optim.SGD, "adam": partial(torch.optim.Adam, fused=True)}[config.optimizer]
        return decaying(kind(self.parameters(), config.lr), config.decay, self.updates)
