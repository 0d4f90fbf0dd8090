import pytest

from common import paths
from common.training import closure
from common.training.closure import code_fingerprint, import_closure


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A project of a few files; returns a function that writes one more."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(closure, "_imports", closure._imports.__wrapped__)  # files change here

    def write(name, text=""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    write("common/__init__.py")
    write("common/room/__init__.py", "from common.room.table import legs\n")
    write("common/room/table.py", "import numpy\nlegs = 4\n")
    write("common/errors.py", "class UserError(Exception): ...\n")
    write("common/lazy.py", "import common.errors\n")
    write("common/unused.py", "import common.lazy\n")
    write("common/typing_only.py", "if False:\n    from replications.p import x\n")
    write("replications/p/x.py", "from common.room import table\n\ndef f():\n    from common import lazy\n")
    write("replications/p/y.py", "import replications.p.x as x\nfrom common import typing_only\n")
    return write


def names(module):
    return [path.relative_to(paths.ROOT).as_posix() for path in import_closure(module)]


def test_closure(package):
    assert names("common.errors") == ["common/errors.py"]
    assert names("common.unused") == ["common/errors.py", "common/lazy.py", "common/unused.py"]
    assert names("replications.p.x") == [
        "common/errors.py",
        "common/lazy.py",
        "common/room/__init__.py",
        "common/room/table.py",
        "replications/p/x.py",
    ]
    assert names("replications.p.y") == sorted(
        [*names("replications.p.x"), "common/typing_only.py", "replications/p/y.py"]
    )
    assert names("replications.p.absent") == names("json") == []


def test_the_fingerprint_follows_every_file_of_the_closure_and_no_other(package):
    before = code_fingerprint("replications.p.x")
    package("common/unused.py", "changed = 1\n")
    assert code_fingerprint("replications.p.x") == before
    path = package("common/errors.py", "changed = 1\n")
    after = code_fingerprint("replications.p.x")
    assert after != before
    path.rename(path.with_name("mistakes.py"))
    package("common/lazy.py", "import common.mistakes\n")
    assert code_fingerprint("replications.p.x") not in (before, after)
