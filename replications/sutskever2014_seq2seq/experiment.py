"""One row of the tables: train a network per seed, translate the test text with each and with all of them."""

import time
from functools import partial

import numpy as np
import torch

from common.data.parallel import corpus as parallel
from common.data.parallel.buckets import Batches
from common.data.parallel.corpus import Pairs, ParallelCorpus
from common.errors import UserError
from common.metrics.bleu import bleu, multi_bleu
from common.training import checkpoints
from common.training.fit import fit
from common.training.run import Run
from replications.sutskever2014_seq2seq import phrases, rescoring
from replications.sutskever2014_seq2seq.config import Config
from replications.sutskever2014_seq2seq.model import Seq2Seq
from replications.sutskever2014_seq2seq.module import Translator
from replications.sutskever2014_seq2seq.rescoring import Words
from replications.sutskever2014_seq2seq.translation import translate

TOGETHER = 100  # sentences, where nothing is learnt
GROUPS = 5  # of test sentences, by length and by rarity of their words


def load_data(config: Config) -> ParallelCorpus:
    """The sentence pairs that a setting is trained and tested on.

    Raises:
        UserError: translations of words are to be rescored by a network of pieces.
    """
    if config.n_best and config.unit == "bpe":
        raise UserError("n_best: a phrase-based system translates words; set unit to words, or n_best to null")
    return parallel.load(config.corpus, source_vocabulary=config.source_vocabulary,
                         target_vocabulary=config.target_vocabulary, max_length=config.max_length, unit=config.unit,
                         train_pairs=config.train_pairs)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    corpus, config = run.corpus, run.config
    sources = [source for source, _ in first(corpus.test, config.test_pairs)]
    networks: list[Seq2Seq] = []
    translations: dict[str, Words] = {}
    for seed in config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            networks.append(module.network)
            run.record("test/perplexity", seed, perplexity(module, corpus.test))
            for beam_size in sorted({*config.beam_sizes, config.beam_size}):
                what = "" if beam_size == config.beam_size else f"/beam_{beam_size}"
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
    module = Translator(config, len(corpus.source), len(corpus.target), corpus.target.eos)
    run.parameters = sum(weight.numel() for weight in module.parameters())
    path = run.seed_folder(seed) / "model.pt"
    if path.exists():  # trained before the run was interrupted
        module.load_state_dict(checkpoints.load(path)["weights"])
    else:
        batches = partial(Batches, corpus.train, config.batch_size, seed)
        fit(run, seed, module, batches, Batches(corpus.valid, TOGETHER), max_epochs=int(np.ceil(config.max_epochs)),
            precision=config.precision)
        if run.is_first_process:
            vocabularies = [corpus.source.fingerprint, corpus.target.fingerprint]
            checkpoints.save_atomically({"config": run.settings, "vocabularies": vocabularies,
                                         "weights": module.state_dict()}, path)
    run.measure_throughput(seed, "train/words_per_second", "target words/s")
    return module.eval()


def ensembles(run: Run, networks: list[Seq2Seq], sources: list[np.ndarray]) -> None:
    """All seeds' networks together, and each with the next one (table 1)."""
    config = run.config
    if len(networks) < 2 or not config.ensemble_beam_sizes:
        return
    everyone = "+".join(map(str, config.seeds))
    for beam_size in config.ensemble_beam_sizes:
        what = "/ensemble" if beam_size == config.beam_size else f"/ensemble/beam_{beam_size}"
        translate_test(run, what, everyone, networks, sources, beam_size)
    if len(networks) > 2:
        for seed, *two in zip(config.seeds, networks, networks[1:] + networks[:1], strict=True):
            translate_test(run, "/ensemble_of_2", seed, two, sources, config.beam_size)


def rescore(run: Run, networks: list[Seq2Seq], sources: list[np.ndarray]) -> None:
    """What a phrase-based system offers, reordered by each network and by all together (table 2)."""
    corpus, config = run.corpus, run.config
    if not config.n_best:
        return
    offered = rescoring.offers(config, len(sources))
    everyone = "+".join(map(str, config.seeds))
    record_bleu(run, "/phrases", everyone, offered.first)
    record_bleu(run, "/oracle", everyone, offered.oracle(corpus.tokenised_references("test")[:len(sources)]))
    groups = [(str(seed), "", [network]) for seed, network in zip(config.seeds, networks, strict=True)]
    if len(networks) > 1 and config.ensemble_beam_sizes:
        groups.append((everyone, "/ensemble", networks))
    for seed, what, group in groups:
        log_p = rescoring.log_probabilities(group, sources, offered.candidates, corpus.target)
        record_bleu(run, f"/rescored{what}", seed, offered.rescored(log_p))


# --- numbers


def first(pairs: Pairs, count: int | None) -> list[tuple[np.ndarray, np.ndarray]]:
    return [pairs[i] for i in range(min(len(pairs), count or len(pairs)))]


@torch.no_grad()
def perplexity(module: Translator, pairs: Pairs) -> float:
    """Of the target's words and ends of sentences, given the source."""
    nats = words = 0.0
    for batch in Batches(pairs, TOGETHER):
        batch = type(batch)(*(part.to(module.device) for part in batch))
        nats += module.negative_log_probabilities(batch).double().sum().item()
        words += batch.target_lengths.sum().item()
    return float(np.exp(nats / words))


def translate_test(run: Run, what: str, seed: int | str, networks: list[Seq2Seq], sources: list[np.ndarray],
                   beam_size: int) -> Words:
    """Translates the test sentences; their BLEU, and how fast that went."""
    corpus = run.corpus
    started = time.monotonic()
    found = [corpus.decode_target(best[0].words) for best in translate(networks, sources, beam_size=beam_size)]
    seconds = time.monotonic() - started
    run.record(f"decoding{what or '/single'}", seed, len(found) / seconds)
    print(f"{run.name} seed {seed} {what or '/'}: beam {beam_size}, {seconds:.1f} s", flush=True)
    record_bleu(run, what, seed, found)
    return found


def record_bleu(run: Run, what: str, seed: int | str, found: Words) -> None:
    """BLEU of translations of the first test sentences, by the papers' script and by sacrebleu."""
    corpus, count = run.corpus, len(found)
    papers = multi_bleu(found, corpus.tokenised_references("test")[:count])
    standard = bleu([corpus.detokenise(words) for words in found], corpus.references("test")[:count])
    run.record(f"test/bleu{what}", seed, papers.bleu)
    run.record(f"test/sacrebleu{what}", seed, standard.bleu)
    run.figures["signatures"] = {"test/bleu": papers.signature, "test/sacrebleu": standard.signature}
    print(f"{run.name} seed {seed} {what or '/'}: BLEU {papers.bleu:.2f}, sacrebleu {standard.bleu:.2f}", flush=True)


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
        scores = {seed: multi_bleu([found[i] for i in chosen], [references[i] for i in chosen]).bleu
                  for seed, found in translations.items()}
        rows.append({"from": float(values[chosen[0]]), "to": float(values[chosen[-1]]),
                     "mean": float(values[chosen].mean()), "sentences": len(chosen), "bleu": scores})
    return rows


def measure_vectors(run: Run, seed: int, network: Seq2Seq) -> None:
    """How far a sentence's vector moves with its voice and with its word order."""
    if known := phrases.known_phrases(run.corpus):
        points = phrases.vectors(network, run.corpus, [phrase.text for phrase in known])
        for what, value in phrases.distances(points, known).items():
            run.record(f"vector/{what}", seed, value)
