"""The batch script, with commands that only say how they were called in the place of SLURM's."""

import os
import subprocess

import pytest

from common import paths


@pytest.fixture
def submit(tmp_path):
    def submit(*words: str, code: int = 0) -> tuple[int, list[str]]:
        """Exit code of the script, and SLURM's commands that it called; ``srun`` ends with ``code``."""
        log = tmp_path / "log"
        for name, end in (("srun", code), ("scontrol", 0)):
            command = tmp_path / name
            command.write_text(f'#!/bin/sh\necho {name} "$@" >> {log}\nexit {end}\n')
            command.chmod(0o755)
        environment = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "SLURM_SUBMIT_DIR": str(tmp_path),
            "SLURM_JOB_ID": "7",
            "SLURM_NNODES": "2",
            "SLURM_NTASKS_PER_NODE": "4",
        }
        done = subprocess.run(["bash", paths.ROOT / "train.sbatch", *words], env=environment, capture_output=True)
        return done.returncode, log.read_text().splitlines() if log.exists() else []

    return submit


def test_it_runs_an_experiment_on_all_devices(submit):
    options = "--accelerator cuda --devices 4 --num-nodes 2"
    assert submit("a_paper", "a_row") == (0, [f"srun replicate run a_paper a_row --scale paper {options}"])
    assert submit("a_paper", "a_row", "scaled")[1][-1] == f"srun replicate run a_paper a_row --scale scaled {options}"
    assert submit("a_paper")[0] != 0


@pytest.mark.parametrize("code, again", [(75, True), (138, True), (2, False), (0, False)])
def test_it_goes_on_after_an_interruption_and_after_nothing_else(submit, code, again):
    found, called = submit("a_paper", "a_row", code=code)
    assert found == code and called[1:] == ["scontrol requeue 7"] * again
