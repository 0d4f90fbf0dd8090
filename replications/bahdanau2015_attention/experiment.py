"""One row of the tables: train, translate, align.

The test text is read once, by the weights that were best on the validation text. BLEU is the papers' (tokenised,
cased, as ``multi-bleu.perl`` counts it); sacrebleu's stands beside it.
"""

import math
from functools import partial

import numpy as np
import torch

from common.data.parallel import corpus as parallel
from common.data.parallel.buckets import Batches
from common.data.parallel.corpus import Pairs, ParallelCorpus
from common.errors import UserError
from common.metrics.bleu import bleu, multi_bleu
from common.training import checkpoints
from common.training.best_weights import KeepBest
from common.training.fit import fit
from common.training.run import Run
from common.evaluation import alignment
from common.evaluation.alignment import Links
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.module import Translation
from replications.bahdanau2015_attention.translate import translate, weights

BIN = 5  # source words, of the figure
HEAT_MAPS = 4
Gold = tuple[list[Links], list[Links]]  # sure and possible links of each test pair


def load_data(config: Config) -> ParallelCorpus:
    """The sentence pairs that a setting is trained and tested on, with the vocabularies of all its training pairs."""
    return parallel.load(config.corpus, source_vocabulary=config.source_vocabulary,
                         target_vocabulary=config.target_vocabulary)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    gold: Gold | None = None
    for seed in run.config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            losses(run, seed, module)
            translations(run, seed, module)
            if run.config.model == "search":
                gold = gold or links_of(run.corpus)
                alignments(run, seed, module, gold)


def within(pairs: Pairs, words: int, ends: tuple[int, int]) -> Pairs:
    """The pairs of at most so many words on either side, ``</s>`` not counted.

    Raises:
        UserError: there is none.
    """
    keep = np.maximum(pairs.source_lengths, pairs.target_lengths) <= words + 1
    if not keep.any():
        raise UserError(f"max_length={words}: no training pair is that short; choose a larger one")
    return Pairs.of(pairs.source[np.repeat(keep, pairs.source_lengths)],
                    pairs.target[np.repeat(keep, pairs.target_lengths)], ends)


def train(run: Run, seed: int) -> Translation:
    """A network with the weights of its best epoch."""
    corpus, config = run.corpus, run.config
    pairs = within(corpus.train, config.max_length, (corpus.source.eos, corpus.target.eos))
    batches = partial(Batches, pairs, config.batch_size, seed)
    module = Translation(config, corpus, config.max_epochs * len(batches()))
    run.parameters = sum(weight.numel() for weight in module.parameters())
    path = run.seed_folder(seed) / "model.pt"
    if path.exists():  # trained before the run was interrupted
        module.load_state_dict(checkpoints.load(path)["weights"])
    else:
        best = KeepBest()
        fit(run, seed, module, batches, Batches(corpus.valid, 100), max_epochs=config.max_epochs,
            precision=config.precision, callbacks=[best])
        module.load_state_dict(best.best_weights)
        if run.is_first_process:
            vocabularies = [corpus.source.fingerprint, corpus.target.fingerprint]
            checkpoints.save_atomically({"config": run.settings, "vocabularies": vocabularies,
                                         "weights": module.state_dict()}, path)
    run.measure_throughput(seed, "train/words_per_second", "target words/s")
    return module.to("cpu").eval()


# --- numbers


@torch.no_grad()
def losses(run: Run, seed: int, module: Translation) -> None:
    """Nats per sentence, as in the paper's Table 2, and perplexity per target word."""
    for split in ("valid", "test"):
        pairs = getattr(run.corpus, split)
        nats = sum(module.network(*batch).double().sum().item() for batch in Batches(pairs, 100))
        run.record(f"{split}/sentence_nll", seed, nats / len(pairs))
        run.record(f"{split}/perplexity", seed, math.exp(nats / len(pairs.target)))


