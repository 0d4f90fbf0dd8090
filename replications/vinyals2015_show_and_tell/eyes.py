"""The encoder of a setting, and the features that it computes once for each split."""

import numpy as np
import torch
from torch import Tensor, nn

from common.data.pictures.captions import CaptionSet, Split
from common.vision import encoders
from common.vision.features import cached, squares
from replications.vinyals2015_show_and_tell.config import Config

CALIBRATION = 256  # training pictures that set the normalisation of an encoder of random weights


class Eyes:
    """``encoder`` as it came, in evaluation mode, and ``kind``: what is known of it."""

    def __init__(self, config: Config, chosen: CaptionSet):
        self.kind = encoders.kind(config.encoder)
        self.encoder = encoders.load(config.encoder, pretrained=config.pretrained)
        if not config.pretrained:
            some = list(range(min(CALIBRATION, len(chosen.train))))
            encoders.calibrate(self.encoder, squares(chosen.train.open, some, self.kind.size))

    def features(self, chosen: CaptionSet, split: str, encoder: nn.Module | None = None) -> Tensor:
        """Features ``[N, D]`` of a split by the encoder as it came, or by ``encoder``, which was tuned."""
        part = chosen.splits[split]
        content = f"{chosen.info['pictures'][split]}"
        found = cached(part.open, len(part), content, encoder or self.encoder, self.kind.size, self.kind.features)
        return torch.from_numpy(np.array(found))

    def squares(self, part: Split, pictures: Tensor) -> Tensor:
        return squares(part.open, pictures.tolist(), self.kind.size)
