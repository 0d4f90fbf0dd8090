"""Trials in turn: all come to their end, whatever the threads, the processes and the interruptions."""

import time
from functools import partial

import pytest

from common.training.checkpoints import SaveLast
from common.training.fit import Module
from common.training.run import Run
from common.training.trials import Pool, learn
from tests.replications.processes import die, forked, shared


class Count:
    """Counts to its goal, and notes how often it was asked to."""

    def __init__(self, goal: int):
        self.goal, self.count, self.done, self.seconds = goal, 0, goal == 0, 0.0
        self.asked = 0

    def advance(self):
        self.count, self.asked = self.count + 1, self.asked + 1
        self.done = self.count == self.goal

    def summary(self):
        return f"counted to {self.count}"

    def state(self):
        return {"count": self.count, "done": self.done, "seconds": self.seconds}

    def load_state(self, state):
        self.count, self.done, self.seconds = state["count"], state["done"], state["seconds"]


class Counting(Module):
    automatic_optimization = False
    counted = "turns"

    def __init__(self, pool):
        super().__init__()
        self.pool = pool

    def training_step(self, batch, index):
        self.pool.turn()
        return {"sums": {"turns": 1}}

    def configure_optimizers(self):
        return None


@pytest.fixture
def run(tmp_path):
    return Run("paper", "row", "quick", {"seeds": [1]}, tmp_path, None, {})


def counted(run, goals=(5, 0, 300, 70, 1), devices=1) -> Pool:
    run.devices = devices
    pool = Pool("row", {f"trial {n}": Count(goal) for n, goal in enumerate(goals)})
    learn(run, Counting(pool), pool)
    assert [trial.count for trial in pool.trials.values()] == list(goals)
    return pool


def test_all_come_to_their_end(run, monkeypatch):
    monkeypatch.setattr("common.training.trials.TURN", 1e-9)  # a turn for each number
    pool = counted(run)
    assert all(trial.done and trial.asked == trial.goal for trial in pool.trials.values())
    again = counted(run)  # all is in the checkpoint
    assert not any(trial.asked for trial in again.trials.values())


def test_an_interrupted_pool_goes_on(run, monkeypatch):
    monkeypatch.setattr("common.training.trials.TURN", 1e-9)

    class Save(SaveLast):
        def on_train_batch_end(self, trainer, module, outputs, batch, index):
            if index == 100:
                self._save(trainer)
                die()

    def killed():
        monkeypatch.setattr("common.training.fit.SaveLast", Save)
        counted(run)

    assert forked(killed) == [-9]
    asked = sum(trial.asked for trial in counted(run).trials.values())
    assert 200 < asked < 376 - 100


def test_no_trial_is_at_work_while_a_checkpoint_is_made(run, monkeypatch):
    class Busy(Count):
        busy = False

        def advance(self):
            self.busy = True
            time.sleep(0.02 * (self.goal > 3))
            super().advance()
            self.busy = False

        def state(self):
            assert not self.busy
            return super().state()

    monkeypatch.setattr("common.training.trials.TURN", 1e-9)
    monkeypatch.setattr("common.training.trials.torch.get_num_threads", lambda: 2)
    monkeypatch.setattr("common.training.fit.SaveLast", partial(SaveLast, seconds=-1))
    monkeypatch.setattr(SaveLast, "OF_THE_TIME", float("inf"))
    pool = Pool("row", {"quick": Busy(3), "slow": Busy(5)})
    learn(run, Counting(pool), pool)
    assert all(trial.done for trial in pool.trials.values())


def test_processes_share_them_out(run, monkeypatch):
    monkeypatch.setattr("common.training.trials.TURN", 1e-9)

    def work():
        pool = counted(run, devices=2)
        carried = {name for name, trial in pool.trials.items() if trial.asked}
        assert carried in ({"trial 0", "trial 2", "trial 4"}, {"trial 3"})

    assert shared(work, 2) == [0, 0]


def test_a_trial_that_fails_ends_the_training(run):
    class Broken(Count):
        def advance(self):
            raise ZeroDivisionError

    pool = Pool("row", {"a": Count(3), "b": Broken(3)})
    with pytest.raises(ZeroDivisionError):
        learn(run, Counting(pool), pool)
