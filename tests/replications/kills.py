"""Where a run is killed: each changes, in the process that is to die, what happens there."""

import functools

import torch

from common.training import checkpoints, epochs, trials
from common.training import fit as fitting
from tests.replications.processes import die


def in_mid_epoch() -> None:
    """Two updates after a checkpoint, in the second epoch."""
    saved = []

    class Save(checkpoints.SaveLast):
        def on_train_batch_end(self, trainer, module, outputs, batch, index):
            if trainer.current_epoch == 1 and not trainer.is_last_batch and not saved:
                self._save(trainer)
                saved.append(index)
            elif saved and index >= min(saved[0] + 2, trainer.num_training_batches - 1):
                die()

    fitting.SaveLast = Save


def after_an_epoch() -> None:
    class Save(checkpoints.SaveLast):
        def on_train_epoch_end(self, trainer, module):
            super().on_train_epoch_end(trainer, module)
            if trainer.current_epoch == 0:
                die()

    fitting.SaveLast = Save


def amid_trials() -> None:
    """A turn after a checkpoint, in which one trial is over and others are half done."""
    ended = []

    class Save(checkpoints.SaveLast):
        def on_train_batch_end(self, trainer, module, outputs, batch, index):
            if ended:
                die()
            if any(trial.done for trial in module.trials.values()):
                self._save(trainer)
                ended.append(index)

    fitting.SaveLast = Save


def in_validation() -> None:
    add = epochs.Epochs.on_validation_batch_end

    def on_validation_batch_end(callback, trainer, *others):
        if trainer.current_epoch == 1:
            die()
        add(callback, trainer, *others)

    epochs.Epochs.on_validation_batch_end = on_validation_batch_end


def while_a_checkpoint_is_written() -> None:
    """The second one, when half of its bytes are on the disk."""
    save, written = torch.save, []

    def half(value, file):
        save(value, file)
        written.append(file.name)
        if len([name for name in written if "ckpt" in name]) == 2:
            file.truncate(file.tell() // 2)
            file.flush()
            die()

    checkpoints.torch.save = half


def while_a_checkpoint_takes_its_place() -> None:
    """Between the two renames that make the last one the previous one and the new one the last."""
    replace, kept = checkpoints.os.replace, []

    def broken(source, target):
        replace(source, target)
        if str(target).endswith(checkpoints.PREVIOUS):
            kept.append(target)
            if len(kept) == 1:
                die()

    checkpoints.os.replace = broken


KILLS = (in_mid_epoch, after_an_epoch, in_validation, while_a_checkpoint_is_written, while_a_checkpoint_takes_its_place)
OF_TRIALS = (amid_trials, while_a_checkpoint_is_written, while_a_checkpoint_takes_its_place)
TURN = "a turn\n"


def short_turns(monkeypatch) -> None:
    """Trials take turns after each advance, which then says so and is part of a checkpoint."""
    learn = trials._learn

    def learn_and_say(trial) -> None:
        learn(trial)
        print(TURN, end="", flush=True)

    monkeypatch.setattr(trials, "_learn", learn_and_say)
    monkeypatch.setattr(trials, "TURN", 1e-9)
    monkeypatch.setattr(checkpoints.SaveLast, "OF_THE_TIME", float("inf"))
    monkeypatch.setattr(fitting, "SaveLast", functools.partial(checkpoints.SaveLast, seconds=0.0))
