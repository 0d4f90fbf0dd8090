"""One row of the tables: pretrain on the text, train on the labels, keep the best epoch of both, test once."""

from functools import partial
from statistics import median

import torch

from common.training.best_weights import KeepBest, copied
from common.training.epochs import summed
from common.training.run import Run
from common.training.trained import trained
from replications.dai2015_pretraining import data
from replications.dai2015_pretraining.config import Config
from replications.dai2015_pretraining.data import HEARD, TOGETHER, Encoded, Reviews, cut, encode, loader, tokenise
from replications.dai2015_pretraining.module import Pretrainer, Sentiment

EXAMPLES = (  # what is shown of each network; made up, so that no review of the corpus is printed
    "the plot is dull . the acting was not good . but the music is lovely . the ending is moving .",
    "the cast is brilliant . the camera was not bad . but the script seems shallow . the humour felt forced .",
)


def load_data(config: Config) -> Reviews:
    """The reviews that a setting is trained and tested on."""
    return data.load(config)


def build(config: Config, corpus: Reviews, seed: int = 1) -> Sentiment:
    """The untrained classifier of a setting."""
    return Sentiment(config, corpus)


def pretrained(run: Run, seed: int) -> Pretrainer:
    """A language model or autoencoder with the weights of its best epoch."""
    config, corpus = run.config, run.corpus
    text, heard = (cut(some, config.pretrain_length) for some in (corpus.text, corpus.valid))
    every = -(-len(heard.words) // HEARD)
    heard = Encoded(heard.words[::every], heard.labels[::every])
    module, batches = Pretrainer(config, corpus, seed), partial(loader, text, corpus.vocabulary.eos, config.batch_size)
    module.updates = config.pretrain_epochs * len(batches(seed))
    return trained(
        run,
        seed,
        module,
        partial(batches, seed),
        loader(heard, corpus.vocabulary.eos, TOGETHER),
        max_epochs=config.pretrain_epochs,
        unit=None,
        keep=KeepBest(weights=lambda module: copied(module.reader)),
        name="pretrained",
        part=lambda module: module.reader,
        curve=lambda metric: f"pretrain/{metric}",
    )


def train(run: Run, seed: int) -> Sentiment:
    """The classifier of a seed, trained."""
    config, corpus = run.config, run.corpus
    module = build(config, corpus)
    run.parameters = sum(weight.numel() for weight in module.parameters())
    if config.pretrain != "none":
        module.begin_with(pretrained(run, seed).reader)
    batches = partial(loader, corpus.train, corpus.vocabulary.eos, config.batch_size)
    module.updates = config.max_epochs * len(batches(seed))
    return trained(
        run,
        seed,
        module,
        partial(batches, seed),
        loader(corpus.valid, corpus.vocabulary.eos, TOGETHER),
        max_epochs=config.max_epochs,
        unit="words/s",
        keep=KeepBest(metric="valid/error"),
    )


@torch.no_grad()
def as_read(module: Sentiment, corpus: Reviews, text: str) -> tuple[list[str], torch.Tensor]:
    """The words of a text, and the probability of each label ``[T, K]`` if the review ended there."""
    words = tokenise(text)[-module.config.length :]
    parts = encode(corpus.vocabulary, [words[:end] for end in range(1, len(words) + 1)], len(words))
    (batch,) = loader(Encoded(parts, torch.zeros(len(parts)).long().numpy()), corpus.vocabulary.eos, len(parts))
    return words, module.network(batch.words, batch.lengths).softmax(1)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment. ``deviation``: how far a seed's error is from the median of all."""
    for seed in run.config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            for split in ("valid", "test"):
                reviews = loader(getattr(run.corpus, split), run.corpus.vocabulary.eos, TOGETHER)
                for name, value in module.measures(summed(module, reviews)).items():
                    run.record(f"{split}/{name}", seed, value)
            if "reading" not in run.figures and "positive" in run.corpus.labels:
                read = (as_read(module, run.corpus, text) for text in EXAMPLES)
                run.figures["reading"] = [
                    [words, [round(p, 3) for p in chances[:, run.corpus.labels.index("positive")].tolist()]]
                    for words, chances in read
                ]
    if errors := run.metrics.get("test/error"):
        for seed, error in errors.items():
            run.record("test/deviation", seed, abs(error - median(errors.values())))
