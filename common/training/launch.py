"""Who started this process: what the environment says counts only where the command itself asks for several."""

import os
import sys
import threading
import time

from common.errors import UserError

TORCH = (
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "GROUP_RANK",
    "TORCHELASTIC_RUN_ID",
    "JSM_NAMESPACE_RANK",
)  # of torchrun, of the processes that Lightning starts, and what it takes for such
SLURM = ("SLURM_NTASKS", "SLURM_PROCID")
MEETING = ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT")  # for several machines, also set by hand
RANKS = ("RANK", "SLURM_PROCID", "NODE_RANK", "LOCAL_RANK")


def settle(devices: int, nodes: int) -> None:
    """Forgets what the environment says of other processes, unless it is about the ``devices * nodes`` of this command.

    Variables stay behind in shells; a batch job has as many tasks as it likes before ``srun`` starts any. Lightning
    would believe both.

    Raises:
        UserError: srun or torchrun did start several processes of a command that is not about as many.
    """
    together = sys.modules.get("torch.distributed")
    if together and together.is_initialized():  # after a training Lightning itself forgets how many they are
        return None
    processes, world, tasks = devices * nodes, _number("WORLD_SIZE"), _number("SLURM_NTASKS")
    if processes > 1 and world == processes:
        return _forget(SLURM)
    if processes > 1 and tasks == processes and "SLURM_PROCID" in os.environ:
        return _forget(TORCH)
    started = {
        "srun": _number("SLURM_STEP_NUM_TASKS") or (tasks if _number("SLURM_PROCID") else 0),
        "torchrun": world if "TORCHELASTIC_RUN_ID" in os.environ else 0,
    }
    for launcher, count in started.items():
        if count > 1:
            raise UserError(
                f"{launcher} started {count} processes of this command, which asks for {processes}: let "
                f"--devices times --num-nodes be {count}, or start it once"
            )
    _forget((*TORCH, *SLURM, *(MEETING if nodes == 1 else ())))


def forget() -> None:
    """For commands that no launcher shares out."""
    _forget((*TORCH, *SLURM, *MEETING))


def is_first_process(processes: int) -> bool:
    """False in the helper processes of a training that several share."""
    return processes == 1 or not any(map(_number, RANKS))


def end_with_parent() -> None:
    """Lets a helper process end when the one that started it has: it would wait for it at the next meeting."""

    def follow(parent: int) -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=follow, args=(os.getppid(),), daemon=True).start()


def _forget(names: tuple[str, ...]) -> None:
    for name in names:
        os.environ.pop(name, None)


def _number(name: str) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else 0
