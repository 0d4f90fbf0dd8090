"""Language models on validation and test text: alone, with a Kneser-Ney 5-gram, with a cache.

Perplexities count every word and every end of sentence. Mixing weights come from the validation text.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from common.data.text.corpora import Corpus
from common.data.text.windows import windows
from common.metrics.perplexity import perplexity
from common.ngram.cache import Cache
from common.ngram.interpolation import mix, tune_weights
from common.ngram.kneser_ney import KneserNey
from common.training.run import Run

SPLITS = ("valid", "test")
Probabilities = dict[str, np.ndarray]  # split -> probability of each of its words [N]


def on_splits(probabilities: Callable[[np.ndarray], np.ndarray], corpus: Corpus) -> Probabilities:
    """What a model gives to the words of each split."""
    return {split: probabilities(np.asarray(getattr(corpus, split))) for split in SPLITS}


def kneser_ney(corpus: Corpus, order: int = 5) -> Probabilities:
    """Modified Kneser-Ney, counted on the training text, which it holds in memory."""
    model = KneserNey(order, np.asarray(corpus.train), len(corpus.vocabulary), corpus.eos)
    return on_splits(model.probabilities, corpus)


def cache(corpus: Corpus) -> Probabilities:
    return on_splits(Cache(len(corpus.vocabulary), corpus.eos).probabilities, corpus)


@torch.no_grad()
def network_probabilities(
    exact: Callable[[Tensor, Tensor, tuple], tuple[Tensor, tuple]],
    initial: Callable[[int], tuple],
    tokens: np.ndarray,
    eos: int,
    streams: int = 1,
    block: int = 1000,
) -> np.ndarray:
    """P(word | all the words before it) ``[N]``, weights fixed and the state carried across sentences.

    Args:
        exact: words, next words ``[T, B]`` and a state to nats ``[T * B]`` and the next state.
        initial: the state before the first word, for B streams.
        streams: parts of the text that are read side by side; 1 is exact.
    """
    streams = min(streams, len(tokens))
    padded = np.concatenate([tokens, np.full(-len(tokens) % streams, eos, tokens.dtype)])
    state, parts = initial(streams), []
    for words, targets in windows(padded, eos, streams, block):
        nats, state = exact(words, targets, state)
        parts.append(nats.double().view(targets.shape))
    return torch.cat(parts).neg().exp().t().flatten()[: len(tokens)].numpy()


def record_perplexity(run: Run, what: str, seed: int | str, found: Probabilities) -> None:
    for split in SPLITS:
        run.record(f"{split}/perplexity" + (f"/{what}" if what else ""), seed, perplexity(np.log(found[split])))


def record_mixture(run: Run, what: str, seed: int | str, models: list[Probabilities]) -> None:
    """The linear mixture of some models, weights by EM on the validation text."""
    weights = tune_weights(np.stack([model["valid"] for model in models]))
    record_perplexity(run, what, seed, {s: mix(np.stack([m[s] for m in models]), weights) for s in SPLITS})
    run.record(f"weight/{what}", seed, weights[0])


def record_all(run: Run, what: str, seed: int | str, found: Probabilities, others: dict[str, Probabilities]) -> None:
    """A model alone, with the first of the ``others``, with the first two, ..., each named ``+kn5``, ``+kn5+cache``."""
    record_perplexity(run, what, seed, found)
    name, models = what, [found]
    for other, probabilities in others.items():
        name, models = f"{name}+{other}", [*models, probabilities]
        record_mixture(run, name, seed, models)
    shown = [
        f"{metric.removeprefix('test/perplexity').strip('/') or 'alone'} {values[str(seed)]:.2f}"
        for metric, values in run.metrics.items()
        if metric.startswith("test/perplexity") and str(seed) in values
    ]
    print(f"{run.name} seed {seed}: test perplexity {', '.join(shown)}", flush=True)
