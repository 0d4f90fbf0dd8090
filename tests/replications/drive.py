"""``replicate`` on a checkout of its own, in a process of its own.

TEST_CHECKOUT is the folder, TEST_RUNS a JSON list of command lines, TEST_SECONDS the time between checkpoints,
TEST_STOP an update at which the first run saves and breaks off. They come by the environment because Lightning starts
its second process with this one's.
"""

import json
import os
import sys
from functools import partial
from pathlib import Path

import torch

from common import cli, paths
from common.training import checkpoints, fit

checkout = Path(os.environ["TEST_CHECKOUT"])
paths.BUILD, paths.REPLICATIONS = checkout / "build", checkout / "replications"
stop, seconds = int(os.environ.get("TEST_STOP", 0)), float(os.environ.get("TEST_SECONDS", 120))
torch.set_num_threads(1)


class Stopped(BaseException):
    pass


class StopAfterSaving(checkpoints.SaveLast):
    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == stop:
            self._save(trainer)
            raise Stopped


for command in json.loads(os.environ["TEST_RUNS"]):
    fit.SaveLast = StopAfterSaving if stop else partial(checkpoints.SaveLast, seconds=seconds)
    sys.argv[1:] = command
    try:
        cli.main()
    except SystemExit as end:
        if end.code:
            raise
    except Stopped:
        print("stopped", flush=True)
    stop = 0
