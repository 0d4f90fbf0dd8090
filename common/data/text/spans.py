"""What the characters of a text lie in: quotes, a place in the line, brackets."""

import numpy as np

SPANS = ("quote", "column", "bracket")
BLANK = b"\r\n"  # what an empty line has


def followed(text: bytes) -> dict[str, np.ndarray]:
    """After each character ``[N]``: are quotes open, its place in the line, how many brackets are open.

    Quotes and brackets that are not closed end with an empty line, as paragraphs do.
    """
    found = {name: np.zeros(len(text), np.float32) for name in SPANS}
    quoted, column, depth, empty = False, 0, 0, True
    for place, byte in enumerate(text):
        column += 1
        if byte == ord('"'):
            quoted = not quoted
        elif byte in b"()":
            depth = max(depth + (1 if byte == ord("(") else -1), 0)
        elif byte == ord("\n"):
            quoted, depth = (False, 0) if empty else (quoted, depth)
            column = 0
        empty = byte == ord("\n") or empty and byte in BLANK
        for name, value in zip(SPANS, (quoted, column, depth), strict=True):
            found[name][place] = value
    return found
