"""Use a trained network: what it thinks of a review after each word, as numbers and as a picture."""

from pathlib import Path

from common import paths
from common.errors import UserError
from common.reporting.coloured_text import coloured
from common.reporting.pages.figures import save, style
from common.training.trained import restored
from replications.dai2015_pretraining.config import Config
from replications.dai2015_pretraining.data import tokenise
from replications.dai2015_pretraining.experiment import EXAMPLES, as_read, build, load_data
from replications.dai2015_pretraining.figures import as_colours

DEFAULT_EXPERIMENT = "lm_lstm"


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """Each word with the probability of the last label (positive) if the text ended there, and where a picture lies.

    Raises:
        UserError: a text without words.
    """
    module, corpus = restored(path, Config, load_data, build)
    text = text.strip() or EXAMPLES[0]
    if not tokenise(text):
        raise UserError(f"{text!r}: there are no words in it; give a review")
    words, chances = as_read(module, corpus, text)
    last, width, picture = chances[:, -1].tolist(), max(map(len, words)), paths.BUILD / "try" / "sentiment.svg"
    with style():
        save(coloured({f"blue: {corpus.labels[-1]}": as_colours(words, last)}), picture)
    lines = [f"{word:{width}}  {p:.2f}" for word, p in zip(words, last, strict=True)]
    if unknown := [word for word in words if word not in corpus.vocabulary]:
        lines.append(f"words that it has not learnt: {', '.join(unknown)}")
    return "\n".join([*lines, f"it is {corpus.labels[int(chances[-1].argmax())]}", f"drawn in {picture}"])
