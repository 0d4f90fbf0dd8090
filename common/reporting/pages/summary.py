"""``reports/summary.json``: every number and every verdict, for other tools to read."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from common.config import SCALES
from common.reporting.evidence.deviations import other_data
from common.reporting.evidence.published import Paper, Row
from common.reporting.evidence.results import Record, Runs, lacking, why_absent
from common.reporting.evidence.statistics import estimate, median_interval
from common.reporting.verdicts.claims import Verdict


@dataclass(frozen=True)
class Result:
    """A published row, or a metric of ours without one, at one scale.

    ``values`` has a value per seed, or per trial that came so far as to have one; ``trials`` is how many ran.
    ``mean`` is None where nothing was measured, and ``reason`` says why; ``median`` is None but for skewed
    quantities. ``seconds`` and ``throughput`` are means over seeds. ``comparable`` is False where the corpus is
    not the paper's: the published number is about other data. ``values`` are means over ``looks``.
    """

    paper: str
    experiment: str
    scale: str
    metric: str
    unit: str
    published: float | None
    published_source: str
    values: dict[str, float]
    mean: float | None
    low: float | None
    high: float | None
    median: float | None
    median_low: float | None
    median_high: float | None
    trials: int
    parameters: int | None
    seconds: float | None
    throughput: float | None
    throughput_unit: str
    label: str
    confidence: str
    better: str
    note: str
    reason: str
    comparable: bool
    looks: tuple[float, ...] = ()  # the mean at each look at the test text, newest first, where there were several

    @property
    def is_rate(self) -> bool:
        return self.unit == "success"


def _mean(values: dict[str, float]) -> float | None:
    return fmean(values.values()) if values else None


def _result(name: str, paper: Paper, row: Row, source: str, scale: str, run: Record | None, comparable: bool) -> Result:
    unit = paper.unit(row.metric) or ""
    values = run.values(row.metric) if run else {}
    skewed = paper.is_skewed(row.metric)
    measured = estimate(values, unit, skewed) if values and not paper.is_p_value(row.metric) else None
    looks = [fmean(look.values()) for look in run.each_look(row.metric)] if run else []
    median = median_interval(list(values.values())) if values and skewed else None
    reason = ""
    if not run:
        reason = why_absent(name, [row.experiment], scale)
    elif not values:
        reason = lacking(paper, run, row.metric)
    elif paper.is_p_value(row.metric):
        reason = f"{', '.join(f'{value:g}' for value in values.values())}: p-values, which have no mean"
    return Result(
        paper=name, experiment=row.experiment, scale=scale, metric=row.metric, unit=unit,
        published=row.published, published_source=source, values=values,
        mean=measured.mean if measured else None, low=measured.low if measured else None,
        high=measured.high if measured else None,
        median=median.value if median else None, median_low=median.low if median else None,
        median_high=median.high if median else None,
        trials=len(run.seeds) if run else 0, parameters=run.parameters if run else None,
        seconds=_mean(run.seconds) if run else None, throughput=_mean(run.throughput) if run else None,
        throughput_unit=run.throughput_unit if run else "",
        label=row.label, confidence=row.confidence if row.published is not None else "",
        better=row.better or ("higher" if paper.is_rate(row.metric) else "lower"),
        note=row.note, reason=reason, comparable=comparable, looks=tuple(looks) if len(looks) > 1 else (),
    )  # fmt: skip


def results(name: str, paper: Paper, evidence: dict[str, Runs]) -> list[Result]:
    """Every row of the paper's tables at every scale, then every other metric that was measured."""
    found = []
    for scale in SCALES:
        elsewhere = other_data(name, scale)
        covered = set()
        for table, row in paper.rows():
            covered.add((row.experiment, row.metric))
            run = evidence[scale].get(row.experiment)
            comparable = row.experiment not in elsewhere
            found.append(_result(name, paper, row, table.where, scale, run, comparable))
        for run in evidence[scale].values():
            for metric in run.metrics:
                if (run.experiment, metric) not in covered:
                    ours = Row(experiment=run.experiment, metric=metric, label=run.experiment)
                    comparable = run.experiment not in elsewhere
                    found.append(_result(name, paper, ours, "", scale, run, comparable))
    return found


def summary(results: Sequence[Result], verdicts: Sequence[tuple[str, Verdict]]) -> dict[str, Any]:
    """The object of ``summary.json``; ``verdicts`` are pairs of a paper's name and a verdict."""
    claims = [
        {
            "paper": name, "claim": one.claim.id, "says": one.claim.says, "where": one.claim.where, "scale": one.scale,
            "verdict": one.verdict, "evidence": one.evidence, "falsified_if": one.falsified_if,
            "registered": one.registered, "looks": one.looks, "unlike": one.unlike, "reduced": one.reduced,
            "decidable": one.undecidable or True,
        }
        for name, one in verdicts
    ]  # fmt: skip
    return {"results": [asdict(one) for one in results], "claims": claims}
