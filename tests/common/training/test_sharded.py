"""Two processes that share tables: what they leave when they are killed, and that they go on from it."""

import errno
import os
from functools import partial

import pytest
import torch
from torch.nn import functional as F

from common.data.order import Loader
from common.errors import UserError
from common.layers.table import Table
from common.training import checkpoints, sharded
from common.training.best_weights import KeepBest
from common.training.checkpoints import latest
from common.training.fit import new_trainer
from common.training.sharded import Sharded
from tests.replications.processes import die, forked, shared

WORDS, EPOCHS = 7, 3


class Bigrams(Sharded):
    """A row of logits for each word."""

    def __init__(self):
        super().__init__()
        self.table, self.bias = Table(WORDS, WORDS), torch.nn.Parameter(torch.zeros(WORDS))
        torch.nn.init.normal_(self.table.weight)

    def nats(self, batch):
        words, next_words = batch
        return F.cross_entropy(self.table(words) + self.bias, next_words)

    def training_step(self, batch, index):
        return {"loss": self.nats(batch)}

    def validation_step(self, batch, index):
        self.log("valid/nll", self.nats(batch))

    def configure_optimizers(self):
        return torch.optim.Adagrad(self.parameters(), 0.5)


def text(rank, world):
    draw = torch.Generator().manual_seed(1)
    words = torch.randint(WORDS, (4, 2, 6), generator=draw)
    return Loader(4, lambda epoch: range(4), lambda window: tuple(words[window, :, rank::world]))


def learn(folder, processes=2):
    torch.manual_seed(1)
    module, keep = Bigrams(), KeepBest()
    strategy = "ddp" if processes > 1 else "auto"
    trainer = new_trainer(folder, EPOCHS, [keep], accelerator="cpu", devices=processes, strategy=strategy)
    trainer.fit(
        module, text(trainer.global_rank, trainer.world_size), text(0, 1), ckpt_path=latest(folder), weights_only=True
    )
    torch.save([module.state_dict(), keep.best_weights], folder / f"end-{trainer.global_rank}.pt")


def ends(folder):
    """What both processes have in the end: the same, all of it."""
    one, other = (torch.load(folder / f"end-{rank}.pt", weights_only=True) for rank in range(2))
    torch.testing.assert_close(one, other, rtol=0, atol=0)
    return one


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert shared(partial(learn, folder), 2) == [0, 0]
    return ends(folder)


def at_the_second(save, then):
    calls = []

    def instead(*args, **options):
        calls.append(1)
        (then if len(calls) == 2 else save)(*args, **options)

    return instead


def while_shards_are_written():
    def half(shards, checkpoint_id):
        checkpoint_id.mkdir(exist_ok=True)
        (checkpoint_id / "__0_0.distcp").write_bytes(b"half")
        die()

    sharded.dcp.save = at_the_second(sharded.dcp.save, half)


def when_shards_are_written():
    save = sharded.dcp.save

    def all_of_it(*args, **options):
        save(*args, **options)
        die()

    sharded.dcp.save = at_the_second(save, all_of_it)


def while_the_checkpoint_takes_its_place():
    replace = checkpoints.os.replace

    def broken(source, target):
        replace(source, target)
        if str(target).endswith(checkpoints.PREVIOUS):
            die()

    checkpoints.os.replace = broken


@pytest.mark.parametrize(
    "kill", [while_shards_are_written, when_shards_are_written, while_the_checkpoint_takes_its_place]
)
def test_killed_processes_go_on_to_the_same_end(whole, tmp_path, kill):
    def killed():
        kill()
        learn(tmp_path)

    assert -9 in shared(killed, 2)
    assert shared(partial(learn, tmp_path), 2) == [0, 0]
    torch.testing.assert_close(ends(tmp_path), whole, rtol=0, atol=0)
    named = {checkpoints.load(tmp_path / name)["shards"] for name in (checkpoints.LAST, checkpoints.PREVIOUS)}
    left = {path.name for path in tmp_path.glob("shards-*")}
    assert named <= left and len(left) <= 3  # the oldest goes when the next is written


def test_two_processes_learn_what_one_does(whole, tmp_path):
    assert forked(partial(learn, tmp_path, 1)) == [0]
    one, _ = torch.load(tmp_path / "end-0.pt", weights_only=True)
    torch.testing.assert_close(whole[0], one, rtol=0, atol=1e-6)


def test_a_checkpoint_has_no_table_in_it(tmp_path, capfd):
    assert shared(partial(learn, tmp_path), 2) == [0, 0]
    saved = checkpoints.load(tmp_path / checkpoints.LAST)
    assert saved["state_dict"]["table.weight"].is_meta and not saved["state_dict"]["bias"].is_meta
    with pytest.raises(UserError, match=f"interrupted on 2 devices, .*with --devices 2, or delete {tmp_path}"):
        learn(tmp_path, 1)
    for path in tmp_path.glob(f"{saved['shards']}/*"):
        path.write_bytes(b"")
    assert shared(partial(learn, tmp_path), 2) == [1, 1]
    assert f"{saved['shards']}: not a readable checkpoint" in capfd.readouterr().err


def test_a_full_disk_is_said(tmp_path, capfd):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def on_a_full_disk():
        os.fsync = full
        learn(tmp_path)

    assert shared(on_a_full_disk, 2) == [1, 1]
    errors = capfd.readouterr().err
    assert "checkpoint not written" in errors and "No space left" in errors and "UserError" in errors
