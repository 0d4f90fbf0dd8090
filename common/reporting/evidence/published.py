"""What a paper printed: its tables and its claims, read from ``replications/<paper>/paper.yaml``.

Every number that a reader can compare ours with comes from this file, and so does every rule by which a claim
is decided. A run keeps the hash of the rules that name it, so a report can say which is older.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pydantic
import yaml

from common import config, paths
from common.errors import UserError, unknown
from common.reporting.evidence.rules import KINDS, Compare, Direction, Entry, Order, Ratio, Rule, Term, rules, terms

# Measured by the run itself ("seconds", "seconds/kn5"), so no paper has to declare their units.
RUN_METRICS = {"seconds": "s", "throughput": ""}


class Row(Entry):
    """A row of a published table, or (``published: null``) a row of ours beside it."""

    experiment: str
    metric: str
    published: float | None = None
    label: str
    confidence: Literal["sure", "fairly sure", "unverified"] = "sure"
    better: Direction | None = None  # default: higher for a success rate, lower for anything else
    note: str = ""


class Table(Entry):
    where: str
    rows: tuple[Row, ...]


class Claim(Entry):
    """A statement of the paper and the rule that decides it; ``scales`` limits where the rule makes sense.

    ``undecidable``: scale -> why the rule stands where its trials cannot decide it. ``retired``: scale -> why a verdict
    that was given there is no longer asked. ``control``: a negative finding counts only where this claim holds.
    ``varies``: settings that the rule varies besides those in which the paper's own rows differ.
    """

    id: str
    says: str
    where: str
    rule: Rule
    published: dict[str, float] | None = None
    scales: tuple[str, ...] | None = None
    undecidable: dict[str, str] = {}
    retired: dict[str, str] = {}
    control: str | None = None
    varies: tuple[str, ...] = ()
    ours: bool = False  # a contrast that the paper did not print


class Paper(Entry):
    title: str
    key: str
    authors: str | tuple[str, ...]
    year: int
    venue: str
    url: str | None = None
    summary: str
    diagram: tuple[str, ...]  # the model: what becomes what, "a -> b -> c"; ⟲ where a state is fed back
    units: dict[str, str]
    steps: str = "updates"  # what the learning curves of experiments without epochs count
    medians: tuple[str, ...] = ()  # prefixes of skewed metrics, whose typical value is the median
    undecidable: dict[str, str] = {}  # scale -> why claims stand there that its trials cannot decide
    withdrawn: dict[str, dict[str, str]] = {}  # scale -> metric -> why what its records say is wrong
    counted: tuple[str, ...] = ()  # experiments without randomness: one seed is all there is to know
    printed: dict[str, dict[str, Any]] = {}  # experiment, or all -> what the paper ran where params.yaml runs less
    tables: tuple[Table, ...]
    claims: tuple[Claim, ...]

    @property
    def byline(self) -> str:
        return self.authors if isinstance(self.authors, str) else ", ".join(self.authors)

    def unit(self, metric: str) -> str | None:
        """The unit declared for the longest prefix of ``metric``; None when there is none."""
        prefixes = [prefix for prefix in self.units if metric.startswith(prefix)]
        return self.units[max(prefixes, key=len)] if prefixes else RUN_METRICS.get(metric.partition("/")[0])

    def is_rate(self, metric: str) -> bool:
        """Whether each trial is a success (1) or a failure (0)."""
        return self.unit(metric) == "success"

    def is_skewed(self, metric: str) -> bool:
        """Whether ``medians`` names a prefix of ``metric``."""
        return metric.startswith(self.medians) and not self.is_rate(metric)

    def is_p_value(self, metric: str) -> bool:
        """Whether each seed has the p-value of a test, which has no mean."""
        return self.unit(metric) == "probability"

    @property
    def run_of_a_seed(self) -> str:
        """What a seed is called here: where success is counted, a trial."""
        return "trial" if self.medians or "success" in self.units.values() else "seed"

    def rows(self) -> list[tuple[Table, Row]]:
        return [(table, row) for table in self.tables for row in table.rows]


def load_paper(name: str) -> Paper:
    """``replications/<name>/paper.yaml``, checked against the experiments of its ``params.yaml``.

    Raises:
        UserError: no readable file, broken YAML, an unknown key, an experiment that ``params.yaml`` does not
            have, a metric without a unit, a success rate that is no rate, or two claims with one id; each with
            file and line.
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


