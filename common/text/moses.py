"""Moses' tokenisation of running text, which the translation papers use: "l'homme." is "l' homme ."."""

import re
from functools import cached_property

from common.text.letters import composed, marks

APOSTROPHES = re.compile("['\u2019]")


class Moses:
    """Tokenises and joins one language's text; ``language`` is a two-letter code (abbreviations, apostrophes).

    Beyond Moses: a letter keeps its marks in every script, and a typographic apostrophe is one.
    """

    def __init__(self, language: str):
        self.language = language

    @cached_property
    def _tokeniser(self):
        import sacremoses  # reads tables that only raw text needs

        tokeniser = sacremoses.MosesTokenizer(lang=self.language)
        pattern, padded = tokeniser.PAD_NOT_ISALNUM
        tokeniser.PAD_NOT_ISALNUM = re.compile(pattern.pattern.replace("[^", "[^" + marks(), 1)), padded
        return tokeniser

    @cached_property
    def _detokeniser(self):
        import sacremoses

        return sacremoses.MosesDetokenizer(lang=self.language)

    def tokenise(self, text: str) -> list[str]:
        """Tokens of a sentence, cased, composed (NFC), nothing escaped."""
        text = composed(text)
        tokens = self._tokeniser.tokenize(text.replace("\u2019", "'"), escape=False)
        return _with_apostrophes_of(text, " ".join(tokens)).split()

    def detokenise(self, tokens: list[str]) -> str:
        """Running text again, as sacrebleu wants it."""
        text = " ".join(tokens)
        return _with_apostrophes_of(
            text, self._detokeniser.detokenize(text.replace("\u2019", "'").split(), unescape=False)
        )


class Blanks:
    """Text whose tokens stand between blanks already."""

    def tokenise(self, text: str) -> list[str]:
        return composed(text).split()

    def detokenise(self, tokens: list[str]) -> str:
        return " ".join(tokens)


def _with_apostrophes_of(text: str, changed: str) -> str:
    """``changed`` with the apostrophes, straight or curved, that ``text`` has in their order."""
    if "\u2019" not in text:
        return changed
    found = iter(APOSTROPHES.findall(text))
    return APOSTROPHES.sub(lambda match: next(found, match[0]), changed)
