"""The experiments on synthetic tasks: networks (seeds, at each length) that share nothing, carried by threads."""

import os
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import torch
from tqdm import tqdm

from common.training import checkpoints
from common.training.run import Run
from replications.pascanu2013_clipping.trials import Trial

SAVE_EVERY = 60.0  # seconds between two checkpoints of a trial


class Progress:
    """A trial and its checkpoint."""

    def __init__(self, run: Run, seed: int, lengths: tuple[int, ...]):
        self.trial = Trial(run.config, seed, lengths)
        self.suffix = "" if run.config.mixed else f"/{lengths[0]}"
        self.path = run.seed_folder(seed) / f"length-{'-'.join(map(str, lengths))}.pt"
        if self.path.exists():
            self.trial.load_state(checkpoints.load(self.path))
        self.saved = time.monotonic()

    def turn(self) -> "Progress":
        """Learns until the next check."""
        if not self.trial.done:
            self.trial.advance()
        if self.trial.done or time.monotonic() - self.saved > SAVE_EVERY:
            checkpoints.save_atomically(self.trial.state(), self.path)
            self.saved = time.monotonic()
        return self


def run(run: Run) -> None:
    """Fills in the metrics of one experiment; ``/50`` at the end of a metric is the length."""
    config = run.config
    groups = [config.lengths] if config.mixed else [(length,) for length in config.lengths]
    Trial(config, config.seeds[0], groups[0]).compile()
    every = [Progress(run, seed, lengths) for lengths in groups for seed in config.seeds]
    learn(every, run.name)
    run.parameters = sum(weight.size for weight in every[0].trial.weights)
    run.throughput_unit = "updates/s"
    run.figures = {"traces": {}}
    for each in every:
        trial, seed, suffix = each.trial, each.trial.seed, each.suffix
        run.record(f"solved{suffix}", seed, trial.solved)
        if trial.solved:
            run.record(f"updates{suffix}", seed, trial.solved_after)
        if config.mixed:
            run.record("perfect", seed, trial.perfect)
            if trial.perfect:
                run.record("updates/perfect", seed, trial.updates)
        for metric, value in trial.results.items():
            run.record(metric + (suffix if metric == "radius" else ""), seed, value)
        for updates, share in trial.curve:
            run.history(seed, 0, updates, f"valid/wrong{suffix}", share)
        if seed == config.seeds[0]:
            run.figures["traces"][suffix[1:] or "mixed"] = {"updates": trial.trace_step, "norms": trial.trace}
    for seed in config.seeds:
        mine = [each.trial for each in every if each.trial.seed == seed]
        run.seconds[str(seed)] = sum(trial.seconds for trial in mine)
        run.throughput[str(seed)] = sum(trial.updates for trial in mine) / max(run.seconds[str(seed)], 1e-9)


def threads(number: int) -> ThreadPoolExecutor:
    """Threads that round to zero what is nearly zero.

    Signals that vanish come to numbers below 1e-38, with which a processor multiplies several times as slowly.
    """
    return ThreadPoolExecutor(number, initializer=torch.set_flush_denormal, initargs=(True,))


def learn(every: list[Progress], name: str) -> None:
    """All trials to their ends."""
    bar = tqdm(total=len(every), desc=name, unit="trial", disable=None if not os.environ.get("CI") else True)
    with threads(torch.get_num_threads()) as pool:
        turns = {pool.submit(each.turn) for each in every}
        try:
            while turns:
                done, turns = wait(turns, return_when=FIRST_COMPLETED)
                for future in done:
                    each = future.result()
                    if not each.trial.done:
                        turns.add(pool.submit(each.turn))
                        continue
                    bar.update()
                    bar.write(f"{name}{each.suffix} trial {each.trial.seed}: {each.trial.summary()}")
        except BaseException:
            for future in turns:
                future.cancel()
            raise
    bar.close()
