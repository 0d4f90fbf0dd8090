"""Trials: many tiny networks that share nothing, each of which learns on-line until its own end.

Compiled learners carry them, which release the interpreter's lock: threads take turns with a trial, and Lightning
brings the loop, checkpoints and devices. Several processes share the trials out; what a trial gives depends on itself
alone.
"""

import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

import lightning as L
import torch
from tqdm import tqdm

from common.errors import UserError
from common.training.checkpoints import of_all_processes
from common.training.fit import Module, fit
from common.training.run import Run

TURN = 1.0  # processor seconds that a trial learns before another one may


class Trial(Protocol):
    """A network that learns by itself."""

    done: bool
    seconds: float  # of a processor, so far

    def advance(self) -> None:
        """Learns for a moment."""

    def summary(self) -> str:
        """How it stands, in words."""

    def state(self) -> dict:
        """All that an exact resume needs, in types that a checkpoint may hold."""

    def load_state(self, state: dict) -> None: ...


class Pool(L.Callback):
    """Trials by name, and the threads that carry those of this process; they are part of a checkpoint.

    Args:
        name: of the run.
        prepare: what each thread calls first.
    """

    def __init__(self, name: str, trials: Mapping[str, Trial], prepare: Callable[[], object] = lambda: None):
        self.name, self.trials, self.prepare = name, trials, prepare
        self.waiting: deque[str] = deque()
        self.running: dict[Future, str] = {}

    def turn(self) -> list[str]:
        """Waits until some trial has had its turn; the names of those that are over with it."""
        while self.waiting and len(self.running) < self.size:
            name = self.waiting.popleft()
            self.running[self.threads.submit(_learn, self.trials[name])] = name
        return self._collect(wait(self.running, return_when=FIRST_COMPLETED).done if self.running else ())

    def pause(self) -> None:
        """Waits until no thread is at work."""
        self._collect(wait(self.running).done)

    def _collect(self, futures) -> list[str]:
        over = []
        for future in futures:
            name = self.running.pop(future)
            future.result()
            trial = self.trials[name]
            if not trial.done:
                self.waiting.append(name)
                continue
            over.append(name)
            self.bar.update()
            self.bar.write(f"{self.name} {name}: {trial.summary()} ({trial.seconds:.0f} s)")
        return over

    # --- Lightning's hooks

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        mine = list(self.trials)[trainer.global_rank :: trainer.world_size]
        self.waiting.extend(name for name in mine if not self.trials[name].done)
        self.size = torch.get_num_threads()
        self.threads = ThreadPoolExecutor(self.size, initializer=self.prepare)
        self.bar = tqdm(
            total=len(mine),
            initial=len(mine) - len(self.waiting),
            desc=self.name,
            unit="trial",
            disable=None if not os.environ.get("CI") else True,
        )

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *_) -> None:
        left = torch.tensor(len(self.waiting) + len(self.running))
        trainer.should_stop = not trainer.strategy.reduce(left, reduce_op="sum")

    def on_save_checkpoint(self, trainer: L.Trainer, module: L.LightningModule, checkpoint: dict) -> None:
        self.pause()
        checkpoint["trials"] = self._states(trainer)

    def on_load_checkpoint(self, trainer: L.Trainer, module: L.LightningModule, checkpoint: dict) -> None:
        self._load(checkpoint["trials"])

    def on_train_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Every process knows all trials."""
        self._close()
        self._load(self._states(trainer))

    def on_exception(self, trainer: L.Trainer, module: L.LightningModule, exception: BaseException) -> None:
        self._close()

    def _close(self) -> None:
        if hasattr(self, "threads"):
            self.threads.shutdown(wait=False, cancel_futures=True)
            self.bar.close()

    def _states(self, trainer: L.Trainer) -> dict[str, dict]:
        mine = list(self.trials)[trainer.global_rank :: trainer.world_size]
        parts = of_all_processes(trainer, {name: self.trials[name].state() for name in mine})
        return {name: state for part in parts for name, state in part.items()}

    def _load(self, states: dict[str, dict]) -> None:
        for name, state in states.items():
            if name in self.trials:  # the list of seeds may be another one than it was
                self.trials[name].load_state(state)


def _learn(trial: Trial) -> None:
    started = now = time.thread_time()
    while not trial.done and now - started < TURN:
        trial.advance()
        now = time.thread_time()
    trial.seconds += now - started


class Trials(Module):
    """Networks that learn by themselves, in turns; a step of training is a turn."""

    automatic_optimization = False

    def __init__(self, pool: Pool):
        super().__init__()
        self.pool, self.trials = pool, pool.trials

    def training_step(self, turn: int) -> dict:
        self.pool.turn()
        return {"sums": {}}

    def configure_optimizers(self) -> None:
        """Each trial descends by itself."""


class Turns:
    """The data of trials: nothing but whose turn it is, without end."""

    def __iter__(self) -> Iterator[int]:
        return itertools.count()

    def set_epoch(self, epoch: int) -> None:
        """One epoch, unless trials are added to a run that was interrupted."""


def learn(run: Run, module: Module, pool: Pool) -> None:
    """All trials to their ends; continues by itself where an interrupted call of the same run stopped.

    Args:
        module: its training step takes a turn of ``pool``.

    Raises:
        UserError: fewer trials than processes.
    """
    if (processes := run.devices * run.nodes) > len(pool.trials):
        raise UserError(f"{len(pool.trials)} trials cannot be shared by {processes} processes; use fewer")
    fit(
        run,
        run.settings["seeds"][0],
        module,
        lambda rank, world: Turns(),
        None,
        max_epochs=-1,
        part="trials",
        callbacks=[pool],
        apart=True,
    )
