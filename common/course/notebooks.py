"""Notebooks, which are kept as plain scripts with cells (``# %%``), and the trained networks that they look into."""

import json
import re
from pathlib import Path
from typing import Any

from common import paths
from common.errors import UserError, unknown
from common.weights import find

FOLDER = paths.ROOT / "notebooks"
CELL = re.compile(r"^# %%(.*)\n", re.M)


def network(paper: str, experiment: str) -> Path:
    """The network of the quick scale; where it is not there, one seed of it is trained now, as a run of your own."""
    try:
        return find(paper, experiment, "quick", 1)
    except UserError:
        from common.training.execute import execute

        return execute(paper, experiment, seeds=[1], name=f"notebook-{experiment}", again=False) / "seed-1.pt"


def notebook(script: str) -> dict[str, Any]:
    """A script of cells in the format of Jupyter (nbformat 4.5)."""
    kinds, parts = CELL.split(script)[1::2], CELL.split(script)[2::2]
    cells = []
    for number, (kind, part) in enumerate(zip(kinds, parts, strict=True)):
        text = re.sub("^# ?", "", part, flags=re.M) if "[markdown]" in kind else part
        cell = {"id": f"cell-{number}", "metadata": {}, "source": text.strip("\n").splitlines(keepends=True)}
        code = {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append(cell | ({"cell_type": "markdown"} if "[markdown]" in kind else code))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def scripts() -> dict[str, Path]:
    """By name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.py"))}


def write(name: str, again: bool = False) -> Path:
    """Writes ``notebooks/<name>.ipynb`` beside its script.

    Raises:
        UserError: no such script, or a notebook that is there and is not to be lost.
    """
    if name not in scripts():
        raise unknown("notebook", name, scripts())
    target = paths.HOME / "notebooks" / f"{name}.ipynb"
    if target.exists() and not again:
        raise UserError(f"{target}: is there already, and kept; open it, or lose it and begin anew with --again")
    target.parent.mkdir(exist_ok=True)
    made = notebook(scripts()[name].read_text(encoding="utf-8"))
    target.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return target
