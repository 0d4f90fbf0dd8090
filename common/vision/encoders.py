"""Image encoders behind one small interface: a network from pictures to features, and what it wants to be given.

- ``googlenet`` and ``inception_v3``: torchvision's, with the ImageNet weights that torchvision publishes and fetches.
- ``efficientnet_lite0``: its ImageNet weights come as a package.
- ``small_cnn``: trained here on scenes that we draw, in seconds.

Without its training (``pretrained=False``) an encoder is a random function of the picture: the control.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.error import URLError

import numpy as np
import torch
from torch import Tensor, nn

from common import paths
from common.data.pictures import scenes
from common.errors import UserError, unknown
from common.locks import locked
from common.training import checkpoints
from common.training.closure import code_fingerprint
from common.vision import efficientnet_lite0, small_cnn
from common.vision.efficientnet_lite0 import EfficientNetLite0
from common.vision.small_cnn import SmallCNN

SCENES, EPOCHS = 3000, 6  # what the small network is trained on, and how long


@dataclass(frozen=True)
class Kind:
    """What is known of an encoder before it is made."""

    size: int  # pixels of a side of what it is given
    features: int  # D
    build: Callable[[], nn.Module]  # without weights that were learned
    weights: Callable[[nn.Module], nn.Module]  # fills them in


class Classifier(nn.Module):
    """One of torchvision's classifiers without its last layer: uint8 ``[B, 3, S, S]`` to ``[B, D]``."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module):
        super().__init__()
        network.fc = nn.Identity()
        self.network = network
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])  # of ImageNet, 0 to 1
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def forward(self, pictures: Tensor) -> Tensor:
        return self.network((pictures.float() / 255 - self.mean) / self.std)


def _torchvision(name: str) -> Classifier:
    from torchvision.models import get_model

    return Classifier(get_model(name, weights=None, aux_logits=False, init_weights=False, transform_input=True))


def published(name: str, network: Classifier) -> Classifier:
    """Fills in torchvision's weights, of the layers that ``network`` has."""
    from torchvision.models import get_model_weights

    entry = get_model_weights(name).IMAGENET1K_V1
    try:
        weights = entry.get_state_dict(check_hash=True, weights_only=True, map_location="cpu")
    except (URLError, OSError, RuntimeError) as error:
        raise UserError(
            f"{name}: its weights could not be had from {entry.url} ({error}); try again with a network, "
            f"or put the file into {torch.hub.get_dir()}/checkpoints; a wrong file there must be deleted"
        ) from error
    kept = network.network.state_dict().keys()  # not the auxiliary classifiers, nor the last layer
    network.network.load_state_dict({key: weight for key, weight in weights.items() if key in kept})
    return network


def _trained(network: SmallCNN) -> SmallCNN:
    """Trained on scenes that belong to no set; kept in build/, since every experiment asks for it."""
    path = paths.BUILD / "encoders" / f"small_cnn-{code_fingerprint(small_cnn.__name__)[:16]}.pt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(Path(f"{path}.lock")):  # seeds trained side by side ask for it at the same moment
            if not path.exists():
                _train(network, path)
    network.load_state_dict(checkpoints.load(path))
    return network


def _train(network: SmallCNN, path: Path) -> None:
    drawn = scenes.generate("scenes", SCENES, 0, seed=0)
    labels = np.stack([scenes.labels(scene) for scene in drawn.scenes])
    small_cnn.train(network, drawn.pictures, labels, epochs=EPOCHS)
    checkpoints.save_atomically(network.state_dict(), path)


KINDS = {
    "googlenet": Kind(224, 1024, partial(_torchvision, "googlenet"), partial(published, "googlenet")),
    "inception_v3": Kind(299, 2048, partial(_torchvision, "inception_v3"), partial(published, "inception_v3")),
    "efficientnet_lite0": Kind(
        efficientnet_lite0.SIZE, efficientnet_lite0.FEATURES, EfficientNetLite0, efficientnet_lite0.load_weights
    ),
    "small_cnn": Kind(scenes.SIZE, small_cnn.FEATURES, SmallCNN, _trained),
}


def kind(name: str) -> Kind:
    """What is known of the encoder ``name``; a UserError with the nearest name if there is none."""
    if name not in KINDS:
        raise unknown("encoder", name, KINDS)
    return KINDS[name]


def load(name: str, *, pretrained: bool = True, seed: int = 1) -> nn.Module:
    """The encoder ``name`` in evaluation mode: uint8 ``[B, 3, size, size]`` to float ``[B, features]``.

    ``seed`` is of the weights that are not learned, which is all of them without ``pretrained``; see :func:`calibrate`.

    Raises:
        UserError: an unknown name; weights that cannot be had, or are not those that were published.
    """
    chosen = kind(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = chosen.build()
        return (chosen.weights(network) if pretrained else network).eval()


@torch.no_grad()
def calibrate(network: nn.Module, pictures: Tensor) -> None:
    """Sets the statistics of batch normalisation from ``pictures`` ``[B, 3, S, S]``, which a random network needs."""
    norms = [part for part in network.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    for part in norms:
        part.reset_running_stats()
        part.momentum = None  # the plain average
    network.train()
    network(pictures)
    network.eval()


def fingerprint(network: nn.Module) -> str:
    """SHA-256 over the weights: the same weights give the same features."""
    digest = hashlib.sha256(type(network).__name__.encode())
    for name, weight in network.state_dict().items():
        digest.update(name.encode() + weight.cpu().numpy().tobytes())
    return digest.hexdigest()
