"""Moses' tokenisation of running text, which the translation papers use: "l'homme." is "l' homme ."."""

from functools import cached_property


class Moses:
    """Tokenises and joins one language's text; ``language`` is a two-letter code (abbreviations, apostrophes)."""

    def __init__(self, language: str):
        self.language = language

    @cached_property
    def _tokeniser(self):
        import sacremoses  # reads tables that only raw text needs

        return sacremoses.MosesTokenizer(lang=self.language)

    @cached_property
    def _detokeniser(self):
        import sacremoses

        return sacremoses.MosesDetokenizer(lang=self.language)

    def tokenise(self, text: str) -> list[str]:
        """Tokens of a sentence, cased, nothing escaped."""
        return self._tokeniser.tokenize(text, escape=False)

    def detokenise(self, tokens: list[str]) -> str:
        """Running text again, as sacrebleu wants it."""
        return self._detokeniser.detokenize(tokens, unescape=False)


class Blanks:
    """Text whose tokens stand between blanks already."""

    def tokenise(self, text: str) -> list[str]:
        return text.split()

    def detokenise(self, tokens: list[str]) -> str:
        return " ".join(tokens)
