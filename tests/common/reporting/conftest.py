"""A suite of one small paper in a temporary folder, with quick runs and records."""

import csv
import json
import sys
import types
from pathlib import Path

import pytest
import yaml

from common import config, paths
from common.reporting.pages.report import report

PAPER = "fake2001_nets"

PARAMS = {
    "defaults": {"corpus": "real", "hidden": 200, "seeds": [1, 2, 3]},
    "scales": {"quick": {"corpus": "made", "hidden": 8}, "scaled": {"hidden": 50}, "paper": {}},
    "experiments": {"counts": {"seeds": [1]}, "net": {}, "plain": {}, "big": {"scales": ["scaled", "paper"]}},
}

PUBLISHED = {
    "title": "Nets & <counts>",
    "key": "fake2001nets",
    "authors": ["A. Author", "B. Author"],
    "year": 2001,
    "venue": "Journal 7",
    "summary": "Nets beat counts.",
    "diagram": ["word -> net ⟲ -> P(next)"],
    "counted": ["counts"],
    "units": {"test/perplexity": "perplexity", "valid/perplexity": "perplexity"},
    "tables": [
        {
            "where": "Table 1",
            "rows": [
                {"experiment": "counts", "metric": "test/perplexity", "published": 141.2, "label": "Counts"},
                {"experiment": "net", "metric": "test/perplexity", "published": 124.7, "label": "Net",
                 "confidence": "unverified"},
                {"experiment": "net", "metric": "test/perplexity/average", "published": 102.1,
                 "label": "Average"},
                {"experiment": "big", "metric": "test/perplexity", "published": None, "label": "Ours | big"},
            ],
        }
    ],
    "claims": [
        {"id": "net-beats-plain", "says": "The net is better.", "where": "Section 3",
         "rule": {"metric": "test/perplexity", "compare": ["net", "plain"], "expect": "lower",
                  "paired_by": "seed"}},
        {"id": "counts-exact", "says": "Counts give 141.2.", "where": "Table 1",
         "rule": {"value": {"experiment": "counts", "metric": "test/perplexity"}, "published": 141.2,
                  "tolerance": 0.3},
         "scales": ["scaled", "paper"]},
        {"id": "big-is-better", "says": "Bigger is better.", "where": "Figure 2",
         "rule": {"metric": "test/perplexity", "compare": ["big", "net"], "expect": "lower"}},
    ],
}  # fmt: skip

VALUES = {
    "counts": {"test/perplexity": {"1": 141.1}},
    "net": {
        "test/perplexity": {"1": 124.0, "2": 125.0, "3": 124.6},
        "test/perplexity/average": {"1+2+3": 110.0},
        "valid/perplexity": {"1": 128.0, "2": 129.0, "3": 128.6},
    },
    "plain": {"test/perplexity": {"1": 136.0, "2": 137.5, "3": 136.4}},
}


DRAW = """
from matplotlib.figure import Figure

def draw(runs):
    if "net" in runs:
        figure = Figure(figsize=(3, 2))
        figure.subplots().plot(list(runs["net"]["metrics"]["test/perplexity"].values()), label="ours")
        yield "seeds", "Every <seed> (Table 1).", figure
"""

MODEL = '''
import torch

class Net(torch.nn.Module):
    """Equation 1.

    [B, T]
    """
'''


class Suite:
    """The files of the fake paper; the tests change them and ask for reports."""

    name, published, params = PAPER, PUBLISHED, PARAMS

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "replications" / PAPER
        self.folder.mkdir(parents=True)
        self.write("params.yaml", PARAMS)
        self.write("paper.yaml", PUBLISHED)
        (self.folder / "README.md").write_text("# Nets\n\n<!-- generated: results -->\n<!-- end -->\n\nThe end.\n")
        (self.folder / "model.py").write_text(MODEL)
        for name in ("counts", "net", "plain"):
            self.quick(name)
            self.record(name, "scaled")

    def write(self, name: str, content: dict) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content, sort_keys=False))

    def result(self, name: str, scale: str) -> dict:
        settings = config.resolve(PAPER, name, scale)
        history = []
        if name != "counts":
            history = [[seed, epoch, epoch * 10, "valid/perplexity", 400.0 / epoch + seed]
                       for seed in settings["seeds"] for epoch in (1, 2, 3)]  # fmt: skip
        return {
            "paper": PAPER,
            "experiment": name,
            "scale": scale,
            "seeds": settings["seeds"],
            "metrics": VALUES[name],
            "parameters": None if name == "counts" else 4_040_000,
            "seconds": {str(seed): 60.0 * seed for seed in settings["seeds"]},
            "throughput": {"1": 22_000.0},
            "throughput_unit": "words/s",
            "config": settings,
            "provenance": {
                "git_commit": "0123456789abcdef",
                "git_dirty": True,
                "fingerprint": {"parameters": "aaaa", "data": "bbbb", "code": "cccc"},
                "versions": {"torch": "2.14.1"},
                "python": "3.11.9",
                "device": "A CPU",
                "threads": 2,
                "peak_memory_mb": 812.0,
            },
            "figures": {},
            "history": history,
        }

    def quick(self, name: str) -> Path:
        result = self.result(name, "quick")
        folder = self.folder / "runs" / "quick" / name
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "history.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["seed", "epoch", "step", "metric", "value"], *result.pop("history")])
        (folder / "results.json").write_text(json.dumps(result))
        return folder / "results.json"

    def record(self, name: str, scale: str, **changes) -> Path:
        path = self.folder / "records" / scale / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.result(name, scale) | changes))
        return path

    def pages(self) -> dict[str, bytes]:
        reports = self.root / "reports"
        return {str(p.relative_to(reports)): p.read_bytes() for p in reports.rglob("*") if p.is_file()}


def make(root: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    class Config(config.Settings):
        hidden: int

    module = types.ModuleType(f"replications.{PAPER}.config")
    module.Config = Config
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for name, path in {
        "ROOT": ".",
        "HOME": ".",
        "REPLICATIONS": "replications",
        "REPORTS": "reports-kept",
        "REPORTS_HERE": "reports",
    }.items():
        monkeypatch.setattr(paths, name, root / path)
    return Suite(root)


@pytest.fixture
def suite(tmp_path, monkeypatch) -> Suite:
    return make(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Suite:
    """A suite whose report was written, for tests that only read it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        suite = make(tmp_path_factory.mktemp("finished"), monkeypatch)
        (suite.folder / "figures.py").write_text(DRAW)
        report()
    return suite
