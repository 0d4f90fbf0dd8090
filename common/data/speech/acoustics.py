"""From a recording to what a network hears: mel-frequency cepstra, energy, and how both change."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
import torch
import torchaudio
from torchaudio.compliance import kaldi

from common.errors import UserError

LOWEST_RATE, HIGHEST_RATE = 4000, 768_000  # Hz; below, the formants that tell vowels apart are missing
MOST_SAMPLES = 100_000_000  # of all channels: at 16 kHz more than an hour and a half
RATIO = 1000  # largest divisor of a ratio of two rates, whose filter grows with it; nobody hears the difference
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
        found = kaldi.mfcc(
            samples,
            sample_frequency=self.rate,
            frame_length=self.window_ms,
            frame_shift=self.shift_ms,
            num_ceps=CEPSTRA + 1,
            use_energy=self.energy,
            energy_floor=1.0,
        )
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
        UserError: no such file, not a recording, one that is empty, endless or breaks off, or a rate that is not one of
            speech; it begins with ``where`` (default: the path).
    """
    where = where or str(path)
    if not Path(path).is_file():
        raise UserError(f"{where}: no file {path}; correct the path (relative ones start at the manifest's folder)")
    try:
        with soundfile.SoundFile(path) as file:  # nothing that its header says is believed before it is looked at
            found = file.samplerate
            if not LOWEST_RATE <= found <= HIGHEST_RATE:
                raise UserError(
                    f"{where}: {path} has {found} samples per second; speech needs at least {LOWEST_RATE}, "
                    f"and no microphone gives more than {HIGHEST_RATE}"
                )
            if file.frames * file.channels > MOST_SAMPLES:
                raise UserError(
                    f"{where}: {path} has {file.frames} samples in {file.channels} channels; cut it into sentences"
                )
            samples = file.read(dtype="float32", always_2d=True)
            announced = max(file.frames, _announced(path, file))
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise UserError(
            f"{where}: {path} is not a readable recording ({error}); convert it to wav, flac or ogg"
        ) from None
    if len(samples) < announced:
        raise UserError(f"{where}: {path} breaks off: {len(samples)} of {announced} samples are there; get it again")
    if not len(samples):
        raise UserError(f"{where}: {path} has no sound in it; remove it or record it again")
    if not np.isfinite(samples).all():
        raise UserError(f"{where}: {path} has samples that are not numbers; convert it anew")
    mono = torch.from_numpy(samples.mean(1))
    ratio = Fraction(rate, found).limit_denominator(RATIO)
    if ratio == 1:
        return mono.numpy()
    return torchaudio.functional.resample(mono, ratio.denominator, ratio.numerator).numpy()


def _announced(path: Path, file: soundfile.SoundFile) -> int:
    """How many samples a file says that it has; 0 where it says nothing, as one that was written to a pipe."""
    if file.format == "NIST":
        with open(path, "rb") as content:
            said = re.search(rb"sample_count -i (\d+)", content.read(1024))
        return int(said[1]) if said else 0
    said = re.search(r"(?im)^ *(?:data|ssnd|data size) *: (\d+) \(should be (\d+)\)", file.extra_info)
    if not said or int(said[1]) >= 2**31 - 2**16 or not int(said[2]):
        return 0
    return file.frames * int(said[1]) // int(said[2])
