"""One row of the tables: train, evaluate, mix.

Perplexities count every word and every end of sentence, by the full softmax. Mixing weights come from the validation
text; the test text is read once, by the finished model.
"""

import csv
import shutil
from functools import partial

import numpy as np
import torch

from common.data.text.corpora import Corpus
from common.data.text.windows import Windows
from common.metrics.perplexity import perplexity
from common.ngram.interpolation import mix, tune_weights
from common.ngram.kneser_ney import KneserNey
from common.text.characters import spell
from common.training import checkpoints
from common.training.best_weights import KeepBest
from common.training.fit import fit
from common.training.run import Run
from replications.jozefowicz2016_big_lstm.data import load_data as load_data
from replications.jozefowicz2016_big_lstm.inspect_words import loss_by_frequency, neighbours, sample
from replications.jozefowicz2016_big_lstm.module import CharacterPredictor, LanguageModel, WordPredictor

SPLITS = ("valid", "test")
RARE = 10  # a rare word is known, but was seen fewer times in training
Probabilities = dict[str, np.ndarray]  # split -> probability of each of its words [N]


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    if run.config.model == "kn5":
        count(run)
    else:
        networks(run)


def kneser_ney(corpus: Corpus) -> Probabilities:
    """KN5 of the training text, which it holds in memory."""
    model = KneserNey(5, np.asarray(corpus.train), len(corpus.vocabulary), corpus.eos)
    return {split: model.probabilities(np.asarray(getattr(corpus, split))) for split in SPLITS}


def count(run: Run) -> None:
    """The interpolated Kneser-Ney 5-gram of table 1."""
    seed = run.config.seeds[0]  # nothing here is random
    with run.seed(seed):
        found = kneser_ney(run.corpus)
        record_perplexity(run, "", seed, found)
        record_rare(run, seed, found["test"])
        if "entropy_rate" in run.corpus.info:
            run.record("entropy_rate", seed, float(np.exp(run.corpus.info["entropy_rate"])))
        run.figures["loss_by_frequency"] = loss_by_frequency(found["test"], run.corpus)


def networks(run: Run) -> None:
    """Trains a network per seed; evaluates it alone, with KN5, and averaged over seeds."""
    corpus, config = run.corpus, run.config
    kn5, alone = None, []
    for seed in config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            kn5 = kn5 or kneser_ney(corpus)
            found = {split: probabilities(module, getattr(corpus, split), corpus.eos) for split in SPLITS}
            record_all(run, "", seed, found, kn5)
            record_rare(run, seed, found["test"])
            run.record("parameters", seed, run.parameters)
            alone.append(found)
    if not run.is_first_process:
        return
    average = {split: np.mean([found[split] for found in alone], axis=0) for split in SPLITS}
    if len(alone) > 1:
        record_all(run, "average", "+".join(map(str, config.seeds)), average, kn5)
    run.figures["loss_by_frequency"] = loss_by_frequency(average["test"], corpus)
    run.figures["sample"] = sample(module, corpus.vocabulary)
    if config.inputs == "characters":
        run.figures["neighbours"] = neighbours(module, corpus.vocabulary)


# --- training


def train(run: Run, seed: int) -> WordPredictor:
    """The network of a seed, in evaluation mode, every process having all of it."""
    corpus, config = run.corpus, run.config
    spelling = spell(corpus.vocabulary.words, config.longest_word)
    words = LanguageModel(config, spelling, seed)
    if config.output == "characters":
        take_over(run, seed, "words.pt")
    fit_or_load(run, seed, words, "model.pt" if config.output != "characters" else "words.pt", config.max_epochs)
    module: WordPredictor = words
    if config.output == "characters":  # the softmax has served to train the network, and goes
        torch.manual_seed(seed)  # the same wherever the network comes from
        module = CharacterPredictor(config, spelling, words.network)
        del words.network.output
        fit_or_load(run, seed, module, "model.pt", config.character_epochs)
    run.parameters = sum(weight.numel() for weight in module.parameters())
    run.measure_throughput(seed, "train/words_per_second", "words/s")
    return module.eval()