def translations(run: Run, seed: int, module: Translation) -> None:
    """BLEU on all test sentences, without unknown words (Table 1), and by length (Figure 2)."""
    corpus, config = run.corpus, run.config
    pairs = list(corpus.test)
    references = corpus.tokenised_references("test")

    def words_of(found) -> list[list[str]]:
        return [corpus.decode_target(outputs[0].words) for outputs in found]

    hypotheses = words_of(translate(module.network, [source for source, _ in pairs], config))
    score = multi_bleu(hypotheses, references)
    run.record("test/bleu", seed, score.bleu)
    running = bleu([corpus.detokenise(words) for words in hypotheses], corpus.references("test"))
    run.record("test/sacrebleu", seed, running.bleu)
    run.figures["signatures"] = {"test/bleu": score.signature, "test/sacrebleu": running.signature}

    unknown = np.array([corpus.source.unk in source or corpus.target.unk in target for source, target in pairs])
    run.record("test/unknown", seed, unknown.mean())
    known = np.flatnonzero(~unknown)
    if len(known):
        forced = words_of(translate(module.network, [pairs[i][0] for i in known], config,
                                    forbidden=[corpus.target.unk]))
        run.record("test/bleu/no_unk", seed, multi_bleu(forced, [references[i] for i in known]).bleu)

    def bleu_of(chosen: np.ndarray) -> float:
        return multi_bleu([hypotheses[i] for i in chosen], [references[i] for i in chosen]).bleu

    lengths = corpus.test.source_lengths - 1
    short, long = lengths <= np.median(lengths), lengths > np.quantile(lengths, 0.75)
    if long.any():
        by_half = [bleu_of(np.flatnonzero(chosen)) for chosen in (short, long)]
        for name, value in zip(("short", "long", "drop"), [*by_half, by_half[0] - by_half[1]], strict=True):
            run.record(f"test/bleu/{name}", seed, value)
    bins = [(start, np.flatnonzero((lengths >= start) & (lengths < start + BIN)))
            for start in range(1, lengths.max() + 1, BIN)]
    run.figures.setdefault("by_length", {})[str(seed)] = [
        {"from": start, "to": start + BIN - 1, "sentences": len(chosen), "bleu": bleu_of(chosen)}
        for start, chosen in bins if len(chosen)]
    run.figures["examples"] = [
        {"source": corpus.sources("test")[i], "reference": " ".join(references[i]), "ours": " ".join(hypotheses[i])}
        for i in np.argsort(lengths, kind="stable")[::max(1, len(pairs) // 6)].tolist()]
    print(f"{run.name} seed {seed}: BLEU {score.bleu:.2f}, sacrebleu {running.bleu:.2f}", flush=True)


# --- alignments


def links_of(corpus: ParallelCorpus) -> Gold:
    """The test text's own alignment, where it has one; else what an independent aligner finds."""
    gold = [set(links) for links in corpus.alignments("test")]
    if any(gold):
        return gold, gold
    return alignment.both_ways(*[[(source[:-1], target[:-1]) for source, target in pairs]
                                 for pairs in (corpus.train, corpus.test)], len(corpus.source), len(corpus.target))


def alignments(run: Run, seed: int, module: Translation, gold: Gold) -> None:
    """How far the most attended words are from the links, and four of the matrices (section 5.2.1, Figure 3)."""
    corpus, pairs = run.corpus, list(run.corpus.test)
    alphas = weights(module.network, pairs)
    found = {"": [alignment.attended(alpha) for alpha in alphas],
             "/diagonal": [alignment.diagonal(len(source) - 1, len(target) - 1) for source, target in pairs]}
    inverted = [alignment.crossing(links) for links in gold[0]]
    for name, links in found.items():
        run.record(f"test/aer{name}", seed, alignment.error_rate(links, *gold))
        if any(inverted):
            hits = sum(len(a & b) for a, b in zip(links, inverted, strict=True))
            run.record(f"test/inversions{name}", seed, hits / sum(map(len, inverted)))
    if "heat_maps" in run.figures:  # of the first seed
        return
    readable = [i for i, (source, target) in enumerate(pairs) if 7 <= len(target) <= 13
                and corpus.source.unk not in source and corpus.target.unk not in target]
    readable.sort(key=lambda i: -len(inverted[i]))
    run.figures["heat_maps"] = [
        {"source": corpus.source.decode(pairs[i][0]), "target": corpus.target.decode(pairs[i][1]),
         "weights": np.round(alphas[i], 3).tolist(), "links": sorted(gold[0][i])} for i in readable[:HEAT_MAPS]]
