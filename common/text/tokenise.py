"""From a line of text to its tokens. Subword units would be one more entry of ``TOKENISERS``."""

from collections.abc import Callable


def words(line: str) -> list[str]:
    """The words between the blanks: Penn Treebank text is already tokenised, and so should yours be."""
    return line.split()


def characters(line: str) -> list[str]:
    """One token per character; a run of blanks is one ``_``, as in the character-level Penn Treebank."""
    return list("_".join(line.split()))


TOKENISERS: dict[str, Callable[[str], list[str]]] = {"words": words, "characters": characters}
