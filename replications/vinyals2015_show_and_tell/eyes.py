"""The encoder of a setting, and the features that it computes once for each split."""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from common.data.captions import CaptionSet, Split
from common.vision import encoders
from common.vision.features import cached, squares
from replications.vinyals2015_show_and_tell.config import Config

CALIBRATION = 256  # training pictures that set the normalisation of an encoder of random weights


def sizes(config: Config) -> tuple[int, ...]:
    """Pixels of a side of the squares that the encoder is given, one after another; their features are averaged."""
    return config.picture_sizes or (encoders.kind(config.encoder).size,)


def look(encoder: nn.Module, open_picture: Callable[[int], Image.Image], indices: list[int], config: Config) -> Tensor:
    """Features ``[B, D]`` of some pictures that no file keeps."""
    return torch.stack([encoder(squares(open_picture, indices, size)) for size in sizes(config)]).mean(0)


class Eyes:
    """``encoder`` as it came, in evaluation mode, ``kind``: what is known of it, and ``sizes`` of what it is given."""

    def __init__(self, config: Config, chosen: CaptionSet):
        self.kind = encoders.kind(config.encoder)
        self.sizes = sizes(config)
        self.encoder = encoders.load(config.encoder, pretrained=config.pretrained)
        if not config.pretrained:
            some = list(range(min(CALIBRATION, len(chosen.train))))
            encoders.calibrate(self.encoder, squares(chosen.train.open, some, self.sizes[0]))

    def features(self, chosen: CaptionSet, split: str, encoder: nn.Module | None = None) -> Tensor:
        """Features ``[N, D]`` of a split by the encoder as it came, or by ``encoder``, which was tuned."""
        part = chosen.splits[split]
        content = f"{chosen.info['pictures'][split]}"
        each = [cached(part.open, len(part), content, encoder or self.encoder, size, self.kind.features)
                for size in self.sizes]
        return torch.from_numpy(np.mean(each, 0))

    def squares(self, part: Split, pictures: Tensor) -> Tensor:
        return squares(part.open, pictures.tolist(), self.sizes[0])
