"""The exceptions that are meant for the user: what is wrong, where, and what to do."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Printed by the command line as one message, without a traceback; anything else is a bug."""


class Interrupted(Exception):
    """A training was asked to end, and has saved what it needs to go on."""

    EXIT = 75  # "temporary failure" of sysexits.h: the same command goes on


class Faults:
    """What is wrong in several places, said at once: ``with faults:`` around each, then :meth:`require_none`."""

    SHOWN = 20

    def __init__(self) -> None:
        self.found: list[str] = []

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, UserError):
            self.found.append(str(error))
        return isinstance(error, UserError)

    def require_none(self) -> None:
        more = len(self.found) - self.SHOWN
        if self.found:
            raise UserError("\n".join([*self.found[:self.SHOWN], *([f"... and {more} more"] if more > 0 else [])]))


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> UserError:
    """An error for a name that is not in ``known``, with the nearest name that is."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
    return UserError(f"{where + ': ' if where else ''}unknown {kind} {name!r}; {hint}")
