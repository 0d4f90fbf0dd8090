"""The ``dvc.yaml`` files, and the digests of code that their stages depend on, written from the folders.

A stage depends on the code of its experiment by one file, ``code.sha256``: the digest of all that ``experiment.py``
imports, so that a change in ``common/`` makes due the papers that use it and no other. The stage ``code`` brings these
files up to date before any other stage is looked at.

What a stage leaves for DVC is a receipt, which says what was made and from what. It has the same bytes on every
machine, so that ``dvc.lock`` does not change where nothing else did; results do not.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from common import config, paths
from common.data import catalog
from common.training.closure import code_fingerprint

HEAD = "# Written by `replicate pipeline`.\n"
RECEIPT = "{cache: false, persist: true}"  # persist: or DVC puts an old receipt back instead of running the stage


def corpora(paper: str, scale: str) -> list[str]:
    """Entries of the catalogue that a paper's experiments read at a scale."""
    settings = [config.resolve(paper, name, scale) for name in config.experiments(paper, scale)]
    names = {name for one in settings for name in (one["corpus"], *one.get("transfer", ()))}
    return sorted({entry for name in names if (entry := catalog.entry_of(name))})


def generated() -> dict[Path, str]:
    """Every file of this module's and its text; paths are from the root of the checkout."""
    scales = {paper: [one for one in config.SCALES if config.experiments(paper, one)] for paper in config.papers()}
    read = {(paper, scale): corpora(paper, scale) for paper in scales for scale in scales[paper]}
    files = {Path("dvc.yaml"): _root(list(scales), sorted({name for names in read.values() for name in names}))}
    for paper in scales:
        folder = Path("replications") / paper
        files[folder / "code.sha256"] = code_fingerprint(f"replications.{paper}.experiment") + "\n"
        files[folder / "dvc.yaml"] = _paper(paper, {scale: read[paper, scale] for scale in scales[paper]})
    return files


def write() -> list[Path]:
    """Brings the generated files up to date; those that were not."""
    written = []
    for path, text in generated().items():
        path = paths.ROOT / path
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


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


def _root(papers: list[str], corpora: list[str]) -> str:
    folders = [f"replications/{paper}" for paper in papers]
    read = [f"{folder}/{name}" for folder in folders for name in ("paper.yaml", "params.yaml", "figures.py", "records")]
    read = [name for name in read if (paths.ROOT / name).exists()] + [f"{one}/runs/quick/made.json" for one in folders]
    return f"""{HEAD}# Papers have theirs in their folders; `dvc repro` runs `quick` of each, then the reports.
stages:
  code:
    cmd: replicate pipeline
    always_changed: true
    outs:{_list(f"{folder}/code.sha256: {RECEIPT}" for folder in folders)}
  fetch:
    matrix:
      corpus:{_list(corpora, 8)}
    cmd: replicate data fetch ${{item.corpus}}
    params:
      - common/data/catalog.yaml:
          - ${{item.corpus}}
    outs:
      - build/fetched/${{item.corpus}}.sha256: {RECEIPT}
  reports:
    cmd: replicate report
    deps:{_list(["common/reporting", *sorted(read)])}
    outs:
      - reports: {{cache: false}}
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
    deps:{_list(["code.sha256", *(f"../../build/fetched/{name}.sha256" for name in corpora)])}
    outs:
      - runs/{scale}/made.json: {RECEIPT}
"""


def _list(items: Iterable[str], indent: int = 6) -> str:
    return "".join(f"\n{' ' * indent}- {item}" for item in items)
