"""Which processes belong to a command."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import paths
from common.errors import UserError
from common.training import launch

NAMES = (*launch.TORCH, *launch.SLURM, *launch.MEETING, "SLURM_STEP_NUM_TASKS")


def settled(devices: int, nodes: int = 1, **variables: str) -> dict[str, str]:
    """What is left of the variables."""
    with pytest.MonkeyPatch.context() as patch:
        for name in NAMES:
            patch.delenv(name, raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        launch.settle(devices, nodes)
        return {name: os.environ[name] for name in NAMES if name in os.environ}


TORCHRUN = {
    "RANK": "1",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "2",
    "MASTER_ADDR": "here",
    "MASTER_PORT": "5000",
    "TORCHELASTIC_RUN_ID": "a",
}
SRUN = {"SLURM_NTASKS": "2", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"}


def test_processes_of_this_command_are_known():
    assert settled(2, **TORCHRUN) == settled(1, 2, **TORCHRUN) == TORCHRUN
    assert settled(2, **TORCHRUN, **SRUN).keys() == {*TORCHRUN, "SLURM_STEP_NUM_TASKS"}  # torchrun on two machines
    assert settled(2, **SRUN) == settled(2, **SRUN, RANK="", LOCAL_RANK="7") == SRUN
    started_by_lightning = {"LOCAL_RANK": "1", "NODE_RANK": "0", "WORLD_SIZE": "2", "MASTER_PORT": "5000"}
    assert settled(2, **started_by_lightning) == started_by_lightning


@pytest.mark.parametrize(
    "variables, launcher",
    [
        (TORCHRUN, "torchrun"),
        (SRUN, "srun"),
        (SRUN | {"SLURM_PROCID": "0"}, "srun"),
        ({"SLURM_NTASKS": "2", "SLURM_PROCID": "1"}, "srun"),
    ],
)
@pytest.mark.parametrize("devices", [1, 3])
def test_several_processes_of_a_command_for_another_number_are_refused(variables, launcher, devices):
    with pytest.raises(UserError, match=f"{launcher} started 2 processes of this command, which asks for {devices}"):
        settled(devices, **variables)


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize(
    "variables",
    [
        {"RANK": "1"},
        {"RANK": ""},
        {"LOCAL_RANK": "1", "WORLD_SIZE": "8"},
        {"MASTER_PORT": "80"},
        {"SLURM_NTASKS": "2"},  # an interactive shell
        {"SLURM_NTASKS": "4", "SLURM_PROCID": "0"},  # a batch script that called no srun
    ],
)
def test_what_is_left_over_is_forgotten(devices, variables):
    assert settled(devices, **variables) == {}


def test_several_machines_may_meet_by_hand():
    by_hand = {"NODE_RANK": "1", "MASTER_ADDR": "here", "MASTER_PORT": "5000"}
    assert settled(2, 2, **by_hand) == by_hand


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["", "0", "1", "2", "-1", "x", " 3"])))
def test_one_process_is_the_first_and_nothing_says_otherwise(variables):
    try:
        assert settled(1, **variables).keys() <= {"SLURM_STEP_NUM_TASKS"}
    except UserError as error:
        assert "started" in str(error)
    assert launch.is_first_process(1)


def test_helpers_are_not_the_first(monkeypatch):
    for name in launch.RANKS:
        with monkeypatch.context() as patch:
            assert launch.is_first_process(2)
            patch.setenv(name, "1")
            assert not launch.is_first_process(2) and launch.is_first_process(1)


def test_a_helper_process_ends_with_the_one_that_started_it(tmp_path):
    note = tmp_path / "pid"
    helper = (
        f"import os, pathlib, time; from common.training import launch; launch.end_with_parent(); "
        f"pathlib.Path({str(note)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    starter = (
        f"import subprocess, sys, time, pathlib; subprocess.Popen([sys.executable, '-c', {helper!r}]); "
        f"path = pathlib.Path({str(note)!r}); [time.sleep(0.05) for _ in range(400) if not path.exists()]"
    )
    subprocess.run([sys.executable, "-c", starter], cwd=paths.ROOT, check=True, timeout=60)
    limit = time.monotonic() + 10
    while _runs(int(note.read_text())):
        assert time.monotonic() < limit, "it waits for ever"
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
