"""Speech corpora by name: features, transcripts and, where it is known, which label each frame belongs to.

``formants``        speech that the suite synthesises
``timit``           TIMIT as the Linguistic Data Consortium sells it: waveforms and hand-set phone boundaries
``timit-features``  TIMIT as Kaldi's recipe leaves it: features and transcripts
``an4``             CMU AN4: features, words, a pronouncing dictionary
``speech:PATH``     your own: a file with a line per recording, its path, a tab, its transcript
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from common.data.speech.acoustics import FrontEnd
from common.data.speech.source import BLANK, SPACE, Source, Transcribed
from common.errors import Faults, UserError, unknown

SPLITS = ("train", "valid", "test")
UNITS = ("phones", "characters")


@dataclass(frozen=True)
class Utterance:
    """A recording as a network sees it.

    ``alignment`` ``[T]``, the label of each frame, is None where nobody knows it.
    """

    name: str
    features: np.ndarray  # [T, D] float32
    labels: np.ndarray  # [U] int64, 1 ... K - 1
    alignment: np.ndarray | None = None

    @property
    def frames(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class SpeechCorpus:
    """Three splits with features of mean 0 and variance 1 over the training set; ``labels[0]`` is the blank.

    ``mean`` and ``deviation`` ``[D]`` normalised them. ``folding`` ``[K]`` maps a label to the one it is scored as, -1
    to none. ``fingerprint`` is a SHA-256 over settings, transcripts and lengths; ``note`` tells what was left out.
    """

    name: str
    labels: tuple[str, ...]
    train: list[Utterance]
    valid: list[Utterance]
    test: list[Utterance]
    mean: np.ndarray
    deviation: np.ndarray
    front_end: FrontEnd | None
    folding: np.ndarray | None
    lexicon: dict[str, list[str]] | None
    fingerprint: str
    note: str = ""

    @property
    def separator(self) -> int | None:
        """The label between two words, where transcripts are characters."""
        return self.labels.index(SPACE) if SPACE in self.labels else None

    def normalised(self, features: np.ndarray) -> np.ndarray:
        """New features ``[T, D]`` on the scale of the training set."""
        return ((features - self.mean) / self.deviation).astype(np.float32)

    def fold(self, labels: Sequence[int]) -> list[int]:
        """A labelling as it is scored. Neighbours that fold to the same label stay two."""
        if self.folding is None:
            return list(labels)
        return [int(folded) for folded in self.folding[list(labels)] if folded >= 0]

    def spell(self, labels: Sequence[int]) -> list[str]:
        return [self.labels[label] for label in labels]

    def words(self, labels: Sequence[int]) -> list[str]:
        """The words of a transcript of characters."""
        return "".join(self.spell(labels)).replace(SPACE, " ").split()


def load(name: str, *, units: str = "phones", window_ms: float = 10.0, shift_ms: float = 5.0) -> SpeechCorpus:
    """The corpus ``name``, its transcripts in ``units``.

    ``window_ms`` and ``shift_ms`` matter where there are waveforms; ``timit-features`` and ``an4`` have 25 and 10.

    Raises:
        UserError: an unknown name or unit, a file that is missing, unreadable or not what it should be, an empty
            transcript, a label that training never shows, a split of which nothing can be learnt.
    """
    if units not in UNITS:
        raise unknown("unit", units, UNITS)
    source = _read(name, units, window_ms, shift_ms)
    kept = {split: [one for one in source.splits[split] if len(one.features) >= _needed(one)] for split in SPLITS}
    note = _left_out([one for split in SPLITS for one in source.splits[split] if len(one.features) < _needed(one)])
    if empty := next((split for split in SPLITS if not kept[split]), None):
        raise UserError(f"{name}: nothing is left of the {empty} set. {note}")
    if source.labels is None:
        labels = sorted({label for one in kept["train"] for label in one.labels})
    else:
        labels = list(source.labels)
    labels = [BLANK, *labels]
    number = {label: k for k, label in enumerate(labels)}
    splits: dict[str, list[Utterance]] = {split: [] for split in SPLITS}
    faults = Faults()
    for split in SPLITS:
        for one in kept[split]:
            with faults:
                splits[split].append(_numbered(one, number, split))
    faults.require_none()
    frames = np.concatenate([one.features for one in splits["train"]]).astype(np.float64)
    mean, deviation = frames.mean(0), frames.std(0)
    deviation[deviation == 0] = 1.0
    identity = hashlib.sha256(json.dumps([name.partition(":")[0], units, window_ms, shift_ms, labels]).encode())
    for split in SPLITS:
        for at, one in enumerate(splits[split]):
            identity.update(f"{split} {one.name} {one.frames} {one.labels.tolist()}".encode())
            splits[split][at] = replace(one, features=((one.features - mean) / deviation).astype(np.float32))
    counts = ", ".join(str(len(splits[split])) for split in SPLITS)
    told = f"{name}: {counts} recordings to train, validate and test" if name.startswith("speech:") else ""
    folding = None
    if source.folding is not None:
        folding = np.array([-1] + [number.get(source.folding[label], -1) for label in labels[1:]])
    return SpeechCorpus(
        name,
        tuple(labels),
        **splits,
        mean=mean,
        deviation=deviation,
        front_end=source.front_end,
        folding=folding,
        lexicon=source.lexicon,
        fingerprint=identity.hexdigest(),
        note=". ".join(filter(None, [told, note])),
    )


def _read(name: str, units: str, window_ms: float, shift_ms: float) -> Source:
    """The corpus' own reader; imported here, so that a missing corpus costs nothing."""
    if name == "formants":
        from common.data.speech import formants

        return formants.read(units, FrontEnd(formants.RATE, window_ms, shift_ms))
    if name == "timit":
        from common.data.speech import timit

        return timit.read_waveforms(units, FrontEnd(timit.RATE, window_ms, shift_ms))
    if name == "timit-features":
        from common.data.speech import timit

        return timit.read_features(units)
    if name == "an4":
        from common.data.speech import an4

        return an4.read(units)
    if name.startswith("speech:"):
        from common.data.speech import manifest as speech_manifest

        return speech_manifest.read(name.removeprefix("speech:"), units, window_ms, shift_ms)
    raise unknown("speech corpus", name, ["formants", "timit", "timit-features", "an4", "speech:MANIFEST"])


