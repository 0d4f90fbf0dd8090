"""Lines of code that pages quote: ``[`code`](path#L12)`` leads to the one line of the file that has the code."""

import re
from collections.abc import Iterator
from pathlib import Path

from common.errors import UserError

QUOTE = re.compile(r"\[`([^`]+)`\]\(([^)#\s]+)#L\d+\)")


def line_of(path: Path, code: str) -> int:
    """The number of the one line that ends with ``code``, or else has it. Raises: ValueError: none, or several."""
    lines = list(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    found = [number for number, line in lines if line.endswith(code)]
    found = found or [number for number, line in lines if code in line]
    if len(found) != 1:
        raise ValueError(f"{len(found)} lines of {path.name} have {code!r}; quote one line, as it stands")
    return found[0]


def numbered(page: Path) -> str:
    """The text of a page with the numbers of its quoted lines as they are now.

    Raises:
        UserError: a quoted line that the file does not have, or has more than once; with the page's own line.
    """

    def fresh(match: re.Match) -> str:
        code, target = match.groups()
        try:
            return f"[`{code}`]({target}#L{line_of(page.parent / target, code)})"
        except (OSError, ValueError) as error:
            line = text.count("\n", 0, match.start()) + 1
            raise UserError(f"{page}:{line}: {error}") from None

    text = page.read_text(encoding="utf-8")
    return QUOTE.sub(fresh, text)


def renumber(folder: Path) -> Iterator[Path]:
    """Brings the line numbers of all pages of a folder up to date; the pages that changed."""
    for page in sorted(folder.glob("*.md")):
        if (text := numbered(page)) != page.read_text(encoding="utf-8"):
            page.write_text(text, encoding="utf-8")
            yield page
