"""Letters whose order has structure: consonants that ask for vowels, and words without gaps (Elman 1990)."""

import string

import numpy as np

SYLLABLES = ("ba", "dii", "guuu")
FEATURES = ("Consonant", "Vowel", "Interrupted", "High", "Back", "Voiced")
FEATURES_OF = {"b": "101001", "d": "101101", "g": "101011", "a": "010011", "i": "010101", "u": "010111"}
BITS_OF = {letter: f"{number:05b}" for number, letter in enumerate(string.ascii_lowercase, 1)}  # b is 00010
# The first fourteen are in the article's figure; "home" is ours, for its fifteenth.
LEXICON = tuple("many years ago a boy and girl lived by the sea they played happily home".split())
LENGTHS = (4, 9)  # words of a sentence, the shortest and the longest


def syllables(count: int, draw: np.random.Generator) -> list[str]:
    """``count`` consonants at random, each with the vowels that it takes."""
    return [SYLLABLES[number] for number in draw.integers(len(SYLLABLES), size=count)]


def words(sentences: int, draw: np.random.Generator) -> list[str]:
    """The words of ``sentences`` sentences, each of four to nine words at random."""
    count = draw.integers(LENGTHS[0], LENGTHS[1] + 1, size=sentences).sum()
    return [LEXICON[number] for number in draw.integers(len(LEXICON), size=count)]
