"""The ``dvc.yaml`` files and the digests of code that their stages depend on, written from the folders; receipts.

The quick scale of a paper depends on its code by one file, ``code.sha256``: the digest of all that ``experiment.py``
imports, so that a change in ``common/`` makes due the papers that use it and no other. The stage ``code``, which always
runs, brings these files up to date before the papers are looked at. The larger scales are asked for
by name, and then ``replicate run`` itself finds what is not made yet of the present settings, data and code.

What a stage leaves for DVC is a receipt, which says what was made and from what. It has the same bytes on every
machine, so that ``dvc.lock`` does not change where nothing else did; results do not.
"""

import json
import os
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from common import config, paths
from common.data import catalog
from common.training.closure import code_fingerprint

RECEIPTS = paths.ROOT / "receipts"  # of the quick runs; git keeps the folder, and none of them
HEAD = "# Written by `replicate pipeline`.\n"
RECEIPT = "{cache: false, persist: true}"  # persist: or DVC puts an old receipt back instead of running the stage


def corpora(paper: str, scale: str) -> list[str]:
    """Entries of the catalogue that a paper's experiments read at a scale."""
    settings = [config.resolve(paper, name, scale) for name in config.experiments(paper, scale)]
    names = {name for one in settings for name in (one["corpus"], *one.get("transfer", ()))}
    return sorted({entry for name in names if (entry := catalog.entry_of(name))})


def generated() -> dict[Path, str]:
    """Every generated file and its text; paths are from the root of the checkout."""
    read = {
        paper: {scale: corpora(paper, scale) for scale in config.SCALES if config.experiments(paper, scale)}
        for paper in config.papers()
    }
    all_read = sorted({name for scales in read.values() for name in chain(*scales.values())})
    files = {Path("dvc.yaml"): _root(list(read)), Path("corpora/dvc.yaml"): _fetch(all_read)}
    for paper, scales in read.items():
        folder = Path("replications") / paper
        files[folder / "code.sha256"] = code_fingerprint(f"replications.{paper}.experiment") + "\n"
        files[folder / "dvc.yaml"] = _paper(paper, scales)
    return files


def write() -> list[Path]:
    """Brings the generated files and the receipts of runs up to date; returns the generated files that were not."""
    for path in RECEIPTS.glob("*.json"):
        receipt(path.stem)
    wanted = {paths.ROOT / path: text for path, text in generated().items()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return [_put(path, wanted[path]) for path in stale]


def receipt(paper: str) -> Path:
    """Writes and returns what says which quick runs are there: experiment -> fingerprints."""
    results = {name: paths.runs(paper) / "quick" / name / "results.json" for name in config.experiments(paper, "quick")}
    made = {
        name: json.loads(path.read_text(encoding="utf-8"))["provenance"]["fingerprint"]
        for name, path in results.items()
        if path.exists()
    }
    return _put(RECEIPTS / f"{paper}.json", json.dumps(made, indent=1) + "\n")


def fetched(corpus: str) -> Path:
    """Writes and returns what says that a corpus is in data/ and right: its sums, as ``sha256sum`` writes them."""
    entry = catalog.entry(corpus)
    lines = [*(f"{file.sha256}  {name}" for name, file in entry.files.items()), *entry.requires]
    return _put(paths.BUILD / "fetched" / f"{corpus}.sha256", "\n".join(lines) + "\n")


def _put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
    return path


def _root(papers: list[str]) -> str:
    folders = [f"replications/{paper}" for paper in papers]
    read = [f"{one}/{name}" for one in folders for name in ("figures.py", "paper.yaml", "params.yaml", "records")]
    return f"""{HEAD}# Papers have theirs in their folders; `dvc repro` runs `quick` of each, then the reports.
stages:
  code:
    cmd: replicate pipeline
    always_changed: true
    outs:{_list(f"{folder}/code.sha256: {RECEIPT}" for folder in folders)}
  reports:
    cmd: replicate report
    deps:{_list(["receipts", "common/reporting", *(name for name in read if (paths.ROOT / name).exists())])}
    outs:
      - reports: {RECEIPT}
"""


def _fetch(corpora: list[str]) -> str:
    return f"""{HEAD}stages:
  fetch:
    matrix:
      corpus: [{", ".join(corpora)}]
    cmd: replicate data fetch ${{item.corpus}}
    params:
      - ../common/data/catalog.yaml:
          - ${{item.corpus}}
    outs:
      - ../build/fetched/${{item.corpus}}.sha256: {RECEIPT}
"""


def _paper(paper: str, scales: dict[str, list[str]]) -> str:
    curves = "{x: step, y: value, template: curves}"
    measured = [one for one in scales if one == "quick" or (paths.REPLICATIONS / paper / "records" / one).exists()]
    return f"""{HEAD}metrics: [{", ".join(f"metrics/{scale}.json" for scale in measured)}]
plots:{_list((f"metrics/{scale}.csv: {curves}" for scale in measured), 2)}
stages:
""" + "".join(_stage(paper, scale, read) for scale, read in scales.items())


def _stage(paper: str, scale: str, corpora: list[str]) -> str:
    run, record = (f"replicate {verb} {paper} --scale {scale}" for verb in ("run", "record"))
    params = f"""params:
      - params.yaml: [defaults, scales.{scale}, experiments]"""
    if scale == "quick":
        return f"""  quick:
    cmd: {run}
    {params}
    deps:
      - code.sha256
    outs:
      - ../../receipts/{paper}.json: {RECEIPT}
"""
    data = f"\n      - ../../common/data/catalog.yaml: [{', '.join(corpora)}]" if corpora else ""
    deps = f"\n    deps:{_list(f'../../build/fetched/{name}.sha256' for name in corpora)}" if corpora else ""
    return f"""  {scale}:
    cmd:
      - {run}
      - {record}
    always_changed: true
    {params}{data}{deps}
"""


def _list(items: Iterable[str], indent: int = 6) -> str:
    return "".join(f"\n{' ' * indent}- {item}" for item in items)
