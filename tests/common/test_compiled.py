from pathlib import Path

from common import compiled, paths


def twice(x):
    return 2 * x


def test_code_is_compiled_where_nothing_can_be_kept(tmp_path, monkeypatch):
    (tmp_path / "build").write_text("a file")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    assert compiled.compiled(twice)(3) == 6
    monkeypatch.setattr(paths, "BUILD", tmp_path / "other")
    monkeypatch.setattr(compiled.os, "access", lambda path, mode: False)
    assert compiled.compiled(twice)(4) == 8 and not list(Path(tmp_path / "other").rglob("*.nbi"))
