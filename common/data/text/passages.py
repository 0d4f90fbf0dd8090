"""A text of characters with something to remember for each kind of cell: quotes, brackets, lines of fixed length.

Words are drawn at random. Within quotes nearly all are others than without, within brackets they are numbers, and
brackets may stand in brackets; a line ends after ``LINE`` characters, wherever that is.
"""

import random
from collections.abc import Iterator

LINE = 16  # characters, its end not counted
PLAIN = "the man sat and ate a red plum he ran far".split()
SPOKEN = "o my dear we go now is it so yes".split()
DIGITS = "12 7 305 48 96".split()
OPEN_QUOTE, CLOSE_QUOTE = 0.08, 0.25  # chances after a word
OPEN_BRACKET, CLOSE_BRACKET = 0.12, 0.3
DEPTH = 2  # of brackets


def words(draw: random.Random) -> Iterator[str]:
    """Words and marks without end, each with what divides it from the next."""
    quoted, depth = False, 0
    while True:
        if depth:
            yield draw.choice(DIGITS)
            while depth and draw.random() < CLOSE_BRACKET:
                depth -= 1
                yield ")"
        else:
            yield draw.choice(SPOKEN if quoted and draw.random() < 0.9 else PLAIN)
        yield " "
        chance = draw.random()
        if not depth and chance < (CLOSE_QUOTE if quoted else OPEN_QUOTE):
            quoted = not quoted
            yield '" '
        elif depth < DEPTH and chance > 1 - OPEN_BRACKET:
            depth += 1
            yield "("


def generate(seed: int, size: int) -> bytes:
    """``size`` characters of it, ends of lines counted; the same seed gives the same text on every machine."""
    source, text = words(random.Random(seed)), ""
    while len(text) < size:
        text += next(source)
    lines = [text[start : start + LINE] for start in range(0, len(text), LINE)]
    return "\n".join(lines).encode()[:size]
