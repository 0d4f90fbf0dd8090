"""One row of the tables: a phrase-based system, networks that score its phrases and translations, BLEU of each.

Weights are tuned on the validation text, again for every row and from every start of tuning, since what tuning finds
depends on where it begins; the test text is translated once per row and start.
"""

import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

from common.data.parallel import corpus as parallel
from common.data.parallel.buckets import batches
from common.data.parallel.corpus import Pairs, ParallelCorpus
from common.evaluation.translation import Words, record_bleu, total_nats
from common.metrics.bleu_statistics import bleu_of, corpus_statistics, packed
from common.metrics.perplexity import of_sum
from common.phrase_based.decoder import NBest
from common.phrase_based.phrase_table import PhraseTable
from common.phrase_based.system import PhraseSystem, Settings, rerank, starts, tune_reranking, with_scores
from common.training import checkpoints
from common.training.best_weights import KeepBest
from common.training.run import Run
from common.training.trained import trained
from replications.cho2014_gru import cslm, phrases, sentences
from replications.cho2014_gru.config import Config
from replications.cho2014_gru.cslm import CSLM, WordLearner, log_probabilities, ngrams
from replications.cho2014_gru.data import mispair
from replications.cho2014_gru.model import EncoderDecoder
from replications.cho2014_gru.module import Learner
from replications.cho2014_gru.phrases import Shortlist, pairs, score_rows
from replications.cho2014_gru.pictures import maps, scatter

SPLITS = ("valid", "test")
Lists = dict[str, list[NBest]]  # of each split, for each of its sentences
UNIT = "target words/s"


def load_data(config: Config) -> ParallelCorpus:
    """The sentence pairs, with every word: the networks' shortlists are their own."""
    corpus = parallel.load(config.corpus, train_pairs=config.train_pairs, max_length=config.max_length)
    return mispair(corpus, config.mispaired)


def build(config: Config, corpus: ParallelCorpus, seed: int = 1) -> Learner:
    """The untrained encoder-decoder of a setting."""
    source, target = shortlists(corpus, config)
    return Learner(config, EncoderDecoder(config, len(source), len(target), target.end), config.lr)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    if run.config.task == "sentences":
        translate_sentences(run)
    else:
        add_rows(run)


def train(run: Run, seed: int) -> None:
    """The networks of one seed, which :func:`run` then finds done."""
    if run.config.task == "sentences":
        train_sentences(run, seed)
    else:
        train_phrases(run, seed, system_of(run.corpus, run.config).table)
        train_language_model(run, seed)


def shortlists(corpus: ParallelCorpus, config: Config) -> tuple[Shortlist, Shortlist]:
    return Shortlist(corpus.source, config.source_vocabulary), Shortlist(corpus.target, config.target_vocabulary)


def system_of(corpus: ParallelCorpus, config: Config, links=None) -> PhraseSystem:
    """The baseline without its weights."""
    links = Path(config.alignment) if links is None and config.alignment else links
    return PhraseSystem(corpus, Settings(*(getattr(config, name) for name in Settings._fields)), links)


# --- the phrase-based system with what is added to it


def add_rows(run: Run) -> None:
    """Table 1: baseline, + RNN, + CSLM, + word penalty."""
    corpus, config = run.corpus, run.config
    started = time.monotonic()
    system = system_of(corpus, config)
    run.figures["sizes"] = {
        "phrase pairs": len(system.table),
        "source phrases": len(system.table.source_spans),
        "seen once": float((system.table.count == 1).mean()),
    }
    evaluated = run.is_first_process and config.rows
    if evaluated:
        rows, weights = system.rows(*SPLITS), [system.tune(start) for start in starts(config.starts)]
        baseline = [{split: system.lists(split, each) for split in SPLITS} for each in weights]
        print(
            f"{run.name}: {len(system.table):,} phrase pairs, baseline tuned ({time.monotonic() - started:.0f} s)",
            flush=True,
        )
    source, target = shortlists(corpus, config)
    for seed in config.seeds:
        with run.seed(seed):
            module, language_model = train_phrases(run, seed, system.table), train_language_model(run, seed)
            if not evaluated:
                continue
            record_row(run, "baseline", seed, weights, baseline)
            before = time.monotonic()
            column = score_rows(module.network, system.table, rows, source, target)
            run.record("scoring", seed, len(rows) / (time.monotonic() - before))
            with_rnn = [system.tune(system.with_extra(each), extra=column[:, None]) for each in weights]
            outputs = add_rnn(run, seed, system, with_rnn, column)
            describe_baseline(run, seed, baseline[0])
            if language_model is not None:
                add_language_model(run, seed, language_model, with_rnn, outputs, target)
            save(run, seed, system, weights[0], with_rnn[0])
            compare_scores(run, seed, system, column, rows)
            if seed == config.seeds[0] and config.unit == "gated":
                run.figures["scatter"] = scatter(system.table, rows[rows < len(system.table)], column)
                run.figures["maps"] = maps(system, module.network, source)


