"""Use a trained network: it fills the slots of a request, says its intent, and shows how sure it is of each."""

from pathlib import Path

from common import paths
from common.reporting.tagged_text import tagged
from common.training.trained import restored
from replications.mesnil2015_slot_filling.config import Config
from replications.mesnil2015_slot_filling.experiment import build, load_data

DEFAULT_EXPERIMENT = "joint"


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """Each word of ``text`` with its slot, and where a picture of all probabilities lies."""
    module, _ = restored(path, Config, load_data, build)
    return tagged(module, text or "arrive Taipei on November 2nd", paths.BUILD / "try" / "slots.svg")
