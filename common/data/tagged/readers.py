"""Tagged sentences from files: CoNLL columns, ATIS's lines, the trees of the Penn Treebank's sample."""

import re
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from common.data.text.sentences import read_lines
from common.errors import UserError
from common.text.letters import composed

LEAF = re.compile(r"\(([^\s()]+) ([^\s()]+)\)")


class Located(NamedTuple):
    """A sentence as a file has it."""

    words: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]  # each with file:line
    columns: tuple[tuple[str, ...], ...] = ()  # what else stands beside the words, a column after the other
    intent: str = ""


def columns(path: Path) -> Iterator[Located]:
    """Word first, tag last, a line for each word and an empty one between sentences; ``-DOCSTART-`` is none.

    Raises:
        UserError: no such file, not text, no sentence, or a line with another number of columns than the first.
    """
    rows: list[list[str]] = []
    places: list[str] = []
    width, found = 0, False
    for number, line in chain(read_lines(path), [(0, "")]):
        if fields := composed(line).split():
            width = width or len(fields)
            if len(fields) != width or width < 2:
                raise UserError(
                    f"{path}:{number}: {len(fields)} columns instead of {max(width, 2)}; each line has a "
                    "word first and its tag last, and an empty line ends a sentence"
                )
            rows.append(fields)
            places.append(f"{path}:{number}")
            continue
        if rows and rows[0][0] != "-DOCSTART-":
            words, *others, tags = zip(*rows, strict=True)
            found = True
            yield Located(words, tuple(zip(tags, places, strict=True)), tuple(others))
        rows, places = [], []
    if not found:
        raise UserError(f"{path}:1: no sentence; it needs a word and its tag on each line")


def with_intents(path: Path) -> Iterator[Located]:
    """ATIS: ``BOS words EOS``, tab, a tag for BOS and each word, the intent in the place of EOS.

    Raises:
        UserError: as :func:`columns`; another number of words than of tags.
    """
    for number, line in read_lines(path):
        where, parts = f"{path}:{number}", composed(line).split("\t")
        if not line.strip():
            continue
        words, tags = (parts[0].split(), parts[1].split()) if len(parts) == 2 else ([], [])
        if len(words) < 3 or len(words) != len(tags) or (words[0], words[-1]) != ("BOS", "EOS"):
            raise UserError(
                f"{where}: {len(words)} words and {len(tags)} tags; write BOS words EOS, a tab, and as "
                "many tags, the last of them the intent"
            )
        yield Located(tuple(words[1:-1]), tuple((tag, where) for tag in tags[1:-1]), intent=tags[-1])


def trees(path: Path, first: int, last: int) -> Iterator[Located]:
    """Words with their parts of speech from files ``first`` to ``last`` of the treebank; traces are no words.

    Raises:
        UserError: not the archive that NLTK has.
    """
    names = [f"treebank/combined/wsj_{number:04}.mrg" for number in range(first, last + 1)]
    try:
        with zipfile.ZipFile(path) as archive:
            texts = [archive.read(name).decode("ascii") for name in names]
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not NLTK's sample of the treebank ({error}); get it again") from None
    for name, text in zip(names, texts, strict=True):
        for tree in re.split(r"\n(?=\()", text):
            leaves = [(word, tag) for tag, word in LEAF.findall(tree) if tag != "-NONE-"]
            if leaves:
                words, tags = zip(*leaves, strict=True)
                yield Located(words, tuple((tag, f"{path}/{name}") for tag in tags))