def line_of(path: Path, word: str, after: int = 0) -> str:
    """``path:line`` of the first line at or after ``after`` that holds ``word`` as a name of its own."""
    whole = re.compile(rf"(?<![\w+/-]){re.escape(word)}(?![\w+/-])")
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return f"{path}:{next((n for n, line in lines if n >= after and whole.search(line)), 1)}"


def _check(paper: Paper, experiments: set[str], path: Path, text: str) -> None:
    where = partial(line_of, path)
    claims_start = next((n for n, line in enumerate(text.splitlines(), 1) if line.startswith("claims:")), 1)
    named = [(Term(experiment=row.experiment, metric=row.metric), 0) for _, row in paper.rows()]
    named += [(one, claims_start) for claim in paper.claims for one in terms(claim.rule)]
    named += [(Term(experiment=one.experiment, metric=one.over), start) for one, start in named if one.over]
    ids = [claim.id for claim in paper.claims]
    names = [("experiment", one.experiment, experiments, one.experiment, start) for one, start in named]
    names += [("experiment", name, {*experiments, "all"}, name, 0) for name in (*paper.counted, *paper.printed)]
    for claim in paper.claims:
        names += [("claim", claim.control, ids, claim.id, claims_start)] if claim.control is not None else []
        scales = (*claim.undecidable, *claim.retired, *(claim.scales or ()))
        names += [("scale", scale, config.SCALES, claim.id, claims_start) for scale in scales]
    for kind, name, known, *place in names:
        if name not in known:
            raise unknown(kind, name, known, where(*place))
    for one, start in named:
        if not one.metric:
            raise UserError(f"{where(one.experiment, start)}: the rule on {one.experiment!r} names no metric")
        if paper.unit(one.metric) is None:
            raise UserError(f"{where(one.metric, start)}: no unit for {one.metric!r}; add it to 'units:'")
    for prefix in paper.medians:
        if paper.unit(prefix) is None:
            raise UserError(f"{where(prefix)}: no unit for {prefix!r} of 'medians:'; add it to 'units:'")
    _check_rates(paper, where, claims_start)
    for name in ids:
        if ids.count(name) > 1:
            raise UserError(f"{where(name, claims_start)}: two claims with the id {name!r}; rename one")
    rows = [(row.experiment, row.metric, row.label) for _, row in paper.rows()]
    for row in rows:
        if rows.count(row) > 1:
            raise UserError(f"{where(row[0])}: two rows are {row[2]!r} ({row[0]}, {row[1]}); keep one")


def _check_rates(paper: Paper, where: Callable[..., str], claims_start: int) -> None:
    """A success rate is a number between 0 and 1, and its trials are independent; p-values decide nothing."""
    for _, row in paper.rows():
        if paper.is_rate(row.metric) and row.published is not None and not 0 <= row.published <= 1:
            raise UserError(f"{where(row.experiment)}: a success rate of {row.published:g}; write 0.97 for 97 %")
    for claim in paper.claims:
        for rule in rules(claim.rule):
            rate = next((one.metric for one in terms(rule) if paper.is_rate(one.metric)), None)
            line = where(claim.id, claims_start)
            if p_value := next((one.metric for one in terms(rule) if paper.is_p_value(one.metric)), None):
                raise UserError(f"{line}: {claim.id}: p-values have no interval ({p_value}); ask about the effect")
            if rate and isinstance(rule, Ratio):
                raise UserError(f"{line}: {claim.id}: no ratio of success rates ({rate}); compare them instead")
            if rate and isinstance(rule, Compare | Order) and rule.paired_by != "none":
                raise UserError(f"{line}: {claim.id}: the trials of {rate} are independent; write 'paired_by: none'")
