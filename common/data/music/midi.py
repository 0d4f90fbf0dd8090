"""Piano rolls as MIDI files, which any player plays, and back."""

from pathlib import Path

import mido
import numpy as np

from common.data.music.rolls import LOWEST, NOTES
from common.errors import UserError

TICKS = 480  # of a quarter note
STEP = TICKS // 2  # of a step of a roll: an eighth note
LONGEST = 20_000  # steps of a file that are read
LOUDNESS, TEMPO = 80, 500_000  # of 127; microseconds of a quarter note


def write(roll: np.ndarray, path: Path) -> None:
    """A roll ``[T, 88]``: a note that sounds at adjacent steps is held."""
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=TEMPO)])
    padded, waited = np.pad(roll.astype(bool), ((1, 1), (0, 0))), 0
    for before, now in zip(padded, padded[1:], strict=False):
        for kind, notes in (("note_off", before & ~now), ("note_on", now & ~before)):
            for note in np.flatnonzero(notes):
                track.append(mido.Message(kind, note=int(note) + LOWEST, velocity=LOUDNESS, time=waited))
                waited = 0
        waited += STEP
    path.parent.mkdir(parents=True, exist_ok=True)
    mido.MidiFile(tracks=[track], ticks_per_beat=TICKS).save(path)


def read(path: Path) -> np.ndarray:
    """A MIDI file as a roll ``[T, 88]`` float32, a step an eighth note; notes outside a piano are left out.

    Raises:
        UserError: not a MIDI file, or one without notes.
    """
    try:
        file = mido.MidiFile(path)
        step, messages = file.ticks_per_beat / 2, mido.merge_tracks(file.tracks)
    except (OSError, EOFError, ValueError, LookupError, TypeError) as error:
        raise UserError(f"{path}: not a MIDI file that can be read ({error}); give a .mid file") from None
    if step <= 0:
        raise UserError(f"{path}: its time is not told in beats; give another .mid file")
    sounding: dict[tuple[int, int], int] = {}  # (channel, note) -> the step at which it began
    spans, now = [], 0
    for message in messages:
        now += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        key = (message.channel, message.note)
        if (began := sounding.pop(key, None)) is not None:
            spans.append((message.note - LOWEST, began, max(round(now / step), began + 1)))
        if message.type == "note_on" and message.velocity:
            sounding[key] = round(now / step)
    spans = [span for span in spans if 0 <= span[0] < NOTES and span[2] <= LONGEST]
    if not spans:
        raise UserError(f"{path}: no notes of a piano within {LONGEST:,} steps of it; give another .mid file")
    roll = np.zeros((max(end for *_, end in spans), NOTES), np.float32)
    for note, began, end in spans:
        roll[began:end, note] = 1
    return roll
