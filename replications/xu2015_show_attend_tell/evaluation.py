"""What a trained network writes of the test pictures, how good that is, and where it looks."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from common.data.pictures.batches import captions, pad
from common.data.pictures.captions import Split
from common.metrics import captions as metrics
from common.metrics.perplexity import of_sum
from common.search.beam import Hypothesis, beam_search
from common.text.vocabulary import EOS, Vocabulary
from common.training.run import Run
from replications.xu2015_show_attend_tell import lists
from replications.xu2015_show_attend_tell.config import Config
from replications.xu2015_show_attend_tell.data import Annotations
from replications.xu2015_show_attend_tell.model import ShowAttendTell
from replications.xu2015_show_attend_tell.module import Captioner

TOGETHER, EXAMPLES = 64, 4  # pictures that are described together; pictures of the figure
Words = tuple[str, ...]


def evaluate(run: Run, seed: int, module: Captioner) -> None:
    """Records everything of one network; as ``/other_maps``, what it does where it looks as in another picture."""
    config, vocabulary, test = run.config, run.corpus.vocabulary, run.corpus.set.test
    seen, network = Annotations(config, run.corpus.set, "test"), module.network
    for others in (False, True) if network.attention else (False,):
        best = describe(network, seen, vocabulary, config, others=others)
        found = judge(best, test, config.consensus) | reading(module, seen, test, vocabulary, others=others)
        for name, value in found.items():
            run.record(f"test/{name}{'/other_maps' if others else ''}", seed, value)
        if seed == config.seeds[0] and not others:
            run.figures["examples"] = [
                {"index": i, "words": words, "maps": looked(network, seen[torch.tensor([i])], vocabulary, words)}
                for i, words in enumerate(best[:EXAMPLES])
            ]


@torch.no_grad()
def describe(
    network: ShowAttendTell, seen: Annotations | Tensor, vocabulary: Vocabulary, config: Config, *, others: bool = False
) -> list[Words]:
    """The best caption of each picture; the unknown word is never written.

    With ``others`` the network looks where it would look in another picture, the next of the split.
    """
    found: list[list[Hypothesis]] = []
    for some in torch.arange(len(seen)).split(TOGETHER):
        memory = network.memory(seen[some], seen[(some + 1) % len(seen)] if others else None)
        found += beam_search(
            lambda words, state, memory=memory: network.step(words, state, memory),
            network.initial(memory),
            network.start,
            vocabulary.eos,
            beam_size=config.beam_size,
            max_length=config.max_length,
            length_exponent=config.length_exponent,
            forbidden=[vocabulary.unk],
        )
    return [tuple(vocabulary.decode(some[0].words)) if some else () for some in found]


def judge(best: Sequence[Words], split: Split, consensus: bool = False) -> dict[str, float]:
    """BLEU, also without its penalty of short captions; of our own pictures, the share of captions that are right."""
    found = metrics.bleu(best, split.captions)
    penalty = brevity_penalty(best, split.captions)  # 0, as BLEU is, where next to nothing was written
    found |= {f"{name}/no_brevity_penalty": value and value / penalty for name, value in found.items()}
    if consensus:
        found |= metrics.consensus(best, split.captions)
    if split.scenes:
        found["true"] = 100 * sum(map(lists.is_true, best, split.scenes)) / len(best)
    return found


def brevity_penalty(best: Sequence[Words], references: Sequence[Sequence[Words]]) -> float:
    """BLEU's factor for captions that are together shorter than their references of the nearest length."""
    pairs = zip(best, references, strict=True)
    theirs = sum(min((abs(len(one) - len(words)), len(one)) for one in each)[1] for words, each in pairs)
    return math.exp(min(0.0, 1 - theirs / max(sum(map(len, best)), 1)))


@torch.no_grad()
def reading(
    module: Captioner, seen: Annotations, split: Split, vocabulary: Vocabulary, *, others: bool = False
) -> dict[str, float]:
    """People's captions as the network reads them: their perplexity; how spread the maps are (entropy, 100 is uniform);
    of our own pictures, the share of words whose largest weight lies on the thing that they speak of."""
    network, nats, entropy, words, hits = module.network, 0.0, 0.0, 0, []
    for batch in captions(split, vocabulary, 4 * TOGETHER):
        elsewhere = seen[(batch.pictures + 1) % len(seen)] if others else None
        read = network(network.memory(seen[batch.pictures], elsewhere), batch.words)
        nats += module.nats(read, batch).double().sum().item()
        entropy += torch.special.entr(read.maps).sum(2)[batch.mask].double().sum().item()
        words += int(batch.lengths.sum())
        if split.scenes:
            for picture, said, places in zip(batch.pictures, batch.words.t(), read.maps.argmax(2).t(), strict=True):
                said = vocabulary.decode(said.tolist())
                wanted = lists.places(said[: said.index(EOS)], split.scenes[picture])
                hits += [place == want for place, want in zip(places.tolist(), wanted, strict=False) if want >= 0]
    found = {"perplexity": of_sum(nats, words)}
    if network.attention:
        found["map_entropy"] = 100 * entropy / words / math.log(read.maps.shape[2])
        if hits:
            found["pointing"] = 100 * sum(hits) / len(hits)
    return found


@torch.no_grad()
def looked(network: ShowAttendTell, annotations: Tensor, vocabulary: Vocabulary, words: Words) -> list[list[float]]:
    """The map ``[L]`` of each word of a caption of one picture ``[1, L, D]``."""
    read = network(network.memory(annotations), pad([vocabulary.encode(words)], vocabulary.eos)[0])
    return [[round(one, 4) for one in alpha] for alpha in read.maps[: len(words), 0].tolist()]
