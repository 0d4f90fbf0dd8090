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
from common.text.vocabulary import Vocabulary
from common.training.run import Run
from replications.xu2015_show_attend_tell import lists
from replications.xu2015_show_attend_tell.data import Annotations
from replications.xu2015_show_attend_tell.model import ShowAttendTell
from replications.xu2015_show_attend_tell.module import Captioner

TOGETHER, EXAMPLES = 64, 4  # pictures that are described together; pictures of the figure
Words = tuple[str, ...]


def evaluate(run: Run, seed: int, module: Captioner) -> None:
    """Records everything of one network."""
    config, words, test = run.config, run.corpus.vocabulary, run.corpus.set.test
    seen, network = Annotations(config, run.corpus.set, "test"), module.network
    best = top(describe(network, seen, words, config.beam_size, config.max_length, config.length_exponent), words)
    found = judge(best, test, config.consensus)
    for name, value in judge(
        top(describe(network, seen, words, config.wide_beam, config.max_length), words), test
    ).items():
        found[f"{name}/unnormalised"] = value
    found |= reading(module, seen, test, words)
    found["valid_perplexity"] = reading(
        module, Annotations(config, run.corpus.set, "valid"), run.corpus.set.valid, words
    )["perplexity"]
    if network.attends:
        wrong = describe(network, seen, words, config.beam_size, config.max_length, config.length_exponent, others=True)
        for name, value in (judge(top(wrong, words), test) | reading(module, seen, test, words, others=True)).items():
            found[f"{name}/other_maps"] = value
    for name, value in found.items():
        run.record("valid/perplexity" if name == "valid_perplexity" else f"test/{name}", seed, value)
    if seed == config.seeds[0]:
        run.figures["examples"] = [
            {
                "index": i,
                "name": test.names[i],
                "words": list(best[i]),
                "maps": looked(network, seen[i : i + 1], words, best[i]),
            }
            for i in range(min(EXAMPLES, len(test)))
        ]
    print(f"{run.name} seed {seed}: BLEU-4 {found['bleu4']:.1f}, perplexity {found['perplexity']:.2f}", flush=True)


def others_of(pictures: Tensor, count: int) -> Tensor:
    """For every picture another one: the next of the split."""
    return (pictures + 1) % count


@torch.no_grad()
def describe(
    network: ShowAttendTell,
    seen: Annotations | Tensor,
    vocabulary: Vocabulary,
    beam_size: int,
    max_length: int,
    length_exponent: float = 0.0,
    *,
    others: bool = False,
    n_best: int = 1,
) -> list[list[Hypothesis]]:
    """The best captions of each picture, best first, ordered by log p(y) / N^length_exponent; the unknown word is never
    written. With ``others`` the network looks where it would look in another picture."""
    found: list[list[Hypothesis]] = []
    for some in torch.arange(len(seen)).split(TOGETHER):
        memory = network.memory(seen[some], seen[others_of(some, len(seen))] if others else None)
        found += beam_search(
            lambda words, state, memory=memory: network.step(words, state, memory),
            network.initial(memory),
            network.start,
            vocabulary.eos,
            beam_size=beam_size,
            max_length=max_length,
            length_exponent=length_exponent,
            forbidden=[vocabulary.unk],
            n_best=n_best,
        )
    return found


def top(lists: list[list[Hypothesis]], vocabulary: Vocabulary) -> list[Words]:
    """The best caption of each picture; no words where none was found."""
    return [tuple(vocabulary.decode(some[0].words)) if some else () for some in lists]


def judge(best: list[Words], split: Split, consensus: bool = False) -> dict[str, float]:
    """BLEU, also without its penalty of short captions; of our own pictures, the share of captions that are right."""
    found = metrics.bleu(best, split.captions)
    penalty = brevity_penalty(best, split.captions)
    found |= {f"{name}/no_brevity_penalty": value / penalty for name, value in found.items()}
    if consensus:
        found |= metrics.consensus(best, split.captions)
    if split.scenes:
        found["true"] = 100 * sum(map(lists.is_true, best, split.scenes)) / len(best)
    return found


def brevity_penalty(best: Sequence[Words], references: Sequence[Sequence[Words]]) -> float:
    """BLEU's factor for captions that are together shorter than their references of the nearest length."""
    ours = sum(map(len, best))
    theirs = sum(
        min((abs(len(one) - len(words)), len(one)) for one in each)[1]
        for words, each in zip(best, references, strict=True)
    )
    return math.exp(min(0.0, 1 - theirs / max(ours, 1)))


@torch.no_grad()
def reading(
    module: Captioner, seen: Annotations, split: Split, vocabulary: Vocabulary, *, others: bool = False
) -> dict[str, float]:
    """People's captions as the network reads them: their perplexity; how spread the maps are (entropy, 100 is uniform);
    of our own pictures, the share of words whose largest weight lies on the thing that they speak of."""
    nats, words, entropy, hits, spoken = 0.0, 0, 0.0, 0, 0
    for batch in captions(split, vocabulary, 4 * TOGETHER):
        memory = module.network.memory(
            seen[batch.pictures], seen[others_of(batch.pictures, len(seen))] if others else None
        )
        read = module.network(memory, batch.words)
        nats += module.nats(read, batch).double().sum().item()
        words += int(batch.mask.sum())
        entropy -= torch.xlogy(read.maps, read.maps)[batch.mask].double().sum().item()
        for column, picture in enumerate(batch.pictures.tolist() if split.scenes else ()):
            written = vocabulary.decode(batch.words[: batch.lengths[column] - 1, column].tolist())
            for place, alpha in zip(lists.places(written, split.scenes[picture]), read.maps[:, column], strict=False):
                spoken += place >= 0
                hits += place >= 0 and int(alpha.argmax()) == place
    found = {"perplexity": of_sum(nats, words)}
    if module.network.attends:
        found["map_entropy"] = 100 * entropy / words / math.log(read.maps.shape[2])
        if spoken:
            found["pointing"] = 100 * hits / spoken
    return found


@torch.no_grad()
def looked(network: ShowAttendTell, annotations: Tensor, vocabulary: Vocabulary, words: Words) -> list[list[float]]:
    """The map ``[L]`` of each word of a caption of one picture ``[1, L, D]``."""
    read = network(network.memory(annotations), pad([vocabulary.encode(words)], vocabulary.eos)[0])
    return [[round(one, 4) for one in alpha] for alpha in read.maps[: len(words), 0].tolist()]
