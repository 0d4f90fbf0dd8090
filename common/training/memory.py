"""Memory of the process."""

import ctypes
import platform
import resource

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # names in malloc.h of the GNU C library


def keep_freed_memory() -> None:
    """Keep freed memory for the next step instead of giving it back to the system.

    The GNU C library maps every block above 32 MiB, and at first above 128 KiB, afresh and unmaps it when freed; a
    training step that allocates the same few arrays of a few MB then pays for a page fault on every page, every time.
    Does nothing elsewhere.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            libc.mallopt(option, 1 << 30)


def peak_memory_mb() -> float:
    """Largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
