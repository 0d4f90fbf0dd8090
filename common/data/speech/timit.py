"""TIMIT, from waveforms in the Linguistic Data Consortium's layout or from features in Kaldi's.

The corpus is licensed: the suite never fetches, copies or caches any of it. It is read where it lies: in ``data/``, or
in the folder that REPLICATIONS_MIRROR names.
"""

import random
from pathlib import Path

import kaldiio
import numpy as np

from common.data import fetch
from common.data.speech.acoustics import FrontEnd, read_audio, with_deltas
from common.data.speech.source import Source, Transcribed
from common.data.text.sentences import read_lines
from common.errors import UserError

RATE = 16_000
KALDI = FrontEnd(RATE, 25.0, 10.0, energy=False)  # what its recipe computed the features with
VALIDATION = 0.05  # of the training utterances (Graves et al. 2006, section 5.1: 184 of them)

# The 61 phones, each with what it is scored as in the set of 39 (Lee and Hon 1989); q is not scored.
FOLDING = {
    phone: folded
    for folded, phones in {
        "aa": "aa ao",
        "ae": "ae",
        "ah": "ah ax ax-h",
        "aw": "aw",
        "ay": "ay",
        "b": "b",
        "ch": "ch",
        "d": "d",
        "dh": "dh",
        "dx": "dx",
        "eh": "eh",
        "er": "er axr",
        "ey": "ey",
        "f": "f",
        "g": "g",
        "hh": "hh hv",
        "ih": "ih ix",
        "iy": "iy",
        "jh": "jh",
        "k": "k",
        "l": "l el",
        "m": "m em",
        "n": "n en nx",
        "ng": "ng eng",
        "ow": "ow",
        "oy": "oy",
        "p": "p",
        "r": "r",
        "s": "s",
        "sh": "sh zh",
        "t": "t",
        "th": "th",
        "uh": "uh",
        "uw": "uw ux",
        "v": "v",
        "w": "w",
        "y": "y",
        "z": "z",
        "h#": "h# pau epi bcl dcl gcl kcl pcl tcl",
    }.items()
    for phone in phones.split()
} | {"q": None}
PHONES = tuple(sorted(FOLDING))


def _only_phones(units: str) -> None:
    if units != "phones":
        raise UserError(f"units = {units}: TIMIT is read with phones as labels; set units to phones")


# --- waveforms


def read_waveforms(units: str, front_end: FrontEnd) -> Source:
    """TRAIN and TEST without the two sentences that all speakers read (SA): 3,512 + 184 and 1,344 utterances.

    The validation set is drawn from the training utterances, as in the paper.
    """
    _only_phones(units)
    folder = fetch.fetch("timit")
    train = _recordings(folder / "TRAIN", front_end)
    test = _recordings(folder / "TEST", front_end)
    held_out = set(random.Random(1).sample(range(len(train)), max(1, int(VALIDATION * len(train)))))
    splits = {
        "train": [one for at, one in enumerate(train) if at not in held_out],
        "valid": [train[at] for at in sorted(held_out)],
        "test": test,
    }
    return Source(splits, front_end, PHONES, FOLDING)


def _recordings(folder: Path, front_end: FrontEnd) -> list[Transcribed]:
    """Every utterance below a folder, by name; file names may be in either case."""
    files = {path.with_suffix(path.suffix.lower()): path for path in sorted(folder.rglob("*"))}
    found = []
    for name, path in files.items():
        if name.suffix == ".phn" and not name.stem.lower().startswith("sa"):
            audio = files.get(name.with_suffix(".wav"))
            if audio is None:
                raise UserError(f"{path}: no waveform beside it; copy {name.stem}.wav there")
            segments = _segments(path)
            features = front_end(read_audio(audio, RATE))
            ends = np.array([end for _, end, _ in segments]) / RATE
            at = np.searchsorted(ends, front_end.frame_centres(len(features))).clip(max=len(segments) - 1)
            found.append(
                Transcribed(
                    f"{path.parent.name}_{path.stem}".lower(),
                    features,
                    [p for *_, p in segments],
                    [segments[i][2] for i in at],
                    str(path),
                )
            )
    if not found:
        raise UserError(f"{folder}: no .PHN and .WAV files below it; copy the folder from the disc as it is")
    return found


def _segments(path: Path) -> list[tuple[int, int, str]]:
    """(first sample, one after the last, phone) of each line."""
    found = []
    for number, line in read_lines(path):
        parts = line.split()
        if len(parts) != 3 or not (parts[0] + parts[1]).isdigit() or parts[2] not in FOLDING:
            raise UserError(
                f"{path}:{number}: {line!r} is not 'first-sample last-sample phone' with one of the 61 "
                "phones; restore the file from the disc"
            )
        found.append((int(parts[0]), int(parts[1]), parts[2]))
    return found


# --- features


def read_features(units: str) -> Source:
    """Kaldi's split: 3,696 training utterances, 400 of other speakers, and the 192 of the core test set.

    13 cepstra (no energy) of 25 ms windows every 10 ms, to which we add differences: 26 numbers.
    """
    _only_phones(units)
    folder = fetch.fetch("timit-features")
    splits = {}
    for split, name in (("train", "train"), ("valid", "dev"), ("test", "test")):
        transcripts = _transcripts(folder / "labels60" / f"{name}.trans")
        features = _archives(folder / "mfcc", name)
        missing = next((utterance for utterance in transcripts if utterance not in features), None)
        if missing:
            raise UserError(f"{folder / 'mfcc'}: no features of {missing}; copy all raw_mfcc_{name}.*.ark files there")
        splits[split] = [
            Transcribed(utterance, with_deltas(features[utterance]), labels, where=utterance)
            for utterance, labels in transcripts.items()
        ]
    return Source(splits, KALDI, PHONES, FOLDING)


def _transcripts(path: Path) -> dict[str, list[str]]:
    found = {}
    for number, line in read_lines(path):
        name, *labels = line.split() or [""]
        strange = next((label for label in labels if label not in FOLDING), None)
        if not labels or strange:
            raise UserError(
                f"{path}:{number}: {f'{strange!r} is none of the 61 phones' if strange else 'no phones'}; "
                "it needs an utterance and its phones"
            )
        found[name] = labels
    return found


def _archives(folder: Path, split: str) -> dict[str, np.ndarray]:
    """Utterance -> features ``[T, 13]`` of all archives of a split."""
    found = {}
    for path in sorted(folder.glob(f"raw_mfcc_{split}.*.ark")):
        try:
            for name, matrix in kaldiio.load_ark(str(path)):
                if matrix.ndim != 2 or not np.isfinite(matrix).all():
                    raise ValueError(f"{name} is not a matrix of numbers")
                found[name] = matrix
        except Exception as error:  # kaldiio raises whatever the broken bytes lead to
            raise UserError(f"{path}: a corrupt archive ({type(error).__name__}: {error}); copy it again") from None
    return found
