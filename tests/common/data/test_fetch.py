import errno
import gzip
import hashlib
import http.server
import io
import shutil
import tarfile
import threading
import zipfile

import pytest

from common import paths
from common.data import catalog, fetch
from common.errors import UserError


class Server(http.server.ThreadingHTTPServer):
    """Serves ``files`` by path; ``declared`` is a Content-Length not kept; ``asked`` logs the paths."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.declared, self.asked = {}, {}, []
        self.url = f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path)
        if content is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(self.server.declared.get(self.path, len(content))))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(catalogue, files):
    """The address of corpus ``tiny``, serving what it should."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.files = {f"/{name}": content for name, content in files.items()}
        catalogue["tiny"] = catalogue["tiny"].model_copy(update={"url": server.url})
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def mirror(files, tmp_path, monkeypatch):
    """A mirror folder with all of corpus ``tiny``."""
    folder = tmp_path / "mirror"
    (folder / "tiny").mkdir(parents=True)
    for name, content in files.items():
        (folder / "tiny" / name).write_bytes(content)
    monkeypatch.setenv(fetch.MIRROR, str(folder))
    return folder / "tiny"


def here() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (paths.DATA / "tiny").iterdir()}


def test_from_its_address(server, files):
    assert fetch.fetch("tiny") == paths.DATA / "tiny"
    assert here() == files


def test_what_is_there_is_not_fetched_again_and_what_is_missing_is(server, files):
    fetch.fetch("tiny")
    (paths.DATA / "tiny" / "valid.txt").unlink()
    server.asked.clear()
    fetch.fetch("tiny")
    assert server.asked == ["/valid.txt"] and here() == files


def test_from_a_mirror_folder_before_the_address(server, mirror, files):
    fetch.fetch("tiny")
    assert here() == files and server.asked == []


@pytest.mark.parametrize("slash", ["", "/"])
def test_from_a_mirror_that_is_a_url(catalogue, server, files, monkeypatch, slash):
    server.files = {f"/all/tiny/{name}": content for name, content in files.items()}
    catalogue["tiny"] = catalogue["tiny"].model_copy(update={"url": "http://127.0.0.1:9/"})
    monkeypatch.setenv(fetch.MIRROR, f"{server.url}all{slash}")
    fetch.fetch("tiny")
    assert here() == files


def test_a_mirror_without_the_file_or_with_a_wrong_one_gives_way_to_the_address(server, mirror, files):
    (mirror / "test.txt").unlink()
    (mirror / "valid.txt").write_bytes(b"something else")
    fetch.fetch("tiny")
    assert here() == files and server.asked == ["/valid.txt", "/test.txt"]


def test_several_mirrors_are_asked_in_order(catalogue, server, mirror, files, monkeypatch):
    (mirror / "test.txt").unlink()
    server.files = {f"/second/tiny/{name}": content for name, content in files.items()}
    catalogue["tiny"] = catalogue["tiny"].model_copy(update={"url": "http://127.0.0.1:9/"})
    monkeypatch.setenv(fetch.MIRROR, f"{mirror.parent}, {server.url}second/")
    fetch.fetch("tiny")
    assert here() == files and server.asked == ["/second/tiny/test.txt"]


def test_when_both_fail_the_message_says_what_each_answered(server, mirror):
    (mirror / "test.txt").unlink()
    del server.files["/test.txt"]
    with pytest.raises(UserError) as error:
        fetch.fetch("tiny")
    lines = str(error.value).splitlines()
    assert lines == [
        f"{paths.DATA / 'tiny' / 'test.txt'}: could not be fetched:",
        f"  {mirror / 'test.txt'}: No such file or directory",
        f"  {server.url}test.txt: the server answered 404 Not Found",
        f"Try again with a network, or by hand into {paths.DATA / 'tiny'}: write three lines",
    ]
    assert sorted(here()) == ["train.txt", "valid.txt"]  # what could be had stays


def test_no_network(catalogue):
    with pytest.raises(UserError, match=r"9/train.txt: no connection\n.*point REPLICATIONS_MIRROR to a copy"):
        fetch.fetch("tiny")
    assert here() == {}


def test_a_truncated_download_is_not_moved_into_place(server, files):
    server.files["/train.txt"] = files["train.txt"][:10]
    server.declared["/train.txt"] = len(files["train.txt"])
    with pytest.raises(UserError, match="train.txt: the download broke off"):
        fetch.fetch("tiny")
    assert here() == {}
    del server.declared["/train.txt"]  # a server that does not know better
    with pytest.raises(UserError, match=f"train.txt: 10 bytes instead of {len(files['train.txt'])}"):
        fetch.fetch("tiny")
    assert here() == {}


def test_a_corrupted_download_is_not_moved_into_place(server, files):
    server.files["/train.txt"] = files["train.txt"].replace(b"dog", b"cow")
    with pytest.raises(UserError, match=r"train.txt: SHA-256 \w{12}... instead of \w{12}..."):
        fetch.fetch("tiny")
    assert here() == {}


