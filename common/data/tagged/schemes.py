"""How tags mark spans: recognised, and turned into IOB2 (``B-X`` begins a span of type X, ``I-X`` continues it)."""

import re
import sys
from collections.abc import Sequence

from common.errors import UserError

SPAN = re.compile(r"[BIES]-.+")
Located = tuple[str, str]  # a tag, and file:line where it stands


def recognised(sentences: Sequence[Sequence[Located]]) -> str:
    """``IOB1`` (B only between spans of one type), ``IOB2``, ``IOBES`` (E ends a span, S is one), or ``none``.

    Raises:
        UserError: some tags mark spans, but not all.
    """
    located = {tag: where for sentence in sentences for tag, where in sentence}
    others = [tag for tag in located if tag != "O" and not SPAN.fullmatch(tag)]
    if others and len(others) == len(located):
        return "none"
    if others:
        raise UserError(
            f"{located[others[0]]}: the tag {others[0]!r} beside others that mark spans; write IOB1, IOB2 "
            "or IOBES (O, B-X, I-X, E-X, S-X)"
        )
    if any(tag[0] in "ES" for tag in located):
        return "IOBES"
    for sentence in sentences:
        tags = [tag for tag, _ in sentence]
        if any(tag[0] == "I" and before[1:] != tag[1:] for before, tag in zip(["O", *tags], tags, strict=False)):
            return "IOB1"
    return "IOB2"


def to_iob2(tags: Sequence[str]) -> tuple[str, ...]:
    """Tags of any of the schemes with the same spans in IOB2: an ``I-X`` that continues nothing begins a span."""
    found: list[str] = []
    before = "O"
    for tag in tags:
        begins = tag[0] in "BS" or tag != "O" and (before[1:] != tag[1:] or before[0] in "ES")
        found.append("B" + tag[1:] if begins else tag if tag == "O" else "I" + tag[1:])
        before = tag
    return tuple(found)


def unified(sentences: Sequence[Sequence[Located]], name: str) -> tuple[list[tuple[str, ...]], bool]:
    """The tags of all sentences in IOB2, which is said where they were not, and whether they mark spans at all."""
    scheme = recognised(sentences)
    plain = [tuple(tag for tag, _ in sentence) for sentence in sentences]
    if scheme in ("none", "IOB2"):
        return plain, scheme == "IOB2"
    print(f"{name}: tags in {scheme} are read as IOB2", file=sys.stderr)
    return [to_iob2(tags) for tags in plain], True
