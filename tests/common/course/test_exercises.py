"""Exercises: what is blank has none of the properties, and a learner hears which of them hold."""

import ast
import inspect
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pkgutil import resolve_name

import pytest

from common import config, paths
from common.course import checker, exercises, source

EVERY = [one for paper in config.papers() for one in exercises.of(paper)]
CLIPPING = "pascanu2013_clipping"


def named(one):
    return f"{one.paper}-{one.number}"


@pytest.fixture(scope="module")
def context():
    """Processes that begin with the libraries, and nothing of the suite."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["torch", "lightning", "pytest", "hypothesis", "scipy.stats", "matplotlib.figure"])
    return forks


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Where a learner works."""
    monkeypatch.setattr(paths, "HOME", tmp_path)
    return tmp_path / "exercises"


def yours_to_write(*_, **__):
    raise NotImplementedError("yours to write")


class Blanks:
    """A plugin that runs each test once for each exercise that names it, with that function blank, all else as it is.

    (A file in the place of a module, as learners have it, would have to be imported anew for each of them.)
    """

    def __init__(self):
        self.faults = {(named(one), test): "none" for one in EVERY for test in one.entry.tests}

    def pytest_generate_tests(self, metafunc):
        test = metafunc.definition.nodeid
        metafunc.parametrize("blanked", [one for one in EVERY if test in one.entry.tests], indirect=True, ids=named)

    @pytest.fixture(autouse=True)
    def blanked(self, request):
        function = inspect.unwrap(resolve_name(f"{request.param.module}:{request.param.name}"))
        code, function.__code__ = function.__code__, yours_to_write.__code__
        yield
        function.__code__ = code

    def pytest_runtest_makereport(self, item, call):
        if call.excinfo:
            self.faults[named(item.callspec.params["blanked"]), item.nodeid.partition("[")[0]] = str(call.excinfo.value)


def faults_of_blanks() -> dict[tuple[str, str], str]:
    """(exercise, test) -> what went wrong."""
    plugin = Blanks()
    checker.session(sorted({test for one in EVERY for test in one.entry.tests}), plugin)
    return plugin.faults


@pytest.fixture(scope="module")
def faults(context):
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(faults_of_blanks).result()


@pytest.mark.parametrize("one", EVERY, ids=named)
def test_a_blank_lacks_every_property_that_the_source_has(one, faults):
    """That the source has them is what the suite's own run of these tests says."""
    assert [test for test in one.entry.tests if "yours to write" not in faults[named(one), test]] == []


@pytest.mark.parametrize("one", EVERY, ids=named)
def test_only_the_body_is_blank_and_the_solution_fills_it(one):
    real, blank = one.path.read_text(encoding="utf-8"), exercises.blank(one)
    line, solution = exercises.solution(one)
    before = source.definition(one.path, blank, one.name)
    filled = blank.splitlines(keepends=True)
    filled[line - 1 : before.end_lineno] = [solution]
    assert "".join(filled) == real and one.says
    assert ast.get_docstring(before) == ast.get_docstring(source.definition(one.path, real, one.name))


@pytest.mark.parametrize("paper", sorted({one.paper for one in EVERY}))
def test_a_paper_has_three_to_five(paper):
    assert 3 <= len(exercises.of(paper)) <= 5


def test_a_learner_hears_which_property_fails(desk, replicate, monkeypatch, context):
    monkeypatch.setattr(multiprocessing, "get_context", lambda *_: context)
    code, said, _ = replicate("exercise", "start", CLIPPING, "1")
    assert code == 0 and f"exercises/{CLIPPING}/1/update.py" in said
    one = exercises.exercise(CLIPPING, 1)
    real = one.path.read_text(encoding="utf-8")
    one.copy.write_text(real.replace("rate * self.threshold / norm if", "rate if"), encoding="utf-8")  # never clips
    code, said, _ = replicate("exercise", "check", CLIPPING, "1")
    assert code == 1 and "✕ it is plain descent after torch's own clipping by norm\n" in said
    assert "✓ a gradient that is lost" in said and "test_update.py:" in said and "1 of 2 properties hold" in said

    code, _, error = replicate("exercise", "start", CLIPPING, "1")
    assert code == 2 and "begun already, and kept" in error and "rate if" in one.copy.read_text()
    one.copy.write_text(real, encoding="utf-8")
    code, said, _ = replicate("exercise", "check", CLIPPING, "1")
    assert code == 0 and "2 of 2 properties hold" in said and "✕" not in said

    assert "(begun)" in replicate("exercise", "list", CLIPPING)[1]
    assert replicate("exercise", "start", CLIPPING, "1", "--again")[0] == 0
    assert "yours to write" in one.copy.read_text()
    said = replicate("exercise", "solution", CLIPPING, "1")[1]
    assert said.startswith("# replications/pascanu2013_clipping/update.py:") and "_foreach_add_" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def one_unit(:\n", r"geometry.py:1: invalid syntax; mend it"),
        ("pass\n", "unknown function 'one_unit'"),
        ("def one_unit(weight, bias):\n    import os; os._exit(0)\n", "it ended the process that checked it"),
        (b"# \xff\n", "not UTF-8"),
        (None, "not begun; replicate exercise start pascanu2013_clipping 2"),
    ],
)
def test_what_cannot_be_checked(desk, context, text, message):
    one = exercises.exercise(CLIPPING, 2)
    if text is not None:
        one.copy.parent.mkdir(parents=True)
        one.copy.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(exercises.UserError, match=message):
        exercises.check(one, context)


def test_numbers_and_papers_that_are_not_there(replicate, toy):
    code, _, error = replicate("exercise", "start", "toy1999_net", "1")
    assert code == 2 and "no exercise 1; it has none" in error
    (paths.REPLICATIONS / "toy1999_net/exercises.yaml").write_text("- function: x.py::f\n")
    code, _, error = replicate("exercise", "list", "toy1999_net")
    assert code == 2 and "exercises.yaml: entry 0 tests: Field required" in error