def test_a_wrong_file_that_is_there_is_named_and_left_alone(server, files):
    (paths.DATA / "tiny").mkdir(parents=True)
    mine = paths.DATA / "tiny" / "valid.txt"
    mine.write_bytes(b"my own work")
    for check in (fetch.fetch, fetch.verify):
        with pytest.raises(UserError, match="is not the catalogue's file .* move it elsewhere") as error:
            check("tiny")
        assert f"{mine}: " in str(error.value)
    assert mine.read_bytes() == b"my own work"
    assert "/valid.txt" not in server.asked


def test_what_a_killed_fetch_left_is_overwritten(server, files):
    (paths.DATA / "tiny").mkdir(parents=True)
    (paths.DATA / "tiny" / "train.txt.partial").write_bytes(b"x" * 10_000)
    fetch.fetch("tiny")
    assert here() == files


def test_a_full_disk_is_said_and_leaves_nothing_half(mirror, catalogue, monkeypatch):
    def full(source, target):
        target.write(b"the first bytes")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(UserError, match="tiny: cannot be filled .No space left on device.; make room"):
        fetch.fetch("tiny")
    assert here() == {}


@pytest.mark.parametrize("what", [fetch.fetch, fetch.verify])
def test_an_unknown_corpus_gets_the_nearest_name(catalogue, what):
    with pytest.raises(UserError, match="unknown corpus 'tyni'; did you mean 'tiny'?"):
        what("tyni")


@pytest.mark.parametrize("what", [fetch.fetch, fetch.verify])
def test_a_licensed_corpus_is_never_fetched(catalogue, mirror, what):
    folder = paths.DATA / "bought"
    (folder / "TRAIN").mkdir(parents=True)
    with pytest.raises(UserError, match="licensed and never downloaded, and TEST is not there; put TRAIN"):
        what("bought")
    (folder / "TEST").mkdir()
    assert what("bought") == folder


def test_a_licensed_corpus_is_used_where_a_mirror_has_it(catalogue, mirror):
    for name in ("TRAIN", "TEST"):
        (mirror.parent / "bought" / name).mkdir(parents=True)
    assert fetch.fetch("bought") == mirror.parent / "bought"


def test_a_mirror_may_have_something_in_place_of_the_files(catalogue, server, mirror, files):
    shorter = catalog.File(sha256=hashlib.sha256(b"half").hexdigest(), size=4)
    catalogue["tiny"] = catalogue["tiny"].model_copy(update={"instead": {"half.txt": shorter}})
    (mirror / "half.txt").write_bytes(b"half")
    fetch.fetch("tiny")
    assert here() == files  # the mirror has those too
    shutil.rmtree(paths.DATA / "tiny")
    for name in files:
        (mirror / name).unlink()
    fetch.fetch("tiny")
    assert here() == {"half.txt": b"half"} and fetch.verify("tiny") and fetch.status()[0].state == "here"
    assert server.asked == []


def test_verify_reads_the_files_and_names_all_that_is_wrong(server, files):
    fetch.fetch("tiny")
    assert fetch.verify("tiny") == paths.DATA / "tiny"
    (paths.DATA / "tiny" / "train.txt").write_bytes(files["train.txt"].swapcase())
    (paths.DATA / "tiny" / "test.txt").unlink()
    with pytest.raises(UserError) as error:
        fetch.verify("tiny")
    wrong, missing = str(error.value).splitlines()
    assert "train.txt: is not the catalogue's file (SHA-256" in wrong
    assert "test.txt: missing; get it with: replicate data fetch tiny" in missing


def test_status(server, files):
    size = sum(map(len, files.values()))

    def state() -> str:
        tiny, bought = fetch.status()
        assert (tiny.corpus, tiny.files, tiny.size, tiny.licence) == ("tiny", 3, size, "CC0")
        assert (bought.corpus, bought.state, bought.size) == ("bought", "absent", 0)
        return tiny.state

    assert state() == "absent"
    fetch.fetch("tiny")
    assert state() == "here"
    (paths.DATA / "tiny" / "test.txt").unlink()
    assert state() == "2 of 3 files"
    (paths.DATA / "tiny" / "train.txt").write_bytes(b"")
    assert state() == "wrong size: train.txt"


def test_the_catalogue_itself_is_sound():
    entries = catalog.entries()
    assert {"ptb", "timit"} <= entries.keys()
    for name, entry in entries.items():
        assert entry.licensed == bool(entry.requires) and entry.licensed != bool(entry.files), name
        assert not entry.inside or len(entries[entry.inside].files) == 1, name
        assert all(bool(file.members) == bool(entry.inside) for file in entry.files.values()), name
        if entry.url:
            assert entry.url.startswith(("https://", "http://")) and entry.url.endswith("/"), name  # sums guard both
        assert not entry.splits or sorted(entry.splits) == ["test", "train", "valid"], name
        assert set(entry.splits.values()) <= entry.files.keys(), name


