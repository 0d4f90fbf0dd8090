"""Reviews as numbers: the labelled ones, those that only pretraining reads, and batches of both."""

import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data import catalog, fetch
from common.data.order import Loader, batch_count, by_length
from common.data.text.sentences import read_lines
from common.errors import UserError, unknown
from common.text.letters import composed, marks
from common.text.vocabulary import EOS, Vocabulary
from common.training.provenance import sha256_json
from replications.dai2015_pretraining import made_up
from replications.dai2015_pretraining.config import Config

MEMBER = re.compile(r"aclImdb/(train|test)/(neg|pos|unsup)/(\d+)_\d+\.txt")
LABELS = {"neg": "negative", "pos": "positive", "unsup": ""}
BREAK = re.compile(r"<br\s*/?>")
HELD_OUT = 0.15  # of the training reviews of each label, the last ones: for validation
MADE, TESTED = 4000, 1000  # made-up reviews to learn from and to be tested on
POOL = 50  # batches that are sorted by length together
TOGETHER = 100  # reviews of an evaluation at a time
Review = tuple[str, str]  # label, empty where it is not known, and text


class Encoded(NamedTuple):
    """N reviews: the numbers of their words, </s> at the end, and of their labels ``[N]`` (-1: not known)."""

    words: list[np.ndarray]
    labels: np.ndarray


class Batch(NamedTuple):
    """A process's share of a minibatch of ``total`` reviews."""

    words: Tensor  # [T, B], </s> at the end and behind it
    lengths: Tensor  # [B], with </s>
    labels: Tensor  # [B]
    total: int
    total_words: int  # of all processes, with </s>


@dataclass(frozen=True)
class Reviews:
    """What is learnt from, chosen by and tested on; ``text`` is what pretraining reads."""

    vocabulary: Vocabulary
    labels: tuple[str, ...]
    splits: dict[str, Encoded]  # train, valid, test, text
    fingerprint: str


@cache
def _word() -> re.Pattern:
    run = rf"\w[\w{marks()}]*"  # a letter keeps the marks that it carries
    return re.compile(rf"{run}(?:'{run})*|[^\w\s]")


def tokenise(text: str) -> list[str]:
    """Words in lower case; punctuation marks are words (section 4.1)."""
    return _word().findall(BREAK.sub(" ", composed(text)).lower())


def encode(vocabulary: Vocabulary, words: Sequence[str], length: int) -> np.ndarray:
    """Numbers of the last ``length`` words, and of </s>."""
    return vocabulary.encode([*words[-length:], EOS])


def loader(some: Encoded, padding: int, batch_size: int, seed: int | None = None, rank=0, world=1) -> Loader:
    """Minibatches of reviews of about one length, in another order in each epoch; without seed in order of length."""
    lengths = np.array([len(each) for each in some.words])
    count = batch_count(len(lengths), batch_size, world, "reviews")
    ordered = np.array_split(np.argsort(lengths, kind="stable"), count)

    def plan(epoch: int) -> list[np.ndarray]:
        return ordered if seed is None else by_length([lengths], count, POOL, seed, epoch)

    def read(chosen: np.ndarray) -> Batch:
        mine = chosen[rank::world]
        words = np.full((lengths[mine].max(), len(mine)), padding)
        for column, number in enumerate(mine):
            words[: lengths[number], column] = some.words[number]
        parts = (words, lengths[mine], some.labels[mine])
        return Batch(*map(torch.from_numpy, parts), len(chosen), int(lengths[chosen].sum()))

    return Loader(count, plan, read)


def imdb(unlabelled: bool) -> list[list[Review]]:
    """Reviews to learn from and to be tested on, those of each label by their numbers.

    Raises UserError where the unlabelled ones are asked for, and only the labelled ones are here.
    """
    entry, folder = catalog.entry("imdb"), fetch.fetch("imdb")
    (name,) = fetch.files(entry, folder)
    found: dict[str, list[tuple[str, int, str]]] = {"train": [], "test": []}
    with tarfile.open(folder / name) as archive:
        for member in archive:
            if (match := MEMBER.fullmatch(member.name)) and (unlabelled or match[2] != "unsup"):
                text = archive.extractfile(member).read().decode("utf-8")
                found[match[1]].append((match[2], int(match[3]), text))
    if unlabelled and all(kind != "unsup" for kind, _, _ in found["train"]):
        raise UserError(f"{folder / name}: no unlabelled reviews in it; {entry.by_hand}, or set unlabelled to false")
    return [[(LABELS[kind], text) for kind, _, text in sorted(found[split])] for split in ("train", "test")]


