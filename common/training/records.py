"""Records: compact evidence from runs on real data, kept by git."""

import csv
import json
import os
from pathlib import Path

from common import config, paths
from common.errors import UserError
from common.training.finished import run_folder
from common.training.run import read_json


def promote(paper: str, scale: str) -> list[Path]:
    """Copies every finished run of a scale to ``records/<scale>/<experiment>.json``, learning curves included.

    What a record of real data gave before is kept under ``earlier``, newest first: each was a look at the test text.

    Raises:
        UserError: nothing is finished, a run was made with other settings than those declared now, or the record that
            it follows cannot be read.
    """
    written = []
    for experiment in config.experiments(paper, scale):
        folder = run_folder(paper, experiment, scale)
        if not (folder / "results.json").exists():
            continue
        record = read_json(folder / "results.json", {})
        if record.get("config") != config.resolve(paper, experiment, scale):
            raise UserError(
                f"{folder}: made with other settings than params.yaml declares now; run it again: "
                f"replicate run {paper} {experiment} --scale {scale}"
            )
        try:
            with open(folder / "history.csv", newline="", encoding="utf-8") as file:
                rows = list(csv.reader(file))[1:]
            record["history"] = [[int(s), int(e), int(n), metric, float(v)] for s, e, n, metric, v in rows]
        except (OSError, ValueError, csv.Error) as error:
            raise UserError(
                f"{folder / 'history.csv'}: missing or damaged ({error}); run it again: replicate run "
                f"{paper} {experiment} --scale {scale}"
            ) from None
        path = paths.REPLICATIONS / paper / "records" / scale / f"{experiment}.json"
        if scale != "quick" and (earlier := _earlier(path, record)):  # texts that are made up can be made anew
            record["earlier"] = earlier
        written.append(_write(path, record))
    if not written:
        raise UserError(
            f"{paper}: no finished run at scale {scale!r}; start one: replicate run {paper} "
            f"{config.experiments(paper, scale)[0]} --scale {scale}"
        )
    return written


def _earlier(path: Path, record: dict) -> list[dict]:
    """The looks at the test text before ``record``; the same numbers from the same settings are the same look."""
    if not path.exists():
        return []
    try:
        last = json.loads(path.read_text(encoding="utf-8"))
        look = {
            "git_commit": last["provenance"].get("git_commit"),
            "config": last["config"],
            "metrics": last["metrics"],
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: not a record ({error}); restore it (git checkout), or delete it if its numbers are "
            f"known to be void"
        ) from None
    same = all(look[key] == record[key] for key in ("config", "metrics"))
    return [*([] if same else [look]), *last.get("earlier", [])]


def _write(path: Path, record: dict) -> Path:
    """One key per line and one line per learning curve point: small diffs."""
    head = {key: value for key, value in record.items() if key != "history"}
    points = ",\n  ".join(json.dumps(row) for row in record["history"])
    text = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    text += f',\n "history": [\n  {points}\n ]\n}}\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
    return path
