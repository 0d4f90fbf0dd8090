"""A prepared corpus on disk: token ids in memory-mapped Arrow, its vocabulary, and what is known about it."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from common.data import fetch
from common.errors import UserError
from common.locks import locked
from common.text.vocabulary import Vocabulary

SPLITS = ("train", "valid", "test")
SUMS = "sha256.json"


class Prepared(NamedTuple):
    vocabulary: Vocabulary
    arrays: dict[str, np.ndarray]  # split -> int32 [T]
    info: dict


def open_or_prepare(folder: Path, prepare: Callable[[], Prepared]) -> Prepared:
    """Open ``folder``, calling ``prepare`` once to fill it; other processes wait for the one that prepares.

    A killed process leaves only ``<folder>.partial`` behind, which the next one throws away; a folder of which a byte
    was changed or lost later is made again. Raises OSError when the disk refuses.
    """
    if prepared := _open(folder):
        return prepared
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(Path(f"{folder}.lock")):
        if prepared := _open(folder):
            return prepared
        _write(folder, prepare())
    prepared = _open(folder)
    assert prepared, f"{folder} cannot be read back"
    return prepared


def _write(folder: Path, prepared: Prepared) -> None:
    import datasets  # a second of import time that only reading and writing corpora should cost

    partial = Path(f"{folder}.partial")
    for leftover in (partial, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    # One row per split: a single Arrow list is one contiguous buffer, which numpy can map without a copy.
    features = datasets.Features({"tokens": datasets.List(datasets.Value("int32"))})
    datasets.disable_progress_bars()  # of one row
    for split in SPLITS:
        row = datasets.Dataset.from_dict({"tokens": [prepared.arrays[split]]}, features=features)
        row.save_to_disk(partial / split)
    prepared.vocabulary.save(partial / "vocabulary.json")
    (partial / "info.json").write_text(json.dumps(prepared.info) + "\n")
    (partial / SUMS).write_text(json.dumps(_sums(partial)) + "\n")
    os.rename(partial, folder)


def _sums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file."""
    return {
        str(path.relative_to(folder)): fetch.sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != SUMS
    }


def _open(folder: Path) -> Prepared | None:
    """What is in ``folder``, or None when it is absent or not whole."""
    if not folder.is_dir():
        return None
    import datasets

    try:
        if json.loads((folder / SUMS).read_text()) != _sums(folder):
            return None
        info = json.loads((folder / "info.json").read_text())
        vocabulary = Vocabulary.load(folder / "vocabulary.json")
        arrays = {}
        for split in SPLITS:
            column = datasets.load_from_disk(str(folder / split)).data.column("tokens")
            arrays[split] = column.chunk(0).values.to_numpy(zero_copy_only=True)
        return Prepared(vocabulary, arrays, info)
    except (OSError, ValueError, KeyError, TypeError, UserError):  # pyarrow raises OSError and ValueError
        return None