def take_over(run: Run, seed: int, name: str) -> None:
    """The network of a seed with a softmax over words, and its learning curve, where another experiment has made it."""
    folder = run.made_with(output="words")
    if folder and (folder / f"seed-{seed}.pt").exists() and not (run.seed_folder(seed) / name).exists():
        with open(folder / "history.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if int(row["seed"]) == seed:
                    run.history(seed, int(row["epoch"]), int(row["step"]), row["metric"], float(row["value"]))
        shutil.copy2(folder / f"seed-{seed}.pt", run.seed_folder(seed) / name)


def fit_or_load(run: Run, seed: int, module: WordPredictor, name: str, max_epochs: int) -> None:
    """Trains ``module``, or reads the weights that it had before the run was interrupted later on."""
    corpus, config = run.corpus, run.config
    path = run.seed_folder(seed) / name
    if path.exists():
        module.load_state_dict(checkpoints.load(path)["weights"])
        return
    text = partial(Windows, corpus.train, corpus.eos, config.streams, config.block)
    valid = Windows(corpus.valid[: config.valid_words], corpus.eos, config.evaluation_streams, config.block)
    best = KeepBest(metric="valid/nll" + module.curve, weights=WordPredictor.weights) if config.keep_best else None
    fit(run, seed, module, text, valid, max_epochs=max_epochs, precision=config.precision,
        callbacks=[best] if best else [])
    weights = best.best_weights if best else module.weights()
    module.gather()
    module.load_state_dict(weights)
    if run.is_first_process:
        checkpoints.save_atomically({"config": run.settings, "vocabulary": corpus.vocabulary.fingerprint,
                                     "weights": weights}, path)
        for leftover in ("last.ckpt", "previous.ckpt"):  # not of the training that may follow
            (path.parent / leftover).unlink(missing_ok=True)


# --- evaluation


@torch.no_grad()
def probabilities(module: WordPredictor, tokens: np.ndarray, eos: int) -> np.ndarray:
    """P(word | the words before it) ``[N]``, none left out; the text is read in ``evaluation_streams`` parts."""
    streams = min(module.config.evaluation_streams, len(tokens))
    padded = np.concatenate([tokens, np.full(-len(tokens) % streams, eos, tokens.dtype)])
    module.evaluation_matrix = module.matrix()
    state, parts = module.network.initial(streams), []
    for words, targets in Windows(padded, eos, streams, module.config.block):
        nll, state = module.exact(words, targets, state)
        parts.append(nll.double().view(targets.shape))
    module.evaluation_matrix = None
    return torch.cat(parts).neg().exp().t().flatten()[: len(tokens)].numpy()


def record_perplexity(run: Run, what: str, seed: int | str, found: Probabilities) -> None:
    for split in SPLITS:
        run.record(f"{split}/perplexity" + (f"/{what}" if what else ""), seed, perplexity(np.log(found[split])))


def record_all(run: Run, what: str, seed: int | str, found: Probabilities, kn5: Probabilities) -> None:
    """A model alone and with KN5, weights by EM on the validation text."""
    record_perplexity(run, what, seed, found)
    weights = tune_weights(np.stack([found["valid"], kn5["valid"]]))
    mixed = {split: mix(np.stack([found[split], kn5[split]]), weights) for split in SPLITS}
    record_perplexity(run, f"{what}+kn5", seed, mixed)
    run.record(f"weight/{what}+kn5", seed, weights[0])
    shown = (perplexity(np.log(part["test"])) for part in (found, mixed, kn5))
    print("{}: test {:.2f}, with KN5 {:.2f} (KN5 {:.2f})".format(f"{run.name} seed {seed} {what}", *shown), flush=True)


def record_rare(run: Run, seed: int, found: np.ndarray) -> None:
    """Test perplexity of rare words, and of the words that follow one."""
    corpus = run.corpus
    seen = np.asarray(corpus.vocabulary.counts)[corpus.test]
    rare = (seen < RARE) & (corpus.test != corpus.vocabulary.unk)
    for what, chosen in (("rare", rare), ("after-rare", np.append(False, rare[:-1]))):
        if chosen.any():
            run.record(f"test/perplexity/{what}", seed, perplexity(np.log(found[chosen])))
