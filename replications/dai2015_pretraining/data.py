"""Reviews as numbers: the labelled ones, those that only pretraining reads, and batches of both."""

import hashlib
import re
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data import catalog, fetch
from common.data.order import Loader, batch_count, by_length
from common.data.text.sentences import read_lines
from common.errors import UserError, unknown
from common.text.letters import composed
from common.text.vocabulary import EOS, Vocabulary
from common.training.provenance import sha256_json
from replications.dai2015_pretraining import made_up
from replications.dai2015_pretraining.config import Config

MEMBER = re.compile(r"aclImdb/(train|test)/(neg|pos|unsup)/(\d+)_\d+\.txt")
BREAK = re.compile(r"<br\s*/?>")
WORD = re.compile(r"\w+(?:'\w+)*|[^\w\s]")
HELD_OUT = 0.15  # of the training reviews of each label, the last ones: for validation
MADE, TESTED = 4000, 1000  # made-up reviews to learn from and to be tested on
POOL = 50  # batches that are sorted by length together
TOGETHER = 100  # reviews of an evaluation at a time
HEARD = 500  # validation reviews by which pretraining chooses its epoch, at most


class Review(NamedTuple):
    label: str  # empty: not known
    text: str


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
    train: Encoded
    valid: Encoded
    test: Encoded
    text: Encoded
    fingerprint: str


def tokenise(text: str) -> list[str]:
    """Words in lower case; punctuation marks are words (section 4.1)."""
    return WORD.findall(BREAK.sub(" ", composed(text)).lower())


def encode(vocabulary: Vocabulary, texts: Iterable[Sequence[str]], length: int) -> list[np.ndarray]:
    """Numbers of the last ``length`` words of each text, and of </s>."""
    return [vocabulary.encode([*words[-length:], EOS]) for words in texts]


def loader(
    reviews: Encoded, padding: int, batch_size: int, seed: int | None = None, rank: int = 0, world: int = 1
) -> Loader:
    """Minibatches of reviews of about one length, in another order in each epoch; without seed in order of length.

    Raises:
        UserError: they are too small for the processes.
    """
    lengths = np.array([len(each) for each in reviews.words])
    count = batch_count(len(lengths), batch_size, world, "reviews")
    ordered = np.array_split(np.argsort(lengths, kind="stable"), count)

    def plan(epoch: int) -> list[np.ndarray]:
        return ordered if seed is None else by_length([lengths], count, POOL, seed, epoch)

    def read(chosen: np.ndarray) -> Batch:
        mine = chosen[rank::world]
        words = np.full((lengths[mine].max(), len(mine)), padding)
        for column, number in enumerate(mine):
            words[: lengths[number], column] = reviews.words[number]
        parts = (words, lengths[mine], reviews.labels[mine])
        return Batch(*map(torch.from_numpy, parts), len(chosen), int(lengths[chosen].sum()))

    return Loader(count, plan, read)


def cut(reviews: Encoded, length: int) -> Encoded:
    """The last ``length`` words of each, and </s>."""
    return reviews._replace(words=[words[-length - 1 :] for words in reviews.words])


def imdb(unlabelled: bool) -> tuple[list[Review], list[Review]]:
    """Reviews to learn from, those of each label by number, and to be tested on.

    Raises:
        UserError: the unlabelled ones are asked for, and only the labelled ones are here.
    """
    entry, folder = catalog.entry("imdb"), fetch.fetch("imdb")
    (path,) = [folder / name for name in fetch.files(entry, folder)]
    found: dict[tuple[str, str], dict[int, str]] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if (match := MEMBER.fullmatch(member.name)) and (unlabelled or match[2] != "unsup"):
                text = archive.extractfile(member).read().decode("utf-8")
                found.setdefault((match[1], match[2]), {})[int(match[3])] = text
    kinds = {"neg": "negative", "pos": "positive"} | ({"unsup": ""} if unlabelled else {})
    if unlabelled and ("train", "unsup") not in found:
        (whole,) = entry.files
        raise UserError(f"{path}: has no unlabelled reviews; {entry.by_hand}: {whole}, or set unlabelled to false")
    train, test = (
        [
            Review(label, text)
            for kind, label in kinds.items()
            for _, text in sorted(found.get((split, kind), {}).items())
        ]
        for split in ("train", "test")
    )
    return train, test


