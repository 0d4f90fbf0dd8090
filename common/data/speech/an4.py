"""CMU AN4 ("census"): spelled names, addresses and numbers, as features with transcripts and a dictionary.

A. Acero, "Acoustical and environmental robustness in automatic speech recognition", 1990.
"""

from pathlib import Path

import numpy as np

from common.data import fetch
from common.data.speech.acoustics import with_deltas
from common.data.speech.source import Source, Transcribed, characters
from common.data.text.sentences import read_lines
from common.errors import UserError

CEPSTRA = 13
HELD_OUT = 10  # every tenth training speaker is for validation


def read(units: str) -> Source:
    """948 training utterances, of which every tenth speaker's are for validation, and 130 test utterances.

    13 Sphinx cepstra every 10 ms, to which we add differences. Phones are the first pronunciation in the dictionary.
    """
    folder = fetch.fetch("an4")
    dictionary = read_dictionary(folder / "etc" / "an4.dic")
    train = _utterances(folder, "train", units, dictionary)
    test = _utterances(folder, "test", units, dictionary)
    speakers = sorted({_speaker(one) for one in train})
    held_out = set(speakers[::HELD_OUT])
    splits = {
        "train": [one for one in train if _speaker(one) not in held_out],
        "valid": [one for one in train if _speaker(one) in held_out],
        "test": test,
    }
    spell = characters if units == "characters" else dictionary.__getitem__
    return Source(splits, None, lexicon={word: spell(word) for word in dictionary})


def _speaker(one: Transcribed) -> str:
    return one.name.split("/")[1]


def read_dictionary(path: Path) -> dict[str, list[str]]:
    """Word -> phones; of several pronunciations the first."""
    found = {}
    for number, line in read_lines(path):
        word, *phones = line.split()
        if not phones:
            raise UserError(f"{path}:{number}: {line!r} is not a word and its phones; fetch the corpus again")
        found.setdefault(word.partition("(")[0], phones)
    return found


def _utterances(folder: Path, split: str, units: str, dictionary: dict[str, list[str]]) -> list[Transcribed]:
    names = (folder / "etc" / f"an4_{split}.fileids").read_text(encoding="utf-8").split()
    path = folder / "etc" / f"an4_{split}.transcription"
    lines = [line for _, line in read_lines(path)]
    if len(names) != len(lines):
        raise UserError(f"{path}: {len(lines)} transcripts for {len(names)} recordings; fetch the corpus again")
    found = []
    for number, (name, line) in enumerate(zip(names, lines, strict=True), 1):
        words = line.rpartition("(")[0].replace("<s>", "").replace("</s>", "").split()
        labels = characters(" ".join(words)) if units == "characters" else [p for w in words for p in dictionary[w]]
        features = read_cepstra(folder / "feat" / f"{name}.mfc")
        found.append(Transcribed(name, with_deltas(features), labels, where=f"{path}:{number}"))
    return found


def read_cepstra(path: Path) -> np.ndarray:
    """Features ``[T, 13]`` of a Sphinx file: the number of values, then the values, big-endian."""
    content = path.read_bytes()
    values = np.frombuffer(content[4 : len(content) // 4 * 4], dtype=">f4")
    count = int.from_bytes(content[:4], "big")
    if len(content) < 8 or count != len(values) or len(content) % 4 or count % CEPSTRA or not np.isfinite(values).all():
        raise UserError(
            f"{path}: a corrupt feature file ({len(content)} bytes that announce {count} values of frames "
            f"of {CEPSTRA}); delete it and fetch the corpus again"
        )
    return values.reshape(-1, CEPSTRA).astype(np.float32)
