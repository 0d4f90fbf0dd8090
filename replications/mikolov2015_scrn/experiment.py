"""One row of the tables: train, then read the validation and test text once.

Perplexities count every word and every end of sentence. Ours read a text in one stream; the released code reads 32
side by side, each from its own first state, which is given too.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from common.data.text import corpora
from common.data.text.corpora import SPLITS, Corpus
from common.data.text.windows import windows
from common.evaluation.language_models import network_probabilities, on_splits, record_perplexity
from common.training.carried_state import CarriedState
from common.training.run import Run
from common.training.trained import trained
from replications.mikolov2015_scrn.config import Config
from replications.mikolov2015_scrn.module import LanguageModel, Shrink

BLOCK = 500  # words of a stream that are read at once where nothing is learnt


def in_random_order(tokens: np.ndarray, eos: int) -> np.ndarray:
    """The sentences of a text, always in the same random order."""
    (ends,) = np.nonzero(tokens == eos)
    sentences = np.split(np.asarray(tokens), ends[:-1] + 1)
    return np.concatenate([sentences[n] for n in np.random.default_rng(1).permutation(len(sentences))])


def load_data(config: Config) -> Corpus:
    """The text that a setting is trained and tested on."""
    corpus = corpora.load(config.corpus)
    if not config.shuffled:
        return corpus
    return replace(corpus, **{split: in_random_order(getattr(corpus, split), corpus.eos) for split in SPLITS})


def build(config: Config, corpus: Corpus, seed: int = 1) -> LanguageModel:
    """The untrained network of a setting."""
    return LanguageModel(config, np.asarray(corpus.vocabulary.counts))


def train(run: Run, seed: int) -> LanguageModel:
    """A network with the weights that were best on the validation text."""
    config, corpus = run.config, run.corpus
    module = build(config, corpus, seed)
    run.parameters = sum(weight.numel() for weight in module.parameters())
    return trained(
        run,
        seed,
        module,
        partial(windows, corpus.train, corpus.eos, config.streams, config.block),
        windows(corpus.valid, corpus.eos, config.streams, BLOCK),
        max_epochs=config.max_epochs,
        unit="words/s",
        keep=Shrink(config.shrink),
        callbacks=[CarriedState()],
    )


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    config, corpus = run.config, run.corpus
    for seed in config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            for name, streams in (("", 1), ("streams", config.streams)):
                read = partial(
                    network_probabilities, module.exact, module.network.initial, eos=corpus.eos,
                    streams=streams, block=BLOCK,
                )  # fmt: skip
                record_perplexity(run, name, seed, on_splits(read, corpus))
            shown = run.metrics["test/perplexity"][str(seed)]
            print(f"{run.name} seed {seed}: test perplexity {shown:.2f}", flush=True)
            if (beta := getattr(module.network.cell, "beta", None)) is not None:
                alpha = beta.detach().sigmoid()
                run.record("alpha", seed, float(alpha.mean()))
                run.figures.setdefault("alpha", {})[str(seed)] = sorted(alpha.tolist())
            if "entropy_rate" in corpus.info:
                run.record("entropy_rate", seed, float(np.exp(corpus.info["entropy_rate"])))
