"""One row of the tables: train, translate, align; or the phrase-based system on the same sentences.

The test text is read once, by the weights that were best on the validation text.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from common.data.parallel import corpus as parallel
from common.data.parallel.buckets import batches
from common.data.parallel.corpus import Pairs, ParallelCorpus
from common.errors import UserError
from common.evaluation import alignment
from common.evaluation.alignment import Links
from common.evaluation.translation import BATCH, Words, by_group, record_bleu, short_and_long, total_nats
from common.metrics.bleu import multi_bleu
from common.metrics.perplexity import of_sum
from common.phrase_based.system import PhraseSystem
from common.training.best_weights import KeepBest
from common.training.run import Run
from common.training.trained import trained
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.module import Translator
from replications.bahdanau2015_attention.translate import translate, weights

BIN = 5  # source words, of the figure
HEAT_MAPS = 4
Gold = tuple[list[Links], list[Links]]  # sure and possible links of each test pair


def load_data(config: Config) -> ParallelCorpus:
    """The sentence pairs that a setting is trained and tested on, with the vocabularies of all its training pairs."""
    return parallel.load(
        config.corpus, source_vocabulary=config.source_vocabulary, target_vocabulary=config.target_vocabulary
    )


def build(config: Config, corpus: ParallelCorpus, seed: int = 1) -> Translator:
    """The untrained network of a setting."""
    return Translator(config, corpus)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    if run.config.model == "phrase_based":
        phrase_based(run)
        return
    gold: Gold | None = None
    for seed in run.config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            losses(run, seed, module)
            translations(run, seed, partial(best_of, run, module))
            if run.config.model == "search":
                gold = gold or alignment.gold(run.corpus)
                alignments(run, seed, module, gold)


def phrase_based(run: Run) -> None:
    """Where the paper has Moses: the system that the networks are compared with. It knows every word and every pair."""
    for seed in run.config.seeds:
        with run.seed(seed):
            if run.is_first_process:
                system = PhraseSystem(parallel.load(run.config.corpus))
                found = [each.words[0] for each in system.lists("test", system.tune())]
                translations(run, seed, lambda chosen, found=found, **search: [found[i] for i in chosen])


def best_of(run: Run, module: Translator, chosen: Sequence[int], **search) -> Words:
    """What a network makes of some test sentences."""
    sources = [source for source, _ in run.corpus.test]
    found = translate(module.network, [sources[i] for i in chosen], run.config, **search)
    return [run.corpus.decode_target(outputs[0].words) for outputs in found]


def within(pairs: Pairs, words: int, ends: tuple[int, int]) -> Pairs:
    """The pairs of at most so many words on either side, ``</s>`` not counted.

    Raises:
        UserError: there is none.
    """
    keep = np.maximum(pairs.source_lengths, pairs.target_lengths) <= words + 1
    if not keep.any():
        raise UserError(f"max_length={words}: no training pair is that short; choose a larger one")
    return Pairs.of(
        pairs.source[np.repeat(keep, pairs.source_lengths)], pairs.target[np.repeat(keep, pairs.target_lengths)], ends
    )


def train(run: Run, seed: int) -> Translator:
    """A network with the weights of its best epoch."""
    corpus, config = run.corpus, run.config
    pairs = within(corpus.train, config.max_length, (corpus.source.eos, corpus.target.eos))
    module = build(config, corpus)
    module.updates = config.max_epochs * len(batches(pairs, config.batch_size))
    run.parameters = sum(weight.numel() for weight in module.parameters())
    return trained(
        run,
        seed,
        module,
        partial(batches, pairs, config.batch_size, seed),
        batches(corpus.valid, BATCH),
        max_epochs=config.max_epochs,
        unit="target words/s",
        keep=KeepBest(),
        precision=config.precision,
    )


# --- numbers


def losses(run: Run, seed: int, module: Translator) -> None:
    """Nats per sentence, as in the paper's Table 2, and perplexity per target word."""
    for split in ("valid", "test"):
        pairs = getattr(run.corpus, split)
        nats = total_nats(module.network, pairs)
        run.record(f"{split}/sentence_nll", seed, nats / len(pairs))
        run.record(f"{split}/perplexity", seed, of_sum(nats, len(pairs.target)))


def translations(run: Run, seed: int, best: Callable[..., Words]) -> None:
    """BLEU on all test sentences, without words that a network does not know (Table 1), and by length (Figure 2).

    Args:
        best: from indices of test sentences, and what else the search is to know, to their translations.
    """
    corpus, pairs, references = run.corpus, list(run.corpus.test), run.corpus.tokenised_references("test")
    found = best(range(len(pairs)))
    record_bleu(run, "", seed, found)
    unknown = np.array([corpus.source.unk in source or corpus.target.unk in target for source, target in pairs])
    run.record("test/unknown", seed, unknown.mean())
    if len(known := np.flatnonzero(~unknown)):
        forced = best(known, forbidden=[corpus.target.unk])
        run.record("test/bleu/no_unk", seed, multi_bleu(forced, [references[i] for i in known]).bleu)

    lengths = corpus.test.source_lengths - 1
    for name, value in short_and_long(found, references, lengths).items():
        run.record(f"test/bleu/{name}", seed, value)
    run.figures.setdefault("by_length", {})[str(seed)] = [
        {
            "from": BIN * row["group"] + 1,
            "to": BIN * (row["group"] + 1),
            "sentences": row["sentences"],
            "bleu": row["bleu"],
        }
        for row in by_group(found, references, np.maximum(lengths - 1, 0) // BIN)
    ]
    run.figures["examples"] = [
        {"source": corpus.sources("test")[i], "reference": " ".join(references[i]), "ours": " ".join(found[i])}
        for i in np.argsort(lengths, kind="stable")[:: max(1, len(pairs) // 6)].tolist()
    ]


# --- alignments


def alignments(run: Run, seed: int, module: Translator, gold: Gold) -> None:
    """How far the most attended words are from the links, and four of the matrices (section 5.2.1, Figure 3)."""
    corpus, pairs = run.corpus, list(run.corpus.test)
    alphas = weights(module.network, pairs)
    found = {
        "": [alignment.attended(alpha) for alpha in alphas],
        "/diagonal": [alignment.diagonal(len(source) - 1, len(target) - 1) for source, target in pairs],
    }
    inverted = [alignment.crossing(links) for links in gold[0]]
    for name, links in found.items():
        run.record(f"test/aer{name}", seed, alignment.error_rate(links, *gold))
        if any(inverted):
            hits = sum(len(a & b) for a, b in zip(links, inverted, strict=True))
            run.record(f"test/inversions{name}", seed, hits / sum(map(len, inverted)))
    if "heat_maps" in run.figures:  # of the first seed
        return
    readable = [
        i
        for i, (source, target) in enumerate(pairs)
        if 7 <= len(target) <= 13 and corpus.source.unk not in source and corpus.target.unk not in target
    ]
    readable.sort(key=lambda i: -len(inverted[i]))
    run.figures["heat_maps"] = [
        {
            "source": corpus.source.decode(pairs[i][0]),
            "target": corpus.target.decode(pairs[i][1]),
            "weights": np.round(alphas[i], 3).tolist(),
            "links": sorted(gold[0][i]),
        }
        for i in readable[:HEAT_MAPS]
    ]
