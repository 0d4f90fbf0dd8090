"""Use a trained network: it describes a picture, and draws where it looked for each word."""

from pathlib import Path

import torch

from common import paths
from common.data.pictures.files import open_picture
from common.training.trained import restored
from common.vision.features import squares
from common.vision.maps import MAPS
from replications.xu2015_show_attend_tell import figures
from replications.xu2015_show_attend_tell.config import Config
from replications.xu2015_show_attend_tell.evaluation import describe, looked
from replications.xu2015_show_attend_tell.experiment import build, load_data

DEFAULT_EXPERIMENT, ACCEPTS = "soft", "image/*"


@torch.no_grad()
def demo(path: Path, text: str, *, seed: int = 1, length: int = 20) -> str:
    """The best caption of the picture file ``text``, or of the first test picture; its maps are drawn into build/."""
    module, data = restored(path, Config, load_data, build)
    kind, network = MAPS[module.config.encoder], module.network
    picture = open_picture(Path(text).expanduser()) if text else data.set.test.open(0)
    seen = kind.load()(squares(lambda i: picture, [0], kind.size)).unflatten(1, (kind.features, -1)).transpose(1, 2)
    config = module.config.model_copy(update={"max_length": min(length, module.config.max_length)})
    words = describe(network, seen, data.vocabulary, config)[0]
    shown = {"words": words, "maps": looked(network, seen, data.vocabulary, words)}
    target = paths.BUILD / f"xu2015_show_attend_tell-{path.parent.parent.name}-{path.parent.name}-{path.stem}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    figures.maps([shown], [picture]).savefig(target, dpi=110, facecolor="white")
    return f"{' '.join(words)}\nwhere it looked for each word is in {target}"