@pytest.fixture(params=["tiny.zip", "tiny.tar.gz"])
def archive(request, server, catalogue, files):
    """The same files inside an archive, which is fetched once for all."""
    catalogue["tiny"] = catalogue["tiny"].model_copy(update={"archive": request.param})

    def serve(contents):
        packed = io.BytesIO()
        if request.param.endswith(".zip"):
            with zipfile.ZipFile(packed, "w") as file:
                for name, content in contents.items():
                    file.writestr(name, content)
        else:
            with tarfile.open(fileobj=packed, mode="w:gz") as file:
                for name, content in contents.items():
                    member = tarfile.TarInfo(name)
                    member.size = len(content)
                    file.addfile(member, io.BytesIO(content))
        server.files = {f"/{request.param}": packed.getvalue()}

    serve(files)
    return serve


def test_files_come_out_of_an_archive(archive, files):
    folder = fetch.fetch("tiny")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_files_come_out_of_a_folder_of_an_archive(archive, files):
    archive({f"tiny/{name}": content for name, content in files.items()})
    folder = fetch.fetch("tiny")
    assert {name: (folder / name).read_bytes() for name in files} == files


def test_an_archive_that_is_cut_off_or_has_other_files_leaves_nothing(archive, server, files):
    server.files = {name: content[:-30] for name, content in server.files.items()}
    with pytest.raises(UserError, match="not a whole archive"):
        fetch.fetch("tiny")
    archive({"other.txt": b"x"})
    with pytest.raises(UserError, match="an archive without train.txt"):
        fetch.fetch("tiny")
    archive(files | {"train.txt": b"the dog"})
    with pytest.raises(UserError, match="7 bytes instead of"):
        fetch.fetch("tiny")
    assert not list((paths.DATA / "tiny").iterdir())


def test_files_that_are_served_compressed(catalogue, server, mirror, files):
    catalogue["tiny"] = catalogue["tiny"].model_copy(update={"gzip": True})
    server.files = {f"/{name}.gz": gzip.compress(content) for name, content in files.items()}
    (mirror / "test.txt").unlink()  # the mirror has one file as it is, one packed, and one packed that is cut off
    (mirror / "valid.txt").rename(mirror / "valid.txt.gz")
    (mirror / "valid.txt.gz").write_bytes(gzip.compress(files["valid.txt"]))
    (mirror / "test.txt.gz").write_bytes(gzip.compress(files["test.txt"])[:-5])
    assert fetch.fetch("tiny") and here() == files and server.asked == ["/test.txt.gz"]
    (paths.DATA / "tiny" / "test.txt").unlink()
    server.files["/test.txt.gz"] = gzip.compress(bytes(10**6))
    with pytest.raises(UserError, match="not a whole .gz file"):
        fetch.fetch("tiny")
    assert not list((paths.DATA / "tiny").glob("test*"))


def test_files_joined_from_the_archive_that_is_another_corpus(server, catalogue, files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in {"shards/1": files["train.txt"][:9], "shards/2": files["train.txt"][9:]}.items():
            (info := tarfile.TarInfo(name)).size = len(content)
            archive.addfile(info, io.BytesIO(content))
    server.files = {"/whole.tar.gz": packed.getvalue()}
    whole = catalog.File(sha256=hashlib.sha256(packed.getvalue()).hexdigest(), size=len(packed.getvalue()))
    catalogue["whole"] = catalogue["tiny"].model_copy(update={"files": {"whole.tar.gz": whole}})

    def tiny(*members):
        file = catalogue["tiny"].files["train.txt"].model_copy(update={"members": members})
        changes = {"url": None, "inside": "whole", "files": {"train.txt": file}}
        catalogue["tiny"] = catalogue["tiny"].model_copy(update=changes)

    tiny("shards/1", "shards/3")
    with pytest.raises(UserError, match="whole.tar.gz: an archive without shards/3"):
        fetch.fetch("tiny")
    tiny("shards/1", "shards/2")
    fetch.fetch("tiny")
    assert here() == {"train.txt": files["train.txt"]} and server.asked == ["/whole.tar.gz"]


def test_a_paper_s_corpus_leads_to_the_entry_it_is_part_of():
    known = {"ptb": "ptb", "nottingham": "music", "multi30k-en-fr": "multi30k", "grammar": None, "wmt14-en-fr": None}
    assert {name: catalog.entry_of(name) for name in known} == known


def test_a_list_of_files_that_is_not_the_catalogue_s_is_refused(tmp_path, monkeypatch):
    for path in (catalog.PATH, *(catalog.PATH.with_name(f"{name}.yaml") for name in ("an4", "babi"))):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(catalog, "PATH", tmp_path / catalog.PATH.name)
    assert len(catalog.entries.__wrapped__()["an4"].files) == 1085
    with open(tmp_path / "an4.yaml", "a") as file:
        file.write("more: {sha256: 00, size: 1}\n")
    with pytest.raises(UserError, match=r"an4.yaml: not the list that catalog.yaml means.*an4: listing: [0-9a-f]{64}"):
        catalog.entries.__wrapped__()
