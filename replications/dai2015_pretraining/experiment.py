"""One row of the tables: pretrain on the text, train on the labels, keep the best epoch of both, test once."""

from functools import partial
from statistics import median

import numpy as np
import torch

from common.training.best_weights import KeepBest, copied
from common.training.epochs import summed
from common.training.run import Run
from common.training.trained import trained
from replications.dai2015_pretraining import data
from replications.dai2015_pretraining.config import Config
from replications.dai2015_pretraining.data import TOGETHER, Encoded, Reviews, encode, loader, tokenise
from replications.dai2015_pretraining.module import Pretrainer, Sentiment

HEARD = 500  # validation reviews by which pretraining chooses its epoch, at most
EXAMPLES = (  # what is shown of each network; made up, so that no review of the corpus is printed
    "the plot is dull . the acting was not good . but the music is lovely . the ending is moving .",
    "the cast is brilliant . the camera was not bad . but the script was shallow . the humour was not witty .",
)


def load_data(config: Config) -> Reviews:
    """The reviews that a setting is trained and tested on."""
    return data.load(config)


def build(config: Config, corpus: Reviews, seed: int = 1) -> Sentiment:
    """The untrained classifier of a setting."""
    return Sentiment(config, corpus)


def pretrained(run: Run, seed: int) -> Pretrainer:
    """A language model or autoencoder with the weights of its best epoch."""
    config, corpus, eos = run.config, run.corpus, run.corpus.vocabulary.eos
    every = -(-len(corpus.splits["valid"].words) // HEARD)
    text, heard = (
        Encoded([words[-config.pretrain_length - 1 :] for words in some.words[::step]], some.labels[::step])
        for some, step in ((corpus.splits["text"], 1), (corpus.splits["valid"], every))
    )
    module, batches = Pretrainer(config, corpus, seed), partial(loader, text, eos, config.batch_size)
    module.updates = config.pretrain_epochs * len(batches(seed))
    keep = KeepBest(weights=lambda module: copied(module.reader))
    learning = dict(max_epochs=config.pretrain_epochs, unit=None, keep=keep, curve=lambda metric: f"pretrain/{metric}")
    kept = dict(name="pretrained", part=lambda module: module.reader)
    return trained(run, seed, module, partial(batches, seed), loader(heard, eos, TOGETHER), **learning, **kept)


def train(run: Run, seed: int) -> Sentiment:
    """The classifier of a seed, trained."""
    config, corpus, eos = run.config, run.corpus, run.corpus.vocabulary.eos
    module = build(config, corpus)
    run.parameters = sum(weight.numel() for weight in module.parameters())
    if config.pretrain != "none":
        module.network.encoder.load_state_dict(pretrained(run, seed).reader.state_dict())
    batches = partial(loader, corpus.splits["train"], eos, config.batch_size)
    module.updates = config.max_epochs * len(batches(seed))
    learning = dict(max_epochs=config.max_epochs, unit="words/s", keep=KeepBest(metric="valid/error"))
    valid = loader(corpus.splits["valid"], eos, TOGETHER)
    return trained(run, seed, module, partial(batches, seed), valid, **learning)


@torch.no_grad()
def as_read(module: Sentiment, corpus: Reviews, text: str) -> tuple[list[str], torch.Tensor]:
    """The words of a text, and the probability of each label ``[T, K]`` if the review ended there."""
    words = tokenise(text)[-module.config.length :]
    parts = [encode(corpus.vocabulary, words[:end], end) for end in range(1, len(words) + 1)]
    (batch,) = loader(Encoded(parts, np.zeros(len(parts))), corpus.vocabulary.eos, len(parts))
    return words, module.network(batch.words, batch.lengths).softmax(1)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment. ``deviation``: how far a seed's error is from the median of all."""
    corpus, eos = run.corpus, run.corpus.vocabulary.eos
    for seed in run.config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            for split in ("valid", "test"):
                for name, value in module.measures(summed(module, loader(corpus.splits[split], eos, TOGETHER))).items():
                    run.record(f"{split}/{name}", seed, value)
            if "positive" in corpus.labels and not run.figures:
                read = [as_read(module, corpus, text) for text in EXAMPLES]
                good = corpus.labels.index("positive")
                run.figures["reading"] = [[words, chances[:, good].tolist()] for words, chances in read]
    if errors := run.metrics.get("test/error"):
        for seed, error in errors.items():
            run.record("test/deviation", seed, abs(error - median(errors.values())))
