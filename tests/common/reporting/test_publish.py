"""W&B offline: what is written is read back from the files that `wandb sync` would send."""

import json
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common import paths
from common.errors import UserError
from common.reporting.evidence.results import evidence
from common.reporting.publish import publish
from tests.common.reporting.conftest import DRAW, PAPER, Suite


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    for name in ("WANDB_MODE", "WANDB_PROJECT", "WANDB_API_KEY", "WANDB_SERVICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "view"))
    return tmp_path / "view" / "wandb"


def records(suite: Suite, scale: str = "quick", only: str | None = None) -> list:
    runs = evidence(suite.name)[scale]
    return [run for name, run in runs.items() if only in (None, name)]


def chunks(data: bytes) -> Iterator[bytes]:
    """The whole records of a .wandb file: 7 bytes of header, then LevelDB's log format in blocks of 32 KiB."""
    place, record = 7, b""
    while place + 7 <= len(data):
        left = 32768 - place % 32768
        if left < 7:
            place += left  # a header never crosses a block
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + 7])
        end = place + 7 + length
        if end > len(data):
            return  # still being written
        record += data[place + 7 : end]
        place = end
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""


def written_records(folder: str | Path) -> list:
    """All records of the one run in ``folder``; W&B's own process may still be writing the last of them."""
    from wandb.proto import wandb_internal_pb2

    (file,) = Path(folder).glob("run-*.wandb")
    for _ in range(100):
        records = [wandb_internal_pb2.Record.FromString(data) for data in chunks(file.read_bytes())]
        if records and records[-1].WhichOneof("record_type") == "exit":
            return records
        time.sleep(0.1)
    raise AssertionError(f"{file} was not finished")


def read(folder: str | Path) -> dict:
    """The run, config, history and summary of an offline run."""
    found = {"config": {}, "history": [], "summary": {}}

    def decode(items) -> dict:
        return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}

    for record in written_records(folder):
        match record.WhichOneof("record_type"):
            case "run":
                found["run"] = record.run
                found["config"] |= decode(record.run.config.update)
            case "config":
                found["config"] |= decode(record.config.update)
            case "history":
                found["history"].append(decode(record.history.item))
            case "summary":
                found["summary"] |= decode(record.summary.update)
    return found


def test_a_file_that_is_cut_anywhere_has_its_first_records():
    written = [b"", b"first", b"second"]
    data = bytes(7) + b"".join(struct.pack("<IHB", 0, len(record), 1) + record for record in written)
    counts = [len(list(chunks(data[:cut]))) for cut in range(len(data) + 1)]
    assert counts == sorted(counts) and counts[-1] == 3
    assert all(list(chunks(data[:cut])) == written[:count] for cut, count in enumerate(counts))


def test_a_run_per_seed_and_a_report(suite, folder):
    written = publish(PAPER, records(suite, only="net"))
    seed_2, report = read(written[1]), read(written[3])
    assert len(written) == 4 and {path.name for path in folder.glob("offline-run-*")} == {Path(w).name for w in written}

    run = seed_2["run"]
    assert run.run_id.startswith(f"{PAPER}-net-quick-s2-") and run.display_name == run.run_id
    assert (run.run_group, run.job_type, run.project) == (f"{PAPER}/net", "train", "rnn-replications")
    assert set(run.tags) == {f"paper:{PAPER}", "scale:quick", "claim:net-beats-plain", "claim:big-is-better"}
    assert "other data" in run.notes  # quick runs on a corpus of our own
    assert seed_2["config"]["hidden"] == 8 and seed_2["config"]["seed"] == 2
    assert seed_2["config"]["provenance"]["git_commit"] == "0123456789abcdef"
    assert [(row["step"], row["valid/perplexity"]) for row in seed_2["history"]] == [
        (10, 402.0), (20, 202.0), (30, pytest.approx(400 / 3 + 2)),
    ]  # fmt: skip
    assert {row["paper/test/perplexity"] for row in seed_2["history"]} == {124.7}
    assert seed_2["summary"]["test/perplexity"] == 125.0
    assert seed_2["summary"]["seconds"] == 120.0

    assert report["run"].job_type == "report"
    assert report["summary"]["claim/big-is-better/verdict"] == "not attempted"


