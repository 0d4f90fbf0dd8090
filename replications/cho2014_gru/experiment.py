"""One row of the tables: a phrase-based system, networks that score its phrases and translations, BLEU of each.

Weights are tuned on the validation text, again for every row; the test text is translated once per row.
"""

import math
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from common.data.parallel import corpus as parallel
from common.data.parallel.buckets import Batches
from common.data.parallel.corpus import Pairs, ParallelCorpus
from common.metrics.bleu import bleu, multi_bleu
from common.metrics.bleu_statistics import corpus_statistics, paired_bootstrap
from common.phrase_based.decoder import NBest
from common.phrase_based.system import PhraseSystem, Settings, rerank, tune_reranking, with_scores
from common.training import checkpoints
from common.training.best_weights import KeepBest
from common.training.fit import fit
from common.training.run import Run
from replications.cho2014_gru import phrases, sentences
from replications.cho2014_gru.config import Config
from replications.cho2014_gru.cslm import CSLM, CSLMLearner, NGramBatches, log_probabilities, ngrams
from replications.cho2014_gru.data import mispair
from replications.cho2014_gru.module import Learner, PhraseLearner
from replications.cho2014_gru.phrases import Shortlist, pairs, score_rows
from replications.cho2014_gru.pictures import maps, scatter

SPLITS = ("valid", "test")
Words = list[list[str]]  # of each sentence


def load_data(config: Config) -> ParallelCorpus:
    """The sentence pairs, with every word: the networks' shortlists are their own."""
    corpus = parallel.load(config.corpus, train_pairs=config.train_pairs, max_length=config.max_length)
    return mispair(corpus, config.mispaired)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    if run.config.task == "sentences":
        translate_sentences(run)
    else:
        add_rows(run)


def train(run: Run, seed: int) -> None:
    """The network of phrases or sentences of one seed, which :func:`run` then finds done."""
    source, target = shortlists(run.corpus, run.config)
    if run.config.task == "sentences":
        train_sentences(run, seed, source, target)
    else:
        train_phrases(run, seed, system_of(run.corpus, run.config), source, target)


def shortlists(corpus: ParallelCorpus, config: Config) -> tuple[Shortlist, Shortlist]:
    return Shortlist(corpus.source, config.source_vocabulary), Shortlist(corpus.target, config.target_vocabulary)


def system_of(corpus: ParallelCorpus, config: Config, links=None) -> PhraseSystem:
    """The baseline without its weights."""
    links = Path(config.alignment) if links is None and config.alignment else links
    return PhraseSystem(corpus, Settings(config.longest_phrase, config.options, config.lm_order,
                                         config.distortion_limit, config.stack, config.tuning_stack, config.paths,
                                         config.tuning_rounds), links)


# --- the phrase-based system with what is added to it


def add_rows(run: Run) -> None:
    """Table 1: baseline, + RNN, + CSLM, + word penalty."""
    corpus, config = run.corpus, run.config
    started = time.monotonic()
    system = system_of(corpus, config)
    run.figures["sizes"] = {"phrase pairs": len(system.table), "source phrases": len(system.table.source_spans),
                            "seen once": float((system.table.count == 1).mean())}
    source, target = shortlists(corpus, config)
    if config.rows:
        rows, weights = system.rows(*SPLITS), system.tune()
        found = words_of(system, weights)
        print(f"{run.name}: {len(system.table):,} phrase pairs, baseline tuned ({time.monotonic() - started:.0f} s)",
              flush=True)
    for seed in config.seeds:
        with run.seed(seed):
            module = train_phrases(run, seed, system, source, target)
            if not run.is_first_process or not config.rows:
                continue
            record_bleu(run, "baseline", seed, found)
            before = time.monotonic()
            column = score_rows(module.network, system.table, rows, source, target)
            run.record("scoring", seed, len(rows) / (time.monotonic() - before))
            with_rnn = system.tune(system.with_extra(weights), extra=column[:, None])
            outputs = add_rnn(run, seed, system, with_rnn, column, found)
            if "cslm" in config.rows:
                add_language_model(run, seed, system, with_rnn, column, outputs, target)
            save(run, seed, system, weights, with_rnn)
            compare_scores(run, seed, system, column, rows)
            if seed == config.seeds[0] and config.unit == "gated":
                pictures(run, system, module, column, rows, source, target)


