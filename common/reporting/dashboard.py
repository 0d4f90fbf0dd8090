"""A paper's dashboard in Weights & Biases, as code: a report, and a workspace, over what ``replicate publish`` sends.

Both are built without a connection; only :func:`save` needs a login.
"""

import os
from types import ModuleType
from typing import Any

from common.config import SCALES
from common.errors import UserError
from common.reporting.evidence.published import Paper, load_paper
from common.reporting.evidence.results import Runs, evidence
from common.reporting.pages import figures
from common.reporting.publish import OTHER_DATA, PROJECT, REPORT, imported
from common.reporting.verdicts.claims import judge_all


def build(paper: str, entity: str = "") -> tuple[Any, Any]:
    """The report and the workspace of a paper, of the account ``entity``: its claims with their verdicts, and for each
    scale what was measured beside what was published, learning curves with the published numbers as lines, figures.

    Raises:
        UserError: wandb-workspaces is not installed, there is no result, or ``paper.yaml`` is bad.
    """
    packages = (f"wandb_workspaces.{name}" for name in ("reports.v2", "workspaces", "expr"))
    wr, ws, expr = (imported(package, "dashboards need") for package in packages)
    published, runs_of = load_paper(paper), evidence(paper)
    scales = [scale for scale in SCALES if runs_of[scale]]
    if not scales:
        raise UserError(f"{paper}: no results yet; start with: replicate run {paper}")
    place = {"entity": entity, "project": os.environ.get("WANDB_PROJECT", PROJECT)}
    blocks = [
        wr.TableOfContents(),
        wr.P(published.summary),
        wr.H1("Claims"),
        wr.MarkdownBlock(_claims(paper, published, runs_of, scales)),
    ]
    sections = []
    for scale in scales:

        def runset(name: str, *filters: Any, scale: str = scale) -> Any:
            of_scale = [expr.Config("paper") == paper, expr.Config("scale") == scale, *filters]
            return wr.Runset(**place, name=name, filters=of_scale, groupby=["Group"])

        bars, curves, pictures = _panels(wr, paper, published, runs_of[scale])
        wide = wr.Layout(w=24, h=10)
        tables = [wr.WeavePanelSummaryTable(table_name=name, layout=wide) for name in ("claims", "results")]
        trained = runset("experiments", expr.Config("experiment") != REPORT)
        report = runset("report", expr.Config("experiment") == REPORT)
        blocks += [wr.H1(f"Scale {scale}"), *([wr.P(OTHER_DATA)] if scale == "quick" else [])]
        for heading, runs, panels in (
            ("Published against ours", trained, bars),
            ("Learning curves", trained, curves),
            ("Tables and figures", report, [*tables, *pictures]),
        ):
            blocks += [wr.H2(heading), wr.PanelGrid(runsets=[runs], panels=panels)] if panels else []
        sections.append(ws.Section(name=scale, panels=[*bars, *curves, *pictures], is_open=scale == scales[-1]))
    workspace = ws.Workspace(
        **place,
        name=paper,
        sections=sections,
        runset_settings=ws.RunsetSettings(filters=[expr.Config("paper") == paper], groupby=[expr.Metric("Group")]),
    )
    return wr.Report(
        **place,
        title=f"{published.title} ({published.year})"[:128],
        description=f"{published.byline}, {published.venue}",
        blocks=blocks,
        width="fluid",
    ), workspace


def save(report: Any, workspace: Any) -> list[str]:
    """Sends both to the account that is logged in, or that they name; their addresses.

    Raises:
        UserError: there is no login.
    """
    import wandb

    try:
        account = report.entity or wandb.Api().default_entity
        for one in (report, workspace):
            one.entity = account
        for block in report.blocks:
            for runset in getattr(block, "runsets", ()):
                runset.entity = account
        return [report.save().url, workspace.save().url]
    except wandb.Error as error:
        raise UserError(f"W&B: {error}; `wandb login` first") from error


def outline(report: Any) -> str:
    """What the report holds, a line per heading and panel."""
    lines = [report.title]
    for block in report.blocks:
        if hasattr(block, "panels"):
            for panel in block.panels:
                what = panel.table_name if hasattr(panel, "table_name") else panel.title
                lines.append(f"      {type(panel).__name__}: {what}")
        elif (heading := type(block).__name__) in ("H1", "H2"):
            lines.append(f"{'  ' * int(heading[1])}{block.text}")
    return "\n".join(lines)


def _claims(paper: str, published: Paper, runs_of: dict[str, Runs], scales: list[str]) -> str:
    """A Markdown table: claims by scales."""
    verdicts = {(one.claim.id, one.scale): one.verdict for one in judge_all(paper, published, runs_of)}
    rows = [["claim", "where", *scales], ["---"] * (2 + len(scales))]
    rows += [[one.says, one.where, *(verdicts[one.id, scale] for scale in scales)] for one in published.claims]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def _panels(wr: ModuleType, folder: str, paper: Paper, runs: Runs) -> tuple[list[Any], list[Any], list[Any]]:
    """Bars of what was published, learning curves, and figures, of one scale."""
    grouped = {"groupby": "Group", "groupby_aggfunc": "mean", "groupby_rangefunc": "minmax"}
    of_seeds = {
        (name, metric)
        for name, run in runs.items()
        for metric, values in run.metrics.items()
        if set(values) & set(map(str, run.seeds))
    }  # those of all seeds together stand in the tables
    rows = [row for _, row in paper.rows() if row.published is not None and (row.experiment, row.metric) in of_seeds]
    printed = list(dict.fromkeys(row.metric for row in rows))
    bars = [wr.BarPlot(title=metric, metrics=[metric, f"paper/{metric}"], **grouped) for metric in printed]
    curves = []
    for metric in sorted({row[3] for run in runs.values() for row in run.history if row[3].startswith("valid/")}):
        lines = [f"paper/{one}" for one in printed if paper.unit(one) == paper.unit(metric)]
        curves.append(wr.LinePlot(title=metric, x="epoch", y=[metric, *lines], **grouped))
    with figures.style():
        names = [name for name, *_ in figures.paper_figures(folder, runs)]
    return bars, curves, [wr.MediaBrowser(title=name, media_keys=[f"figure/{name}"]) for name in names]
