"""The one door: ``replicate VERB ...``."""

import importlib.metadata
import os
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from common import config, paths
from common.course import commands
from common.errors import Interrupted, UserError, explained

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Replications of the classic recurrent-network papers, measured against their printed numbers.",
)
data = typer.Typer(no_args_is_help=True, help="Corpora: fetch, verify, see what is here.")
app.add_typer(data, name="data")
weights = typer.Typer(no_args_is_help=True, help="Trained networks: get them from a DVC remote, or send them to one.")
app.add_typer(weights, name="weights")
app.add_typer(commands.exercise, name="exercise")
app.command()(commands.annotate)
app.command()(commands.notebook)
app.command()(commands.serve)

Paper = Annotated[str, typer.Argument(help="Folder name of a paper; see `replicate list`.")]
Papers = Annotated[Optional[list[str]], typer.Argument(help="Folder names of papers; none: all.")]
Scale = Annotated[str, typer.Option(help="quick, scaled or paper.")]
Remote = Annotated[Optional[str], typer.Option(help="Name of a DVC remote; default: DVC's default one.")]


@app.callback(invoke_without_command=True)
def _(
    command: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    from common.training import launch

    if command.invoked_subcommand != "run":
        launch.forget()
    if version:
        typer.echo(f"replicate {importlib.metadata.version('rnn-replications')}")
        raise typer.Exit


def _require_checkout(what: str) -> None:
    if paths.INSTALLED:
        raise UserError(f"{what} belong to a checkout; this is an installed package")


@app.command("list")
def list_() -> None:
    """Papers, their experiments and scales, own runs, and whether the data they need is here."""
    from common.data import catalog, fetch
    from common.reporting import own
    from common.training.finished import own_runs

    states = {row.corpus: row.state for row in fetch.status()}
    for paper in config.papers():
        grid = {scale: config.experiments(paper, scale) for scale in config.SCALES}
        typer.secho(f"\n{paper}", bold=True)
        for scale, names in grid.items():
            needed = sorted({config.resolve(paper, name, scale)["corpus"] for name in names})
            notes = [f"{name} ({_state(name, states)})" for name in needed]
            typer.echo(f"  {scale:7}{len(names):3} experiments   data: {', '.join(notes) or '-'}")
        width = max(map(len, {name for names in grid.values() for name in names}), default=0)
        for name in dict.fromkeys(name for names in grid.values() for name in names):
            where = ", ".join(scale for scale in config.SCALES if name in grid[scale])
            done = [
                s
                for s in config.SCALES
                if (paths.runs(paper) / s / name).exists()
                or (paths.REPLICATIONS / paper / "records" / s / f"{name}.json").exists()
            ]
            typer.echo(f"    {name:{width}}  {where:22}  results: {', '.join(done) or 'none yet'}")
        for folder in own_runs(paper):
            found = own.read(folder)
            typer.echo(
                f"    own run {folder.name}: {found['experiment']} ({found['scale']}), "
                f"{', '.join(own.changes(found)) or 'as declared'}"
            )
    first = config.papers()[0]
    absent = [name for name in catalog.entries() if states[name] != "here"]
    typer.echo(f"\nTrain one:    replicate run {first} {config.experiments(first, 'quick')[0]}")
    typer.echo(f"Corpora that are not here: {', '.join(absent) or 'none'} (replicate data fetch NAME)")


def _state(corpus: str, states: dict[str, str]) -> str:
    from common.data import catalog

    return "streamed" if corpus in catalog.STREAMED else states.get(catalog.entry_of(corpus), "made here")


@data.command("fetch")
def data_fetch(corpora: Annotated[list[str], typer.Argument(help="Names; see `replicate data status`.")]) -> None:
    """Get corpora from data/ itself, from $REPLICATIONS_MIRROR, or from their address; check their SHA-256."""
    from common import pipeline
    from common.data import fetch

    for corpus in corpora:
        typer.echo(f"{corpus}: {fetch.fetch(corpus)}")
        pipeline.fetched(corpus)


@data.command("verify")
def data_verify(corpora: Annotated[list[str], typer.Argument(help="Names; see `replicate data status`.")]) -> None:
    """Read every file of some corpora and compare it with the catalogue."""
    from common.data import fetch

    for corpus in corpora:
        fetch.verify(corpus)
        typer.echo(f"{corpus}: right")


@data.command("status")
def data_status() -> None:
    """What the catalogue holds and what of it is here."""
    from common.data import fetch

    for row in fetch.status():
        typer.echo(f"{row.corpus:14} {row.state:12} {row.files:3} files {row.size / 1e6:8.1f} MB   {row.licence}")


@weights.command("pull")
def weights_pull(paper: Paper, scale: Scale = "quick", remote: Remote = None) -> None:
    """Get the networks that somebody has sent; `replicate try` finds them."""
    from common.weights import pull

    _require_checkout("DVC remotes")
    for path in pull(paper, scale, remote):
        typer.echo(path.relative_to(paths.ROOT))


@weights.command("ship")
def weights_ship(paper: Paper) -> None:
    """Put the quick network that `replicate try` uses beside the code, for git to keep."""
    from common.demos import program
    from common.weights import ship

    typer.echo(ship(paper, program(paper).DEFAULT_EXPERIMENT).relative_to(paths.ROOT))


@weights.command("push")
def weights_push(paper: Paper, scale: Scale = "quick", remote: Remote = None) -> None:
    """Send the networks of all finished runs of a scale, for others to pull."""
    from common.weights import folder, push

    _require_checkout("DVC remotes")
    sent = push(paper, scale, remote)
    note = folder(paper, scale).relative_to(paths.ROOT)
    typer.echo(f"{len(sent)} networks sent; commit {note}.dvc for others to pull")


@app.command()
def run(
    paper: Paper,
    experiment: Annotated[
        Optional[str],
        typer.Argument(
            help="A row of the paper's tables, see `replicate list`; none: all that are not made yet, one on each core."
        ),
    ] = None,
    scale: Scale = "quick",
    seeds: Annotated[
        Optional[list[str]], typer.Option(help="Such as 1,2,3 or 1-3; default: the declared ones.")
    ] = None,
    set_: Annotated[Optional[list[str]], typer.Option("--set", help="key=value; repeat for several.")] = None,
    devices: Annotated[int, typer.Option(min=1, help="Processes (CPU) or GPUs that share one training.")] = 1,
    num_nodes: Annotated[int, typer.Option(min=1, help="Machines; started by torchrun or SLURM.")] = 1,
    precision: Annotated[Optional[str], typer.Option(help="Lightning's, such as 32-true or bf16-mixed.")] = None,
    name: Annotated[Optional[str], typer.Option(help="Of a run of your own, in runs/own/.")] = None,
    accelerator: Annotated[Optional[str], typer.Option(help="cpu or cuda; default: cuda where there is one.")] = None,
    logger: Annotated[Optional[str], typer.Option(help="Live curves: wandb, csv or tensorboard.")] = None,
    trainer: Annotated[
        Optional[list[str]], typer.Option(help="key=value of Lightning's Trainer; repeat for several.")
    ] = None,
) -> None:
    """Train and evaluate one experiment, or all of a paper. Interrupted, the same command goes on where it stopped.

    With --seeds, --set, --precision, --trainer or --name the results go to runs/own/ and never count as evidence.
    """
    from common.training import launch

    launch.settle(devices, num_nodes)  # Lightning reads the environment when it is imported
    from common.training.execute import execute

    if experiment is None:
        from common import pipeline
        from common.reporting import metrics
        from common.training.side_by_side import execute_all

        if seeds or set_ or precision or name or logger or trainer or devices * num_nodes > 1:
            raise UserError(f"{paper}: name the experiment that these options are for")
        typer.echo(f"results: {os.path.relpath(execute_all(paper, scale, accelerator), paths.HOME)}")
        if scale == "quick" and not paths.INSTALLED:  # for DVC
            metrics.write(paper, scale)
            pipeline.receipt(paper)
        return
    if logger:
        from common.reporting.live import live

        logger = live(logger, config.require_paper(paper), experiment)
    folder = execute(
        paper,
        experiment,
        scale,
        seeds=config.parse_seeds(seeds or ()),
        overrides=set_ or (),
        devices=devices,
        nodes=num_nodes,
        precision=precision,
        accelerator=accelerator,
        name=name,
        trainer=trainer or (),
        logger=logger,
    )
    if launch.is_first_process(devices * num_nodes):
        typer.echo(f"results: {os.path.relpath(folder, paths.HOME)}")


@app.command()
def record(paper: Paper, scale: Scale = "scaled") -> None:
    """Promote finished runs to records/, the evidence that git keeps and every report shows."""
    from common import pipeline
    from common.reporting import metrics
    from common.training.records import promote

    _require_checkout("records")
    for path in promote(paper, scale):
        typer.echo(path.relative_to(paths.ROOT))
    metrics.write(paper, scale)
    pipeline.write()  # a scale's first record gives dvc.yaml its metrics


@app.command()
def pipeline() -> None:
    """Write every dvc.yaml, and the digests of code that their stages depend on, from the folders."""
    from common.pipeline import write

    _require_checkout("pipelines")
    for path in write():
        typer.echo(path.relative_to(paths.ROOT))


@app.command()
def report(papers: Papers = None) -> None:
    """Write reports/ from the records, reports-here/ with the quick runs of this checkout, the tables of the papers'
    READMEs, and one of own runs."""
    from common.parallel import over_cores
    from common.reporting import own
    from common.reporting.pages.report import report as write

    names = papers or config.papers()
    folders = [write(names, kept=True)]
    if any((paths.runs(paper) / "quick").is_dir() for paper in names):
        folders.append(write(names, drawn=folders[0]))
    if not paths.INSTALLED:
        over_cores(_refresh, names, "READMEs")
    for paper in names:
        if table := own.write(paper):
            typer.echo(f"own runs: {table.relative_to(paths.HOME)}")
    typer.echo(f"open {' or '.join(str(folder.relative_to(paths.HOME) / 'index.html') for folder in folders)}")


def _refresh(paper: str) -> None:
    from common.reporting import metrics
    from common.reporting.pages import readme

    readme.fill(paper)
    for scale in config.SCALES[1:]:
        metrics.write(paper, scale)


@app.command("try")
def try_(
    paper: Paper,
    text: Annotated[Optional[str], typer.Argument(help="What the model starts from.")] = None,
    experiment: Annotated[Optional[str], typer.Option(help="Which model; default: the paper's first network.")] = None,
    scale: Scale = "quick",
    name: Annotated[Optional[str], typer.Option(help="A run of your own; see `replicate list`.")] = None,
    seed: int = 1,
    length: Annotated[int, typer.Option(min=1, help="How much to produce.")] = 40,
) -> None:
    """Use a trained model; a language model continues a text."""
    from common.demos import tried

    typer.echo(tried(paper, text or "", experiment, scale, name, seed, length))


@app.command()
def bench(
    papers: Papers = None,
    output: Annotated[Path, typer.Option(help="Where to write the JSON.")] = paths.BUILD / "bench.json",
    record: Annotated[bool, typer.Option("--record", help="Keep it for the report, too.")] = False,
) -> None:
    """Training and decoding speed on fixed shapes, as ratios against plain torch in the same run."""
    from common.benchmark import bench as measure

    if record:
        _require_checkout("records")
    typer.echo(measure([config.require_paper(paper) for paper in papers or config.papers()], output, record))


@app.command()
def publish(
    papers: Papers = None,
    online: Annotated[bool, typer.Option(help="Send to W&B now; otherwise written offline for `wandb sync`.")] = False,
) -> None:
    """Replay results to W&B, with the papers' numbers as reference lines and the claims as a table."""
    from common.reporting.evidence.results import evidence
    from common.reporting.publish import publish as replay

    for paper in papers or config.papers():
        records = [record for runs in evidence(config.require_paper(paper)).values() for record in runs.values()]
        for folder in replay(paper, records, online=online):
            typer.echo(folder)


@app.command()
def dashboard(
    paper: Paper,
    online: Annotated[bool, typer.Option(help="Save it in W&B; otherwise only its outline is shown.")] = False,
    entity: Annotated[str, typer.Option(help="W&B's user or team; default: the one that is logged in.")] = "",
) -> None:
    """Build a paper's W&B report and workspace over what `replicate publish --online` has sent."""
    from common.reporting import dashboard

    report, workspace = dashboard.build(config.require_paper(paper), entity)
    typer.echo("\n".join(dashboard.save(report, workspace)) if online else dashboard.outline(report))


def main() -> None:
    """The ``replicate`` command: errors of the user as one message, interruption without a traceback."""
    try:
        app()
    except Interrupted:
        typer.secho("asked to end; the same command goes on where it stopped", err=True)
        sys.exit(Interrupted.EXIT)
    except SystemExit as end:
        if end.code == 130:  # typer's way to end at Ctrl-C
            typer.secho("interrupted; the same command goes on where it stopped", err=True)
        raise
    except Exception as error:
        if not (message := explained(error)):
            raise
        typer.secho(f"replicate: {message}", err=True, fg="red")
        sys.exit(2)
