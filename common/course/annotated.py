"""Annotated pages: the equations of a paper's README beside the lines of code that implement them.

Nothing is written for them. A row of the README's table of code names definitions, files or lines; a definition brings
its docstring with its shapes, its lines, and the properties that its exercise asks for, with the tests worked by hand.
"""

import ast
import html
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from common import config, paths
from common.course import exercises, source
from common.errors import UserError
from common.reporting.evidence.published import load_paper
from common.reporting.pages.render import environment

FOLDER = paths.ROOT / "docs" / "annotated"
TEMPLATES = Path(__file__).parent / "templates"
TABLE = re.compile(r"^\| what \|(.*)\|\n\|[-| :]+\|\n((?:\|.*\n)+)", re.M)
BLOCK = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.M)  # indented: equations
PART = re.compile(r"\[`?([^\]`]+)`?\]\(([^)]+)\)|`([^`]+)`")  # a link, or code
BY_HAND = re.compile(r"by_hand|worked|four_frames|slides_example")


@dataclass(frozen=True)
class Shown:
    """A definition, or a whole file, with what stands beside it."""

    path: Path
    name: str  # "": the file
    start: int
    end: int
    says: str  # docstring
    code: str  # without it
    quoted: str = ""  # a line of it
    asked: list[exercises.Exercise] = field(default_factory=list)  # that ask for it, or for a method of it

    @property
    def place(self) -> str:
        return self.path.relative_to(paths.ROOT).as_posix()

    @property
    def link(self) -> str:
        return f"../../{self.place}#L{self.start}"

    @property
    def html(self) -> Markup:
        """The code, with comments and quoted lines told apart."""
        lines = []
        for line, comment in zip(self.code.splitlines(), comments(self.code), strict=True):
            shown = html.escape(line[:comment], quote=False)
            if line[comment:]:
                shown += f"<i>{html.escape(line[comment:], quote=False)}</i>"
            lines.append(f"<mark>{shown}</mark>" if self.quoted and self.quoted in line else shown)
        return Markup("\n".join(lines))

    @property
    def by_hand(self) -> Iterator[tuple[str, str]]:
        """(property, source of its test) of the exercises' tests that are worked by hand."""
        for test, says in (pair for one in self.asked for pair in one.entry.tests.items()):
            file, _, name = test.partition("::")
            if BY_HAND.search(name):
                text = (paths.ROOT / file).read_text(encoding="utf-8")
                node = source.definition(paths.ROOT / file, text, name)
                yield says, source.shown(text, source.first_line(node), node.end_lineno)


@dataclass
class Row:
    """One of the README's table."""

    what: Markup
    paper: Markup
    shown: list[Shown] = field(default_factory=list)


def comments(code: str) -> list[int]:
    """Where the comment of each line begins; its length where there is none."""
    found = [len(line) for line in code.splitlines()]
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0] - 1] = token.start[1]
    except (tokenize.TokenError, IndentationError):  # a part of a file need not be whole
        pass
    return found


