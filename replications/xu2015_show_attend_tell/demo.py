"""Use a trained network: it describes a picture, and draws where it looked for each word."""

import math
from pathlib import Path

import torch

from common import paths
from common.data.pictures.files import open_picture
from common.training.trained import restored
from common.vision import maps
from common.vision.features import squares
from replications.xu2015_show_attend_tell import evaluation, figures
from replications.xu2015_show_attend_tell.config import Config
from replications.xu2015_show_attend_tell.experiment import build, load_data

DEFAULT_EXPERIMENT = "soft"
ACCEPTS = "image/*"
CAPTIONS = 5


@torch.no_grad()
def demo(path: Path, text: str, *, seed: int = 1, length: int = 20) -> str:
    """The best captions of the picture file ``text``, or of the first test picture, with their probabilities; the maps
    of the best one are drawn into build/."""
    module, data = restored(path, Config, load_data, build)
    config, kind = module.config, maps.kind(module.config.encoder)
    picture = open_picture(Path(text).expanduser()) if text else data.set.test.open(0)
    found = maps.load(config.encoder)(squares(lambda i: picture, [0], kind.size))
    seen = found.unflatten(1, (kind.features, kind.side**2)).transpose(1, 2)
    captions = evaluation.describe(
        module.network,
        seen,
        data.vocabulary,
        max(CAPTIONS, config.beam_size),
        min(length, config.max_length),
        config.length_exponent,
        n_best=CAPTIONS,
    )[0]
    lines = [f"{math.exp(one.log_probability):8.4f}  {' '.join(data.vocabulary.decode(one.words))}" for one in captions]
    best = tuple(data.vocabulary.decode(captions[0].words))
    if module.network.attends and best:
        shown = {"words": best, "maps": evaluation.looked(module.network, seen, data.vocabulary, best)}
        target = paths.BUILD / f"xu2015_show_attend_tell-{path.parent.parent.name}-{path.parent.name}-{path.stem}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        figures.maps_of([shown], [picture]).savefig(target, dpi=110, facecolor="white")
        lines.append(f"where it looked for each word is in {target}")
    return "\n".join(lines)