def words_of(system: PhraseSystem, weights: np.ndarray, extra: np.ndarray | None = None) -> dict[str, Words]:
    """The best translations of both splits."""
    return {split: [found.words[0] for found in system.lists(split, weights, extra=extra)] for split in SPLITS}


def add_rnn(run: Run, seed: int, system: PhraseSystem, weights: np.ndarray, column: np.ndarray,
            baseline: dict[str, Words]) -> dict[str, list[NBest]]:
    """The row "+ RNN", with n-best lists for what follows; and how BLEU depends on length without and with it."""
    paths = run.config.paths if "cslm" in run.config.rows else 1
    outputs = {split: system.lists(split, weights, extra=column[:, None], paths=paths) for split in SPLITS}
    found = {split: [each.words[0] for each in lists] for split, lists in outputs.items()}
    record_bleu(run, "rnn", seed, found, baseline)
    run.record("weight/rnn", seed, weights[-3] / np.abs(weights).sum())
    lengths, unknown = difficulty(run.corpus, *shortlists(run.corpus, run.config))
    numbers, rows = sentences.breakdown(baseline["test"], run.corpus.tokenised_references("test"), lengths, unknown)
    for name, value in numbers.items():
        run.record(f"test/bleu/baseline/{name}", seed, value)
    run.figures["baseline"] = rows
    return outputs


def add_language_model(run: Run, seed: int, system: PhraseSystem, weights: np.ndarray, column: np.ndarray,
                       outputs: dict[str, list[NBest]], target: Shortlist) -> None:
    """The rows "+ CSLM" and "+ WP": the candidates of "+ RNN" in another order."""
    corpus, config = run.corpus, run.config
    network = train_language_model(run, seed, target)
    known = {word: i for i, word in enumerate(target.words)}

    def ids(words: list[str]) -> np.ndarray:
        return np.array([*(known.get(word, target.unknown) for word in words), target.end])

    def cslm(_: int, candidates: Words) -> np.ndarray:
        return log_probabilities(network, [ids(words) for words in candidates], target.end, config.cslm_order)

    def unknown(_: int, candidates: Words) -> np.ndarray:
        return np.array([sum(word not in known for word in words) for words in candidates], float)

    before = {split: [each.words[0] for each in lists] for split, lists in outputs.items()}
    for name, score in (("cslm", cslm), ("wp", unknown)):
        if name not in config.rows:
            continue
        outputs = {split: with_scores(lists, score) for split, lists in outputs.items()}
        weights = tune_reranking(outputs["valid"], corpus.tokenised_references("valid"), np.append(weights, 0.1))
        found = {split: rerank(lists, weights) for split, lists in outputs.items()}
        record_bleu(run, name, seed, found, before)
        before = found


# --- training


def train_network(run: Run, seed: int, name: str, module: Learner, batches, valid, epochs: int, callbacks=()) -> None:
    """Trains a network, with checkpoints of its own beside the seed's other networks."""
    path = run.seed_folder(seed) / f"{name}.pt"
    if path.exists():  # trained before the run was interrupted
        module.load_state_dict(checkpoints.load(path)["weights"])
        return
    part = replace(run, work=run.seed_folder(seed) / name, rows=[], began={})
    fit(part, seed, module, batches, valid, max_epochs=epochs, callbacks=callbacks)
    for keeper in callbacks:
        module.load_state_dict(keeper.best_weights)
    for row in part.rows:
        run.history(*[f"{name}/{cell}" if cell in ("valid/nll", "lr") else cell for cell in row])
    if run.is_first_process:
        checkpoints.save_atomically({"weights": module.state_dict()}, path)


