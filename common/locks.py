"""Locks that the system drops with the process, however that ends."""

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, *, wait: bool = True, shared: bool = False) -> Iterator[None]:
    """Holds the lock file ``path``, alone or ``shared`` with others who do. A disk that knows no locks is trusted.

    Raises:
        BlockingIOError: another process holds it, and there is no ``wait``.
    """
    with open(path, "w") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise BlockingIOError(errno.EWOULDBLOCK, "in use by another process", str(path)) from None
        yield
