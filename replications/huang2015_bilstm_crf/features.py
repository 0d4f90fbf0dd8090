"""What is said of a word besides its vector: its spelling and its context (section 3.2).

Each feature of a word is a text ``template=value``, and every word has as many, so that a sentence's are a rectangle.
Window widths are not printed in the paper; ours reach two words to each side.
"""

import re
from collections.abc import Callable

from common.data.tagged.corpus import Sentence

UNIGRAMS = [(0,), (-2,), (-1,), (1,), (2,)]
BIGRAMS = [(-1, 0), (0, 1)]
COLUMNS = [*UNIGRAMS, (-2, -1), *BIGRAMS, (1, 2), (-2, -1, 0), (-1, 0, 1), (0, 1, 2)]  # of tags that a file brings
SHAPES = ((re.compile("[A-Z]"), "A"), (re.compile("[a-z]"), "a"), (re.compile("[0-9]"), "0"))


def shape(word: str) -> str:
    """D56y-3 is A00a-0."""
    for letters, letter in SHAPES:
        word = letters.sub(letter, word)
    return word


def spelling(word: str) -> list[str]:
    """The paper's list, in its order; true and false are one feature each."""
    letters = re.sub("[^A-Za-z]", "", word)
    found = {
        "lower": word.lower(),
        "first": word[0].isupper(),
        "capitals": word.isupper(),
        "small": word.islower(),
        "inside": any(letter.isupper() for letter in word[1:]),
        "mixed": any(map(str.isalpha, word)) and any(map(str.isdigit, word)),
        "punctuation": not any(map(str.isalnum, word)),
        "possessive": word.endswith("'s"),
        "letters": letters,
        "others": re.sub("[A-Za-z]", "", word),
        "shape": shape(word),
        "short": re.sub(r"(.)\1+", r"\1", shape(word)),
    }
    ends = {
        f"{side}{n}": word[:n] if side == "prefix" else word[-n:] for side in ("prefix", "suffix") for n in (2, 3, 4, 5)
    }
    return [f"{name}={value}" for name, value in (found | ends).items()]


def context(column: tuple[str, ...], at: int, name: str, grams: list[tuple[int, ...]]) -> list[str]:
    """n-grams around a place; outside the sentence stands nothing."""

    def value(offset: int) -> str:
        return column[at + offset] if 0 <= at + offset < len(column) else ""

    return [f"{name}{gram}={'|'.join(map(value, gram))}" for gram in grams]


def described(sentence: Sentence) -> list[list[str]]:
    """All features of each word."""
    words = tuple(word.lower() for word in sentence.words)
    around = [
        (words, "w", [*UNIGRAMS[1:], *BIGRAMS]),
        *((column, f"c{number}", COLUMNS) for number, column in enumerate(sentence.columns)),
    ]
    return [
        [*spelling(word), *(each for column, name, grams in around for each in context(column, at, name, grams))]
        for at, word in enumerate(sentence.words)
    ]


def word_itself(sentence: Sentence) -> list[list[str]]:
    """Nothing but the word: what a CRF reads in the rows without features."""
    return [[f"lower={word.lower()}"] for word in sentence.words]


DESCRIBE: dict[str, Callable] = {"all": described, "words": word_itself}
