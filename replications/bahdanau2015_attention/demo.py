"""Use a trained network: it translates a sentence and shows where it looked."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from common import paths
from common.errors import UserError
from common.reporting.pages.figures import STYLE
from common.training.trained import restored
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.experiment import build, load_data
from replications.bahdanau2015_attention.figures import heat_map
from replications.bahdanau2015_attention.translate import translate, weights

DEFAULT_EXPERIMENT = "search_50"
SHADES = "·░▒▓█"  # weight below 0.1, 0.3, 0.5, 0.7, and above


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """The translation of ``text``, and the weight of each source word (columns) for each target word (rows).

    Raises:
        UserError: no text, or more than 1,000 words.
    """
    if not text.strip():
        raise UserError('there is nothing to translate; give a sentence: replicate try bahdanau2015_attention "..."')
    module, corpus = restored(path, Config, load_data, build)
    source = corpus.encode_source(text)
    words = corpus.source_tokeniser.tokenise(text)
    ((best,),) = translate(module.network, [source], module.config.model_copy(update={"max_output": 2 * length}))
    target = np.array([*best.words, corpus.target.eos])
    lines = [corpus.detokenise(corpus.decode_target(best.words)), ""]
    unknown = sorted({word for word in words if word not in corpus.source})
    if unknown:
        lines += [f"words that it has not learnt: {', '.join(unknown)}", ""]
    if module.config.model == "encdec":
        return "\n".join([*lines, "(this network has one vector for the sentence; it looks nowhere in particular)"])
    (alpha,) = weights(module.network, [(source, target)])
    rows, columns = corpus.target.decode(target), [*words, "</s>"]
    picture = paths.BUILD / "alignment.svg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw(columns, rows, alpha, picture)
    return "\n".join([*lines, *matrix(columns, rows, alpha), "", f"drawn in {picture}"])


def matrix(columns: list[str], rows: list[str], alpha: np.ndarray) -> list[str]:
    """alpha ``[T, S]`` in shades, the source words numbered above."""
    width = max(map(len, rows))
    legend = [f"{'':{width}}  {' ' * 2 * j}{j + 1}: {word}" for j, word in enumerate(columns)]
    level = np.clip(((alpha + 0.1) * 5).astype(int), 0, len(SHADES) - 1)
    return [
        *legend,
        *(f"{row:>{width}}  {' '.join(SHADES[i] for i in levels)}" for row, levels in zip(rows, level, strict=True)),
    ]


def draw(columns: list[str], rows: list[str], alpha: np.ndarray, path: Path) -> None:
    with matplotlib.rc_context(STYLE | {"figure.facecolor": "white", "savefig.facecolor": "white"}):
        figure = Figure(figsize=(1.5 + 0.4 * len(columns), 1.5 + 0.3 * len(rows)))
        heat_map(figure.add_subplot(), columns, rows, alpha)
        figure.savefig(path)
