"""Compilation of inner loops by numba, and where the machine code is kept.

numba's own cache of a function does not notice when a function that it calls, in another file, has changed. So the
cache lies in a folder named by the content of all files next to the function, and of all that is compiled in
``common``.
"""

import hashlib
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
    numba.config.CACHE_DIR = str(paths.BUILD / "numba" / _content(Path(function.__code__.co_filename).parent))
    return numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")(function)


@cache
def _content(folder: Path) -> str:
    own = {path: path.read_bytes() for path in folder.rglob("*.py")}
    shared = {path: path.read_bytes() for path in Path(__file__).parent.rglob("*.py")}
    sources = own | {path: text for path, text in shared.items() if b"import compiled" in text}
    return hashlib.sha256(b"\0".join(sources[path] for path in sorted(sources))).hexdigest()[:12]
