import subprocess

import torch

from common import paths
from common.training import memory, provenance


def git(folder, *words):
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e", *words], check=True,
                   capture_output=True)


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
