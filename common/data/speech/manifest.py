"""Your own recordings: a text file with a line for each, its path, a tab, what is said."""

from pathlib import Path

from common.data.speech.acoustics import FrontEnd, read_audio
from common.data.speech.source import BLANK, SPACE, Source, Transcribed, characters
from common.data.text.sentences import read_lines
from common.errors import Faults, UserError
from common.text.letters import composed

RATE = 16_000  # Hz; recordings are resampled to it
FEWEST = 10


def read(path: str, units: str, window_ms: float, shift_ms: float) -> Source:
    """All recordings of a manifest, in blocks of 80, 10 and 10 % of its lines for train, valid and test.

    Paths are relative to the manifest's folder. With ``units`` "phones" a transcript is labels with blanks between
    them, with "characters" it is text. Empty lines are skipped.

    Raises:
        UserError: with ``file:line``, every line without a tab, with an empty transcript, or whose recording is
            missing, not readable, of a bad rate or shorter than a window; no manifest or fewer than 10 lines.
    """
    manifest = Path(path).expanduser()
    front_end = FrontEnd(RATE, window_ms, shift_ms)
    found, faults, number = [], Faults(), 1
    for number, line in read_lines(manifest):
        if line.strip():
            with faults:
                found.append(_recording(line, manifest, number, units, front_end))
    faults.require_none()
    if len(found) < FEWEST:
        raise UserError(
            f"{manifest}:{number}: {len(found)} recordings; it needs {FEWEST} to be cut into "
            "80, 10 and 10 % for training, validation and test"
        )
    held_out = len(found) // 10
    ends = len(found) - 2 * held_out, len(found) - held_out
    splits = {"train": found[: ends[0]], "valid": found[ends[0] : ends[1]], "test": found[ends[1] :]}
    return Source(splits, front_end)


def _recording(line: str, manifest: Path, number: int, units: str, front_end: FrontEnd) -> Transcribed:
    where = f"{manifest}:{number}"
    name, tab, transcript = line.partition("\t")
    if not tab:
        raise UserError(f"{where}: no tab; write the path of a recording, a tab, and its transcript")
    labels = composed(transcript).split() if units == "phones" else characters(transcript)
    if not labels:
        raise UserError(f"{where}: an empty transcript; write what is said, or remove the line")
    if BLANK in labels or units == "characters" and SPACE in transcript:
        raise UserError(
            f"{where}: {BLANK if BLANK in labels else SPACE} in a transcript, which stands for something "
            "else here; write what is said"
        )
    features = front_end(read_audio(manifest.parent / name.strip(), front_end.rate, where))
    if not len(features):
        raise UserError(
            f"{where}: {name.strip()} is shorter than one window of {front_end.window_ms:g} ms; remove the line"
        )
    return Transcribed(Path(name.strip()).stem, features, labels, where=where)
