"""Compilation of inner loops by numba, and where the machine code is kept.

numba's own cache of a function does not notice when a function that it calls, in another file, has changed. So the
cache lies in a folder named by the content of all files next to the function, and of all that is compiled in
``common``.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType

import numba

from common import paths


def compiled(function: Callable, **names: object) -> Callable:
    """The function as machine code that runs without the interpreter's lock.

    Sums may be reordered ("fastmath"), so that they run in parallel within a core; results stay deterministic.

    Args:
        names: what global names of the function stand for in this compilation. (numba keeps no machine code of a
            function that is handed others.) Compilations of one function must differ in the types of its arguments.
    """
    if names:
        function = FunctionType(function.__code__, function.__globals__ | names)
    folder = paths.BUILD / "numba" / _content(Path(function.__code__.co_filename).parent)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = os.access(folder, os.W_OK)
    except OSError:  # somebody else's checkout: compiled anew in each process
        kept = False
    numba.config.CACHE_DIR = str(folder)
    return numba.njit(nogil=True, cache=kept, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")(function)


@cache
def _content(folder: Path) -> str:
    own = {path: path.read_bytes() for path in folder.rglob("*.py")}
    shared = {path: path.read_bytes() for path in Path(__file__).parent.rglob("*.py")}
    sources = own | {path: text for path, text in shared.items() if b"import compiled" in text}
    return hashlib.sha256(b"\0".join(sources[path] for path in sorted(sources))).hexdigest()[:12]
