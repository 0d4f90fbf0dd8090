"""What a paper's page says, for the HTML and the Markdown alike."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from matplotlib.figure import Figure

from common import paths
from common.config import SCALES
from common.reporting import text
from common.reporting.evidence.deviations import deviations
from common.reporting.evidence.published import Claim, Paper, line_of, load_paper
from common.reporting.evidence.results import Record, Runs, evidence
from common.reporting.pages.curves import learning_curves
from common.reporting.pages.figures import paper_figures
from common.reporting.pages.strips import RATES, Axis, domain
from common.reporting.pages.summary import Result, results
from common.reporting.verdicts import claims
from common.reporting.verdicts.claims import Verdict, judge_all

PRECISIONS = {"bf16-mixed": "products in bfloat16"}  # single precision goes without saying


@dataclass(frozen=True)
class Group:
    """The rows of a table that share a unit, and so an axis and a precision."""

    unit: str
    rows: list[Result]

    @property
    def title(self) -> str:
        return "success rate" if self.unit == "success" else self.unit

    @property
    def axis(self) -> Axis:
        """The range that all strips of the group share."""
        if self.unit == "success":
            return RATES
        shown: list[float | None] = []
        for row in self.rows:
            shown += [*row.values.values(), row.low, row.high, row.published if row.comparable else None]
        return domain(shown, skewed=any(row.median is not None for row in self.rows))

    @property
    def size(self) -> float | None:
        """The number whose precision the group shares; None where its numbers differ too much for that."""
        sizes = [abs(row.mean) for row in self.rows if row.mean]
        return max(sizes) if sizes and max(sizes) < 20 * min(sizes) else None


@dataclass(frozen=True)
class ResultTable:
    """Our numbers beside one published table, at one scale."""

    where: str
    scale: str
    rows: list[Result]

    @property
    def groups(self) -> list[Group]:
        units = dict.fromkeys(row.unit for row in self.rows)
        return [Group(unit, [row for row in self.rows if row.unit == unit]) for unit in units]

    def size(self, row: Result) -> float:
        """The number whose precision ``row`` is written with: its group's, or its own."""
        return next(group.size for group in self.groups if group.unit == row.unit) or row.mean


def _places(sentence: str) -> set[tuple[str, str]]:
    """The tables, figures, experiments and sections of a paper that ``sentence`` names."""
    return set(re.findall(r"(table|figure|experiment|section)s? (\d[\w.]*\w|\d)", sentence.lower()))


