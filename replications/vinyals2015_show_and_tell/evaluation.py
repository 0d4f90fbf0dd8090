"""The numbers of one trained network, or of an ensemble of several, on the test pictures."""

import math
from collections.abc import Sequence
from statistics import fmean

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from common.data.pictures.batches import captions
from common.data.pictures.captions import CaptionSet, Split
from common.data.pictures.scenes import is_true
from common.metrics import captions as metrics
from common.metrics.perplexity import of_sum
from common.search.beam import Hypothesis
from common.text.vocabulary import Vocabulary
from common.training.run import Run
from replications.vinyals2015_show_and_tell.describe import describe, log_likelihoods
from replications.vinyals2015_show_and_tell.eyes import Eyes
from replications.vinyals2015_show_and_tell.module import Captioner

EXAMPLES = 12  # pictures of the figure
PROBES = ("car", "boy", "street", "horse", "computer", "red", "circle", "above", "small")  # the paper's, and scenes'
NEIGHBOURS = 5
BLEUS = ("bleu1", "bleu4")  # what stands in the paper's tables
Words = tuple[str, ...]


def evaluate(run: Run, seed: int | str, modules: Sequence[Captioner], eyes: Eyes) -> None:
    """Records everything for one network (``seed`` a number) or an ensemble (seeds joined, metrics ``/ensemble``)."""
    config, data = run.config, run.corpus
    test, alone = data.set.test, len(modules) == 1
    suffix = "" if alone else "/ensemble"
    features = features_of(modules, data.set, "test", eyes)
    wide = ask(run, modules, features, config.wide_beam, config.n_best, config.length_exponent)
    lists = (
        wide
        if config.beam_size == config.wide_beam
        else ask(run, modules, features, config.beam_size, 1, config.length_exponent)
    )
    best = top(lists, data.vocabulary)
    for name, value in judge(best, test, config.consensus).items():
        run.record(f"test/{name}{suffix}", seed, value)
    run.record(f"test/perplexity{suffix}", seed, perplexity(modules, features, test, data.vocabulary))
    known = set(data.set.train.sentences())
    run.record(f"test/in_training{suffix}", seed, metrics.share_known(top(wide, data.vocabulary), known))
    every = [tuple(data.vocabulary.decode(one.words)) for some in wide for one in some]
    run.record(f"test/n_best_novel{suffix}", seed, 100 - metrics.share_known(every, known))
    if alone:
        valid = features_of(modules, data.set, "valid", eyes)
        run.record("valid/perplexity", seed, perplexity(modules, valid, data.set.valid, data.vocabulary))
        for metric, value in metrics.bleu(top(wide, data.vocabulary), test.captions).items():
            run.record(f"test/{metric}/wide_beam", seed, value)
        more(run, seed, modules, features, eyes)
    if seed == config.seeds[0]:
        run.figures["examples"] = examples(lists, test, data.vocabulary)
        run.figures["n_best"] = n_best(wide[0], test, data.vocabulary, known)
        run.figures["neighbours"] = neighbours(modules[0], data.vocabulary)
    print(
        f"{run.name} seed {seed}: BLEU-1 {run.metrics[f'test/bleu1{suffix}'][str(seed)]:.1f}, BLEU-4 "
        f"{run.metrics[f'test/bleu4{suffix}'][str(seed)]:.1f}, perplexity "
        f"{run.metrics[f'test/perplexity{suffix}'][str(seed)]:.2f}",
        flush=True,
    )


def more(run: Run, seed: int, modules: Sequence[Captioner], features: list[Tensor], eyes: Eyes) -> None:
    """What is measured of single networks only: greedy search, the paper's own search (by p(S), whatever the length),
    ranking, other sets."""
    config, data = run.config, run.corpus
    test = data.set.test
    for search, beam in (("greedy", 1), ("unnormalised", config.wide_beam)):
        best = top(ask(run, modules, features, beam, 1), data.vocabulary)
        found = metrics.bleu(best, test.captions)
        for metric in BLEUS:
            run.record(f"test/{metric}/{search}", seed, found[metric])
    beside_people(run, seed, best, test)
    if config.rank_pictures and seed in config.seeds[: config.rank_seeds]:
        few = test.first(config.rank_pictures)
        chosen = [words for each in few.captions for words in each[: config.rank_captions]]
        owner = np.repeat(np.arange(len(few)), [len(each[: config.rank_captions]) for each in few.captions])
        scores = log_likelihoods(
            modules[0].network,
            features[0][: len(few)],
            [data.vocabulary.encode(words) for words in chosen],
            data.vocabulary.eos,
        )
        for name, value in metrics.retrieval(scores.numpy().astype(np.float64), owner).items():
            run.record(name, seed, value)
    for name, other in data.transfer.items():
        unseen = without(other.test, data.set.train)
        there = [each[unseen] for each in features_of(modules, other, "test", eyes)]
        some = [other.test.captions[i] for i in unseen]
        scenes = tuple(other.test.scenes[i] for i in unseen) if other.test.scenes else ()
        part = Split(tuple(other.test.names[i] for i in unseen), other.test.open, tuple(some), scenes)
        best = top(ask(run, modules, there, config.beam_size, 1, config.length_exponent), data.vocabulary)
        found = judge(best, part, config.consensus)
        for metric, value in found.items():
            run.record(f"test/{metric}/{name}", seed, value)


