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
from common.data.text.streams import Streams
from common.metrics.perplexity import perplexity
from common.ngram.cache import Cache
from common.ngram.good_turing import GoodTuring
from common.ngram.interpolation import mix, tune_weights
from common.ngram.kneser_ney import KneserNey
from common.training import checkpoints
from common.training.fit import fit
from common.training.run import Run
from common.training.schedules import RestoreAndHalve
from common.training.sgd import SGD
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.module import LanguageModel
from replications.mikolov2010_rnnlm.speed import measure

SPLITS = ("valid", "test")
FREQUENCY_BOUNDS = (10, 100, 1000, 10000)  # occurrences in the training text, for the figure
Probabilities = dict[str, np.ndarray]  # split -> probability of each of its words [N]


def load_data(config: Config) -> Corpus:
    """The text that a setting is trained and tested on."""
    return corpora.load(config.corpus, train_sentences=config.sentences)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    {"ngram": count_models, "speed": measure}.get(run.config.model, networks)(run)


# --- models that count


def on_splits(model, corpus: Corpus) -> Probabilities:
    return {split: model.probabilities(getattr(corpus, split)) for split in SPLITS}


def count_models(run: Run) -> None:
    """Good-Turing and Kneser-Ney n-grams, alone and with a cache (thesis, table 4.1)."""
    corpus, config = run.corpus, run.config
    size, eos = len(corpus.vocabulary), corpus.eos
    seed = config.seeds[0]  # nothing here is random
    with run.seed(seed):
        found = {}
        for name, model, order in (("gt3", GoodTuring, 3), ("gt5", GoodTuring, 5), ("kn3", KneserNey, 3),
                                   ("kn5", KneserNey, 5)):
            started = time.monotonic()
            found[name] = on_splits(model(order, corpus.train, size, eos), corpus)
            seconds = time.monotonic() - started
            record_perplexity(run, name, seed, found[name])
            run.record(f"seconds/{name}", seed, seconds)
            shown = run.metrics[f"test/perplexity/{name}"][str(seed)]
            print(f"{run.name}: {name} {shown:.2f} in {seconds:.1f} s", flush=True)
        record_mixture(run, "kn5+cache", seed, [found["kn5"], on_splits(Cache(size, eos), corpus)])
        if "entropy_rate" in corpus.info:
            run.record("entropy_rate", seed, float(np.exp(corpus.info["entropy_rate"])))


# --- networks


def networks(run: Run) -> None:
    """Trains a network per seed; evaluates it alone, with KN5 and a cache, learning on, and averaged over seeds."""
    corpus, config = run.corpus, run.config
    kn5 = cache = None
    alone: list[Probabilities] = []
    for seed in config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            if kn5 is None:
                kn5 = on_splits(KneserNey(5, corpus.train, len(corpus.vocabulary), corpus.eos), corpus)
                cache = on_splits(Cache(len(corpus.vocabulary), corpus.eos), corpus)
            static = {split: static_probabilities(module, getattr(corpus, split), corpus.eos) for split in SPLITS}
            record_all(run, "", seed, static, kn5, cache)
            counted = perplexity(np.log(kn5["test"]))  # KN5 of the same text, which may be a part of all
            run.record("gain", seed, 1 - run.metrics["test/perplexity/+kn5"][str(seed)] / counted)
            alone.append(static)
            if config.dynamic:
                weights = {name: weight.clone() for name, weight in module.state_dict().items()}
                dynamic = {}
                for split in SPLITS:
                    module.load_state_dict(weights)
                    dynamic[split] = dynamic_probabilities(module, getattr(corpus, split), corpus.eos)
                module.load_state_dict(weights)
                record_all(run, "dynamic", seed, dynamic, kn5, cache)
    if run.is_first_process:
        average = {split: np.mean([p[split] for p in alone], axis=0) for split in SPLITS}
        if len(alone) > 1:
            record_all(run, "average", "+".join(map(str, config.seeds)), average, kn5, cache)
        run.figures["gain_by_frequency"] = gain_by_frequency(average["test"], kn5["test"], corpus)


