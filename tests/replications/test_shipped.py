"""The quick networks that come with the code: every paper that has something to try can be tried in a fresh clone."""

import re

import pytest

from common import config, demos, paths, weights

PAPERS = [paper for paper in config.papers() if demos.has_demo(paper)]
LIMIT = 1_000_000  # bytes that git keeps for each, at most


def example(paper: str) -> str:
    """What the README tries first; nothing where it shows the network's own choice."""
    readme = (paths.REPLICATIONS / paper / "README.md").read_text(encoding="utf-8")
    found = re.search(rf'replicate try {paper} "([^"]*)"', readme)
    return " ".join(found[1].split()) if found and found[1] != "..." else ""


@pytest.mark.parametrize("paper", PAPERS)
def test_a_fresh_clone_can_try_the_readmes_example(paper, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "run_folder", lambda *_: tmp_path / "none")
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    text = example(paper)
    assert demos.tried(paper, text, length=8).strip()
    shipped = list(weights.folder(paper, "quick").glob("*/seed-1.pt"))
    assert len(shipped) == 1 and shipped[0].stat().st_size < LIMIT