def read_reviews(path: Path) -> list[Review]:
    """The reviews of a file, a line each: label, tab, text. Without a label it is text that pretraining reads.

    Raises:
        UserError: no such file, no review, or with ``path:line`` a line that is not of this form.
    """
    found = []
    for at, line in read_lines(path):
        if not line.strip():
            continue
        label, tab, text = line.partition("\t")
        if not tab:
            raise UserError(f"{path}:{at}: no tab; write the label, a tab and the review (no label: a tab first)")
        if not tokenise(text):
            raise UserError(f"{path}:{at}: a review without words; write some behind the tab, or delete the line")
        found.append(Review(label.strip(), text))
    if not found:
        raise UserError(f"{path}:1: no review; write one a line: label, tab, text")
    return found


def own(name: str) -> tuple[list[Review], list[Review]]:
    """The reviews of ``reviews:TRAIN,TEST``. Raises UserError as :func:`read_reviews`, and where labels do not fit."""
    files = [Path(one).expanduser() for one in name.removeprefix("reviews:").split(",")]
    if len(files) != 2:
        raise UserError(f"{name}: name two files, reviews:TRAIN,TEST")
    train, test = map(read_reviews, files)
    known = sorted({one.label for one in train} - {""})
    if len(known) < 2:
        raise UserError(f"{files[0]}: {len(known)} kinds of label; at least two are needed to tell them apart")
    if strange := next((one for one in test if one.label not in known), None):
        raise UserError(f"{files[1]}: label {strange.label!r} is not one of {', '.join(known)}, which {files[0]} has")
    return train, test


def held_out(reviews: Sequence[Review]) -> tuple[list[Review], list[Review]]:
    """To learn from, and the last of each label. Raises UserError where there are too few to hold some out."""
    kept, held = [], []
    for label in dict.fromkeys(one.label for one in reviews):
        these = [one for one in reviews if one.label == label]
        last = round(HELD_OUT * len(these)) if label else 0
        if label and not last:
            raise UserError(f"{len(these)} reviews labelled {label!r}: too few to hold some out; give at least 4")
        kept += these[: len(these) - last]
        held += these[len(these) - last :]
    return kept, held


def load(config: Config) -> Reviews:
    """The reviews of a setting: ``imdb``, ``moods`` (made here), or ``reviews:TRAIN,TEST``, files of your own.

    Raises:
        UserError: an unknown name, a source that cannot be had or read, or more labels asked for than there are.
    """
    if config.corpus == "imdb":
        train, test = imdb(config.unlabelled)
    elif config.corpus == "moods":
        train, test = ([Review(*one) for one in made_up.generate(*how)] for how in ((MADE, 1), (TESTED, 2)))
    elif config.corpus.startswith("reviews:"):
        train, test = own(config.corpus)
    else:
        raise unknown("corpus of reviews", config.corpus, ["imdb", "moods", "reviews:TRAIN,TEST"])
    text, valid = held_out(train)
    labelled = [one for one in text if one.label]
    if config.labels and config.labels > len(labelled):
        raise UserError(f"labels {config.labels:,}: {config.corpus} has {len(labelled):,} to learn from; ask for less")
    order = np.random.default_rng(0).permutation(len(labelled))[: config.labels]
    splits = {"train": [labelled[number] for number in order], "valid": valid, "test": test, "text": text}
    words = {name: [tokenise(one.text) for one in some] for name, some in splits.items()}
    vocabulary = Vocabulary.build(words["text"], min_count=2, max_size=config.vocabulary)
    labels = tuple(sorted({one.label for one in labelled}))
    numbers = {label: number for number, label in enumerate(labels)} | {"": -1}
    known = {key: getattr(config, key) for key in ("labels", "unlabelled", "vocabulary", "length")}
    fingerprint = sha256_json(known | {"reviews": hashlib.sha256(repr((train, test)).encode()).hexdigest()})
    encoded = {
        name: Encoded(encode(vocabulary, words[name], config.length), np.array([numbers[one.label] for one in some]))
        for name, some in splits.items()
    }
    return Reviews(vocabulary, labels, **encoded, fingerprint=fingerprint)
