"""Functions and classes in a file's text, found by their names: what exercises blank out and annotated pages show."""

import ast
from pathlib import Path

from common.errors import unknown

Definition = ast.FunctionDef | ast.ClassDef


def definitions(text: str) -> dict[str, Definition]:
    """Every class and function of a file, and every method as ``Class.method``, in their order."""
    found: dict[str, Definition] = {}
    for node in ast.parse(text).body:
        if isinstance(node, Definition):
            found[node.name] = node
            inner = node.body if isinstance(node, ast.ClassDef) else ()
            found |= {f"{node.name}.{one.name}": one for one in inner if isinstance(one, ast.FunctionDef)}
    return found


def definition(path: Path, text: str, name: str) -> Definition:
    """The one called ``name``. Raises: UserError, with the nearest name, where the file has none."""
    found = definitions(text)
    if name not in found:
        raise unknown("function", name, found, str(path))
    return found[name]


def docstring(path: Path, text: str, name: str) -> str:
    """Of the definition called ``name``, or of its class where it has none."""
    found = (ast.get_docstring(definition(path, text, one)) for one in (name, name.partition(".")[0]))
    return next(filter(None, found), "")


def first_line(node: Definition) -> int:
    """Of its decorators, where it has some."""
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def body(node: Definition) -> tuple[int, int]:
    """The first and the last line behind the docstring, counted from 1."""
    first = node.body[1 if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1 else 0]
    start = first.lineno if not isinstance(first, Definition) else first_line(first)
    return start, node.end_lineno


def shown(text: str, start: int, end: int) -> str:
    """Lines ``start`` to ``end`` of a text, as they stand."""
    return "".join(text.splitlines(keepends=True)[start - 1 : end])
