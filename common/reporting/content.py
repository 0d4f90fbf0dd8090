"""What a paper's page says, for the HTML and the Markdown alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from common import config
from common.config import SCALES
from common.reporting import claims, text
from common.reporting.claims import Verdict, judge_all
from common.reporting.curves import learning_curves
from common.reporting.figures import paper_figures
from common.reporting.published import Claim, Paper, load_paper
from common.reporting.results import Record, Runs, evidence
from common.reporting.strips import domain
from common.reporting.summary import Result, results

SCALE_MEANING = {
    "quick": "a corpus made by the suite, minutes on a laptop",
    "scaled": "real data, smaller than the paper's",
    "paper": "the paper's data and setting",
}

INTRODUCTION = (
    "Classic papers on recurrent networks, trained again from their descriptions and held against the "
    "numbers they printed. Each claim below has a rule that was fixed before training, and a verdict with "
    "its evidence; a claim that fails is a result like one that holds."
)
VERDICT_MEANING = (
    (claims.REPRODUCED, "At the paper's own scale: the published number within its tolerance or better, or "
     "the claimed effect with a 95 % interval that excludes no effect."),
    (claims.DIRECTION, "The same at a smaller scale: evidence for the claim, not for the published number."),
    (claims.FAILED, "The interval lies against the claim, or the number is worse than its tolerance."),
    (claims.INCONCLUSIVE, "The interval includes no effect, or there are fewer than two seeds."),
    (claims.NOT_ATTEMPTED, "No run at this scale; the claim's page says why."),
)  # fmt: skip


@dataclass(frozen=True)
class ResultTable:
    """Our numbers beside one published table, at one scale; ``bounds`` is the range all its strips share."""

    where: str
    scale: str
    rows: list[Result]
    bounds: tuple[float, float]

    @property
    def units(self) -> list[str]:
        return list(dict.fromkeys(row.unit for row in self.rows))

    @property
    def size(self) -> float | None:
        """The number whose precision the table shares; None where its numbers differ too much for that."""
        sizes = [abs(row.mean) for row in self.rows if row.mean]
        return max(sizes) if sizes and len(self.units) == 1 and max(sizes) < 20 * min(sizes) else None


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
    def tally(self) -> list[tuple[str, int]]:
        """How many claims ended with each verdict, each at its largest decided scale."""
        outcome = list(claims.final(self.verdicts).values())
        return [(verdict, outcome.count(verdict)) for verdict in claims.VERDICTS if verdict in outcome]

    def tables(self, scale: str) -> list[ResultTable]:
        """The paper's tables, then what was measured beside them."""
        here = [one for one in self.results if one.scale == scale]
        sources = dict.fromkeys(
            [table.where for table in self.paper.tables] + [one.published_source for one in here]
        )
        found = []
        for where in sources:
            rows = [one for one in here if one.published_source == where]
            if rows:
                found.append(ResultTable(where, scale, rows, _bounds(rows)))
        return found

    def records(self) -> Iterator[Record]:
        """Every record, the paper's scale first."""
        for scale in self.scales:
            yield from self.runs[scale].values()

    @property
    def has_unverified(self) -> bool:
        return any(row.confidence == "unverified" for _, row in self.paper.rows())


def seeds(row: Result) -> str:
    """How many seeds a result stands on."""
    if len(row.values) == 1 and "+" in next(iter(row.values)):
        return f"{next(iter(row.values)).count('+') + 1} together"
    return str(len(row.values))


def difference(row: Result, size: float | None = None) -> tuple[str, str]:
    """Ours less the published number, and whether that is ``better``, ``worse`` or neither (``muted``)."""
    if row.mean is None or row.published is None or not row.comparable:
        return "–", "muted"
    away = row.mean - row.published
    shown = text.number(away, size or row.published)
    if float(shown.replace("−", "-").replace(" ", "")) == 0:
        return shown.lstrip("−"), "muted"
    return ("+" if away > 0 else "") + shown, "better" if (away < 0) == (row.better == "lower") else "worse"


def provenance(report: PaperReport) -> list[str]:
    """A sentence for every set of runs made in the same surroundings."""
    groups: dict[str, list[str]] = {}
    for run in report.records():
        made = run.provenance
        versions = ", ".join(f"{name} {version}" for name, version in made.get("versions", {}).items())
        around = [
            made.get("device", "unknown device"),
            text.several(made["threads"], "thread") if made.get("threads") else "",
            f"Python {made['python']}" if made.get("python") else "",
            versions,
        ]
        groups.setdefault(", ".join(part for part in around if part), []).append(
            f"{run.scale}/{run.experiment}"
        )
    if len(groups) == 1:
        return [f"Every run: {next(iter(groups))}."]
    return [f"{', '.join(names)}: {around}." for around, names in groups.items()]


def _bounds(rows: list[Result]) -> tuple[float, float]:
    if len({row.unit for row in rows}) > 1:
        return domain([])
    shown: list[float | None] = []
    for row in rows:
        shown += [*row.values.values(), row.low, row.high, row.published if row.comparable else None]
    return domain(shown)


def build(name: str, draw: Callable[[str, str, Figure], None]) -> PaperReport:
    """Reads one paper's evidence and judges its claims; ``draw(paper, name, figure)`` keeps a figure."""
    paper = load_paper(name)
    runs = evidence(name)
    rows = results(name, paper, runs)
    report = PaperReport(
        name=name,
        paper=paper,
        runs=runs,
        results=rows,
        verdicts=judge_all(name, paper, runs),
        deviations={scale: config.deviations(name, scale) for scale in SCALES if runs[scale]},
    )
    for scale in report.scales:
        for figure_name, caption, figure in learning_curves(paper, scale, runs[scale], rows):
            draw(name, figure_name, figure)
            report.figures.append((scale, figure_name, caption))
        for figure_name, caption, figure in paper_figures(name, runs[scale]):
            draw(name, f"{figure_name}-{scale}", figure)
            report.figures.append((scale, f"{figure_name}-{scale}", caption))
    return report
