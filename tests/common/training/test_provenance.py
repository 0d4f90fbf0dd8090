import subprocess

import torch

from common import paths
from common.training import memory, provenance


def git(folder, *words):
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e", *words], check=True, capture_output=True
    )


def test_git_state(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.git_state() == {"git_commit": None, "git_dirty": None}  # no checkout
    source = tmp_path / "common" / "a.py"
    source.parent.mkdir()
    source.write_text("a = 1\n")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    (tmp_path / "notes.txt").write_text("not tracked")
    state = provenance.git_state()
    assert len(state["git_commit"]) == 40 and state["git_dirty"] is False
    source.write_text("a = 2\n")
    assert provenance.git_state() == state | {"git_dirty": True}


def test_the_order_of_keys_does_not_change_a_fingerprint():
    assert provenance.sha256_json({"a": 1, "b": [2]}) == provenance.sha256_json({"b": [2], "a": 1})
    assert provenance.sha256_json({"a": 1}) != provenance.sha256_json({"a": 2})


def test_machine_and_libraries():
    assert provenance.versions()["torch"].startswith(torch.__version__.split("+")[0])
    assert provenance.device_name("cpu")
    assert memory.peak_memory_mb() > 50
    memory.keep_freed_memory()  # changes speed only, whatever the C library


def test_the_rules_that_name_an_experiment(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path)
    (tmp_path / "p").mkdir()
    assert provenance.rule_hashes("p", "net") == {}
    file, text = (
        tmp_path / "p" / "paper.yaml",
        """
claims:
  - {id: both, rule: {all: [{metric: net, compare: [net, plain], expect: lower}]}}
  - {id: one, rule: {value: {experiment: plain, metric: net}, at_most: 2}}
""",
    )
    file.write_text(text)
    before = provenance.rule_hashes("p")
    assert set(before) == {"both", "one"}
    assert provenance.rule_hashes("p", "net") == {"both": before["both"]}
    assert provenance.rule_hashes("p", "plain") == before
    file.write_text(
        text.replace(
            "{metric: net, compare: [net, plain], expect: lower}", "{expect: lower, metric: net, compare: [net, plain]}"
        )
    )
    assert provenance.rule_hashes("p") == before  # the same rule, written otherwise
    file.write_text(text.replace("at_most: 2", "at_most: 3"))
    assert provenance.rule_hashes("p")["both"] == before["both"]
    assert provenance.rule_hashes("p")["one"] != before["one"]
