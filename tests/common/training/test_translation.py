"""The loss of a batch and of its parts, and what an epoch's sums say."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from common.data.parallel.buckets import batches
from common.data.parallel.corpus import Pairs
from common.training.translation import Translation


class Network(torch.nn.Module):
    """A nat per weight and target word."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, batch):
        return self.weight * batch.target_lengths


PAIRS = Pairs.of(np.array([5, 1] * 7), np.array([1] * 5 + [6, 6, 6, 1] * 2), (1, 1))


def gradient(rank: int, world: int) -> torch.Tensor:
    module = Translation(Network())
    module._trainer = SimpleNamespace(world_size=world)
    (batch,) = batches(PAIRS, 7, 1, rank, world)
    module.training_step(batch, 0)["loss"].backward()
    return module.network.weight.grad


@pytest.mark.parametrize("world", [2, 3])
def test_processes_of_unequal_shares_average_to_the_gradient_of_one(world):
    """Seven sentences cannot be shared evenly."""
    parts = torch.stack([gradient(rank, world) for rank in range(world)])
    assert parts.unique().numel() > 1
    torch.testing.assert_close(gradient(0, 1), torch.tensor(13 / 7))
    torch.testing.assert_close(parts.mean(), gradient(0, 1))


def test_an_epochs_sums():
    module = Translation(Network())
    (batch,) = batches(PAIRS, 7)
    with torch.no_grad():
        sums = {name: float(value) for name, value in module.validation_step(batch, 0).items()}
    assert sums == {"nats": 26.0, "sentences": 7.0, "words": 13.0}
    assert module.curves({"nats": 13.0, "words": 13.0}, sums) == pytest.approx(
        {"valid/nll": 2.0, "valid/perplexity": math.exp(2), "train/perplexity": math.e}
    )