def add_rnn(run: Run, seed: int, system: PhraseSystem, weights: list[np.ndarray], column: np.ndarray) -> list[Lists]:
    """The row "+ RNN", with n-best lists for what follows."""
    paths = run.config.paths if "cslm" in run.config.rows else 1
    outputs = [
        {split: system.lists(split, each, extra=column[:, None], paths=paths) for split in SPLITS} for each in weights
    ]
    record_row(run, "rnn", seed, weights, outputs)
    run.record("weight/rnn", seed, np.mean([each[-3] / np.abs(each).sum() for each in weights]))
    return outputs


def describe_baseline(run: Run, seed: int, baseline: Lists) -> None:
    """How the baseline's BLEU depends on length and on unknown words, tuned from the first start."""
    found, references = [each.words[0] for each in baseline["test"]], run.corpus.tokenised_references("test")
    numbers, run.figures["baseline"] = sentences.breakdown(
        found, references, *difficulty(run.corpus, *shortlists(run.corpus, run.config))
    )
    for name, value in numbers.items():
        run.record(f"test/bleu/baseline/{name}", seed, value)


def add_language_model(
    run: Run, seed: int, network: CSLM, weights: list[np.ndarray], outputs: list[Lists], target: Shortlist
) -> None:
    """The rows "+ CSLM" and "+ WP": the candidates of "+ RNN" in another order."""
    config, references = run.config, run.corpus.tokenised_references("valid")
    known = {word: i for i, word in enumerate(target.words)}

    def ids(words: list[str]) -> np.ndarray:
        return np.array([*(known.get(word, target.unknown) for word in words), target.end])

    def likelihood(candidates: Words) -> np.ndarray:
        return log_probabilities(network, [ids(words) for words in candidates], target.end, config.cslm_order)

    def unknown(candidates: Words) -> np.ndarray:
        return np.array([sum(word not in known for word in words) for words in candidates], float)

    for name, score in (("cslm", likelihood), ("wp", unknown)):
        if name not in config.rows:
            continue
        outputs = [{split: with_scores(lists, score) for split, lists in each.items()} for each in outputs]
        weights = [
            tune_reranking(each["valid"], references, np.append(before, 0.1))
            for each, before in zip(outputs, weights, strict=True)
        ]
        record_row(run, name, seed, weights, outputs)


# --- training


def train_phrases(run: Run, seed: int, table: PhraseTable) -> Learner:
    """On each pair of the table once, but for a few that are held out: the same for all seeds."""
    order = np.random.default_rng(0).permutation(len(table))
    held_out = max(1, int(run.config.held_out * len(order)))
    shortlisted = shortlists(run.corpus, run.config)
    text, rest = (pairs(table, np.sort(part), *shortlisted) for part in (order[held_out:], order[:held_out]))
    module = train_pairs(run, seed, text, rest, "network")
    run.record("valid/perplexity", seed, of_sum(total_nats(module.network, rest), len(rest.target)))
    return module


def train_sentences(run: Run, seed: int) -> Learner:
    """On whole sentences (2014b)."""
    shortlisted = shortlists(run.corpus, run.config)
    texts = [sentences.shortened(getattr(run.corpus, split), *shortlisted) for split in ("train", "valid")]
    return train_pairs(run, seed, *texts, "model")


def train_pairs(run: Run, seed: int, text: Pairs, held_out: Pairs, name: str) -> Learner:
    """The encoder-decoder, on pairs of phrases or sentences."""
    config, read = run.config, partial(batches, text, run.config.batch_size, seed)
    module = build(config, run.corpus)
    module.updates = config.max_epochs * len(read())
    run.parameters = sum(weight.numel() for weight in module.parameters())
    return trained(
        run,
        seed,
        module,
        read,
        batches(held_out, config.batch_size),
        max_epochs=config.max_epochs,
        unit=UNIT,
        name=name,
        curve=partial(curve, "network", "perplexity"),
    )


def train_language_model(run: Run, seed: int) -> CSLM | None:
    """The CSLM on the target side, with the weights that were best on the validation text; None: it is in no row."""
    corpus, config, target = run.corpus, run.config, shortlists(run.corpus, run.config)[1]
    if "cslm" not in config.rows:
        return None
    text = {split: target.of[getattr(corpus, split).target] for split in ("train", *SPLITS)}
    train, valid = (ngrams(text[split], target.end, config.cslm_order) for split in ("train", "valid"))
    read = partial(cslm.batches, train, config.cslm_batch, seed)
    module = WordLearner(config, CSLM(config, len(target)), config.cslm_lr)
    module.updates = config.cslm_epochs * len(read())
    trained(
        run,
        seed,
        module,
        read,
        cslm.batches(valid, 1000),
        max_epochs=config.cslm_epochs,
        unit=None,
        name="cslm",
        keep=KeepBest(config.cslm_patience),
        curve=partial(curve, "cslm", "cslm_perplexity"),
    )
    for split in SPLITS:
        log_p = log_probabilities(module.network, [text[split]], target.end, config.cslm_order)
        run.record(f"{split}/cslm_perplexity", seed, of_sum(-log_p.sum(), len(text[split])))
    return module.network


