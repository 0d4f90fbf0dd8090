import mido
import numpy as np
import pytest

from common.data.music import made_up, midi
from common.errors import UserError


def test_a_roll_is_what_its_midi_file_says(tmp_path):
    roll = made_up.piece(np.random.default_rng(3), 40)
    midi.write(roll, tmp_path / "a" / "süß.mid")
    found = midi.read(tmp_path / "a" / "süß.mid")
    assert np.array_equal(found, roll) and found.dtype == np.float32
    played = mido.MidiFile(tmp_path / "a" / "süß.mid")
    assert played.length == pytest.approx(40 * 0.25)  # seconds of eighth notes at 120 a minute
    starts = sum(message.type == "note_on" for message in played)
    assert starts == ((roll > 0) & (np.pad(roll, ((1, 0), (0, 0)))[:-1] == 0)).sum()  # held notes begin once


def test_what_is_no_music_is_refused(tmp_path):
    path = tmp_path / "x.mid"
    midi.write(np.eye(6, 88, dtype=np.float32), path)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(UserError, match="x.mid: (not a MIDI file|no notes|its time)"):
            midi.read(path)
    midi.write(np.zeros((4, 88), np.float32), path)
    with pytest.raises(UserError, match="no notes of a piano"):
        midi.read(path)
    with pytest.raises(UserError, match="nowhere.mid: not a MIDI file that can be read"):
        midi.read(tmp_path / "nowhere.mid")


def test_foreign_files_are_brought_to_steps_of_eighth_notes(tmp_path):
    said = (("note_on", 60, 64, 0), ("note_on", 10, 64, 0), ("note_on", 60, 0, 96), ("note_off", 10, 64, 0))
    track = mido.MidiTrack(mido.Message(kind, note=note, velocity=loud, time=time) for kind, note, loud, time in said)
    mido.MidiFile(tracks=[track], ticks_per_beat=96).save(tmp_path / "x.mid")
    found = midi.read(tmp_path / "x.mid")
    assert found.shape == (2, 88) and found[:, 60 - 21].tolist() == [1, 1] and found.sum() == 2


def test_made_up_music_is_known_but_for_the_choice_of_a_chord():
    music = made_up.made_up({"train": 30, "valid": 2, "test": 2}, 60)
    assert {split: len(pieces) for split, pieces in music.pieces.items()} == {"train": 30, "valid": 2, "test": 2}
    for piece in music.pieces["train"]:
        chords = [tuple(np.flatnonzero(row[27 - 7 : 27 + 20])) for row in piece]
        changes = [step for step in range(1, 60) if piece[step, 15:27].any()]
        assert len({after - before for before, after in zip(changes, changes[1:], strict=False)}) == 1
        assert changes[0] in made_up.METRES and len(chords) == 60
        assert set(piece.sum(1)) <= {4.0, 5.0, 3.0}
    assert not np.array_equal(music.pieces["train"][0], music.pieces["train"][1])