def inline(text: str, folder: Path) -> Markup:
    """Markdown of a table's cell; links are from ``folder``."""

    def link(match: re.Match) -> str:
        target = (folder / match[2]).resolve()
        return f'<a href="../../{target.relative_to(paths.ROOT).as_posix()}">{match[1]}</a>'

    text = html.escape(text.strip(), quote=False)
    text = re.sub(r"\[([^\]]+)\]\(((?!https?:)[^)#]+)[^)]*\)", link, text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return Markup(re.sub(r"(?<![\w*])\*([^*\s][^*]*)\*", r"<em>\1</em>", text))


def plain(docstring: str) -> str:
    """Without the marks of reStructuredText; a paragraph is one line, since a column has another width."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"\1", docstring).replace("``", "")
    text = re.sub(r"::$", ":", text, flags=re.M)
    prose = r"^(?=[^\s*|-])(?!.*\S  )"  # neither indented nor in columns
    return re.sub(rf"({prose}.+)\n(?={prose})", r"\1 ", text, flags=re.M)


class Page:
    """What the annotated page of one paper shows."""

    def __init__(self, name: str):
        self.name, self.folder, self.paper = name, paths.REPLICATIONS / name, load_paper(name)
        self.readme = (self.folder / "README.md").read_text(encoding="utf-8")
        asked = [one for paper in config.papers() for one in exercises.of(paper)]
        self.exercises = {(one.path, one.name): one for one in reversed(asked)}
        self.exercises |= {(one.path, one.name): one for one in asked if one.paper == name}
        self.seen: set[tuple[Path, str]] = set()
        tables = list(TABLE.finditer(self.readme))
        if not tables:
            raise UserError(
                f"{self.folder / 'README.md'}: no table '| what | code |', which says where the equations are"
            )
        linked = re.findall(r"\]\(([^)#]+\.py)\)", self.readme)
        self.files = [path for path in dict.fromkeys((self.folder / one).resolve() for one in linked) if path.is_file()]
        self.equations = [
            textwrap.dedent(match[0]).strip("\n") for match in BLOCK.finditer(self.readme[: tables[-1].start()])
        ]
        model = ast.parse((self.folder / "model.py").read_text(encoding="utf-8"))
        self.model = plain(ast.get_docstring(model) or "")
        self.rows = [row for table in tables for row in self._rows(table)]
        self._rest([one for one in asked if one.paper == name and (one.path, one.name) not in self.seen])

    def _rows(self, table: re.Match) -> Iterator[Row]:
        heads = [head.strip() for head in table[1].split("|")]
        for line in table[2].splitlines():
            what, *cells = re.split(r" \|(?= )", line.strip("|"))
            if len(cells) != len(heads):
                where = f"{self.folder / 'README.md'}: '{what.strip()}'"
                raise UserError(f"{where} has {len(cells) + 1} cells, its table {len(heads) + 1}")
            row = Row(inline(what, self.folder), Markup(""))
            for head, cell in zip(heads, cells, strict=True):
                if head == "paper":
                    row.paper = inline(cell, self.folder)
                else:
                    row.shown += self._named(cell, head)
            if row.shown:
                yield row

    def _named(self, cell: str, head: str) -> Iterator[Shown]:
        """What a cell names: ``name`` in a link, a link alone, a name alone, or a line of code."""
        column = [path for path in self.files if f"`{path.name}`" in head or f"{path.parent.name}/{path.name}`" in head]
        names: list[str] = []
        for match in PART.finditer(cell):
            if match[3]:
                names.append(match[3])
                continue
            path = (self.folder / match[2]).resolve()
            if path.suffix == ".py":
                known = source.definitions(path.read_text(encoding="utf-8"))
                for name in filter(known.__contains__, names):
                    yield self._definition(path, name)
                if known.keys().isdisjoint(names):
                    yield from self._file(path)
            names = []
        for text in names:
            yield from self._anywhere(text, column or self.files)

    def _anywhere(self, text: str, files: list[Path]) -> Iterator[Shown]:
        """The definition of that name, or the one that has that line."""
        for path in files:
            code = path.read_text(encoding="utf-8")
            definitions = source.definitions(code)
            if text in definitions:
                yield self._definition(path, text)
                return
            number = next((n for n, line in enumerate(code.splitlines(), 1) if text in line), 0)
            around = [name for name, node in definitions.items() if node.lineno <= number <= node.end_lineno]
            if around:
                yield self._definition(path, around[-1], text, number)
                return

    def _definition(self, path: Path, name: str, quoted: str = "", number: int = 0) -> Shown:
        """A definition; where it has been shown, the line that is quoted of it."""
        text = path.read_text(encoding="utf-8")
        node = source.definition(path, text, name)
        first, (body, end) = source.first_line(node), source.body(node)
        if (path, name) in self.seen:
            code = source.shown(text, number, number).strip() if number else ""
            return Shown(path, name, number or first, number or end, "", code)
        self.seen.add((path, name))
        code = source.shown(text, first, node.body[0].lineno - 1) + source.shown(text, body, end)
        says = plain(source.docstring(path, text, name))
        asked = [self.exercises[path, name]] if (path, name) in self.exercises else []
        return Shown(path, name, first, end, says, textwrap.dedent(code), quoted, asked)

    def _rest(self, asked: list[exercises.Exercise]) -> None:
        """What exercises ask for and no row names: methods beside their class where it is shown, else in a last row."""
        shown = {(one.path, one.name): one for row in self.rows for one in row.shown if one.code and one.says}
        row = Row(Markup("more to write yourself"), Markup(""))
        for one in asked:
            owner = shown.get((one.path, one.name.partition(".")[0])) if "." in one.name else None
            if owner:
                owner.asked.append(one)
            else:
                row.shown.append(self._definition(one.path, one.name))
        self.rows += [row] if row.shown else []

    def _file(self, path: Path) -> Iterator[Shown]:
        """Its docstring and what exercises ask of it; of the paper's model and of cells all, where nothing is asked."""
        text = path.read_text(encoding="utf-8")
        if (path, "") not in self.seen:
            self.seen.add((path, ""))
            says = ast.get_docstring(ast.parse(text)) or ""
            yield Shown(path, "", 1, len(text.splitlines()), plain(says), "")
        names = list(source.definitions(text))
        asked = [name for name in names if (path, name) in self.exercises]
        if not asked and (path == self.folder / "model.py" or path.parent == paths.ROOT / "common" / "cells"):
            asked = [name for name in names if not name.startswith("_") and "." not in name]
        for name in asked:
            yield self._definition(path, name)


def papers() -> list[str]:
    """Those whose README has a table of code."""
    readmes = {name: paths.REPLICATIONS / name / "README.md" for name in config.papers()}
    return [name for name, path in readmes.items() if path.exists() and TABLE.search(path.read_text(encoding="utf-8"))]


def page(name: str) -> str:
    """The page of a paper, in HTML."""
    env = environment()
    env.loader.searchpath.append(str(TEMPLATES))
    return env.get_template("annotated.html.j2").render(page=Page(name))


def write(names: list[str]) -> list[Path]:
    """The pages of some papers in ``docs/annotated/``."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = []
    for name in names:
        written.append(FOLDER / f"{name}.html")
        written[-1].write_text(page(name), encoding="utf-8")
    return written
