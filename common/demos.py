"""Using a trained network of a paper: its ``demo.py``."""

import importlib
import importlib.util
from types import ModuleType

from common import config
from common.errors import UserError
from common.training.finished import run_folder
from common.weights import find


def has_demo(paper: str) -> bool:
    return importlib.util.find_spec(f"replications.{paper}.demo") is not None


def program(paper: str) -> ModuleType:
    """A paper's ``demo(path, text, seed=, length=)`` and ``DEFAULT_EXPERIMENT``; where the text names a file, what kind
    of file it ``ACCEPTS``, as HTML says it.

    Raises:
        UserError: there is no such paper, or nothing to try.
    """
    if not has_demo(config.require_paper(paper)):
        raise UserError(f"{paper}: its networks solve made-up tasks, there is nothing to try; see its report")
    return importlib.import_module(f"replications.{paper}.demo")


def tried(
    paper: str,
    text: str = "",
    experiment: str | None = None,
    scale: str = "quick",
    name: str | None = None,
    seed: int = 1,
    length: int = 40,
) -> str:
    """What a trained network makes of ``text``; the last line may say where a picture lies.

    Args:
        experiment: which network; None: the paper's first.
        name: of a run of one's own.

    Raises:
        UserError: an unknown name, no trained network, or a text that it cannot use.
    """
    demo = program(paper)
    if not hasattr(demo, "ACCEPTS"):  # the name of a file may have any bytes
        _require_text(text)
    experiment = experiment or demo.DEFAULT_EXPERIMENT
    config.resolve(paper, experiment, scale)  # an unknown name is an error of its own
    model = run_folder(paper, name, "own") / f"seed-{seed}.pt" if name else find(paper, experiment, scale, seed)
    return demo.demo(model, text, seed=seed, length=length)


def _require_text(text: str) -> None:
    """A UserError for bytes of the command line that are not text: no answer could repeat them."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        byte = ord(text[error.start]) & 0xFF
        wrong = f"the text is not UTF-8 (byte 0x{byte:02x})"
        raise UserError(f"{wrong}; convert it with: iconv -f latin1 -t utf-8") from None
