"""Training speed at the paper's size (512 units, 10,000 words), against plain torch; and beam search over pictures.

All cases train on the same made-up captions of 10 words, 64 at a time.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common import config
from common.data.pictures.batches import Batch
from common.text.vocabulary import EOS, UNK, Vocabulary
from common.training.precision import has_bfloat16
from replications.vinyals2015_show_and_tell.config import Config
from replications.vinyals2015_show_and_tell.describe import describe
from replications.vinyals2015_show_and_tell.module import Captioner

WORDS, LENGTH, BATCH, UPDATES, FEATURES, SIZE = 10_000, 11, 64, 4, 1024, 512
UNIT = "words"
REFERENCE = "plain torch: nn.LSTM, cross entropy"


def batch() -> tuple[Tensor, Batch]:
    """Features ``[B, D]`` and captions of full length."""
    draw = torch.Generator().manual_seed(1)
    words = torch.randint(WORDS, (LENGTH, BATCH), generator=draw)
    features = torch.randn(BATCH, FEATURES, generator=draw)
    return features, Batch(torch.arange(BATCH), words, torch.full((BATCH,), LENGTH), LENGTH * BATCH)


class PlainTorch(nn.Module):
    """What one writes first."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.embedding = nn.Linear(FEATURES, SIZE), nn.Embedding(WORDS + 1, SIZE)
        self.lstm, self.output = nn.LSTM(SIZE, SIZE), nn.Linear(SIZE, WORDS)

    def loss(self, features: Tensor, words: Tensor) -> Tensor:
        read = self.embedding(torch.cat([torch.full_like(words[:1], WORDS), words[:-1]]))
        hidden, _ = self.lstm(torch.cat([self.image(features).unsqueeze(0), read]))
        return F.cross_entropy(self.output(hidden[1:]).flatten(0, 1), words.flatten())


def work(parameters: list[nn.Parameter], loss: Callable[[], Tensor]) -> Callable[[], int]:
    optimiser = torch.optim.SGD(parameters, 0.1)

    def updates() -> int:
        for _ in range(UPDATES):
            optimiser.zero_grad()
            loss().backward()
            optimiser.step()
        return UPDATES * LENGTH * BATCH

    return updates


def plain() -> Callable[[], int]:
    model, (features, captions) = PlainTorch(), batch()
    return work(list(model.parameters()), lambda: model.loss(features, captions.words))


def captioner(**changes: object) -> Captioner:
    settings = config.resolve("vinyals2015_show_and_tell", "nic", "paper") | changes
    return Captioner(Config(**settings), WORDS)


def ours(precision: str = "32-true", **changes: object) -> Callable[[], int]:
    """The paper's network, padding and dropout included, in a bare loop."""
    model, (features, captions) = captioner(**changes), batch()

    def loss() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision != "32-true"):
            return model.negative_log_probabilities(features, captions).mean()

    return work(list(model.network.parameters()), loss)


def beam(size: int) -> Callable[[], None]:
    """64 pictures, captions of at most 12 words."""
    model, (features, _) = captioner().eval(), batch()
    vocabulary = Vocabulary((EOS, UNK, *(f"w{i}" for i in range(WORDS - 2))), (1,) * WORDS)
    return lambda: describe([model.network], [features], vocabulary, beam_size=size, max_length=12)


CASES = {REFERENCE: plain, "picture once": ours, "picture at every step": partial(ours, image="every_step")}
if has_bfloat16("cpu"):
    CASES["picture once, bfloat16"] = partial(ours, "bf16-mixed")
TASKS = {f"beam of {size} over 64 pictures": partial(beam, size) for size in (1, 3, 20)}
