"""What the user sees: one message and exit code 2, never a traceback."""

import os
import re
import sys
import types

import pytest
import torch

from common import cli, paths
from common.training.finished import own_runs

TOY = "toy1999_net"


@pytest.mark.parametrize(
    "words, message",
    [
        (("run", "toy1999_nte", "net"), "unknown paper 'toy1999_nte'; did you mean 'toy1999_net'?"),
        (("run", TOY, "nett"), "toy1999_net: unknown experiment 'nett'; did you mean 'net'?"),
        (("run", TOY, "net", "--scale", "papr"), "unknown scale 'papr'; did you mean 'paper'?"),
        (("run", TOY, "net", "--set", "hiden=3"), "unknown key 'hiden'; did you mean 'hidden'?"),
        (("run", TOY, "net", "--set", "hidden"), "--set hidden: write key=value"),
        (("run", TOY, "net", "--set", "hidden={"), "the value is not valid YAML"),
        (("run", TOY, "net", "--seeds", "-1"), "give whole numbers, such as 1,2,3 or 1-3"),
        (("run", TOY, "net", "--seeds", "1;2"), "--seeds 1;2: give whole numbers, such as 1,2,3"),
        (("run", TOY, "net", "--accelerator", "gpu"), "unknown accelerator 'gpu'; "),
        (("run", TOY, "net", "--precision", "16"), "Input should be '32-true' or 'bf16-mixed'"),
        (("run", TOY, "--set", "lr=0.5"), "toy1999_net: name the experiment that these options are for"),
        (("run", TOY, "--devices", "2"), "toy1999_net: name the experiment that these options are for"),
        (("run", TOY, "late"), "toy1999_net: experiment 'late' has no scale 'quick'"),
        (("record", TOY), "toy1999_net: no finished run at scale 'scaled'; start one: replicate run toy1999_net net"),
        (("record", "toy1999_n"), "unknown paper 'toy1999_n'; did you mean 'toy1999_net'?"),
        (("try", "to1999_net"), "unknown paper 'to1999_net'; did you mean 'toy1999_net'?"),
        (("data", "fetch", "ptbb"), "did you mean 'ptb'?"),
    ],
)
def test_a_wrong_word_is_one_message(toy, replicate, words, message):
    code, output, errors = replicate(*words)
    assert code == 2 and output == ""
    assert message in errors and errors.startswith("replicate: ") and errors.count("\n") == 1
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "words", [("run",), ("run", TOY, "net", "--nonsense"), ("dance",), ("run", TOY, "net", "--devices", "0")]
)
def test_a_command_line_that_cannot_be_read_is_explained(replicate, words):
    code, _, errors = replicate(*words)
    assert code == 2 and "Usage" in errors and "Traceback" not in errors


def test_a_run_from_the_command_line(toy, replicate):
    code, output, errors = replicate("run", TOY, "net", "--seeds", "3,4", "--set", "lr=0.5")
    assert code == 0 and errors == "" and re.search(r"runs/own/net-\w{8}\n$", output)
    (folder,) = own_runs(TOY)
    assert sorted(path.name for path in folder.iterdir()) == ["history.csv", "results.json", "seed-3.pt", "seed-4.pt"]


def test_all_experiments_from_the_command_line(toy, replicate):
    code, output, errors = replicate("run", TOY)
    assert code == 0 and errors == "" and output.endswith("runs/quick\n")
    assert sorted(path.name for path in (paths.REPLICATIONS / TOY / "runs" / "quick").iterdir()) == ["net", "wide"]


def test_an_interrupted_run_says_how_to_go_on(toy, replicate):
    def interrupted(run, seed):
        raise KeyboardInterrupt

    toy.step = interrupted
    code, _, errors = replicate("run", TOY, "net")
    assert code == 130 and errors == "interrupted; the same command goes on where it stopped\n"


def test_a_bug_is_not_hidden(toy, monkeypatch):
    def bug(run, seed):
        raise ZeroDivisionError

    toy.step = bug
    monkeypatch.setattr(sys, "argv", ["replicate", "run", TOY, "net"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_faults_of_the_machine_are_no_bugs(toy, replicate):
    def full(run, seed):
        raise OSError(28, "No space left on device", "/a/place")

    for step, message in (
        (full, "replicate: /a/place: No space left on device; make room"),
        (lambda run, seed: torch.empty(10**15), "replicate: not enough memory"),
    ):
        toy.step = step
        code, _, errors = replicate("run", TOY, "net")
        assert code == 2 and errors.startswith(message) and errors.count("\n") == 1


def test_a_rank_that_a_shell_remembers_does_not_silence_a_run(toy, replicate, monkeypatch):
    for value in ("1", ""):
        monkeypatch.setenv("RANK", value)
        code, output, _ = replicate("run", TOY, "net")
        assert code == 0 and output.endswith("runs/quick/net\n")


def test_lightning_never_reads_an_empty_rank(replicate, monkeypatch):
    """It does when it is imported, with what trains."""
    seen = types.ModuleType("common.training.execute")
    seen.__getattr__ = lambda name: pytest.fail("too late") if "RANK" in os.environ else lambda *_, **__: paths.ROOT
    monkeypatch.setitem(sys.modules, seen.__name__, seen)
    monkeypatch.setenv("RANK", "")
    assert replicate("run", "mikolov2010_rnnlm", "rnn")[0] == 0


def test_list_names_papers_experiments_scales_and_corpora(replicate):
    code, output, _ = replicate("list")
    assert code == 0
    for part in ("mikolov2010_rnnlm", "rnn_classes", "quick, scaled, paper", "grammar (made here)", "Train one:"):
        assert part in output


def test_a_paper_without_a_demonstration_says_so(replicate):
    code, _, errors = replicate("try", "hochreiter1997_lstm")
    assert code == 2 and "hochreiter1997_lstm: its networks solve made-up tasks, there is nothing to try" in errors


def test_a_text_of_other_bytes_is_refused_before_it_is_read(replicate):
    latin1 = b"caf\xe9".decode("utf-8", "surrogateescape")  # as Python hands on the bytes of a command line
    status, _, errors = replicate("try", "dai2015_pretraining", latin1)
    assert status == 2 and "the text is not UTF-8 (byte 0xe9); convert it with: iconv" in errors
