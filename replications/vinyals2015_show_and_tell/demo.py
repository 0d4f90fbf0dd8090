"""Use a trained network: it describes a picture, or draws the grid of test pictures with its captions."""

import math
from pathlib import Path

import torch

from common import paths
from common.data.pictures.files import open_picture
from common.training.trained import restored
from common.vision.features import squares
from replications.vinyals2015_show_and_tell import evaluation, figures
from replications.vinyals2015_show_and_tell.config import Config
from replications.vinyals2015_show_and_tell.describe import describe
from replications.vinyals2015_show_and_tell.experiment import build, load_data
from replications.vinyals2015_show_and_tell.eyes import Eyes

DEFAULT_EXPERIMENT = "nic"
ACCEPTS = "image/*"
CAPTIONS, GRID = 5, 60  # of one picture; pictures of the grid


@torch.no_grad()
def demo(path: Path, text: str, *, seed: int = 1, length: int = 20) -> str:
    """The five best captions of the picture file ``text`` with their probabilities.

    Without a picture: writes the grid of test pictures to build/ and says where.
    """
    module, data = restored(path, Config, load_data, build)
    config, vocabulary, test = module.config, data.vocabulary, data.set.test
    eyes = Eyes(config, data.set)

    def described(open_one, count: int, **options):
        seen = (module.encoder or eyes.encoder)(squares(open_one, list(range(count)), eyes.kind.size))
        return describe([module.network], [seen], vocabulary, length_exponent=config.length_exponent, **options)

    if text:
        found = described(
            lambda i: open_picture(Path(text).expanduser()),
            1,
            n_best=CAPTIONS,
            beam_size=max(CAPTIONS, config.beam_size),
            max_length=min(length, config.max_length),
        )[0]
        return "\n".join(
            f"{math.exp(one.log_probability):8.4f}  {' '.join(vocabulary.decode(one.words))}" for one in found
        )
    lists = described(test.open, min(len(test), GRID), beam_size=config.beam_size, max_length=config.max_length)
    shown = evaluation.examples(lists, test, vocabulary)
    figure = figures.grid(shown, [test.open(each["index"]) for each in shown])
    target = paths.BUILD / f"vinyals2015_show_and_tell-{path.parent.parent.name}-{path.parent.name}-{path.stem}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=110, facecolor="white", bbox_inches="tight")  # long captions stand out
    return f"the grid of test pictures is in {target}"
