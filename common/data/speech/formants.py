"""Speech that the suite synthesises: a dozen phones as formant patterns, in words of a small lexicon.

Three sinusoids follow the formants, opened and closed by the voice's pulses; noise around a frequency makes the
fricatives and bursts. Targets are approached gradually (coarticulation: a short phone never reaches its own),
durations, voices and vocal tracts vary, and noise is added. The true boundaries of the phones are known.
"""

import hashlib
import os
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from scipy.signal import lfilter

from common import paths
from common.data.speech import acoustics
from common.data.speech.acoustics import FrontEnd
from common.data.speech.source import SPACE, Source, Transcribed

RATE = 8000
CONTROL = 200  # Hz: how often formants, amplitudes and pitch are set
SIZES = {"train": 1200, "valid": 100, "test": 240}
SEEDS = {"train": 11, "valid": 12, "test": 13}
SILENCE = "sil"

# phone -> formants (Hz), their amplitudes, frequency and amplitude of noise, mean duration (s).
# Vowels: roughly Peterson and Barney (1952), men.
PHONES = {
    "a": ((730, 1090, 2440), (1.0, 0.6, 0.15), 2500, 0.0, 0.11),
    "e": ((530, 1840, 2480), (1.0, 0.4, 0.20), 2500, 0.0, 0.10),
    "i": ((270, 2290, 3010), (1.0, 0.3, 0.20), 2500, 0.0, 0.09),
    "o": ((500, 840, 2410), (1.0, 0.6, 0.10), 2500, 0.0, 0.10),
    "u": ((300, 870, 2240), (1.0, 0.4, 0.05), 2500, 0.0, 0.09),
    "m": ((250, 1000, 2200), (0.5, 0.05, 0.03), 2500, 0.0, 0.06),
    "n": ((250, 1500, 2500), (0.5, 0.07, 0.04), 2500, 0.0, 0.06),
    "l": ((360, 1200, 2700), (0.7, 0.15, 0.08), 2500, 0.0, 0.055),
    "s": ((300, 1600, 2600), (0.0, 0.0, 0.0), 3500, 0.5, 0.09),
    "f": ((300, 1200, 2500), (0.0, 0.0, 0.0), 2200, 0.12, 0.08),
    "t": ((300, 1700, 2600), (0.0, 0.0, 0.0), 3200, 0.5, 0.03),
    "k": ((300, 1900, 2400), (0.0, 0.0, 0.0), 1700, 0.5, 0.03),
    SILENCE: ((400, 1400, 2500), (0.0, 0.0, 0.0), 2500, 0.0, 0.08),
}
VOWELS, CONSONANTS = "aeiou", "mnlsftk"
WORDS = 200
FOLLOWERS = 4  # words that may follow a word
DURATION_SPREAD = 0.5  # standard deviation of the logarithm of a phone's duration
TRACTS = (0.8, 1.25)  # formants of a speaker, relative to the table
CLOSURE = 0.5  # share of a stop that is silent, before the burst
NOISE = 0.15  # standard deviation of the background, where a vowel's first formant has amplitude 1


@cache
def lexicon() -> tuple[str, ...]:
    """Made-up words of two to five phones, no two alike; their letters are their phones."""
    draw = np.random.default_rng(5)
    shapes = ("CV", "CVC", "VC", "CVCV", "VCV", "CVCVC")
    found: dict[str, None] = {}
    while len(found) < WORDS:
        shape = shapes[draw.integers(len(shapes))]
        found["".join(draw.choice(list(VOWELS if kind == "V" else CONSONANTS)) for kind in shape)] = None
    return tuple(found)


@cache
def followers() -> np.ndarray:
    """Which words may follow each word ``[W, FOLLOWERS]``: what a language model can learn."""
    draw = np.random.default_rng(6)
    return np.stack([draw.choice(WORDS, FOLLOWERS, replace=False) for _ in range(WORDS)])


def read(units: str, front_end: FrontEnd) -> Source:
    """Three splits with other voices. Phones have a silence at both ends and a pause after each word.

    The features are kept in build/ after the first time.
    """
    heard = _features(front_end)
    splits = {
        split: [_transcribed(units, front_end, split, number, heard[split][number]) for number in range(SIZES[split])]
        for split in SIZES
    }
    spelled = {word: list(word) for word in lexicon()}
    return Source(
        splits,
        front_end,
        sorted(PHONES) if units == "phones" else sorted([*VOWELS, *CONSONANTS, SPACE]),
        lexicon=spelled,
    )


