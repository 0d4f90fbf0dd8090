"""What a paper printed: its tables and its claims, read from ``replications/<paper>/paper.yaml``.

Every number that a reader can compare ours with comes from this file, and so does every rule by which a claim
is decided; the rules are written before anything is trained.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import yaml

from common import config, paths
from common.errors import UserError, unknown

# Measured by the run itself ("seconds", "seconds/kn5"), so no paper has to declare their units.
RUN_METRICS = {"seconds": "s", "throughput": ""}

Direction = Literal["lower", "higher"]


class Entry(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")


class Row(Entry):
    """A row of a published table, or (``published: null``) a row of ours beside it."""

    experiment: str
    metric: str
    published: float | None = None
    label: str
    confidence: Literal["sure", "fairly sure", "unverified"] = "sure"
    better: Direction = "lower"
    note: str = ""


class Table(Entry):
    where: str
    rows: tuple[Row, ...]


class Term(Entry):
    """One measured quantity: an experiment's metric."""

    experiment: str
    metric: str


class Compare(Entry):
    """The effect ``A - B`` has the expected sign."""

    metric: str | None = None
    compare: tuple[str | Term, str | Term]
    expect: Direction
    paired_by: Literal["seed"] = "seed"


class Order(Entry):
    """``A < B < C`` (``expect: lower``): every adjacent difference is decided by itself."""

    metric: str | None = None
    order: Annotated[tuple[str | Term, ...], pydantic.Field(min_length=2)]
    expect: Direction


class Ratio(Entry):
    """``A / B`` is at most, or at least, a number."""

    metric: str | None = None
    ratio: tuple[str | Term, str | Term]
    at_most: Annotated[float, pydantic.Field(gt=0)] | None = None
    at_least: Annotated[float, pydantic.Field(gt=0)] | None = None

    @pydantic.model_validator(mode="after")
    def one_bound(self) -> "Ratio":
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a ratio needs exactly one of at_most and at_least")
        return self


class Value(Entry):
    """The mean is within an absolute ``tolerance`` of the published number, or better than it.

    Without ``better`` both sides are worse: the number itself is the claim.
    """

    value: Term
    published: float
    tolerance: Annotated[float, pydantic.Field(ge=0)]
    better: Direction | None = None


class All(Entry):
    all: Annotated[tuple["Rule", ...], pydantic.Field(min_length=1)]


KINDS = {"compare": Compare, "order": Order, "ratio": Ratio, "value": Value, "all": All}


def _kind(rule: Any) -> str | None:
    """The tag of a rule: the key that names its kind, in words that no path in the file contains."""
    if isinstance(rule, dict):
        return next((f"{kind} rule" for kind in KINDS if kind in rule), None)
    return next((f"{kind} rule" for kind, model in KINDS.items() if isinstance(rule, model)), None)


Rule = Annotated[
    Annotated[Compare, pydantic.Tag("compare rule")]
    | Annotated[Order, pydantic.Tag("order rule")]
    | Annotated[Ratio, pydantic.Tag("ratio rule")]
    | Annotated[Value, pydantic.Tag("value rule")]
    | Annotated[All, pydantic.Tag("all rule")],
    pydantic.Discriminator(
        _kind,
        custom_error_type="rule_kind",
        custom_error_message=f"a rule needs one of the keys {', '.join(KINDS)}",
    ),
]
All.model_rebuild()


class Claim(Entry):
    """A statement of the paper and the rule that decides it; ``scales`` limits where the rule makes sense."""

    id: str
    says: str
    where: str
    rule: Rule
    published: dict[str, float] | None = None
    falsified_if: str
    scales: tuple[str, ...] | None = None


class Paper(Entry):
    title: str
    key: str
    authors: str | tuple[str, ...]
    year: int
    venue: str
    url: str | None = None
    summary: str
    units: dict[str, str]
    tables: tuple[Table, ...]
    claims: tuple[Claim, ...]

    @property
    def byline(self) -> str:
        return self.authors if isinstance(self.authors, str) else ", ".join(self.authors)

    def unit(self, metric: str) -> str | None:
        """The unit declared for the longest prefix of ``metric``; None when there is none."""
        prefixes = [prefix for prefix in self.units if metric.startswith(prefix)]
        return self.units[max(prefixes, key=len)] if prefixes else RUN_METRICS.get(metric.partition("/")[0])

    def rows(self) -> list[tuple[Table, Row]]:
        return [(table, row) for table in self.tables for row in table.rows]


def term(side: str | Term, metric: str | None) -> Term:
    return side if isinstance(side, Term) else Term(experiment=side, metric=metric or "")


