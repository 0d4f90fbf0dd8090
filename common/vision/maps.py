"""Encoders that say what they see where: the map of a layer before it is pooled, for networks that attend.

- ``vgg19``: the map of the last convolution, 14 x 14 (Xu et al. 2015), with torchvision's weights.
- ``efficientnet_lite0``: the map before the head, 7 x 7, with the weights that come as a package.
- ``small_cnn``: one location for each place of a drawn scene, on pictures of three by three places.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from common.data.pictures import scenes
from common.errors import unknown
from common.vision import encoders, small_cnn
from common.vision.efficientnet_lite0 import EfficientNetLite0
from common.vision.encoders import Classifier, Kind


class Map(nn.Module):
    """The first layers of an encoder: pictures uint8 ``[B, 3, S, S]`` to ``[B, D L]``, channel after channel."""

    def __init__(self, layers: nn.Module, shift: float, scale: float):
        super().__init__()
        self.layers, self.shift, self.scale = layers, shift, scale

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers((pictures.float() - self.shift) / self.scale).flatten(1)


PLACES = 3  # on a side of the pictures that the small encoder is given


@dataclass(frozen=True)
class MapKind(Kind):
    """``features`` D at each of ``side`` x ``side`` locations."""

    side: int


def _vgg19() -> Classifier:
    from torchvision.models import get_model

    network = get_model("vgg19", weights=None, init_weights=False)
    network.features = network.features[:36]  # up to the rectified conv5_4
    network.avgpool = network.classifier = nn.Identity()
    return Classifier(network)


def _lite0(network: EfficientNetLite0) -> Map:
    return Map(network.layers[:-1], 127, 128)


def _small(network: small_cnn.SmallCNN) -> Map:
    """As on scenes of two by two places: there the pooling of 3 x 3 is what the adaptive one does."""
    return Map(
        nn.Sequential(*(nn.MaxPool2d(3) if isinstance(one, nn.AdaptiveMaxPool2d) else one for one in network.layers)),
        127.5,
        127.5,
    )


KINDS = {
    "vgg19": MapKind(224, 512, _vgg19, lambda network: encoders._published("vgg19", network), 14),
    "efficientnet_lite0": MapKind(
        224, 320, lambda: _lite0(EfficientNetLite0()), lambda _: _lite0(encoders.load("efficientnet_lite0")), 7
    ),
    "small_cnn": MapKind(
        PLACES * scenes.SIZE // scenes.GRID,
        small_cnn.CHANNELS,
        lambda: _small(small_cnn.SmallCNN()),
        lambda _: _small(encoders.load("small_cnn")),
        PLACES,
    ),
}


def kind(name: str) -> MapKind:
    """What is known of the encoder ``name``; a UserError with the nearest name if there is none."""
    if name not in KINDS:
        raise unknown("encoder", name, KINDS)
    return KINDS[name]


def load(name: str) -> nn.Module:
    """The trained encoder ``name`` in evaluation mode: uint8 ``[B, 3, size, size]`` to ``[B, D L]``."""
    chosen = kind(name)
    return chosen.weights(chosen.build()).eval()