def _needed(one: Transcribed) -> int:
    """Frames without which CTC has no path: one for each label, and a blank between two that are equal."""
    return len(one.labels) + sum(a == b for a, b in zip(one.labels, one.labels[1:], strict=False))


def _left_out(short: list[Transcribed]) -> str:
    """What to tell about recordings with fewer frames than their transcripts need."""
    if not short:
        return ""
    shown = ", ".join(
        f"{one.where or one.name} ({_needed(one)} frames for {len(one.labels)} labels, it has {len(one.features)})"
        for one in short[:5]
    )
    return (
        f"{len(short)} recordings are too short for their transcripts and left out: {shown}"
        f"{', ...' if len(short) > 5 else ''}; check them, or use a smaller frame shift"
    )


def _numbered(one: Transcribed, number: dict[str, int], split: str) -> Utterance:
    where = one.where or one.name
    if not one.labels:
        raise UserError(f"{where}: an empty transcript; write what is said, or remove the recording")
    strange = next((label for label in one.labels if label not in number), None)
    if strange is not None:
        raise UserError(
            f"{where}: {strange!r} of the {split} set never occurs in the training transcripts; a network "
            "cannot have learned it: move such a line to the beginning, or remove it"
        )
    labels = np.array([number[label] for label in one.labels])
    alignment = None if one.alignment is None else np.array([number[label] for label in one.alignment])
    return Utterance(one.name, one.features, labels, alignment)