def test_claims_are_judged_with_all_runs_of_the_scale(suite, folder):
    (suite.folder / "figures.py").write_text(DRAW)
    *_, report = publish(PAPER, records(suite, "scaled"))
    found = read(report)
    assert found["summary"]["claim/net-beats-plain/verdict"] == "direction holds"
    (table,) = Path(report).glob("files/media/table/claims_*.json")
    rows = [row for row in json.loads(table.read_text())["data"] if row[0] == "counts-exact"]
    assert [row[3] for row in rows] == ["within reach"] * 2
    assert [row[5:] for row in rows] == [
        ["ours", "counts (test/perplexity)", 141.1],
        ["published", "counts (test/perplexity)", 141.2],
    ]
    (table,) = Path(report).glob("files/media/table/results_*.json")
    assert ["net", "test/perplexity/average", "1+2+3", 110.0, 102.1] in json.loads(table.read_text())["data"]
    (image,) = Path(report).glob("files/media/images/figure/seeds_*.png")
    assert image.read_bytes().startswith(b"\x89PNG")


def test_a_fresh_clone_can_be_published_and_reported(suite, folder, replicate):
    shutil.rmtree(suite.folder / "runs")
    code, output, errors = replicate("publish", PAPER)
    assert code == 0 and "Error" not in errors and len(output.splitlines()) == 8  # 1 + 3 + 3 seeds, and a report
    code, output, _ = replicate("report")
    assert code == 0 and "open reports-kept/index.html" in output


def test_counts_without_a_learning_curve_are_one_point(suite, folder):
    counts = read(publish(PAPER, records(suite, only="counts"))[0])
    assert counts["run"].job_type == "eval"
    assert [(row["test/perplexity"], row["paper/test/perplexity"]) for row in counts["history"]] == [(141.1, 141.2)]


def test_publishing_again_replaces_exactly_the_same_runs(suite, folder):
    first = publish(PAPER, records(suite, only="net"))
    identities = [read(w)["run"].run_id for w in first]
    bystander = folder / "offline-run-20200101_000000-mine" / "run-mine.wandb"
    longer = folder / "offline-run-20200101_000000-longer" / f"run-{identities[0]}-1.wandb"
    for file in (bystander, longer):
        file.parent.mkdir()
        file.write_text("not ours")
    second = publish(PAPER, records(suite, only="net"))
    present = {path.name for path in folder.glob("offline-run-*")}
    assert present == {Path(w).name for w in second} | {bystander.parent.name, longer.parent.name}
    assert [read(w)["run"].run_id for w in second] == identities
    changed = records(suite, only="net")[0]
    changed = changed.model_copy(update={"provenance": {"fingerprint": {"code": "new"}}})
    third = publish(PAPER, [changed])
    assert {read(w)["run"].run_id for w in third}.isdisjoint(read(w)["run"].run_id for w in second)


def test_no_connection_leaves_the_machine(suite, folder, monkeypatch):
    connect, addresses = socket.socket.connect, []

    def watched(self, address):
        addresses.append(address)
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    publish(PAPER, records(suite, only="counts"))
    local = [a for a in addresses if isinstance(a, str | bytes) or a[0] in ("127.0.0.1", "::1", "localhost")]
    assert addresses == local


def test_the_folder_is_the_checkout_by_default(suite, folder, monkeypatch):
    monkeypatch.delenv("WANDB_DIR")
    (written, _) = publish(PAPER, records(suite, only="counts"))
    assert Path(written).parent == paths.HOME / "wandb"


def test_without_wandb_the_error_says_what_to_install(suite, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UserError, match="pip install wandb"):
        publish(PAPER, records(suite, only="net"))


def test_nothing_else_needs_wandb():
    program = (
        "import sys; sys.modules['wandb'] = None\n"
        "import importlib, pkgutil, common\n"
        "names = [m.name for m in pkgutil.walk_packages(common.__path__, 'common.')]\n"
        "[importlib.import_module(name) for name in names]\n"
        "print(len(names))"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_online_without_a_login_says_what_to_do(suite, folder, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))  # no key in ~/.netrc
    with pytest.raises(UserError, match="wandb login"):
        publish(PAPER, records(suite, only="counts"), online=True)
