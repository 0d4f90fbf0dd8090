"""What the command line has for a course."""

from typing import Annotated, Optional

import typer

from common import config, paths
from common.errors import UserError

Paper = Annotated[str, typer.Argument(help="Folder name of a paper; see `replicate list`.")]
Number = Annotated[int, typer.Argument(help="See `replicate exercise list`.")]
exercise = typer.Typer(
    no_args_is_help=True, help="Write a function of the suite yourself; its own tests say what holds."
)


@exercise.command("list")
def list_(paper: Annotated[str, typer.Argument(help="None: all papers.")] = "") -> None:
    """The exercises, and which of them are begun."""
    from common.course import exercises

    for name in [paper] if paper else config.papers():
        for one in exercises.of(name):
            typer.echo(f"{name} {one.number}  {one.name}: {one.says}{'  (begun)' if one.copy.exists() else ''}")


@exercise.command("start")
def start(
    paper: Paper, number: Number, again: Annotated[bool, typer.Option(help="Lose what is there.")] = False
) -> None:
    """Write the file with the function left blank."""
    from common.course import exercises

    _require_tests()
    one = exercises.exercise(paper, number)
    path = exercises.start(one, again).relative_to(paths.HOME)
    typer.echo(f"{one.title}\nwrite its body: {path}\nthen: replicate exercise check {paper} {number}")


@exercise.command("check")
def check(paper: Paper, number: Number) -> None:
    """Run the suite's tests of the function on yours, and say which property holds; ends with 1 unless all do."""
    from common.course import exercises

    _require_tests()
    one = exercises.exercise(paper, number)
    found = exercises.check(one)
    typer.echo(one.title)
    for says, fault in found:
        typer.echo(f"  {'✕' if fault else '✓'} {says}" + (f"\n      {fault}" if fault else ""))
    held = sum(fault is None for _, fault in found)
    typer.echo(f"{held} of {len(found)} properties hold")
    if held < len(found):
        raise typer.Exit(1)


@exercise.command("solution")
def solution(paper: Paper, number: Number) -> None:
    """Show the function as the suite has it."""
    from common.course import exercises

    one = exercises.exercise(paper, number)
    line, text = exercises.solution(one)
    typer.echo(f"# {one.path.relative_to(paths.ROOT)}:{line}\n{text}", nl=False)


def _require_tests() -> None:
    if not (paths.ROOT / "tests").is_dir():
        raise UserError(
            "exercises are checked by the suite's tests, which a checkout has and an installed package has not"
        )


def annotate(papers: Annotated[Optional[list[str]], typer.Argument(help="Folder names; none: all.")] = None) -> None:
    """Write docs/annotated/, the equations of papers beside their lines, and docs/*.html from docs/*.md with the
    numbers of lines in them."""
    from common.course import annotated, documents, quotes

    if paths.INSTALLED:
        raise UserError("annotated pages belong to a checkout; this is an installed package")
    names = [config.require_paper(name) for name in papers or annotated.papers()]
    for path in (*annotated.write(names), *quotes.renumber(documents.FOLDER), *documents.write()):
        typer.echo(path.relative_to(paths.ROOT))


def notebook(
    names: Annotated[Optional[list[str]], typer.Argument(help="Scripts in notebooks/; none: list them.")] = None,
    again: Annotated[bool, typer.Option(help="Lose the notebook that is there.")] = False,
) -> None:
    """Make Jupyter notebooks of the scripts in notebooks/, which also run as they are."""
    from common.course import notebooks

    if not names:
        typer.echo("\n".join(notebooks.scripts()))
    for name in names or ():
        typer.echo(notebooks.write(name, again).relative_to(paths.HOME))


def serve(port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8000) -> None:
    """Offer what `replicate try` does in a browser of this machine, until Ctrl-C."""
    from common.course.serve import HERE, server

    with server(port) as running:
        typer.echo(f"open http://{HERE[0]}:{running.server_port}/ (Ctrl-C ends it)")
        running.serve_forever()
