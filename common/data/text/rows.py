"""A text as bytes, laid in rows of which each gives its first part to train, the next to validate, the last to test.

That is how char-rnn's loader cuts it (Karpathy 2015): a text of B rows, each of so many blocks of 100; 80 % of the
blocks train, 10 % (rounded down) validate.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from common.data import fetch
from common.data.text import passages
from common.data.text.spans import followed
from common.errors import UserError
from common.text.vocabulary import EOS, UNK, Vocabulary

BLOCK = 100
MADE = 116_000  # characters of the made-up text
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Rows:
    """``rows`` ``[B, N]`` of characters' numbers, the ``ends`` of the three parts of a row, ``symbols``: their bytes.

    ``spans``: what each character lies in ``[B, N]``, see :func:`common.data.text.spans.followed`.
    """

    rows: np.ndarray
    ends: tuple[int, int, int]
    symbols: bytes
    spans: dict[str, np.ndarray]
    fingerprint: str

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The characters, by which a network is known to be this text's; its first two words are none of them."""
        return Vocabulary((EOS, UNK, *(f"{byte:02x}" for byte in self.symbols)), (0, 0, *[1] * len(self.symbols)))

    def part(self, split: str, of: np.ndarray | None = None) -> np.ndarray:
        """The columns ``[B, n]`` of a split, of the characters or of another array ``[B, N]``."""
        place = SPLITS.index(split)
        return (self.rows if of is None else of)[:, (0, *self.ends)[place] : self.ends[place]]


def read(corpus: str) -> bytes:
    """``passages`` (made up), one of the catalogue (fetched when absent), or ``text:PATH``.

    Raises:
        UserError: it cannot be had or read.
    """
    if corpus == "passages":
        return passages.generate(1, MADE)
    if not corpus.startswith("text:"):
        return b"".join(path.read_bytes() for path in sorted(fetch.fetch(corpus).glob("*.txt")))
    path = Path(corpus.removeprefix("text:")).expanduser()
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give the path of a text file") from None


def load(corpus: str, rows: int) -> Rows:
    """The text ``corpus`` in so many rows; what fills no block is left out.

    Raises:
        UserError: it is too short to be cut, or cannot be had.
    """
    text = read(corpus)
    blocks = len(text) // (rows * BLOCK)
    train, held_out = int(0.8 * blocks), int(0.1 * blocks)
    if not held_out:
        raise UserError(
            f"{corpus}: {len(text)} characters in {rows} rows are {blocks} blocks of {BLOCK} each, and 10 are needed; "
            "give a longer text or fewer streams"
        )
    text = text[: rows * blocks * BLOCK]
    symbols = bytes(sorted(set(text)))
    number = np.zeros(256, np.int64)
    number[list(symbols)] = np.arange(len(symbols))
    return Rows(
        number[np.frombuffer(text, np.uint8)].reshape(rows, -1),
        (train * BLOCK, (train + held_out) * BLOCK, blocks * BLOCK),
        symbols,
        {name: values.reshape(rows, -1) for name, values in followed(text).items()},
        hashlib.sha256(b"%d rows of " % rows + text).hexdigest(),
    )
