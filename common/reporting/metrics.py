"""What ``dvc metrics`` and ``dvc plots`` read of a paper: ``metrics/<scale>.json`` and ``metrics/<scale>.csv``.

Every paper has the same keys, so that they stand below each other: the first measured quantity that its claims are
about beside the published one, and how many claims have which verdict. All numbers are in ``reports/summary.json``.
"""

import csv
import json
import math
import os
import subprocess
from pathlib import Path
from statistics import fmean

from common import paths
from common.config import SCALES
from common.reporting.evidence.deviations import other_data
from common.reporting.evidence.published import Paper, load_paper
from common.reporting.evidence.results import Runs, load_quick, load_records
from common.reporting.evidence.rules import terms
from common.reporting.verdicts.claims import VERDICTS, judge_all

POINTS = 40  # of a learning curve
CURVES = ("step", "experiment", "metric", "value")


def write(paper: str, scale: str) -> list[Path]:
    """Both files of a paper at a scale, from its quick runs or its records; none where nothing was measured.

    Raises:
        UserError: as of ``load_paper``, ``load_quick`` and ``load_records``.
    """
    runs = load_quick(paper) if scale == "quick" else load_records(paper, scale)
    if not runs:
        return []
    folder = paths.REPLICATIONS / paper / "metrics"
    folder.mkdir(exist_ok=True)
    written = [folder / f"{scale}.json", folder / f"{scale}.csv"]
    numbers = json.dumps(metrics(paper, load_paper(paper), scale, runs), indent=1, ensure_ascii=False)
    written[0].write_text(numbers + "\n", encoding="utf-8")
    with open(written[1], "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([CURVES, *curves(runs)])
    if "DVC_EXP_NAME" in os.environ:  # an experiment keeps what git knows, and git ignores the quick scale
        subprocess.run(["git", "-C", str(folder), "add", "--force", *map(str, written)], check=False)
    return written


def metrics(name: str, paper: Paper, scale: str, runs: Runs) -> dict[str, str | float | bool | int]:
    """The content of ``metrics/<scale>.json``."""
    judged = judge_all(name, paper, dict.fromkeys(SCALES, {}) | {scale: runs})
    verdicts = [one.verdict for one in judged if one.scale == scale]
    return first(name, paper, scale, runs) | {verdict: verdicts.count(verdict) for verdict in VERDICTS}


def first(name: str, paper: Paper, scale: str, runs: Runs) -> dict[str, str | float | bool]:
    """The first quantity of the claims, else of the tables, that we measured and the paper printed.

    ``comparable`` is False where the corpus is not the paper's.
    """
    published = {(row.experiment, row.metric): row.published for _, row in paper.rows() if row.published is not None}
    claimed = [(term.experiment, term.metric) for claim in paper.claims for term in terms(claim.rule)]
    for experiment, metric in [*claimed, *published]:
        values = runs[experiment].values(metric) if experiment in runs else {}
        if values and (experiment, metric) in published:
            ours, theirs = fmean(values.values()), published[experiment, metric]
            return {
                "quantity": f"{experiment} {metric}",
                "ours": _short(ours),
                "published": theirs,
                "difference": _short(ours - theirs),
                "comparable": experiment not in other_data(name, scale),
            }
    return {}


def curves(runs: Runs) -> list[tuple[float, str, str, float]]:
    """(epoch, or step without epochs; experiment; metric; mean over seeds) of what is followed during training."""
    found = []
    for name, run in runs.items():
        points: dict[str, dict[float, list[float]]] = {}
        for _, epoch, step, metric, value in run.history:
            if (metric.startswith("valid/") or not epoch) and math.isfinite(value):
                points.setdefault(metric, {}).setdefault(epoch or step, []).append(value)
        for metric, line in points.items():
            steps = sorted(line)
            kept = steps[:: math.ceil(len(steps) / POINTS)]
            found += [(step, name, metric, _short(fmean(line[step]))) for step in dict.fromkeys([*kept, steps[-1]])]
    return found


def _short(value: float) -> float:
    return float(f"{value:.5g}")