def train_pairs(run: Run, seed: int, text: Pairs, held_out: Pairs, source: Shortlist, target: Shortlist,
                ) -> PhraseLearner:
    """The encoder-decoder, on pairs of phrases or sentences."""
    config = run.config
    batches = partial(Batches, text, config.batch_size, seed)
    module = PhraseLearner(config, len(source), len(target), target.end, config.max_epochs * len(batches()))
    run.parameters = sum(weight.numel() for weight in module.parameters())
    train_network(run, seed, "network", module, lambda rank, world: batches(rank=rank, world=world),
          Batches(held_out, config.batch_size), config.max_epochs)
    run.measure_throughput(seed, "train/perplexity_words_per_second", "target words/s")
    return module.to("cpu").eval()


def train_phrases(run: Run, seed: int, system: PhraseSystem, source: Shortlist, target: Shortlist) -> PhraseLearner:
    """On each pair of the table once, but for a few that are held out: the same for all seeds."""
    order = np.random.default_rng(0).permutation(len(system.table))
    held_out = max(1, int(run.config.held_out * len(order)))
    texts = [pairs(system.table, np.sort(part), source, target) for part in (order[held_out:], order[:held_out])]
    module = train_pairs(run, seed, *texts, source, target)
    nats = -phrases.score(module.network, texts[1]).sum()
    run.record("valid/perplexity", seed, math.exp(nats / len(texts[1].target)))
    return module


def train_sentences(run: Run, seed: int, source: Shortlist, target: Shortlist) -> PhraseLearner:
    """On whole sentences (2014b)."""
    texts = [sentences.shortened(getattr(run.corpus, split), source, target) for split in ("train", "valid")]
    return train_pairs(run, seed, *texts, source, target)


def train_language_model(run: Run, seed: int, target: Shortlist) -> CSLM:
    """The CSLM on the target side, with the weights that were best on the validation text."""
    corpus, config = run.corpus, run.config
    text = {split: ngrams(target.of[getattr(corpus, split).target], target.end, config.cslm_order)
            for split in ("train", *SPLITS)}
    batches = NGramBatches(text["train"], config.cslm_batch, seed)
    module = CSLMLearner(config, len(target), config.cslm_epochs * len(batches))
    train_network(run, seed, "cslm", module, lambda rank, world: batches, NGramBatches(text["valid"], 1000),
          config.cslm_epochs, [KeepBest(config.cslm_patience)])
    network = module.to("cpu").eval().network
    for split in SPLITS:
        tokens = target.of[getattr(corpus, split).target]
        nats = -log_probabilities(network, [tokens], target.end, config.cslm_order)[0]
        run.record(f"{split}/cslm_perplexity", seed, math.exp(nats / len(tokens)))
    return network


def save(run: Run, seed: int, system: PhraseSystem, weights: np.ndarray, with_rnn: np.ndarray) -> None:
    """All that a translation needs beside the corpus, for the demo."""
    corpus, folder = run.corpus, run.seed_folder(seed)
    links = [torch.from_numpy(np.asarray(part)) for part in system.links]
    checkpoints.save_atomically({
        "config": run.settings, "vocabularies": [corpus.source.fingerprint, corpus.target.fingerprint],
        "weights": checkpoints.load(folder / "network.pt")["weights"], "links": links,
        "baseline": torch.from_numpy(weights), "with_rnn": torch.from_numpy(with_rnn)}, folder / "model.pt")


# --- numbers