@dataclass(frozen=True)
class PaperReport:
    """Everything the page of one paper shows."""

    name: str
    paper: Paper
    runs: dict[str, Runs]  # scale -> experiment -> record
    results: list[Result]
    verdicts: list[Verdict]
    deviations: dict[str, list[tuple[str, str, Any, Any]]]  # scale -> (experiment, key, paper's value, ours)
    figures: list[tuple[str, str, str]] = field(default_factory=list)  # scale, name (<name>.svg), caption

    @property
    def mark(self) -> str:
        return claims.mark(self.verdicts)

    @property
    def scales(self) -> list[str]:
        """The scales with evidence, the paper's own first."""
        return [scale for scale in reversed(SCALES) if self.runs[scale]]

    def of(self, claim: Claim) -> list[Verdict]:
        """The verdicts on ``claim``, from the smallest scale to the paper's."""
        return [one for one in self.verdicts if one.claim.id == claim.id]

    @property
    def outcomes(self) -> list[tuple[Claim, str]]:
        """Each claim with its verdict at the largest scale that decided it."""
        final = claims.final(self.verdicts)
        return [(claim, final[claim.id]) for claim in self.paper.claims]

    @property
    def tally(self) -> list[tuple[str, int]]:
        """How many claims ended with each verdict."""
        outcome = [verdict for _, verdict in self.outcomes]
        return [(verdict, outcome.count(verdict)) for verdict in claims.VERDICTS if verdict in outcome]

    @property
    def code(self) -> list[tuple[str, int, str]]:
        """(class, line, what its docstring begins with) of ``model.py``."""
        tree = ast.parse((paths.REPLICATIONS / self.name / "model.py").read_text(encoding="utf-8"))
        return [
            (one.name, one.lineno, (ast.get_docstring(one) or "").partition("\n")[0])
            for one in tree.body
            if isinstance(one, ast.ClassDef)
        ]

    def line(self, claim: Claim) -> str:
        """The line of ``paper.yaml`` where ``claim`` begins."""
        return line_of(paths.REPLICATIONS / self.name / "paper.yaml", f"id: {claim.id}").rpartition(":")[2]

    def figures_at(self, scale: str) -> dict[str, list[tuple[str, str]]]:
        """Where a table stands in the paper -> (name, caption) of the figures that speak of it first; "": the rest."""
        found: dict[str, list[tuple[str, str]]] = {}
        for _, name, caption in (one for one in self.figures if one[0] == scale):
            tables = (one.where for one in self.tables(scale) if _places(caption) & _places(one.where))
            found.setdefault(next(tables, ""), []).append((name, caption))
        return found

    def samples(self, scale: str) -> list[dict[str, str]]:
        """What networks made of the same source texts, a row for each, with a column per experiment."""
        found: dict[str, dict[str, str]] = {}
        for run in self.runs[scale].values():
            for one in run.figures.get("examples", ()):
                if "source" in one:
                    row = {run.experiment if key == "ours" else key: text.setting(value) for key, value in one.items()}
                    found.setdefault(one["source"], {"source": ""}).update(row)
        columns = dict.fromkeys(key for row in found.values() for key in row)
        return [{key: row.get(key, "–") for key in columns} for row in found.values()]

    def not_attempted(self, scale: str) -> list[str]:
        """The paper's tables that are not shown at ``scale``."""
        shown = [table.where for table in self.tables(scale)]
        return [table.where for table in self.paper.tables if table.where not in shown]

    def tables(self, scale: str) -> list[ResultTable]:
        """The paper's tables of which something was run at ``scale``, then what was measured beside them.

        A table of which nothing was run anywhere is shown once, at the largest scale, for its published numbers. A row
        that its run did not measure was not run, but of trials that none came so far is a result.
        """
        here = [one for one in self.results if one.scale == scale]
        sources = dict.fromkeys([table.where for table in self.paper.tables] + [one.published_source for one in here])
        trials_tell = self.paper.run_of_a_seed == "trial"
        run = {(one.scale, one.published_source) for one in self.results if one.values or (trials_tell and one.trials)}
        anywhere = {where for _, where in run}
        found = []
        for where in sources:
            rows = [one for one in here if one.published_source == where]
            if rows and ((scale, where) in run or (where not in anywhere and scale == self.scales[0])):
                found.append(ResultTable(where, scale, rows))
        return found

    def records(self) -> Iterator[Record]:
        """Every record, the paper's scale first."""
        for scale in self.scales:
            yield from self.runs[scale].values()

    @property
    def speed(self) -> dict[str, Any]:
        """What ``replicate bench --record`` has kept: the machine, the cases with their ratios, seconds of tasks."""
        path = paths.speed(self.name)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    @property
    def has_unverified(self) -> bool:
        return any(row.confidence == "unverified" for _, row in self.paper.rows())


def surroundings(made: dict[str, Any]) -> str:
    """On what, and with which versions, something was ``made``."""
    around = [
        made.get("device", "unknown device"),
        text.several(made["threads"], "thread") if made.get("threads") else "",
        PRECISIONS.get(made.get("precision"), ""),
        f"Python {made['python']}" if made.get("python") else "",
        ", ".join(f"{name} {version}" for name, version in made.get("versions", {}).items()),
    ]
    return ", ".join(part for part in around if part)


def provenance(report: PaperReport) -> list[str]:
    """A sentence for every set of runs made in the same surroundings."""
    groups: dict[str, list[str]] = {}
    for run in report.records():
        groups.setdefault(surroundings(run.provenance), []).append(f"{run.scale}/{run.experiment}")
    if len(groups) == 1:
        return [f"Every run: {next(iter(groups))}."]
    return [f"{', '.join(names)}: {around}." for around, names in groups.items()]


def read(name: str, quick: Literal["here", "kept"] | None = "here") -> PaperReport:
    """One paper's evidence (``quick`` as of :func:`evidence`) and the verdicts on its claims, without figures."""
    paper, runs = load_paper(name), evidence(name, quick)
    changed = {scale: deviations(name, paper, runs[scale]) for scale in SCALES if runs[scale]}
    return PaperReport(name, paper, runs, results(name, paper, runs), judge_all(name, paper, runs), changed)


def build(name: str, draw: Callable[[str, str, Figure], None], quick: Literal["here", "kept"] = "here") -> PaperReport:
    """The report with its figures, which ``draw(scale, name, figure)`` keeps."""
    report = read(name, quick)
    for scale in report.scales:
        runs = report.runs[scale]
        figures = [*learning_curves(report.paper, scale, runs, report.results)]
        figures += [(f"{stem}-{scale}", caption, figure) for stem, caption, figure in paper_figures(name, runs)]
        for stem, caption, figure in figures:
            draw(scale, stem, figure)
            report.figures.append((scale, stem, caption))
    return report
