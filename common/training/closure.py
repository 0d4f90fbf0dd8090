"""Which project files a program is made of: its import closure, read from the source without running it."""

import ast
import hashlib
from functools import cache
from pathlib import Path

from common import paths

PACKAGES = ("common", "replications")


def _file(module: str) -> Path | None:
    base = paths.ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _imports(path: Path) -> frozenset[str]:
    """Project modules that a file imports anywhere, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(name for name in names if name.split(".")[0] in PACKAGES)


def import_closure(module: str) -> list[Path]:
    """Files of the project that ``module`` needs, itself included, sorted; empty ``__init__`` files are left out."""
    found: set[Path] = set()
    queue = [module]
    while queue:
        path = _file(queue.pop())
        if path is not None and path not in found:
            found.add(path)
            queue.extend(_imports(path))
    return sorted(path for path in found if path.stat().st_size)


def code_fingerprint(module: str) -> str:
    """SHA-256 over the names and contents of the module's import closure."""
    digest = hashlib.sha256()
    for path in import_closure(module):
        digest.update(path.relative_to(paths.ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