def train(run: Run, seed: int) -> LanguageModel | None:
    """A network trained until the validation text stops improving, with the best weights it had; None for a model that
    is not trained."""
    corpus, config = run.corpus, run.config
    if config.model not in ("nnlm", "rnn"):
        return None
    module = LanguageModel(config, np.asarray(corpus.vocabulary.counts))
    run.parameters = sum(weight.numel() for weight in module.parameters())
    path = run.seed_folder(seed) / "model.pt"
    if path.exists():  # trained before the run was interrupted
        module.load_state_dict(checkpoints.load(path)["weights"])
    else:
        text = partial(Streams, corpus.train, corpus.eos, config.streams, config.block)
        valid = Streams(corpus.valid, corpus.eos, 1, 1000)
        rule = RestoreAndHalve(config.min_improvement, config.hold)
        fit(run, seed, module, text, valid, max_epochs=config.max_epochs, precision=config.precision, callbacks=[rule])
        module.load_state_dict(rule.best_weights)
        if run.is_first_process:
            checkpoints.save_atomically({"config": run.settings, "vocabulary": corpus.vocabulary.fingerprint,
                                         "weights": module.state_dict()}, path)
    run.measure_throughput(seed, "train/words_per_second", "words/s")
    return module.eval()


@torch.no_grad()
def static_probabilities(module: LanguageModel, tokens: np.ndarray, eos: int) -> np.ndarray:
    """P(word | all the words before it) ``[N]``, the state carried across sentences, weights fixed."""
    state, parts = module.network.initial(1), []
    for words, next_words in Streams(tokens, eos, 1, 1000):
        nll, state = module.exact(words, next_words, state)
        parts.append(nll.double())
    return torch.cat(parts).neg().exp().numpy()


def dynamic_probabilities(module: LanguageModel, tokens: np.ndarray, eos: int) -> np.ndarray:
    """As :func:`static_probabilities`, but learning from each block of words once it is predicted (2010, section 2).

    The weights of ``module`` change; the result is adaptive and is never compared with static rows as if it were one.
    """
    config = module.config
    optimiser = SGD(module.parameters(), config.dynamic_lr, config.weight_decay)
    state, parts = module.network.initial(1), []
    for words, next_words in Streams(tokens, eos, 1, config.dynamic_block):
        nll, state = module.exact(words, next_words, state)
        parts.append(nll.detach().double())
        optimiser.zero_grad()
        nll.sum().backward()
        optimiser.step()
    return torch.cat(parts).neg().exp().numpy()


# --- numbers


def record_perplexity(run: Run, what: str, seed: int | str, found: Probabilities) -> None:
    for split in SPLITS:
        metric = f"{split}/perplexity" + (f"/{what}" if what else "")
        run.record(metric, seed, perplexity(np.log(found[split])))


def record_mixture(run: Run, what: str, seed: int | str, models: list[Probabilities]) -> None:
    """The linear mixture of some models, weights by EM on the validation text."""
    weights = tune_weights(np.stack([model["valid"] for model in models]))
    record_perplexity(run, what, seed, {s: mix(np.stack([m[s] for m in models]), weights) for s in SPLITS})
    run.record(f"weight/{what}", seed, weights[0])


def record_all(run: Run, what: str, seed: int | str, found: Probabilities, kn5: Probabilities,
               cache: Probabilities) -> None:
    """A model alone, with KN5, and with KN5 and a cache."""
    record_perplexity(run, what, seed, found)
    record_mixture(run, f"{what}+kn5", seed, [found, kn5])
    record_mixture(run, f"{what}+kn5+cache", seed, [found, kn5, cache])
    shown = run.metrics[f"test/perplexity/{what}" if what else "test/perplexity"][str(seed)]
    print(f"{run.name} seed {seed} {what or 'alone'}: test {shown:.2f}, with KN5 "
          f"{run.metrics[f'test/perplexity/{what}+kn5'][str(seed)]:.2f}, with KN5 and cache "
          f"{run.metrics[f'test/perplexity/{what}+kn5+cache'][str(seed)]:.2f}", flush=True)


def gain_by_frequency(network: np.ndarray, kn5: np.ndarray, corpus: Corpus) -> list[dict]:
    """How many bits per word the network is ahead of KN5, for rare and frequent words of the test text."""
    bucket = np.digitize(np.asarray(corpus.vocabulary.counts)[corpus.test], FREQUENCY_BOUNDS)
    gain = np.log2(network) - np.log2(kn5)
    return [{"below": (*FREQUENCY_BOUNDS, None)[i], "words": int((bucket == i).sum()),
             "bits": float(gain[bucket == i].mean())}
            for i in range(len(FREQUENCY_BOUNDS) + 1) if (bucket == i).any()]
