"""Learning to tag: -log p(tags | words) of a sentence, of each word by itself or of all by a CRF, and of its intent."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.data.order import Loader
from common.data.tagged.batches import Batch, batches
from common.data.tagged.corpus import Sentence, TaggedCorpus
from common.metrics.span_f1 import Counts, count
from common.output.crf import CRF, inside
from common.training.best_weights import KeepBest
from common.training.fit import Module
from common.training.run import Run
from common.training.trained import trained

EVALUATED = 64  # sentences of a batch that is tagged only


class Answer(NamedTuple):
    """What a network says of N sentences, in their order; what it was not asked for is empty."""

    tags: list[list[str]]
    intents: list[str]


class Tagging(Module):
    """A network that scores a batch's tags ``[T, B, K]`` and intents ``[B, I]`` (None: not asked for).

    A subclass says how its weights are changed. Tags and intents that training did not have are never answered, so they
    count as missed.

    Args:
        crf: the tags of a sentence are one answer, with scores of neighbours; otherwise each is chosen by itself.
    """

    counted = "words"
    updates = 0  # of the whole training, over which the rate may fall

    def __init__(self, network: nn.Module, corpus: TaggedCorpus, crf: bool):
        super().__init__()
        self.network, self.corpus = network, corpus
        self.crf = CRF(len(corpus.target)) if crf else None

    def loader(self, sentences: Sequence[Sentence], batch_size: int = EVALUATED) -> Callable[..., Loader]:
        """Of a seed (None: in order of length), a rank and a world, batches of ``sentences``."""
        data, padding = self.corpus.encode(sentences), self.corpus.vocabulary.eos

        def load(seed: int | None = None, rank: int = 0, world: int = 1) -> Loader:
            return batches(data, padding, min(batch_size, len(sentences)), seed, rank, world)

        return load

    def nats(self, batch: Batch) -> Tensor:
        """-log p of the tags and intents of each sentence ``[B]``."""
        scores, intents = self.network(batch)
        nats = torch.zeros(len(batch.lengths), device=self.device)
        if scores is not None and self.crf is not None:
            nats = nats + self.crf(scores, batch.tags, batch.lengths)
        elif scores is not None:
            each = F.cross_entropy(scores.flatten(0, 1), batch.tags.flatten(), reduction="none").view_as(batch.tags)
            nats = nats + (each * inside(batch.lengths, len(each))).sum(0)
        if intents is not None:
            nats = nats + F.cross_entropy(intents, batch.intents, reduction="none")
        return nats

    def training_step(self, batch: Batch, index: int) -> dict:
        nats = self.nats(batch).sum()
        sums = {"nats": nats, "words": batch.lengths.sum()}
        return {"loss": nats * self.trainer.world_size / batch.total, "sums": sums}

    @torch.no_grad()
    def answers(self, batch: Batch) -> Answer:
        """The answer to a batch."""
        scores, intents = self.network(batch)
        tags: list[list[str]] = []
        if scores is not None:
            best = self.crf.viterbi(scores, batch.lengths) if self.crf is not None else scores.argmax(2)
            tags = [
                self.corpus.target.decode(column[:length])
                for column, length in zip(best.t().tolist(), batch.lengths.tolist(), strict=True)
            ]
        chosen = [] if intents is None else intents.argmax(1).tolist()
        return Answer(tags, [self.corpus.intents[number] for number in chosen])

    def tag(self, sentences: Sequence[Sentence]) -> Answer:
        """The answer to each sentence."""
        tags: list = [None] * len(sentences)
        intents: list = [None] * len(sentences)
        for batch in self.loader(sentences)():
            answer = self.answers(batch)
            for found, all_found in ((answer.tags, tags), (answer.intents, intents)):
                for number, one in zip(batch.numbers.tolist(), found, strict=False):
                    all_found[number] = one
        return Answer([one for one in tags if one is not None], [one for one in intents if one is not None])

    @torch.no_grad()
    def probabilities(self, sentence: Sentence) -> Tensor | None:
        """Of each tag at each word, ``[T, K]``, given the whole sentence; None where no tags are asked for."""
        batch = next(iter(self.loader([sentence])()))
        scores, _ = self.network(batch)
        if scores is None:
            return None
        return (scores.softmax(2) if self.crf is None else self.crf.marginals(scores, batch.lengths))[:, 0]

    def validation_step(self, batch: Batch, index: int) -> dict:
        gold = [self.corpus.valid[number] for number in batch.numbers.tolist()]
        answer = self.answers(batch)
        counts = counted(answer.tags, gold, self.corpus.spans)
        right = sum(one == other.intent for one, other in zip(answer.intents, gold, strict=False))
        return counts._asdict() | {"intents": right, "asked": len(answer.intents)}

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        """``valid/error`` is what the best epoch is chosen by: F1 (accuracy) of tags, or of intents alone."""
        right, asked = valid.pop("intents"), valid.pop("asked")
        values = {"train/nll": train["nats"] / train["words"]}
        if asked:
            values["valid/intent"] = 100 * right / asked
        if valid["gold"]:
            values["valid/f1" if self.corpus.spans else "valid/accuracy"] = Counts(**valid).f1
        return values | {"valid/error": 100 - [*values.values()][-1]}


def counted(tags: Sequence[Sequence[str]], gold: Sequence[Sentence], spans: bool) -> Counts:
    """Spans, or words where tags mark none, over all sentences; nothing where no tags were asked for."""
    if not tags:
        return Counts(0, 0, 0)
    if spans:
        return count(tags, [one.tags for one in gold])[""]
    right = [a == b for mine, one in zip(tags, gold, strict=True) for a, b in zip(mine, one.tags, strict=True)]
    return Counts(sum(right), len(right), len(right))


def learnt(run: Run, seed: int, module: Tagging, batch_size: int, keep: KeepBest | None = None) -> Tagging:
    """``module`` with the weights of its best epoch."""
    load = module.loader(run.corpus.train, batch_size)
    module.updates = run.config.max_epochs * len(load(seed))
    run.parameters = sum(weight.numel() for weight in module.parameters())
    return trained(
        run,
        seed,
        module,
        partial(load, seed),
        module.loader(run.corpus.valid)(),
        unit="words/s",
        max_epochs=run.config.max_epochs,
        keep=keep or KeepBest(metric="valid/error"),
    )
