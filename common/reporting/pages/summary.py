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
from common.reporting.text import average
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


def _result(name: str, paper: Paper, row: Row, source: str, scale: str, run: Record | None, comparable: bool) -> Result:
    absent = why_absent(name, [row.experiment], scale) if run is None else ""
    run = run or Record(paper=name, experiment=row.experiment, scale=scale, seeds=(), metrics={}, parameters=None,
                        seconds={})  # fmt: skip
    unit, values, is_p_value = paper.unit(row.metric) or "", run.values(row.metric), paper.is_p_value(row.metric)
    skewed = paper.is_skewed(row.metric)
    ours = estimate(values, unit, skewed) if values and not is_p_value else None
    middle = median_interval(list(values.values())) if values and skewed else None
    looks = tuple(fmean(look.values()) for look in run.each_look(row.metric))
    reason = absent or ("" if values else lacking(paper, run, row.metric))
    if values and is_p_value:
        reason = f"{', '.join(f'{value:g}' for value in values.values())}: p-values, which have no mean"
    return Result(
        paper=name, experiment=row.experiment, scale=scale, metric=row.metric, unit=unit,
        published=row.published, published_source=source, values=values,
        mean=ours and ours.mean, low=ours and ours.low, high=ours and ours.high,
        median=middle and middle.value, median_low=middle and middle.low, median_high=middle and middle.high,
        trials=len(run.seeds), parameters=run.parameters,
        seconds=average(run.seconds), throughput=average(run.throughput), throughput_unit=run.throughput_unit,
        label=row.label, confidence=row.confidence if row.published is not None else "",
        better=row.better or ("higher" if paper.is_rate(row.metric) else "lower"),
        note=row.note, reason=reason, comparable=comparable, looks=looks if len(looks) > 1 else (),
    )  # fmt: skip


def results(name: str, paper: Paper, evidence: dict[str, Runs]) -> list[Result]:
    """Every row of the paper's tables at every scale, then every other metric that was measured."""
    found = []
    printed = [(row, table.where) for table, row in paper.rows()]
    covered = {(row.experiment, row.metric) for row, _ in printed}
    for scale, elsewhere in ((scale, other_data(name, scale)) for scale in SCALES):
        beside = [
            (Row(experiment=run.experiment, metric=metric, label=run.experiment), "")
            for run in evidence[scale].values()
            for metric in run.metrics
            if (run.experiment, metric) not in covered
        ]
        for row, source in (*printed, *beside):
            run = evidence[scale].get(row.experiment)
            found.append(_result(name, paper, row, source, scale, run, row.experiment not in elsewhere))
    return found


def summary(results: Sequence[Result], verdicts: Sequence[tuple[str, Verdict]]) -> dict[str, Any]:
    """The object of ``summary.json``; ``verdicts`` are pairs of a paper's name and a verdict.

    What a result does not have (``published`` of a metric of ours alone, ``mean`` where nothing ran) is left out, and
    so is a row that nobody printed and nobody ran.
    """
    claims = [
        {
            "paper": name, "claim": one.claim.id, "says": one.claim.says, "where": one.claim.where, "scale": one.scale,
            "verdict": one.verdict, "evidence": one.evidence, "falsified_if": one.falsified_if,
            "registered": one.registered, "looks": one.looks, "unlike": one.unlike, "reduced": one.reduced,
            "decidable": one.undecidable or True,
        }
        for name, one in verdicts
    ]  # fmt: skip
    shown = [asdict(one) for one in results if one.values or one.published is not None]
    rows = [{key: value for key, value in one.items() if value not in (None, "", ())} for one in shown]
    return {"results": rows, "claims": claims}
