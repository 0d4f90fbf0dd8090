"""One row of the tables: a number of trials that learn side by side, each until its own criterion is met.

Seeds are trials. They share nothing; threads carry them, since the compiled learner releases the interpreter's lock.
"""

import os
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm import tqdm

from common.training import checkpoints, provenance
from common.training.run import Run
from replications.hochreiter1997_lstm import figure_data
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.streams import ContinualOrder, ContinualReber
from replications.hochreiter1997_lstm.trials import Grammar, Tested, Trial, Windowed

SAVE_EVERY = 60.0  # seconds of a trial between two checkpoints
TURN = 1.0  # seconds that a trial learns before another one may


@dataclass(frozen=True)
class Generated:
    """The data of this paper: the generators themselves, whose code is in every fingerprint."""

    fingerprint: str


def load_data(config: Config) -> Generated:
    """Nothing to load: sequences are drawn while the networks learn."""
    return Generated(provenance.sha256_json({"corpus": config.corpus, "task": config.task}))


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    config = run.config
    begin(config, config.seeds[0]).advance()  # compiles, which is no trial's time
    todo = [Progress(run, seed) for seed in config.seeds]
    run.parameters = todo[0].trial.parameters
    bar = tqdm(total=len(todo), desc=run.name, unit="trial", disable=None if not os.environ.get("CI") else True)
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        turns = {pool.submit(each.turn) for each in todo}
        try:
            while turns:
                done, turns = wait(turns, return_when=FIRST_COMPLETED)
                for future in done:
                    each = future.result()
                    if each.trial.done:
                        bar.update()
                        bar.write(f"{run.name} trial {each.seed}: {each.trial.summary()} ({each.seconds:.0f} s)")
                    else:
                        turns.add(pool.submit(each.turn))
        except BaseException:
            for future in turns:
                future.cancel()
            raise
    bar.close()
    for each in todo:
        for metric, value in each.trial.results.items():
            run.record(metric, each.seed, value)
        for count, error in each.trial.curve:
            run.history(each.seed, 0, count, each.trial.measure, error)
        run.seconds[str(each.seed)] = each.seconds
        run.throughput[str(each.seed)] = each.trial.sequences / max(each.seconds, 1e-9)
    run.throughput_unit = "sequences/s"
    run.figures = figure_data.collect(config, todo[0].trial)


def begin(config: Config, seed: int) -> Trial:
    """The trial of a setting, before its first sequence."""
    kinds = {"reber": Grammar, "two_3a": Tested, "two_3b": Tested, "two_3c": Tested,
             "continual_reber": ContinualReber, "continual_order": ContinualOrder}
    return kinds.get(config.task, Windowed)(config, seed)


class Progress:
    """A trial, its clock (processor seconds) and its checkpoint."""

    def __init__(self, run: Run, seed: int):
        self.seed = seed
        self.trial: Trial = begin(run.config, seed)
        self.path: Path = run.seed_folder(seed) / "trial.pt"
        self.seconds = self.saved = 0.0
        if self.path.exists():
            kept = checkpoints.load(self.path)
            self.trial.load_state(kept["trial"])
            self.seconds = self.saved = kept["seconds"]

    def turn(self) -> "Progress":
        """Learns for about a second, or until the trial is over."""
        started = now = time.thread_time()
        while not self.trial.done and now - started < TURN:
            self.trial.advance()
            now = time.thread_time()
        self.seconds += now - started
        if self.trial.done or self.seconds - self.saved > SAVE_EVERY:
            checkpoints.save_atomically({"trial": self.trial.state(), "seconds": self.seconds}, self.path)
            self.saved = self.seconds
        return self
