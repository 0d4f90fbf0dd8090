import json
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from common import benchmark, paths


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when something advances them."""
    now = [0.0]
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: now[0])
    return now


def test_ratios_to_the_reference_and_seconds_of_tasks(tmp_path, monkeypatch, clock):
    calls = []

    def takes(name, seconds, items=None):
        def work():
            calls.append(name)
            clock[0] += seconds
            return items

        return lambda: work

    def absent():
        import a_package_that_nobody_has  # noqa: F401

    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path)
    (tmp_path / "other" / "records").mkdir(parents=True)
    module = ModuleType("replications.other.bench")
    module.__spec__ = ModuleSpec(module.__name__, None)
    module.UNIT, module.REFERENCE = "words", "plain"
    module.CASES = {"ours": takes("ours", 0.5, 20), "plain": takes("plain", 2, 20), "a rival": absent}
    module.TASKS = {"counting": takes("counting", 3), "sorting": takes("sorting", 4)}
    monkeypatch.setitem(sys.modules, module.__name__, module)
    table = benchmark.bench(["other"], tmp_path / "new" / "bench.json", record=True)
    found = json.loads((tmp_path / "new" / "bench.json").read_text())
    assert found["papers"]["other"] == {
        "plain": {"per_second": 10, "unit": "words", "ratio": 1, "ratio_range": [1, 1]},
        "ours": {"per_second": 40, "unit": "words", "ratio": 4, "ratio_range": [4, 4]},
        "a rival": {"missing": "a_package_that_nobody_has"},
    }
    kept = json.loads(paths.speed("other").read_text())
    assert (kept["cases"], kept["tasks"]) == (found["papers"]["other"], found["tasks"]["other"])
    assert "a rival  not measured: no a_package_that_nobody_has here" in table
    assert found["tasks"]["other"] == {
        "counting": {"seconds": 3, "range": [3, 3]},
        "sorting": {"seconds": 4, "range": [4, 4]},
    }
    assert "40 words/s     4.00  (4.00 to 4.00)" in table and "counting: 3.00 s   (3.00 to 3.00)" in table
    assert calls == ["plain", "ours"] * (benchmark.ROUNDS + 1) + ["counting", "sorting"] * benchmark.ROUNDS, (
        "interleaved, the cases after a warm-up"
    )


def test_a_module_of_ours_that_is_missing_is_no_absent_rival():
    def mistaken():
        import common.no_such_module  # noqa: F401

    module = ModuleType("replications.other.bench")
    module.REFERENCE, module.CASES = "plain", {"plain": mistaken}
    with pytest.raises(ModuleNotFoundError, match="common.no_such_module"):
        benchmark._measure(module)


def test_where_nothing_can_be_written_nothing_is_measured(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(benchmark, "_measure", lambda module: pytest.fail("minutes were spent"))
    with pytest.raises(OSError):
        benchmark.bench(["mikolov2010_rnnlm"], tmp_path / "file" / "bench.json")
