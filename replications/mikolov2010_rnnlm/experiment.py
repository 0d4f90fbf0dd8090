"""One row of the tables: train, evaluate, mix.

Perplexities count every word and every end of sentence. Mixing weights come from the validation text; the test text
is read once, by the finished model.
"""

import time
from functools import partial

import numpy as np
import torch

from common.data.text import corpora
from common.data.text.corpora import Corpus
from common.data.text.windows import windows
from common.evaluation import language_models as evaluation
from common.evaluation.language_models import SPLITS, Probabilities, on_splits, record_all, record_perplexity
from common.metrics.perplexity import perplexity
from common.ngram.good_turing import GoodTuring
from common.training.carried_state import CarriedState
from common.training.run import Run
from common.training.schedules import RestoreAndHalve
from common.training.sgd import SGD
from common.training.trained import trained
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.module import LanguageModel
from replications.mikolov2010_rnnlm.speed import measure

FREQUENCY_BOUNDS = (10, 100, 1000, 10000)  # occurrences in the training text, for the figure


def load_data(config: Config) -> Corpus:
    """The text that a setting is trained and tested on."""
    return corpora.load(config.corpus, train_sentences=config.sentences, max_size=config.vocabulary)


def build(config: Config, corpus: Corpus, seed: int = 1) -> LanguageModel:
    """The untrained network of a setting."""
    return LanguageModel(config, np.asarray(corpus.vocabulary.counts), seed)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    {"ngram": count_models, "speed": measure}.get(run.config.model, networks)(run)


# --- models that count


def count_models(run: Run) -> None:
    """Good-Turing and Kneser-Ney n-grams, alone and with a cache (thesis, table 4.1)."""
    corpus = run.corpus
    size, eos, seed = len(corpus.vocabulary), corpus.eos, run.config.seeds[0]  # nothing here is random
    good_turing = [
        (f"gt{n}", lambda n=n: on_splits(GoodTuring(n, corpus.train, size, eos).probabilities, corpus)) for n in (3, 5)
    ]
    kneser_ney = [(f"kn{n}", partial(evaluation.kneser_ney, corpus, n)) for n in (3, 5)]
    with run.seed(seed):
        found = {}
        for name, count in good_turing + kneser_ney:
            started = time.monotonic()
            found[name] = count()
            seconds = time.monotonic() - started
            record_perplexity(run, name, seed, found[name])
            run.record(f"seconds/{name}", seed, seconds)
            shown = run.metrics[f"test/perplexity/{name}"][str(seed)]
            print(f"{run.name}: {name} {shown:.2f} in {seconds:.1f} s", flush=True)
        evaluation.record_mixture(run, "kn5+cache", seed, [found["kn5"], evaluation.cache(corpus)])
        if "entropy_rate" in corpus.info:
            run.record("entropy_rate", seed, float(np.exp(corpus.info["entropy_rate"])))


# --- networks


def networks(run: Run) -> None:
    """Trains a network per seed; evaluates it alone, with KN5 and a cache, learning on, and averaged over seeds."""
    corpus, config = run.corpus, run.config
    others: dict[str, Probabilities] = {}
    alone: list[Probabilities] = []
    for seed in config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            others = others or {"kn5": evaluation.kneser_ney(corpus), "cache": evaluation.cache(corpus)}
            static = on_splits(partial(static_probabilities, module, eos=corpus.eos), corpus)
            record_all(run, "", seed, static, others)
            counted = perplexity(np.log(others["kn5"]["test"]))  # KN5 of the same text, which may be a part of all
            run.record("gain", seed, 1 - run.metrics["test/perplexity/+kn5"][str(seed)] / counted)
            alone.append(static)
            if config.dynamic:
                weights = {name: weight.clone() for name, weight in module.state_dict().items()}
                dynamic = {}
                for split in SPLITS:
                    module.load_state_dict(weights)
                    dynamic[split] = dynamic_probabilities(module, getattr(corpus, split), corpus.eos)
                module.load_state_dict(weights)
                record_all(run, "dynamic", seed, dynamic, others)
    if run.is_first_process:
        average = {split: np.mean([p[split] for p in alone], axis=0) for split in SPLITS}
        if len(alone) > 1:
            record_all(run, "average", "+".join(map(str, config.seeds)), average, others)
        run.figures["gain_by_frequency"] = gain_by_frequency(average["test"], others["kn5"]["test"], corpus)


def train(run: Run, seed: int) -> LanguageModel | None:
    """A network trained until the validation text stops improving, with the best weights it had; None for a model that
    is not trained."""
    corpus, config = run.corpus, run.config
    if config.model not in ("nnlm", "rnn"):
        return None
    module = build(config, corpus, seed)
    run.parameters = sum(weight.numel() for weight in module.parameters())
    return trained(
        run,
        seed,
        module,
        partial(windows, corpus.train, corpus.eos, config.streams, config.block),
        windows(corpus.valid, corpus.eos, 1, 1000),
        max_epochs=config.max_epochs,
        unit="words/s",
        keep=RestoreAndHalve(config.min_improvement, config.hold),
        callbacks=[CarriedState()],
        precision=config.precision,
    )


def static_probabilities(module: LanguageModel, tokens: np.ndarray, eos: int) -> np.ndarray:
    """P(word | all the words before it) ``[N]``, the state carried across sentences, weights fixed."""
    return evaluation.network_probabilities(module.exact, module.network.initial, tokens, eos)


def dynamic_probabilities(module: LanguageModel, tokens: np.ndarray, eos: int) -> np.ndarray:
    """As :func:`static_probabilities`, but learning from each block of words once it is predicted (2010, section 2).

    The weights of ``module`` change; the result is adaptive and is never compared with static rows as if it were one.
    """
    config = module.config
    optimiser = SGD(module.parameters(), config.dynamic_lr, config.weight_decay)
    state, parts = module.network.initial(1), []
    for words, next_words in windows(tokens, eos, 1, config.dynamic_block):
        nll, state = module.exact(words, next_words, state)
        parts.append(nll.detach().double())
        optimiser.zero_grad()
        nll.sum().backward()
        optimiser.step()
    return torch.cat(parts).neg().exp().numpy()


def gain_by_frequency(network: np.ndarray, kn5: np.ndarray, corpus: Corpus) -> list[dict]:
    """How many bits per word the network is ahead of KN5, for rare and frequent words of the test text."""
    bucket = np.digitize(np.asarray(corpus.vocabulary.counts)[corpus.test], FREQUENCY_BOUNDS)
    gain = np.log2(network) - np.log2(kn5)
    return [
        {
            "below": (*FREQUENCY_BOUNDS, None)[i],
            "words": int((bucket == i).sum()),
            "bits": float(gain[bucket == i].mean()),
        }
        for i in range(len(FREQUENCY_BOUNDS) + 1)
        if (bucket == i).any()
    ]
