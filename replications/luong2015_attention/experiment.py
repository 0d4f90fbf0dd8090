"""One row of the tables: train, translate, align.

The best epoch is chosen by perplexity on the validation text; the test text is read once.
"""

from functools import partial

import numpy as np
import torch

from common.data.parallel import corpus as parallel
from common.data.parallel.buckets import Batch, batches
from common.data.parallel.corpus import ParallelCorpus
from common.evaluation import alignment
from common.evaluation.translation import BATCH, Words, record_bleu, short_and_long, total_nats, translate
from common.metrics.perplexity import of_sum
from common.training.best_weights import KeepBest
from common.training.run import Run
from common.training.trained import trained
from replications.luong2015_attention.config import Config
from replications.luong2015_attention.module import Learner


def load_data(config: Config) -> ParallelCorpus:
    """The sentence pairs that a setting is trained and tested on."""
    return parallel.load(
        config.corpus,
        source_vocabulary=config.source_vocabulary,
        target_vocabulary=config.target_vocabulary,
        max_length=config.max_length,
    )


def build(config: Config, corpus: ParallelCorpus, seed: int = 1) -> Learner:
    """The untrained network of a setting."""
    return Learner(config, corpus)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    gold: tuple | None = None
    for seed in run.config.seeds:
        with run.seed(seed):
            module = train(run, seed)
            if not run.is_first_process:
                continue
            for split in ("valid", "test"):
                pairs = getattr(run.corpus, split)
                run.record(f"{split}/perplexity", seed, of_sum(total_nats(module.network, pairs), len(pairs.target)))
            found = best(module, [source for source, _ in run.corpus.test], run.corpus)
            record_bleu(run, "", seed, found)
            lengths = run.corpus.test.source_lengths - 1
            for name, value in short_and_long(found, run.corpus.tokenised_references("test"), lengths).items():
                run.record(f"test/bleu/{name}", seed, value)
            if run.config.window != "none":
                gold = gold or alignment.gold(run.corpus)
                align(run, seed, module, gold)


def train(run: Run, seed: int) -> Learner:
    """A network with the weights of its best epoch."""
    corpus, config = run.corpus, run.config
    module = build(config, corpus)
    module.updates = len(batches(corpus.train, config.batch_size))
    run.parameters = sum(weight.numel() for weight in module.parameters())
    return trained(
        run,
        seed,
        module,
        partial(batches, corpus.train, config.batch_size, seed),
        batches(corpus.valid, BATCH),
        max_epochs=config.max_epochs,
        unit="target words/s",
        keep=KeepBest(),
    )


@torch.no_grad()
def best(module: Learner, sources: list[np.ndarray], corpus: ParallelCorpus) -> Words:
    """What a network makes of sentences, word ids that end in ``</s>``; scores are not normalised by length."""
    network, config = module.network, module.config
    search = {"beam_size": config.beam_size, "max_length": lambda _: config.max_output}
    found = translate(network.begin, sources, start=network.end, end=network.end, **search)
    return [corpus.decode_target(outputs[0].words) for outputs in found]


def looks(module: Learner, pairs: list) -> list[np.ndarray]:
    """a ``[T, S]`` of each pair of word ids; rows need not add up to 1 (local-p)."""

    def look(batch: Batch) -> torch.Tensor:
        return module.network.read(batch)[1]

    return alignment.weights(look, pairs)


def align(run: Run, seed: int, module: Learner, gold: tuple) -> None:
    """How far the most attended words are from the links (Table 6), beside the diagonal; and a few of the matrices."""
    pairs = list(run.corpus.test)
    alphas = looks(module, pairs)
    run.record("test/aer", seed, alignment.error_rate([alignment.attended(alpha) for alpha in alphas], *gold))
    guess = [alignment.diagonal(len(source) - 1, len(target) - 1) for source, target in pairs]
    run.record("test/aer/diagonal", seed, alignment.error_rate(guess, *gold))
    if "heat_maps" not in run.figures:  # of the first seed
        shown = [i for i, (_, target) in enumerate(pairs) if 8 <= len(target) <= 12][:2]
        run.figures["heat_maps"] = [
            {
                "source": run.corpus.source.decode(pairs[i][0]),
                "target": run.corpus.target.decode(pairs[i][1]),
                "weights": np.round(alphas[i], 3).tolist(),
                "links": sorted(gold[0][i]),
            }
            for i in shown
        ]
