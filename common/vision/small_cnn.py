"""A small convolutional network, trained from scratch in seconds to say what stands where in a drawn scene.

It takes the place that a network trained on ImageNet has for photographs: it has learned what is in pictures, not how
to speak of them. What it knows is in the layer before its classifier.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.data.pictures import scenes

CHANNELS = 24
PLACES = scenes.GRID**2
FEATURES = CHANNELS * PLACES


class SmallCNN(nn.Module):
    """Pictures uint8 ``[B, 3, 24, 24]`` to features ``[B, 96]``; :meth:`classify` says what stands on every place.

    The last layers are the same on every place, so that what is learned on one holds on all.
    """

    def __init__(self, width: int = 24):
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs, stride in ((3, width, 2), (width, 2 * width, 2), (2 * width, 2 * width, 1)):
            layers += [nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(
            *layers,
            nn.AdaptiveMaxPool2d(scenes.GRID),
            nn.Conv2d(2 * width, CHANNELS, 1),
            nn.BatchNorm2d(CHANNELS),
            nn.ReLU(),
        )
        self.classifier = nn.Conv2d(CHANNELS, sum(scenes.ANSWERS), 1)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers(pictures.float() / 127.5 - 1).flatten(1)

    def classify(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Logits ``[B, answers, places]`` of size, colour and shape of what stands on each place; answer 0: nothing."""
        places = self(pictures).unflatten(1, (CHANNELS, scenes.GRID, scenes.GRID))
        return self.classifier(places).flatten(2).split(scenes.ANSWERS, 1)


@torch.enable_grad()  # also where a caption is asked for, and the encoder is not there yet
def train(
    network: SmallCNN,
    pictures: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int,
    batch_size: int = 64,
    lr: float = 5e-3,
    seed: int = 1,
) -> SmallCNN:
    """Adam on the cross-entropy of all places, the rate falling to 0; returns ``network`` in evaluation mode.

    Args:
        pictures: uint8 ``[N, 3, 24, 24]``.
        labels: int64 ``[N, places, 3]``, as :func:`common.data.pictures.scenes.labels` gives them.
        seed: of the order of the pictures.
    """
    x, y = torch.from_numpy(pictures), torch.from_numpy(labels)
    order = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(network.parameters(), lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2 * lr, epochs * (len(x) // batch_size))
    network.train()
    for _ in range(epochs):
        shuffled = torch.randperm(len(x), generator=order)
        for chosen in shuffled[: len(x) // batch_size * batch_size].split(batch_size):
            answers = network.classify(x[chosen])
            loss = torch.stack([F.cross_entropy(a, y[chosen, :, i]) for i, a in enumerate(answers)]).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()
