"""The exceptions that are meant for the user: what is wrong, where, and what to do."""

import difflib
import errno
import re
from collections.abc import Iterable

ADVICE = {
    errno.ENOSPC: "make room and run the same command again",
    errno.EDQUOT: "make room and run the same command again",
    errno.EACCES: "make it yours to write and read, or work in a copy",
    errno.EPERM: "work in a copy of your own",
    errno.EROFS: "work in a copy on a disk that can be written",
    errno.EBUSY: "unmount it, or remove what uses it",
}
TOO_LARGE = re.compile(
    "allocate memory|unable to allocate|out of memory|calculation overflow|multiplication overflow|"
    "overflow when unpacking|array is too big|maximum allowed dimension|too large to convert",
    re.I,
)


class UserError(Exception):
    """Printed by the command line as one message, without a traceback; anything else is a bug."""


class Interrupted(Exception):
    """A training was asked to end, and has saved what it needs to go on."""

    EXIT = 75  # "temporary failure" of sysexits.h: the same command goes on


def explained(error: Exception) -> str | None:
    """What to tell the user of an exception: of a UserError what it says, and of a fault of the machine (files, disk,
    memory, network) what and where it is. None: it is a bug."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        place = f"{error.filename2 or error.filename}: " if error.filename else ""
        advice = ADVICE.get(error.errno, "mend that and run the same command again")
        return f"{place}{error.strerror or error}; {advice}"
    if isinstance(error, MemoryError) or TOO_LARGE.search(str(error)):
        first = str(error).strip().partition("\n")[0] or "no more is there"
        return f"not enough memory ({first}); choose smaller sizes or batches with --set, or a larger machine"
    if type(error).__name__ in ("DistNetworkError", "DistStoreError"):  # of torch.distributed
        return f"the processes of this training do not find each other ({error}); check MASTER_ADDR and MASTER_PORT"
    return None


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
            raise UserError("\n".join([*self.found[: self.SHOWN], *([f"... and {more} more"] if more > 0 else [])]))


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> UserError:
    """An error for a name that is not in ``known``, with the nearest name that is."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
    return UserError(f"{where + ': ' if where else ''}unknown {kind} {name!r}; {hint}")