def beside_people(run: Run, seed: int, best: list[Words], test: Split) -> None:
    """BLEU of people and of the network by the same references: each person's captions in turn are judged by those of
    the others, the network's by the same ones, and the mean counts."""
    people = min(map(len, test.captions))
    for who in ("people", "network") if people > 1 else ():
        found = [
            metrics.bleu(
                [each[k] for each in test.captions] if who == "people" else best,
                [each[:k] + each[k + 1 :] for each in test.captions],
            )
            for k in range(people)
        ]
        for metric in BLEUS:
            run.record(f"test/{metric}/{who}_in_turn", seed, fmean(one[metric] for one in found))


def features_of(modules: Sequence[Captioner], chosen: CaptionSet, split: str, eyes: Eyes) -> list[Tensor]:
    """What each network sees: an encoder that was tuned sees otherwise than it did."""
    return [eyes.features(chosen, split, module.encoder) for module in modules]


def ask(
    run: Run, modules: Sequence[Captioner], features: list[Tensor], beam: int, n_best: int, length_exponent: float = 0.0
) -> list[list[Hypothesis]]:
    """The best captions of each picture by all networks together."""
    networks = [module.network for module in modules]
    return describe(
        networks,
        features,
        run.corpus.vocabulary,
        beam_size=beam,
        max_length=run.config.max_length,
        n_best=n_best,
        length_exponent=length_exponent,
    )


def top(lists: list[list[Hypothesis]], vocabulary: Vocabulary) -> list[Words]:
    """The best caption of each picture; no words where none was found."""
    return [tuple(vocabulary.decode(some[0].words)) if some else () for some in lists]


def judge(best: list[Words], split: Split, consensus: bool) -> dict[str, float]:
    """BLEU, the share of captions that are some person's caption of the same picture, and, of scenes, of true ones."""
    found = metrics.bleu(best, split.captions)
    if consensus:
        found |= metrics.consensus(best, split.captions)
    found["exact"] = 100 * sum(ours in theirs for ours, theirs in zip(best, split.captions, strict=True)) / len(best)
    if split.scenes:
        found["true"] = 100 * sum(map(is_true, best, split.scenes)) / len(best)
    return found


@torch.no_grad()
def perplexity(modules: Sequence[Captioner], features: list[Tensor], split: Split, vocabulary: Vocabulary) -> float:
    """Per word, stop words included; of several networks, of their mean probability."""
    nats, words = 0.0, 0
    for batch in captions(split, vocabulary, 256):
        target = batch.words[batch.mask]
        each = [
            F.log_softmax(
                module.network.output(module.network(seen[batch.pictures], batch.words)[batch.mask]), 1
            ).gather(1, target.unsqueeze(1))
            for module, seen in zip(modules, features, strict=True)
        ]
        log_p = torch.cat(each, 1).logsumexp(1) - math.log(len(each))
        nats -= log_p.double().sum().item()
        words += len(target)
    return of_sum(nats, words)


def without(test: Split, train: Split) -> list[int]:
    """Which test pictures are not among the training pictures: Flickr30k has pictures of Flickr8k.

    Both name a picture by its number at Flickr, which may be followed by more.
    """
    seen = {_number(name) for name in train.names} if not test.scenes else set()
    return [i for i, name in enumerate(test.names) if _number(name) not in seen]


def _number(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[0].partition("_")[0]


# --- for the figures


def examples(lists: list[list[Hypothesis]], split: Split, vocabulary: Vocabulary) -> list[dict]:
    """Some test pictures, from the likeliest caption to the least likely, evenly spread."""
    order = sorted((i for i in range(len(lists)) if lists[i]), key=lambda i: -lists[i][0].log_probability)
    chosen = [order[round(k)] for k in np.linspace(0, len(order) - 1, min(EXAMPLES, len(order)))]
    return [
        {
            "index": i,
            "name": split.names[i],
            "caption": " ".join(vocabulary.decode(lists[i][0].words)),
            "log_probability": lists[i][0].log_probability,
            "references": [" ".join(words) for words in split.captions[i]],
        }
        | ({"true": is_true(vocabulary.decode(lists[i][0].words), split.scenes[i])} if split.scenes else {})
        for i in chosen
    ]


def n_best(some: list[Hypothesis], split: Split, vocabulary: Vocabulary, known: set[Words]) -> dict:
    """The whole list of the first test picture."""
    return {
        "name": split.names[0],
        "captions": [
            {
                "caption": " ".join(vocabulary.decode(one.words)),
                "log_probability": one.log_probability,
                "in_training": tuple(vocabulary.decode(one.words)) in known,
            }
            for one in some
        ],
    }


def neighbours(module: Captioner, vocabulary: Vocabulary) -> dict[str, list[str]]:
    """The words whose embeddings have the smallest angle to some word's."""
    embedding = F.normalize(module.network.embedding.weight.detach()[: len(vocabulary)], dim=1)
    found = {}
    for probe in PROBES:
        if probe in vocabulary:
            near = (embedding @ embedding[vocabulary.ids[probe]]).topk(min(NEIGHBOURS + 1, len(vocabulary))).indices
            found[probe] = [word for word in vocabulary.decode(near.tolist()) if word != probe]
    return found
