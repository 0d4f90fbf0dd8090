"""One row of the tables: train a network per seed, translate the test text with each and with all of them."""

import math
import time
from functools import partial

import numpy as np

from common.data.parallel import corpus as parallel
from common.data.parallel.buckets import batches
from common.data.parallel.corpus import ParallelCorpus
from common.errors import UserError
from common.evaluation.translation import BATCH, Words, bleu_of, record_bleu, total_nats
from common.metrics.perplexity import of_sum
from common.training.run import Run
from common.training.trained import trained
from replications.sutskever2014_seq2seq import phrases, rescoring
from replications.sutskever2014_seq2seq.config import Config
from replications.sutskever2014_seq2seq.model import Seq2Seq
from replications.sutskever2014_seq2seq.module import Translator
from replications.sutskever2014_seq2seq.translation import translate

GROUPS = 5  # of test sentences, by length and by rarity of their words


def load_data(config: Config) -> ParallelCorpus:
    """The sentence pairs that a setting is trained and tested on.

    Raises:
        UserError: translations of words are to be rescored by a network of pieces.
    """
    if config.n_best and config.unit == "bpe":
        raise UserError("n_best: a phrase-based system translates words; set unit to words, or n_best to null")
    return parallel.load(
        config.corpus,
        source_vocabulary=config.source_vocabulary,
        target_vocabulary=config.target_vocabulary,
        max_length=config.max_length,
        unit=config.unit,
        train_pairs=config.train_pairs,
    )


def build(config: Config, corpus: ParallelCorpus, seed: int = 1) -> Translator:
    """The untrained network of a setting."""
    return Translator(config, len(corpus.source), len(corpus.target), corpus.target.eos)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    corpus, config = run.corpus, run.config
    sources = [source for source, _ in corpus.test][: config.test_pairs]
    networks: list[Seq2Seq] = []
    translations: dict[str, Words] = {}
    for seed in config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            networks.append(module.network)
            nats = total_nats(module.network, corpus.test)
            run.record("test/perplexity", seed, of_sum(nats, len(corpus.test.target)))
            for beam_size in sorted({*config.beam_sizes, config.beam_size}):
                what = "" if beam_size == config.beam_size else f"beam_{beam_size}"
                found = translate_test(run, what, seed, networks[-1:], sources, beam_size)
                if beam_size == config.beam_size:
                    translations[str(seed)] = found
            measure_vectors(run, seed, module.network)
    if run.is_first_process:
        ensembles(run, networks, sources)
        rescore(run, networks, sources)
        by_length = np.array([len(source) - 1 for source in sources])
        run.figures["by_length"] = in_groups(run, by_length, translations)
        run.figures["by_rarity"] = in_groups(run, mean_ranks(corpus, sources), translations)
        for seed, value in run.figures["by_length"][-1]["bleu"].items():
            run.record("test/bleu/long", seed, value)
        if known := phrases.known_phrases(corpus):
            run.figures["vectors"] = phrases.picture(networks[0], corpus, known)


def train(run: Run, seed: int) -> Translator:
    """A network trained for the set number of epochs."""
    corpus, config = run.corpus, run.config
    module = build(config, corpus)
    module.batches = len(batches(corpus.train, config.batch_size))
    run.parameters = sum(weight.numel() for weight in module.parameters())
    return trained(
        run,
        seed,
        module,
        partial(batches, corpus.train, config.batch_size, seed),
        batches(corpus.valid, BATCH),
        max_epochs=math.ceil(config.max_epochs),
        unit="target words/s",
        precision=config.precision,
    )


def ensembles(run: Run, networks: list[Seq2Seq], sources: list[np.ndarray]) -> None:
    """All seeds' networks together, and each with the next one (table 1)."""
    config = run.config
    if len(networks) < 2 or not config.ensemble_beam_sizes:
        return
    everyone = "+".join(map(str, config.seeds))
    for beam_size in config.ensemble_beam_sizes:
        what = "ensemble" if beam_size == config.beam_size else f"ensemble/beam_{beam_size}"
        translate_test(run, what, everyone, networks, sources, beam_size)
    if len(networks) > 2:
        for seed, *two in zip(config.seeds, networks, networks[1:] + networks[:1], strict=True):
            translate_test(run, "ensemble_of_2", seed, two, sources, config.beam_size)


def rescore(run: Run, networks: list[Seq2Seq], sources: list[np.ndarray]) -> None:
    """What a phrase-based system offers, reordered by each network and by all together (table 2)."""
    corpus, config = run.corpus, run.config
    if not config.n_best:
        return
    offered = rescoring.offers(config, len(sources))
    everyone = "+".join(map(str, config.seeds))
    record_bleu(run, "phrases", everyone, offered.first)
    record_bleu(run, "oracle", everyone, offered.oracle(corpus.tokenised_references("test")[: len(sources)]))
    groups = [(str(seed), "", [network]) for seed, network in zip(config.seeds, networks, strict=True)]
    if len(networks) > 1 and config.ensemble_beam_sizes:
        groups.append((everyone, "/ensemble", networks))
    for seed, what, group in groups:
        log_p = rescoring.log_probabilities(group, sources, offered.candidates, corpus.target)
        record_bleu(run, f"rescored{what}", seed, offered.rescored(log_p))


# --- numbers


def translate_test(
    run: Run, what: str, seed: int | str, networks: list[Seq2Seq], sources: list[np.ndarray], beam_size: int
) -> Words:
    """Translates the test sentences; their BLEU, and how fast that went."""
    corpus = run.corpus
    started = time.monotonic()
    found = [corpus.decode_target(best[0].words) for best in translate(networks, sources, beam_size=beam_size)]
    seconds = time.monotonic() - started
    run.record(f"decoding/{what or 'single'}", seed, len(found) / seconds)
    record_bleu(run, what, seed, found)
    return found


def mean_ranks(corpus: ParallelCorpus, sources: list[np.ndarray]) -> np.ndarray:
    """How rare the words of each source sentence are: their mean rank by frequency, ``</s>`` apart ``[N]``.

    Ids are ranks; an unknown word is rarer than all others.
    """
    ranks = np.arange(len(corpus.source))
    ranks[corpus.source.unk] = len(corpus.source)
    return np.array([ranks[source[:-1]].mean() for source in sources])


def in_groups(run: Run, values: np.ndarray, translations: dict[str, Words]) -> list[dict]:
    """BLEU of the test sentences sorted by ``values`` ``[N]`` and cut into groups of equal size, per seed."""
    references = run.corpus.tokenised_references("test")
    rows = []
    for chosen in np.array_split(np.argsort(values, kind="stable"), min(GROUPS, len(values))):
        scores = {seed: bleu_of(found, references, chosen) for seed, found in translations.items()}
        rows.append(
            {
                "from": float(values[chosen[0]]),
                "to": float(values[chosen[-1]]),
                "mean": float(values[chosen].mean()),
                "sentences": len(chosen),
                "bleu": scores,
            }
        )
    return rows


def measure_vectors(run: Run, seed: int, network: Seq2Seq) -> None:
    """How far a sentence's vector moves with its voice and with its word order."""
    if known := phrases.known_phrases(run.corpus):
        points = phrases.vectors(network, run.corpus, [phrase.text for phrase in known])
        for what, value in phrases.distances(points, known).items():
            run.record(f"vector/{what}", seed, value)
