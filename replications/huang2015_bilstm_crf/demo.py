"""Use a trained network: it tags the words of a sentence and shows how sure it is of each."""

from pathlib import Path

from common import paths
from common.reporting.tagged_text import tagged
from common.training.trained import restored
from replications.huang2015_bilstm_crf.config import Config
from replications.huang2015_bilstm_crf.experiment import build, load_data

DEFAULT_EXPERIMENT = "ner_bilstm_crf"


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """Each word of ``text`` with its tag, and where a picture of all probabilities lies."""
    module, _ = restored(path, Config, load_data, build)
    return tagged(module, text or "leave Taipei on November 2nd", paths.BUILD / "try" / "tags.svg")
