import os
import signal
import subprocess
import sys
import time

import pytest

from common import parallel
from common.errors import UserError

# Three things for two processes: one of them waits while the last thing is done.
WAITING = """
import time
from common import parallel
parallel.cores = lambda: 2
def work(seconds):
    time.sleep(seconds)
    print(seconds, flush=True)
try:
    parallel.over_cores(work, [0.1, 0.2, 60], "things")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.fixture
def two(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)


def test_results_come_in_the_order_of_the_things_and_the_first_error_ends_it(two):
    assert parallel.over_cores(abs, [-3, -1, -2], "things") == [3, 1, 2]
    with pytest.raises(ValueError, match="invalid literal"):
        parallel.over_cores(int, ["1", "x"], "things")


def test_a_process_that_is_killed_is_no_bug_of_ours(two):
    with pytest.raises(UserError, match="things: a process was ended from outside, as happens where memory runs out"):
        parallel.over_cores(os._exit, [9, 9], "things")


def test_ctrl_c_says_nothing_of_the_processes():
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert [process.stdout.readline().strip() for _ in range(2)] == ["0.1", "0.2"]
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        out, errors = process.communicate(timeout=30)
        assert out.strip() == "interrupted" and "Traceback" not in errors
    finally:
        process.kill()
