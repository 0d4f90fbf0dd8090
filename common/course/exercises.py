"""Exercises: a function of the source without its body; what is written in its place stands the suite's own tests.

``replications/<paper>/exercises.yaml`` lists a paper's: the function, and for each test that it has to stand the
property that the test is about, in words. The learner's copy of the file lies in ``exercises/<paper>/<number>/``.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from common import config, paths
from common.course import source
from common.errors import UserError

BLANK = 'raise NotImplementedError("exercise {number} of {paper}: yours to write")'


class Entry(BaseModel):
    """As it stands in ``exercises.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    function: str = Field(pattern=r"^[\w/]+\.py::\w+(\.\w+)?$")  # file::name, or file::Class.method
    tests: dict[str, str] = Field(min_length=1)  # file::test -> the property that it is about


class Exercise(NamedTuple):
    paper: str
    number: int  # from 1
    entry: Entry

    @property
    def name(self) -> str:
        return self.entry.function.partition("::")[2]

    @property
    def path(self) -> Path:
        """The real source."""
        return paths.ROOT / self.entry.function.partition("::")[0]

    @property
    def module(self) -> str:
        return self.entry.function.partition(".py::")[0].replace("/", ".")

    @property
    def copy(self) -> Path:
        """The learner's."""
        return paths.HOME / "exercises" / self.paper / str(self.number) / self.path.name

    @property
    def title(self) -> str:
        return f"exercise {self.number} of {self.paper}: {self.name} of {self.path.relative_to(paths.ROOT)}"

    @property
    def says(self) -> str:
        """What the function's docstring begins with."""
        text = self.path.read_text(encoding="utf-8")
        return " ".join(source.docstring(self.path, text, self.name).partition("\n\n")[0].split())


class Property(NamedTuple):
    says: str
    fault: str | None  # where and why the first of its tests failed; None: it holds


def of(paper: str) -> list[Exercise]:
    """A paper's exercises; a paper may have none.

    Raises:
        UserError: an unknown paper, or a file that is not a list of exercises.
    """
    path = paths.REPLICATIONS / config.require_paper(paper) / "exercises.yaml"
    if not path.exists():
        return []
    try:
        entries = TypeAdapter(list[Entry]).validate_python(config.read_yaml(path))
    except ValidationError as error:
        number, *inner = error.errors()[0]["loc"] or ("",)
        raise UserError(f"{path}: entry {number} {'.'.join(map(str, inner))}: {error.errors()[0]['msg']}") from None
    return [Exercise(paper, number, entry) for number, entry in enumerate(entries, 1)]


def exercise(paper: str, number: int) -> Exercise:
    """One of a paper's. Raises: UserError where the paper has fewer."""
    found = of(paper)
    if not 1 <= number <= len(found):
        have = f"it has 1 to {len(found)}" if found else "it has none"
        raise UserError(f"{paper}: no exercise {number}; {have}, see: replicate exercise list")
    return found[number - 1]


def blank(one: Exercise) -> str:
    """The source, with everything behind the function's docstring gone."""
    text = one.path.read_text(encoding="utf-8")
    start, end = source.body(source.definition(one.path, text, one.name))
    lines = text.splitlines(keepends=True)
    indent = lines[start - 1][: len(lines[start - 1]) - len(lines[start - 1].lstrip())]
    return "".join([*lines[: start - 1], indent + BLANK.format(**one._asdict()) + "\n", *lines[end:]])


def solution(one: Exercise) -> tuple[int, str]:
    """The real function and the line where it begins."""
    text = one.path.read_text(encoding="utf-8")
    node = source.definition(one.path, text, one.name)
    start = source.first_line(node)
    return start, source.shown(text, start, node.end_lineno)


def start(one: Exercise, again: bool = False) -> Path:
    """Writes the file with the blank; returns its path.

    Raises:
        UserError: there is one already, and it is not to be begun ``again``.
    """
    if one.copy.exists() and not again:
        raise UserError(f"{one.copy}: begun already, and kept; go on with it, or lose it and begin anew with --again")
    text = blank(one)
    one.copy.parent.mkdir(parents=True, exist_ok=True)
    one.copy.write_text(text, encoding="utf-8")
    return one.copy


def check(one: Exercise, context: BaseContext | None = None) -> list[Property]:
    """Which properties hold of the learner's function, in a process of its own.

    Raises:
        UserError: nothing was begun, what was written is no Python or lacks the function, or it ends the process.
    """
    try:
        text = one.copy.read_text(encoding="utf-8")
        source.definition(one.copy, text, one.name)
    except FileNotFoundError:
        raise UserError(f"{one.copy}: not begun; replicate exercise start {one.paper} {one.number}") from None
    except UnicodeDecodeError:
        raise UserError(f"{one.copy}: not UTF-8; save it as UTF-8") from None
    except SyntaxError as error:
        raise UserError(f"{one.copy}:{error.lineno}: {error.msg}; mend it and check again") from None
    from common.course.checker import run_on

    with ProcessPoolExecutor(1, context or multiprocessing.get_context("spawn")) as pool:
        try:
            faults = pool.submit(run_on, one.module, one.copy, list(one.entry.tests)).result()
        except BrokenProcessPool:
            raise UserError(f"{one.copy}: it ended the process that checked it; look for a call that exits") from None
    return [Property(says, faults[test]) for test, says in one.entry.tests.items()]
