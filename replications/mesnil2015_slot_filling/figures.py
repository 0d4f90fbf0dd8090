"""The figures, drawn from our runs."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from common.reporting.tagged_text import by_type

SHOWN = ("elman", "bi_jordan", "bilstm_crf")


def draw(runs: dict[str, dict]) -> Iterator[tuple[str, str, Figure]]:
    """(name, caption, figure) for every figure that the runs of one scale allow."""
    if shown := {name: runs[name] for name in SHOWN if "types" in runs.get(name, {"figures": ()})["figures"]}:
        yield "types", "F1 of each kind of slot (how many the test text has), mean over seeds.", by_type(shown)