def curve(network: str, perplexity: str, metric: str) -> str:
    """What a metric of one network is called, so that it can be told from the other's."""
    if metric in ("valid/nll", "lr"):
        return f"{network}/{metric}"
    return metric.replace("/words", f"/{perplexity}_words").replace("/perplexity", f"/{perplexity}")


def save(run: Run, seed: int, system: PhraseSystem, weights: np.ndarray, with_rnn: np.ndarray) -> None:
    """All that a translation needs beside the corpus, for the demo."""
    folder = run.seed_folder(seed)
    checkpoints.save_atomically(
        checkpoints.load(folder / "network.pt")
        | {
            "links": [torch.from_numpy(np.asarray(part)) for part in system.links],
            "baseline": torch.from_numpy(weights),
            "with_rnn": torch.from_numpy(with_rnn),
        },
        folder / "model.pt",
    )


# --- numbers


def record_row(run: Run, row: str, seed: int, weights: list[np.ndarray], outputs: list[Lists]) -> None:
    """BLEU of a row of table 1, the mean over the starts of tuning, and the counts of every sentence behind it.

    The counts are kept as ``[starts, seeds]``, each packed, so that rows can be compared over all that was drawn by
    chance; the baseline, which no seed changes, has those of the first.
    """
    kept = run.figures.setdefault("sentences", {})
    for split in SPLITS:
        found = [rerank(each[split], best) for each, best in zip(outputs, weights, strict=True)]
        counts = [corpus_statistics(words, run.corpus.tokenised_references(split)) for words in found]
        run.record(f"{split}/bleu/{row}", seed, np.mean([bleu_of(each.sum(0)) for each in counts]))
        if row != "baseline" or seed == run.config.seeds[0]:
            for start, each in zip(kept.setdefault(f"{split}/bleu/{row}", [[] for _ in counts]), counts, strict=True):
                start.append(packed(each))
    record_bleu(run, row, seed, *found)  # the test text's, which comes last


def difficulty(corpus: ParallelCorpus, source: Shortlist, target: Shortlist) -> tuple[np.ndarray, np.ndarray]:
    """Source words of each test sentence, and its words and the reference's that the network does not know ``[N]``."""
    known = set(target.words)
    unknown = [
        int((source.of[one[:-1]] == source.unknown).sum()) + sum(word not in known for word in reference)
        for (one, _), reference in zip(corpus.test, corpus.tokenised_references("test"), strict=True)
    ]
    return corpus.test.source_lengths - 1, np.array(unknown)


def compare_scores(run: Run, seed: int, system: PhraseSystem, column: np.ndarray, rows: np.ndarray) -> None:
    """Section 4.2: how the network's scores differ from the table's."""
    table = system.table
    rows = rows[rows < len(table)]
    occurrences = np.bincount(table.source, table.count)[table.source[rows]]
    several = np.bincount(table.source)[table.source[rows]] > 1
    middle = np.median(occurrences[several]) if several.any() else 0
    for name, chosen in (
        ("all", several),
        ("rare", several & (occurrences <= middle)),
        ("frequent", several & (occurrences > middle)),
    ):
        value = phrases.rank_correlation(table, rows[chosen], column)
        if np.isfinite(value):
            run.record(f"correlation/{name}", seed, value)
    found = phrases.favourites(table, system.options("test"), column)
    if found:
        for name, value in zip(("table", "network"), phrases.lengths_of_first(table, found), strict=True):
            run.record(f"favourite/{name}", seed, value)
        run.figures["examples"] = phrases.examples(table, found, run.corpus.source, run.corpus.target)


# --- whole sentences


def translate_sentences(run: Run) -> None:
    """The network alone (2014b): BLEU by length and by unknown words."""
    corpus, config = run.corpus, run.config
    source, target = shortlists(corpus, config)
    text = sentences.shortened(corpus.test, source, target)
    for seed in config.seeds:
        with run.seed(seed):
            module = train_sentences(run, seed)
            if not run.is_first_process:
                continue
            found = sentences.translate(module.network, [one for one, _ in text], config)
            hypotheses = [[target.words[i] for i in words] for words in found]
            run.record("test/perplexity", seed, of_sum(total_nats(module.network, text), len(text.target)))
            record_bleu(run, "", seed, hypotheses)
            numbers, rows = sentences.breakdown(
                hypotheses, corpus.tokenised_references("test"), *difficulty(corpus, source, target)
            )
            for name, value in numbers.items():
                run.record(f"test/bleu/{name}", seed, value)
            run.figures.setdefault("alone", {})[str(seed)] = rows
