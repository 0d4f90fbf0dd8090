"""Reading a text file, one sentence per line, and saying precisely what is wrong with it."""

import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from common.errors import UserError
from common.text.letters import composed
from common.text.tokenise import words
from common.text.vocabulary import EOS

MAX_CHARACTERS = 1_000_000
MAX_TOKENS = 100_000


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of each line of a UTF-8 file, without its end; of a packed one if it ends in ``.gz``.

    Lines end with LF or CRLF, or with CR in a file that has no LF; nothing else that Unicode knows ends a line. A
    byte-order mark is left out.
    Raises UserError, with ``path:line``, for a missing, non-UTF-8 or binary file and an endless line.
    """
    path = Path(path)
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as content:
            end = _line_end(content)
            content.seek(0)
            # surrogateescape lets a bad byte through, to be reported with the number of its line
            file = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline=end)
            number = 0
            while line := file.readline(MAX_CHARACTERS + 1):
                number += 1
                yield number, _checked(line.removesuffix(end).removesuffix("\r"), f"{path}:{number}")
    except EOFError:
        raise UserError(f"{path}: the packed file breaks off; get it again") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}); give the path of a text file") from None


def _line_end(content: BinaryIO) -> str:
    """CR where that occurs and LF does not; otherwise LF."""
    carriage_return = False
    while part := content.read(MAX_CHARACTERS):
        carriage_return |= b"\r" in part
        if b"\n" in part or not carriage_return:  # the first line, if it goes on, is too long
            return "\n"
    return "\r"


def read_sentences(path: Path, tokenise: Callable[[str], list[str]] = words) -> Iterator[list[str]]:
    """Yield the tokens of each line of a file, composed (NFC), without an end-of-sentence token; no blank lines.

    Raises UserError, with ``path:line``, as :func:`read_lines`, and for an empty file and a line of too many tokens.
    """
    found = False
    for number, line in read_lines(path):
        sentence = tokenise(composed(line))
        if len(sentence) > MAX_TOKENS:
            raise _too_long(f"{path}:{number}")
        if EOS in sentence:
            raise UserError(
                f"{path}:{number}: contains {EOS}, which is added at every line end; remove it from the text"
            )
        if sentence:
            found = True
            yield sentence
    if not found:
        raise UserError(f"{path}:1: the file is empty; it needs text, one sentence per line")


def _checked(line: str, where: str) -> str:
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
    if len(line) > MAX_CHARACTERS:
        raise _too_long(where)
    return line


def _too_long(where: str) -> UserError:
    return UserError(
        f"{where}: a line of more than {MAX_CHARACTERS:,} characters or {MAX_TOKENS:,} tokens; "
        "put one sentence on each line"
    )
