"""What every reader of a speech corpus gives, before labels are numbered and features normalised."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.data.speech.acoustics import FrontEnd
from common.text.letters import composed

BLANK = "<blank>"  # label 0
SPACE = "_"  # between two words, in transcripts of characters


@dataclass(frozen=True)
class Transcribed:
    """An utterance before its labels are numbered."""

    name: str
    features: np.ndarray  # [T, D]
    labels: list[str]
    alignment: list[str] | None = None
    where: str = ""  # file and line, for errors


@dataclass(frozen=True)
class Source:
    """What a reader of a corpus finds; ``front_end`` is None where only features are there."""

    splits: dict[str, list[Transcribed]]
    front_end: FrontEnd | None
    labels: Sequence[str] | None = None  # all labels there are; None: those of the training transcripts
    folding: dict[str, str | None] | None = None  # label -> the label it is scored as (None: not scored)
    lexicon: dict[str, list[str]] | None = None  # word -> its labels


def characters(words: str) -> list[str]:
    """The characters of a transcript, composed (NFC), with one space mark between words."""
    return list(SPACE.join(composed(words).split()))
