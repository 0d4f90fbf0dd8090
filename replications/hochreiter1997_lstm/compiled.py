"""Compilation of the learners' inner loops by numba, and where the machine code is kept.

numba's own cache of a function does not notice when a function that it calls, in another file, has changed. So the
cache lies in a folder named by the content of all files of this package.
"""

import hashlib
from pathlib import Path

import numba

from common import paths

_SOURCES = sorted(Path(__file__).parent.rglob("*.py"))
_KEY = hashlib.sha256(b"\0".join(path.read_bytes() for path in _SOURCES)).hexdigest()[:12]
numba.config.CACHE_DIR = str(paths.BUILD / "numba" / _KEY)

# "fastmath" lets sums be reordered, so that they run in parallel within a core; results stay deterministic.
compiled = numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