def terms(rule: Entry) -> list[Term]:
    """Every experiment and metric that ``rule`` reads, in the order in which it names them."""
    match rule:
        case Value(value=value):
            return [value]
        case All(all=rules):
            return [one for inner in rules for one in terms(inner)]
        case Compare(compare=sides) | Order(order=sides) | Ratio(ratio=sides):
            return [term(side, rule.metric) for side in sides]
    raise TypeError(rule)


def load_paper(name: str) -> Paper:
    """``replications/<name>/paper.yaml``, checked against the experiments of its ``params.yaml``.

    Raises:
        UserError: no readable file, broken YAML, an unknown key, an experiment that ``params.yaml`` does not
            have, a metric without a unit, or two claims with one id; each with file and line.
    """
    path = paths.REPLICATIONS / name / "paper.yaml"
    raw = config.read_yaml(path)
    text = path.read_text(encoding="utf-8")
    tree = yaml.compose(text)
    try:
        paper = Paper.model_validate(raw)
    except pydantic.ValidationError as error:
        raise _explained(error, path, tree) from None
    _check(paper, set(config.load_params(name)["experiments"]), path, text)
    return paper


def _line(tree: yaml.Node | None, location: list[str | int]) -> int:
    """The line of the deepest part of ``location`` that the file has."""
    line = tree.start_mark.line + 1 if tree else 1
    for part in location:
        if isinstance(tree, yaml.MappingNode):
            found = [(key, value) for key, value in tree.value if key.value == str(part)]
            if not found:
                continue  # "compare rule" or "Term", which pydantic adds and the file does not have
            line, tree = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(tree, yaml.SequenceNode) and isinstance(part, int) and part < len(tree.value):
            tree = tree.value[part]
            line = tree.start_mark.line + 1
    return line


def _fields(location: list[str | int]) -> list[str]:
    """The keys known at the place of an unknown one."""
    models = {f"{kind} rule": model for kind, model in KINDS.items()}
    models |= {"tables": Table, "rows": Row, "claims": Claim, "value": Term, "Term": Term}
    inside = [part for part in location[:-1] if part in models]
    return list((models[inside[-1]] if inside else Paper).model_fields)


def _explained(error: pydantic.ValidationError, path: Path, tree: yaml.Node | None) -> UserError:
    # A side of a rule may be a name or a Term; where it is a mapping, only the complaints about a Term help.
    problems = [one for one in error.errors() if one["loc"][-1:] != ("str",)] or error.errors()
    first = problems[0]
    location = list(first["loc"])
    where = f"{path}:{_line(tree, location)}"
    if first["type"] == "extra_forbidden":
        return unknown("key", str(location[-1]), _fields(location), where)
    dotted = ".".join(str(part) for part in location)
    return UserError(f"{where}: {dotted or 'the file'}: {first['msg']}")


def _check(paper: Paper, experiments: set[str], path: Path, text: str) -> None:
    lines = text.splitlines()

    def where(word: str, after: int = 0) -> str:
        """The first line at or after ``after`` that holds ``word`` as a name of its own."""
        whole = re.compile(rf"(?<![\w+/-]){re.escape(word)}(?![\w+/-])")
        found = (n for n, line in enumerate(lines, 1) if n >= after and whole.search(line))
        return f"{path}:{next(found, 1)}"

    claims_start = next((n for n, line in enumerate(lines, 1) if line.startswith("claims:")), 1)
    named = [(Term(experiment=row.experiment, metric=row.metric), 0) for _, row in paper.rows()]
    named += [(one, claims_start) for claim in paper.claims for one in terms(claim.rule)]
    for one, start in named:
        if one.experiment not in experiments:
            raise unknown("experiment", one.experiment, experiments, where(one.experiment, start))
        if not one.metric:
            raise UserError(f"{where(one.experiment, start)}: the rule on {one.experiment!r} names no metric")
        if paper.unit(one.metric) is None:
            raise UserError(f"{where(one.metric, start)}: no unit for {one.metric!r}; add it to 'units:'")
    ids = [claim.id for claim in paper.claims]
    for name in ids:
        if ids.count(name) > 1:
            raise UserError(f"{where(name, claims_start)}: two claims with the id {name!r}; rename one")
    rows = [(row.experiment, row.metric, row.label) for _, row in paper.rows()]
    for row in rows:
        if rows.count(row) > 1:
            raise UserError(f"{where(row[0])}: two rows are {row[2]!r} ({row[0]}, {row[1]}); keep one")
