"""From a recording to what a network hears: mel-frequency cepstra, energy, and how both change."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
import torchaudio
from torchaudio.compliance import kaldi

from common.errors import UserError

LOWEST_RATE = 4000  # Hz; below, the formants that tell vowels apart are missing
CEPSTRA = 12


@dataclass(frozen=True)
class FrontEnd:
    """12 cepstra and the log energy of ``window_ms``, every ``shift_ms``, and their differences: 26 numbers.

    Graves et al. (2006), section 5.1: windows of 10 ms, 5 ms apart. Recordings are brought to ``rate`` (Hz) first.
    Without ``energy`` the cepstrum of order 0 takes its place, as in Kaldi's recipe for TIMIT.
    """

    rate: int
    window_ms: float
    shift_ms: float
    energy: bool = True

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Samples ``[N]`` at ``rate`` to features ``[T, 26]`` float32; T is 0 for less than a window."""
        if len(waveform) < int(self.rate * self.window_ms / 1000):
            return np.zeros((0, 2 * CEPSTRA + 2), np.float32)
        samples = torch.from_numpy(np.ascontiguousarray(waveform, dtype=np.float32)).unsqueeze(0) * 2**15
        found = kaldi.mfcc(samples, sample_frequency=self.rate, frame_length=self.window_ms, frame_shift=self.shift_ms,
                           num_ceps=CEPSTRA + 1, use_energy=self.energy, energy_floor=1.0)
        return with_deltas(found.numpy())

    def frame_centres(self, frames: int) -> np.ndarray:
        """The middle of each frame, in seconds ``[T]``."""
        return (np.arange(frames) * self.shift_ms + self.window_ms / 2) / 1000


def with_deltas(features: np.ndarray) -> np.ndarray:
    """Features ``[T, D]`` and their regression over two frames to each side ``[T, 2 D]``."""
    static = torch.from_numpy(np.array(features, dtype=np.float32))
    deltas = torchaudio.functional.compute_deltas(static.t(), win_length=5).t()
    return torch.cat([static, deltas], 1).numpy()


def read_audio(path: Path, rate: int, where: str | None = None) -> np.ndarray:
    """Samples ``[N]`` in [-1, 1] at ``rate``: wav, flac, ogg, NIST SPHERE; channels are averaged.

    Raises:
        UserError: no such file, not a recording, or a rate below 4 kHz; it begins with ``where`` (default: the path).
    """
    where = where or str(path)
    if not Path(path).is_file():
        raise UserError(f"{where}: no file {path}; correct the path (relative ones start at the manifest's folder)")
    try:
        samples, found = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise UserError(f"{where}: {path} is not a readable recording ({error}); convert it to wav, flac or ogg"
                        ) from None
    if found < LOWEST_RATE:
        raise UserError(f"{where}: {path} has {found} samples per second; speech needs at least {LOWEST_RATE}")
    if not np.isfinite(samples).all():
        raise UserError(f"{where}: {path} has samples that are not numbers; convert it anew")
    mono = torch.from_numpy(samples.mean(1))
    return torchaudio.functional.resample(mono, found, rate).numpy() if found != rate else mono.numpy()
