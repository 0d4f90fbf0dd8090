"""The state that a language model carries from window to window, across updates, epochs' ends and interruptions."""

import lightning as L

from common.errors import UserError
from common.training.checkpoints import of_all_processes


class CarriedState(L.Callback):
    """Makes ``module.state``, a tuple of tensors, part of a checkpoint: each process reads streams of its own.

    The module begins a text (batch 0) with a new state, and leaves in ``state`` the one after each window.
    """

    def on_save_checkpoint(self, trainer: L.Trainer, module: L.LightningModule, checkpoint: dict) -> None:
        checkpoint["streams"] = of_all_processes(trainer, [part.detach().cpu() for part in module.state])

    def on_load_checkpoint(self, trainer: L.Trainer, module: L.LightningModule, checkpoint: dict) -> None:
        """Raises UserError where more or fewer processes made the checkpoint."""
        states = checkpoint["streams"]
        if len(states) != trainer.world_size:
            raise UserError(
                f"this training was interrupted on {len(states)} devices and each has a part of the text; "
                f"continue it with --devices {len(states)}, or delete {trainer.ckpt_path}"
            )
        module.state = tuple(states[trainer.global_rank])

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        module.state = tuple(part.to(module.device) for part in module.state)  # a checkpoint is read to the CPU