def _features(front_end: FrontEnd) -> dict[str, list[np.ndarray]]:
    """Features ``[T, 26]`` of every utterance of each split."""
    sources = b"".join(Path(file).read_bytes() for file in (__file__, acoustics.__file__))
    key = hashlib.sha256(sources + repr((front_end, SIZES)).encode()).hexdigest()[:16]
    path = paths.BUILD / "corpora" / "formants" / f"{key}.npz"
    if not path.exists():
        found = {
            split: [front_end(utterance(SEEDS[split], number)[2]) for number in range(SIZES[split])] for split in SIZES
        }
        arrays = {split: np.concatenate(found[split]) for split in SIZES}
        lengths = {f"{split}_frames": np.array([len(one) for one in found[split]]) for split in SIZES}
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
            np.savez(file, **arrays, **lengths)
        os.replace(file.name, path)
    with np.load(path) as kept:
        return {split: np.split(kept[split], np.cumsum(kept[f"{split}_frames"])[:-1]) for split in SIZES}


def _transcribed(units: str, front_end: FrontEnd, split: str, number: int, features: np.ndarray) -> Transcribed:
    words, segments, _ = script(SEEDS[split], number)
    name = f"{split}-{number}"
    if units == "characters":
        return Transcribed(name, features, list(SPACE.join(words)))
    phones = [phone for phone, _ in segments]
    ends = np.cumsum([seconds for _, seconds in segments])
    at = np.searchsorted(ends, front_end.frame_centres(len(features))).clip(max=len(phones) - 1)
    return Transcribed(name, features, phones, [phones[i] for i in at])


def utterance(seed: int, number: int) -> tuple[list[str], list[tuple[str, float]], np.ndarray]:
    """Words, (phone, seconds) of every segment, and samples ``[N]`` at 8 kHz."""
    words, segments, draw = script(seed, number)
    return words, segments, synthesise(segments, draw)


def script(seed: int, number: int) -> tuple[list[str], list[tuple[str, float]], np.random.Generator]:
    """What is said and how long each phone lasts, and the generator that then draws the voice."""
    draw = np.random.default_rng([seed, number])
    word = draw.integers(WORDS)
    words = []
    for _ in range(draw.integers(2, 5)):
        words.append(lexicon()[word])
        word = followers()[word, draw.integers(FOLLOWERS)]
    phones = [SILENCE, *(phone for word in words for phone in (*word, SILENCE))]
    rate_of_speech = draw.uniform(0.8, 1.25)
    segments = [
        (phone, PHONES[phone][4] * rate_of_speech * float(np.exp(draw.normal(0, DURATION_SPREAD)))) for phone in phones
    ]
    return words, segments, draw


def synthesise(segments: list[tuple[str, float]], draw: np.random.Generator) -> np.ndarray:
    """Samples ``[N]`` of phones with durations in seconds, by a speaker drawn from ``draw``."""
    ends = np.cumsum([seconds for _, seconds in segments])
    times = np.arange(0, ends[-1], 1 / CONTROL)
    at = np.searchsorted(ends, times, side="right").clip(max=len(segments) - 1)
    targets = np.array(
        [[*PHONES[phone][0], *PHONES[phone][1], PHONES[phone][2], PHONES[phone][3]] for phone, _ in segments]
    )[at]  # [C, 8]
    starts = ends - [seconds for _, seconds in segments]
    into = (times - starts[at]) / (ends - starts)[at]
    stops = np.isin([phone for phone, _ in segments], ["t", "k"])[at]
    targets[stops & (into < CLOSURE), 7] = 0.0
    tract = draw.uniform(*TRACTS)
    targets[:, [0, 1, 2, 6]] *= tract
    targets[:, 3:6] *= draw.uniform(0.7, 1.3, 3)
    formants = _glide(targets, np.array([0.025] * 3 + [0.012] * 3 + [0.02, 0.006]))
    samples = np.arange(0, times[-1], 1 / RATE)
    track = np.stack([np.interp(samples, times, formants[:, i]) for i in range(8)])
    pitch = draw.uniform(90, 180) * (1 + 0.08 * np.sin(2 * np.pi * draw.uniform(1, 3) * samples))
    voice = (0.5 + 0.5 * np.cos(2 * np.pi * np.cumsum(pitch) / RATE)) ** 3
    phases = 2 * np.pi * np.cumsum(track[:3], axis=1) / RATE
    voiced = (track[3:6] * np.sin(phases)).sum(0) * voice
    noise = np.convolve(draw.normal(size=len(samples) + 7), np.ones(8) / np.sqrt(8), "valid")  # below some 500 Hz
    fricative = track[7] * noise * np.sin(2 * np.pi * np.cumsum(track[6]) / RATE)
    loudness = draw.uniform(0.1, 0.3)
    return (loudness * (voiced + fricative + NOISE * draw.normal(size=len(samples)))).astype(np.float32)


def _glide(targets: np.ndarray, constants: np.ndarray) -> np.ndarray:
    """Targets ``[C, 8]``, approached with time constants (s) ``[8]`` from both sides."""
    for column, keep in enumerate(np.exp(-1 / (CONTROL * constants))):
        for _ in range(2):
            start = [keep * targets[0, column]]
            targets[:, column] = lfilter([1 - keep], [1, -keep], targets[:, column], zi=start)[0][::-1]
    return targets
