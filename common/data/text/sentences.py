"""Reading a text file, one sentence per line, and saying precisely what is wrong with it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from common.errors import UserError
from common.text.tokenise import words
from common.text.vocabulary import EOS

MAX_CHARACTERS = 1_000_000
MAX_TOKENS = 100_000


def read_sentences(path: Path, tokenise: Callable[[str], list[str]] = words) -> Iterator[list[str]]:
    """Yield the tokens of each line of a UTF-8 file, without an end-of-sentence token.

    A byte-order mark and any of the three line ends (LF, CRLF, CR) are accepted; blank lines are skipped.
    Raises UserError, with ``path:line``, for a missing, empty, non-UTF-8 or binary file and an endless line.
    """
    path = Path(path)
    found = False
    try:
        # surrogateescape lets a bad byte through, to be reported with the number of its line
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            number = 0
            while line := file.readline(MAX_CHARACTERS + 1):
                number += 1
                sentence = _checked(line, f"{path}:{number}", tokenise)
                if sentence:
                    found = True
                    yield sentence
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give the path of a text file") from None
    if not found:
        raise UserError(f"{path}:1: the file is empty; it needs text, one sentence per line")


def _checked(line: str, where: str, tokenise: Callable[[str], list[str]]) -> list[str]:
    try:
        line.encode()
    except UnicodeEncodeError as error:
        byte = ord(line[error.start]) - 0xDC00
        raise UserError(
            f"{where}: not UTF-8 (byte 0x{byte:02x}); convert the file, "
            "for example with: iconv -f latin1 -t utf-8 OLD > NEW"
        ) from None
    if "\0" in line:
        raise UserError(f"{where}: a NUL byte, so this is not plain text; give a UTF-8 text file")
    sentence = tokenise(line)
    if len(line) > MAX_CHARACTERS or len(sentence) > MAX_TOKENS:
        raise UserError(
            f"{where}: a line of more than {MAX_CHARACTERS:,} characters or {MAX_TOKENS:,} tokens; "
            "put one sentence on each line"
        )
    if EOS in sentence:
        raise UserError(f"{where}: contains {EOS}, which is added at every line end; remove it from the text")
    return sentence