def read_reviews(path: Path) -> list[Review]:
    """The reviews of a file, a line each: label, tab, text. Without a label it is text that pretraining reads.

    Raises UserError for no such file, no review, or with ``path:line`` a line that is not of this form.
    """
    found = []
    for at, line in read_lines(path):
        label, tab, text = line.partition("\t")
        if line.strip() and not tab:
            raise UserError(f"{path}:{at}: no tab; write the label, a tab and the review (no label: a tab first)")
        if tab and not tokenise(text):
            raise UserError(f"{path}:{at}: a review without words; write some behind the tab, or delete the line")
        found += [(label.strip(), text)] if tab else []
    if not found:
        raise UserError(f"{path}:1: no review; write one a line: label, tab, text")
    return found


def own(name: str) -> list[list[Review]]:
    """Those of ``reviews:TRAIN,TEST``. Raises UserError as :func:`read_reviews`, and where labels do not fit."""
    files = [Path(one).expanduser() for one in name.removeprefix("reviews:").split(",")]
    if len(files) != 2:
        raise UserError(f"{name}: name two files, reviews:TRAIN,TEST")
    train, test = map(read_reviews, files)
    known = sorted({label for label, _ in train} - {""})
    if len(known) < 2:
        raise UserError(f"{files[0]}:1: {len(known)} kinds of label; write two at least, to be told apart")
    if strange := {label for label, _ in test}.difference(known):
        raise UserError(f"{files[1]}:1: label {min(strange)!r} is none of {', '.join(known)}, those of {files[0]}")
    return [train, test]


def held_out(reviews: Sequence[Review]) -> tuple[list[Review], list[Review]]:
    """To learn from, and the last of each label. Raises UserError where there are too few to hold some out."""
    kept, held = [], []
    for label in dict.fromkeys(label for label, _ in reviews):
        these = [one for one in reviews if one[0] == label]
        last = len(these) - (round(HELD_OUT * len(these)) if label else 0)
        if label and last == len(these):
            raise UserError(f"{last} reviews labelled {label!r}: too few to hold some out; give at least 4")
        kept, held = kept + these[:last], held + these[last:]
    return kept, held


def load(config: Config) -> Reviews:
    """The reviews of a setting: ``imdb``, ``moods`` (made here), or ``reviews:TRAIN,TEST``, files of your own.

    Raises UserError for an unknown name, a source that cannot be had or read, and more labels than there are.
    """
    if config.corpus == "imdb":
        train, test = imdb(config.unlabelled)
    elif config.corpus == "moods":
        train, test = made_up.generate(MADE, 1), made_up.generate(TESTED, 2)
    elif config.corpus.startswith("reviews:"):
        train, test = own(config.corpus)
    else:
        raise unknown("corpus of reviews", config.corpus, ["imdb", "moods", "reviews:TRAIN,TEST"])
    text, valid = held_out(train)
    labelled = [one for one in text if one[0]]
    if config.labels and config.labels > len(labelled):
        raise UserError(f"labels {config.labels:,}: {config.corpus} has {len(labelled):,} to learn from; ask for less")
    order = np.random.default_rng(0).permutation(len(labelled))[: config.labels]
    splits = {"train": [labelled[number] for number in order], "valid": valid, "test": test, "text": text}
    words = {name: [tokenise(each) for _, each in some] for name, some in splits.items()}
    vocabulary = Vocabulary.build(words["text"], min_count=2, max_size=config.vocabulary)
    labels = tuple(sorted({label for label, _ in labelled}))
    numbers = {label: number for number, label in enumerate(labels)} | {"": -1}
    encoded = {}
    for name, some in splits.items():
        coded = [encode(vocabulary, each, config.length) for each in words[name]]
        encoded[name] = Encoded(coded, np.array([numbers[label] for label, _ in some]))
    return Reviews(vocabulary, labels, encoded, sha256_json([config.vocabulary, config.length, splits]))