def record_bleu(run: Run, row: str, seed: int, found: dict[str, Words], before: dict[str, Words] | None = None) -> None:
    """BLEU of a row of table 1, and what it gains over the row before on the test sentences."""
    corpus = run.corpus
    for split in SPLITS:
        score = multi_bleu(found[split], corpus.tokenised_references(split))
        run.record(f"{split}/bleu/{row}", seed, score.bleu)
    running = bleu([corpus.detokenise(words) for words in found["test"]], corpus.references("test"))
    run.record(f"test/sacrebleu/{row}", seed, running.bleu)
    run.figures["signatures"] = {"test/bleu": score.signature, "test/sacrebleu": running.signature}
    shown = f"{run.name} seed {seed} {row}: BLEU {score.bleu:.2f}, sacrebleu {running.bleu:.2f}"
    if before is not None:
        references = corpus.tokenised_references("test")
        compared = paired_bootstrap(*(corpus_statistics(words["test"], references) for words in (found, before)))
        for name, value in zip(("gain", "low", "high", "p"), compared, strict=True):
            run.record(f"bootstrap/{row}/{name}", seed, value)
        shown += f", gain {compared.gain:+.2f} ({compared.low:+.2f} to {compared.high:+.2f}, p = {compared.p:.3f})"
    print(shown, flush=True)


def difficulty(corpus: ParallelCorpus, source: Shortlist, target: Shortlist) -> tuple[np.ndarray, np.ndarray]:
    """Source words of each test sentence, and its words and the reference's that the network does not know ``[N]``."""
    known = set(target.words)
    unknown = [int((source.of[one[:-1]] == source.unknown).sum()) + sum(word not in known for word in reference)
               for (one, _), reference in zip(corpus.test, corpus.tokenised_references("test"), strict=True)]
    return corpus.test.source_lengths - 1, np.array(unknown)


def compare_scores(run: Run, seed: int, system: PhraseSystem, column: np.ndarray, rows: np.ndarray) -> None:
    """Section 4.2: how the network's scores differ from the table's."""
    table = system.table
    rows = rows[rows < len(table)]
    occurrences = np.bincount(table.source, table.count)[table.source[rows]]
    several = np.bincount(table.source)[table.source[rows]] > 1
    middle = np.median(occurrences[several]) if several.any() else 0
    for name, chosen in (("all", several), ("rare", several & (occurrences <= middle)),
                         ("frequent", several & (occurrences > middle))):
        value = phrases.rank_correlation(table, rows[chosen], column)
        if np.isfinite(value):
            run.record(f"correlation/{name}", seed, value)
    found = phrases.favourites(table, system.options("test"), column)
    if found:
        for name, value in zip(("table", "network"), phrases.lengths_of_first(table, found), strict=True):
            run.record(f"favourite/{name}", seed, value)
        run.figures["examples"] = phrases.examples(table, found, run.corpus.source, run.corpus.target)


def pictures(run: Run, system: PhraseSystem, module: PhraseLearner, column: np.ndarray, rows: np.ndarray,
             source: Shortlist, target: Shortlist) -> None:
    run.figures["scatter"] = scatter(system.table, rows[rows < len(system.table)], column)
    run.figures["maps"] = maps(system, module.network, source)


# --- whole sentences


def translate_sentences(run: Run) -> None:
    """The network alone (2014b): BLEU by length and by unknown words."""
    corpus, config = run.corpus, run.config
    source, target = shortlists(corpus, config)
    text = sentences.shortened(corpus.test, source, target)
    lengths, unknown = difficulty(corpus, source, target)
    references = corpus.tokenised_references("test")
    for seed in config.seeds:
        with run.seed(seed):
            module = train_sentences(run, seed, source, target)
            if not run.is_first_process:
                continue
            found = sentences.translate(module.network, [one for one, _ in text], beam_size=config.beam_size,
                                        max_output=config.max_output)
            hypotheses = [[target.words[i] for i in words] for words in found]
            run.record("test/bleu", seed, multi_bleu(hypotheses, references).bleu)
            nats = -phrases.score(module.network, text).sum()
            run.record("test/perplexity", seed, math.exp(nats / len(text.target)))
            numbers, rows = sentences.breakdown(hypotheses, references, lengths, unknown)
            for name, value in numbers.items():
                run.record(f"test/bleu/{name}", seed, value)
            run.figures.setdefault("alone", {})[str(seed)] = rows
            print(f"{run.name} seed {seed}: BLEU {run.metrics['test/bleu'][str(seed)]:.2f}", flush=True)
