"""What belongs to a word, in every script: letters, digits, and the marks that a letter carries."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

JOINERS = "\u200c\u200d"  # within words of Persian and of the scripts of India
# Thai, Lao, Burmese, Khmer, Japanese, Chinese: no blanks between words
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)


@cache
def marks() -> str:
    """Every mark that a letter can carry, joiners included."""
    return "".join(filter(_is_mark, map(chr, (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)))))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M") or character in JOINERS


def only_letters(text: str) -> str:
    """The text without case and punctuation, one blank between words: what makes two sentences the same."""
    return " ".join("".join(c if c.isalnum() or _is_mark(c) else " " for c in text.casefold()).split())


@cache
def _word() -> re.Pattern:
    run = rf"[^\W_{UNSPACED}](?:[^\W_{UNSPACED}]|[{marks()}])*"
    return re.compile(rf"{run}(?:[-']{run})*|[{UNSPACED}][{marks()}]*")


def is_unspaced(texts: Iterable[str]) -> bool:
    """Whether most of the letters are of a script without blanks between words."""
    letters = [letter for text in texts for letter in text if letter.isalpha()]
    return 2 * len(re.findall(f"[{UNSPACED}]", "".join(letters))) > len(letters)


def composed(text: str) -> str:
    """The text in Unicode's composed form (NFC), so that a letter is the same however it was typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def words(text: str) -> list[str]:
    """The words of running text, punctuation left out; hyphens and apostrophes inside a word stay.

    Of a script without blanks between words each character, with its marks, is one.
    """
    return _word().findall(composed(text).replace("\u2019", "'"))
