"""Use a trained network: it describes a picture, or draws the grid of test pictures with its captions."""

import math
from pathlib import Path

import torch

from common import paths
from common.data.pictures.files import open_picture, to_square
from common.text.vocabulary import Vocabulary
from common.training import checkpoints
from common.vision import encoders
from replications.vinyals2015_show_and_tell import data, evaluation, figures
from replications.vinyals2015_show_and_tell.config import Config
from replications.vinyals2015_show_and_tell.describe import describe
from replications.vinyals2015_show_and_tell.model import ShowAndTell

DEFAULT_EXPERIMENT = "nic"
CAPTIONS = 5


def load_model(path: Path) -> tuple[Config, ShowAndTell, torch.nn.Module, Vocabulary]:
    """A trained network, its encoder and its words; nothing else is needed.

    Raises:
        UserError: no such file, or not a checkpoint.
    """
    saved = checkpoints.load(path)
    config = Config(**saved["config"])
    vocabulary = Vocabulary(tuple(saved["words"]), tuple(saved["counts"]))
    kind = encoders.kind(config.encoder)
    encoder = kind.build()
    encoder.load_state_dict(saved["encoder"])
    network = ShowAndTell(config, len(vocabulary), kind.features)
    network.load_state_dict({name.removeprefix("network."): weight for name, weight in saved["weights"].items()
                             if name.startswith("network.")})
    return config, network.eval(), encoder.eval(), vocabulary


@torch.no_grad()
def demo(path: Path, text: str, *, seed: int = 1, length: int = 20) -> str:
    """The five best captions of the picture file ``text`` with their probabilities.

    Without a picture: writes the grid of test pictures to build/ and says where.
    """
    config, network, encoder, vocabulary = load_model(path)
    if not text:
        return _grid(path, config, network, encoder, vocabulary)
    size = encoders.kind(config.encoder).size
    features = encoder(torch.from_numpy(to_square(open_picture(Path(text).expanduser()), size)).unsqueeze(0))
    found = describe([network], [features], vocabulary, beam_size=max(CAPTIONS, config.beam_size),
                     max_length=min(length, config.max_length), n_best=CAPTIONS,
                     length_exponent=config.length_exponent)[0]
    return "\n".join(f"{math.exp(one.log_probability):8.4f}  {' '.join(vocabulary.decode(one.words))}" for one in found)


def _grid(path: Path, config: Config, network: ShowAndTell, encoder: torch.nn.Module, vocabulary: Vocabulary) -> str:
    test = data.load(config).set.test
    size = encoders.kind(config.encoder).size
    squares = torch.stack([torch.from_numpy(to_square(test.open(i), size)) for i in range(min(len(test), 60))])
    lists = describe([network], [encoder(squares)], vocabulary, beam_size=config.beam_size,
                     max_length=config.max_length, length_exponent=config.length_exponent)
    shown = evaluation.examples(lists, test, vocabulary)
    figure = figures.grid(shown, [test.open(each["index"]) for each in shown])
    target = paths.BUILD / f"vinyals2015_show_and_tell-{path.parent.parent.name}-{path.parent.name}-{path.stem}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=110, facecolor="white", bbox_inches="tight")  # long captions stand out
    return f"the grid of test pictures is in {target}"
