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
from common.data.text.windows import windows
from common.evaluation.language_models import (
    Probabilities,
    kneser_ney,
    network_probabilities,
    on_splits,
    record_all,
    record_perplexity,
)
from common.metrics.perplexity import perplexity
from common.text.characters import spell
from common.training.best_weights import KeepBest
from common.training.carried_state import CarriedState
from common.training.finished import made_with
from common.training.run import Run
from common.training.trained import trained
from replications.jozefowicz2016_big_lstm.config import Config
from replications.jozefowicz2016_big_lstm.data import load_data as load_data
from replications.jozefowicz2016_big_lstm.inspect_words import loss_by_frequency, neighbours, sample
from replications.jozefowicz2016_big_lstm.module import CharacterPredictor, LanguageModel, WordPredictor

RARE = 10  # a rare word is known, but was seen fewer times in training


def build(config: Config, corpus: Corpus, seed: int = 1) -> WordPredictor:
    """The untrained network of a setting."""
    spelling = spell(corpus.vocabulary.words, config.longest_word)
    words = LanguageModel(config, spelling, seed)
    return words if config.output != "characters" else CharacterPredictor(config, spelling, words.network)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    if run.config.model == "kn5":
        count(run)
    else:
        networks(run)


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
    """Trains a network per seed; evaluates each alone, averaged over seeds, and at last with KN5."""
    corpus, config = run.corpus, run.config
    alone: dict[int, Probabilities] = {}
    for seed in config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if run.is_first_process:
                alone[seed] = on_splits(partial(probabilities, module, eos=corpus.eos), corpus)
                record_all(run, "", seed, alone[seed], {})
                record_rare(run, seed, alone[seed]["test"])
                run.record("parameters", seed, run.parameters)
    if not run.is_first_process:
        return
    average = {split: np.mean([found[split] for found in alone.values()], axis=0) for split in ("valid", "test")}
    models = [("", seed, found) for seed, found in alone.items()]
    if len(alone) > 1:
        models += [("average", "+".join(map(str, config.seeds)), average)]
        record_all(run, *models[-1], {})
    run.figures["loss_by_frequency"] = loss_by_frequency(average["test"], corpus)
    run.figures["sample"] = sample(module, corpus.vocabulary)
    if config.inputs == "characters":
        run.figures["neighbours"] = neighbours(module, corpus.vocabulary)
    if config.kn5:
        counted = {"kn5": kneser_ney(corpus)}
        for model in models:
            record_all(run, *model, counted)


def train(run: Run, seed: int) -> WordPredictor | None:
    """The network of a seed, every process having all of it; None for a model that is not trained."""
    corpus, config = run.corpus, run.config
    if config.model == "kn5":
        return None
    spelling = spell(corpus.vocabulary.words, config.longest_word)

    def learned(module: WordPredictor, max_epochs: int, **options) -> WordPredictor:
        return trained(
            run,
            seed,
            module,
            partial(windows, corpus.train, corpus.eos, config.streams, config.block),
            windows(corpus.valid[: config.valid_words], corpus.eos, config.evaluation_streams, config.block),
            max_epochs=max_epochs,
            unit="words/s",
            keep=KeepBest() if config.keep_best else None,
            callbacks=[CarriedState()],
            precision=config.precision,
            **options,
        )

    module: WordPredictor = LanguageModel(config, spelling, seed)
    module.standardise(spelling)
    if config.output != "characters":
        module = learned(module, config.max_epochs)
    else:  # the softmax serves to train the network, and goes
        take_over(run, seed, "words")
        network = learned(module, config.max_epochs, name="words").network
        torch.manual_seed(seed)  # the same wherever the network comes from
        module = learned(
            CharacterPredictor(config, spelling, network),
            config.character_epochs,
            curve=lambda metric: f"{metric}/characters",
        )
    run.parameters = sum(weight.numel() for weight in module.parameters())
    return module


def take_over(run: Run, seed: int, name: str) -> None:
    """The network of a seed with a softmax over words, and its learning curve, where another experiment has made it."""
    folder, target = made_with(run, output="words"), run.seed_folder(seed) / f"{name}.pt"
    if folder and (folder / f"seed-{seed}.pt").exists() and not target.exists():
        with open(folder / "history.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if int(row["seed"]) == seed:
                    run.history(seed, int(row["epoch"]), int(row["step"]), row["metric"], float(row["value"]))
        shutil.copy2(folder / f"seed-{seed}.pt", target)


# --- evaluation


@torch.no_grad()
def probabilities(module: WordPredictor, tokens: np.ndarray, eos: int) -> np.ndarray:
    """P(word | the words before it) ``[N]``, none left out; the text is read in ``evaluation_streams`` parts."""
    return network_probabilities(
        module.scorer(), module.network.initial, tokens, eos, module.config.evaluation_streams, module.config.block
    )


def record_rare(run: Run, seed: int, found: np.ndarray) -> None:
    """Test perplexity of rare words, and of the words that follow one."""
    corpus = run.corpus
    seen = np.asarray(corpus.vocabulary.counts)[corpus.test]
    rare = (seen < RARE) & (corpus.test != corpus.vocabulary.unk)
    for what, chosen in (("rare", rare), ("after-rare", np.append(False, rare[:-1]))):
        if chosen.any():
            run.record(f"test/perplexity/{what}", seed, perplexity(np.log(found[chosen])))
