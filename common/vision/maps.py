"""Encoders that say what they see where: the map of a layer before it is pooled, for networks that attend."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from common.data.pictures import scenes
from common.vision import encoders, small_cnn
from common.vision.encoders import Classifier

PLACES = 3  # on a side of the drawn pictures


@dataclass(frozen=True)
class Map:
    """``load()`` is a trained encoder in evaluation mode: pictures uint8 ``[B, 3, size, size]`` to ``[B, D * L]``."""

    size: int  # pixels of a side
    features: int  # D
    side: int  # L is its square
    load: Callable[[], nn.Module]


class First(nn.Module):
    """The first layers of an encoder, on pictures shifted and scaled as it has them; channel after channel."""

    def __init__(self, layers: nn.Module, shift: float, scale: float):
        super().__init__()
        self.layers, self.shift, self.scale = layers.eval(), shift, scale

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers((pictures.float() - self.shift) / self.scale).flatten(1)


def _vgg19() -> nn.Module:
    """Up to the rectified conv5_4 (Xu et al. 2015), with torchvision's weights."""
    from torchvision.models import get_model

    network = get_model("vgg19", weights=None, init_weights=False)
    network.features, network.avgpool, network.classifier = network.features[:36], nn.Identity(), nn.Identity()
    return encoders.published("vgg19", Classifier(network)).eval()


def _small_cnn() -> nn.Module:
    """A location for each place; on scenes of two by two places the pooling of 3 x 3 is what its own gives."""
    layers = [
        nn.MaxPool2d(3) if isinstance(one, nn.AdaptiveMaxPool2d) else one for one in encoders.load("small_cnn").layers
    ]
    return First(nn.Sequential(*layers), 127.5, 127.5)


MAPS = {
    "vgg19": Map(224, 512, 14, _vgg19),
    "efficientnet_lite0": Map(224, 320, 7, lambda: First(encoders.load("efficientnet_lite0").layers[:-1], 127, 128)),
    "small_cnn": Map(PLACES * scenes.SIZE // scenes.GRID, small_cnn.CHANNELS, PLACES, _small_cnn),
}
