"""Use a trained network: it plays on, as a MIDI file to be listened to and a picture of the roll."""

from pathlib import Path

import numpy as np
import torch

from common import paths
from common.data.music import midi
from common.reporting.pages import figures as look
from common.training.trained import restored
from replications.chung2014_gated_units.config import Config
from replications.chung2014_gated_units.experiment import build, load_data
from replications.chung2014_gated_units.figures import roll_figure

DEFAULT_EXPERIMENT = "made_up_gru"
GIVEN = 16  # steps of the beginning, where that is a piece of the test set


@torch.no_grad()
def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """Plays ``length`` steps after the MIDI file ``text``, or after the first steps of a test piece.

    Raises:
        UserError: the file is not one.
    """
    module, music = restored(path, Config, load_data, build)
    start = midi.read(Path(text).expanduser()) if text else music.pieces["test"][0][:GIVEN]
    generator, roll = torch.Generator().manual_seed(seed), torch.from_numpy(start)
    for _ in range(length):
        chances = module.network(roll[:, None])[-1, 0].sigmoid()
        roll = torch.cat([roll, torch.bernoulli(chances, generator=generator)[None]])
    target = paths.BUILD / "try" / "chung2014.mid"
    midi.write(roll.numpy(), target)
    with look.style():
        look.save(roll_figure(roll.numpy(), len(start)), target.with_suffix(".svg"))
    notes = np.count_nonzero(roll[len(start) :]) / length
    return f"{length} steps of {notes:.1f} notes: {target}, and their picture, {target.with_suffix('.svg').name}"
