"""Trainings whose tables are shared out over their processes, and checkpoints of which each process writes its part.

The parts of a checkpoint lie in a folder beside ``last.ckpt``, which names it and has an empty tensor in the place of
each sharded one. The folder is complete before ``last.ckpt`` takes its place, and goes when neither that nor
``previous.ckpt`` names it any more: whenever a process is killed, what they name is whole.
"""

import shutil
from pathlib import Path

import torch
import torch.distributed.checkpoint as dcp
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import DTensor, Shard, empty

from common.errors import UserError
from common.layers.table import Table, whole
from common.training.checkpoints import LAST, PREVIOUS
from common.training.fit import Module

PARTS = ("state_dict", "optimizer_states", "callbacks")  # of a checkpoint, which may hold sharded tensors
NAME = "shards-{}"


class Sharded(Module):
    """A module whose every :class:`Table` is sharded while several processes train it. DDP averages the gradients of
    all other weights, and leaves alone what never changes."""

    mesh: DeviceMesh | None = None

    @property
    def tables(self) -> list[Table]:
        return [part for part in self.modules() if isinstance(part, Table)]

    def configure_model(self) -> None:
        if self.trainer.world_size == 1:
            return
        device = self.trainer.strategy.root_device
        self.mesh = init_device_mesh(device.type, (self.trainer.world_size,))
        for table in self.tables:
            table.to(device).shard(self.mesh)
        self._ddp_params_and_buffers_to_ignore = [
            *(name for name, weight in self.named_parameters() if isinstance(weight, DTensor)),
            *(name for name, _ in self.named_buffers()),
        ]

    def teardown(self, stage: str) -> None:
        """Every process has the whole network again, and the whole of what a callback has kept of it."""
        for table in self.tables:
            table.gather()
        for keeper in self.trainer.callbacks:
            if kept := getattr(keeper, "best_weights", None):
                keeper.best_weights = {name: whole(weight) for name, weight in kept.items()}

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        """Moves what is sharded into a folder of its own."""
        if self.trainer.world_size == 1:
            return
        shards: dict[str, DTensor] = {}

        def take(tensor: DTensor) -> Tensor:
            shards[str(len(shards))] = tensor.detach()
            return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")

        checkpoint |= {part: apply_to_collection(checkpoint[part], DTensor, take) for part in PARTS}
        folder = Path(self.trainer.default_root_dir)
        name = next_name(folder) if self.trainer.is_global_zero else None
        checkpoint["shards"] = self.trainer.strategy.broadcast(name)
        try:
            dcp.save(shards, checkpoint_id=folder / checkpoint["shards"])
        except (CheckpointException, OSError) as error:
            raise UserError(
                f"{folder / checkpoint['shards']}: checkpoint not written ({reason(error)}); the previous "
                "one is kept. Free disk space and run the same command again: it resumes."
            ) from error

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        """Raises UserError where more or fewer processes made the checkpoint."""
        path, processes = Path(self.trainer.ckpt_path), len(checkpoint["random"])
        if processes != self.trainer.world_size:
            raise UserError(
                f"this training was interrupted on {processes} devices, which share its tables; continue "
                f"it with --devices {processes}, or delete {path}"
            )
        if self.trainer.world_size == 1:
            return
        shards: dict[str, DTensor] = {}

        def put(tensor: Tensor) -> Tensor:
            if not tensor.is_meta:
                return tensor
            place = empty(*tensor.shape, dtype=tensor.dtype, device_mesh=self.mesh, placements=[Shard(0)]).cpu()
            return shards.setdefault(str(len(shards)), place)

        checkpoint |= {part: apply_to_collection(checkpoint[part], Tensor, put) for part in PARTS}
        try:
            dcp.load(shards, checkpoint_id=path.with_name(checkpoint["shards"]))
        except (CheckpointException, OSError) as error:
            raise UserError(
                f"{path.with_name(checkpoint['shards'])}: not a readable checkpoint ({reason(error)}); "
                f"delete it and {path.name}, and run again"
            ) from error


def next_name(folder: Path) -> str:
    """A new name for shards; removes those that no checkpoint names."""
    named = {
        torch.load(path, map_location="cpu", mmap=True, weights_only=True).get("shards")
        for path in (folder / LAST, folder / PREVIOUS)
        if path.exists()
    }
    found = list(folder.glob(NAME.format("*")))
    for old in found:
        if old.name not in named:
            shutil.rmtree(old)
    return NAME.format(1 + max((int(old.name.rpartition("-")[2]) for old in found), default=0))


def reason(error: BaseException) -> str:
    """What went wrong in the first process that failed."""
    return str(next(iter(error.failures.values()))[0]) if isinstance(error, CheckpointException) else str(error)
