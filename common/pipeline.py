"""The ``dvc.yaml`` files, written from the folders, and what their stages depend on and leave.

A stage depends on the code of its experiment by one file of ``build/code/``: the digest of all that ``experiment.py``
imports, so that a change in ``common/`` makes due the papers that use it and no other. The stage ``code`` brings these
digests up to date before any other stage is looked at; git does not keep them, so none can be stale there.

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
from common.training.closure import code_fingerprint, files_fingerprint, import_closure

HEAD = "# Written by `replicate pipeline`.\n"
RECEIPT = "{cache: false, persist: true}"  # persist: or DVC puts an old receipt back instead of running the stage


def corpora(paper: str, scale: str) -> list[str]:
    """Entries of the catalogue that a paper's experiments read at a scale."""
    settings = [config.resolve(paper, name, scale) for name in config.experiments(paper, scale)]
    names = {name for one in settings for name in (one["corpus"], *one.get("transfer", ()))}
    return sorted({entry for name in names if (entry := catalog.entry_of(name))})


def generated() -> dict[Path, str]:
    """Every ``dvc.yaml`` and its text; paths are from the root of the checkout."""
    read = {paper: {scale: corpora(paper, scale) for scale in config.SCALES if config.experiments(paper, scale)}
            for paper in config.papers()}
    files = {Path("replications") / paper / "dvc.yaml": _paper(paper, scales) for paper, scales in read.items()}
    all_read = sorted({name for scales in read.values() for name in chain(*scales.values())})
    return files | {Path("common/data/dvc.yaml"): _fetch(all_read), Path("dvc.yaml"): _root(list(read))}


def digests() -> dict[str, str]:
    """Name in ``build/code/`` -> SHA-256: of each paper's code, and of what the reports are made from but runs."""
    files = [*import_closure("common.reporting.pages.report"),
             *sorted(paths.ROOT.glob("common/reporting/pages/templates/*"))]
    for paper in config.papers():
        folder = paths.REPLICATIONS / paper
        files += import_closure(f"replications.{paper}.figures")
        files += [folder / "paper.yaml", folder / "params.yaml", *sorted(folder.glob("records/*/*.json"))]
    code = {paper: code_fingerprint(f"replications.{paper}.experiment") for paper in config.papers()}
    return code | {"reports": files_fingerprint(files)}


def write() -> list[Path]:
    """Brings the generated files and the digests up to date; returns the files that were not."""
    wanted = {paths.ROOT / path: text for path, text in generated().items()}
    wanted |= {paths.BUILD / "code" / f"{name}.sha256": digest + "\n" for name, digest in digests().items()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return [_put(path, wanted[path]) for path in stale]


def receipt(paper: str, scale: str) -> Path:
    """Writes and returns what says which runs of a scale are there: experiment -> fingerprints."""
    folder = paths.REPLICATIONS / paper / "runs" / scale
    results = {name: folder / name / "results.json" for name in config.experiments(paper, scale)}
    made = {name: json.loads(path.read_text(encoding="utf-8"))["provenance"]["fingerprint"]
            for name, path in results.items() if path.exists()}
    return _put(folder / "made.json", json.dumps(made, indent=1) + "\n")


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
    made = (f"replications/{paper}/runs/quick/made.json" for paper in papers)
    return f"""{HEAD}# Papers have theirs in their folders; `dvc repro` runs `quick` of each, then the reports.
stages:
  code:
    cmd: replicate pipeline
    always_changed: true
    outs:
      - build/code: {RECEIPT}
  reports:
    cmd: replicate report
    deps:{_list(["build/code/reports.sha256", *made])}
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
      - catalog.yaml:
          - ${{item.corpus}}
    outs:
      - ../../build/fetched/${{item.corpus}}.sha256: {RECEIPT}
"""


def _paper(paper: str, scales: dict[str, list[str]]) -> str:
    curves = "{x: step, y: value, template: curves}"
    return f"""{HEAD}metrics: [{", ".join(f"metrics/{scale}.json" for scale in scales)}]
plots:{_list((f"metrics/{scale}.csv: {curves}" for scale in scales), 2)}
stages:
""" + "".join(_stage(paper, scale, read) for scale, read in scales.items())


def _stage(paper: str, scale: str, corpora: list[str]) -> str:
    commands = [f"replicate {verb} {paper} --scale {scale}" for verb in ("run", "record")]
    cmd = f" {commands[0]}" if scale == "quick" else _list(commands)
    data = [f"../../common/data/catalog.yaml: [{', '.join(corpora)}]"] if corpora else []
    return f"""  {scale}:
    cmd:{cmd}
    params:{_list(["params.yaml: [defaults, scales." + scale + ", experiments]", *data])}
    deps:{_list(f"../../build/{name}.sha256" for name in [f"code/{paper}", *(f"fetched/{one}" for one in corpora)])}
    outs:
      - runs/{scale}/made.json: {RECEIPT}
"""


def _list(items: Iterable[str], indent: int = 6) -> str:
    return "".join(f"\n{' ' * indent}- {item}" for item in items)
