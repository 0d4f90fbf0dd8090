"""Made-up music: chords of a key over a bass, in a metre that is the piece's own.

A chord lasts as many steps as the piece's metre has and then gives way to one of the two that may follow it; on top a
melody climbs through the notes of the chord and turns at its ends. A network that remembers where in the bar it is, and
which way the melody goes, knows nearly all of the next step; the last step alone does not tell.
"""

import numpy as np

from common.data.music.rolls import NOTES, Rolls

METRES = (8, 12)  # steps of a chord
SCALE = (0, 2, 4, 5, 7, 9, 11)
FOLLOWS = ((3, 4), (4, 6), (5, 3), (4, 0), (0, 5), (1, 3), (0, 2))  # degree -> degrees of the next chord
CHORD, MELODY, BASS = 27, 39, 15  # where the tonic of the lowest key lies among the 88 notes


def piece(draw: np.random.Generator, steps: int) -> np.ndarray:
    """A piano roll ``[T, 88]`` float32."""
    roll = np.zeros((steps, NOTES), np.float32)
    key, metre, degree = draw.integers(7), METRES[draw.integers(len(METRES))], draw.integers(7)
    place, way = draw.integers(7), 1
    for step in range(steps):
        if step and step % metre == 0:
            degree = FOLLOWS[degree][draw.integers(2)]
        chord = [key + SCALE[(degree + third) % 7] + 12 * ((degree + third) // 7) for third in (0, 2, 4)]
        roll[step, [CHORD + note for note in chord]] = 1
        roll[step, BASS + chord[0] % 12] = step % metre == 0
        way = -way if not 0 <= place + way < 7 else way
        place += way
        roll[step, MELODY + chord[place % 3] + 12 * (place // 3)] = 1
    return roll


def made_up(counts: dict[str, int], steps: int) -> Rolls:
    """So many pieces in each split. The code that draws them is in every run's fingerprint."""
    draw = np.random.default_rng(1)
    return Rolls(
        {split: [piece(draw, steps) for _ in range(count)] for split, count in counts.items()}, f"{steps} {counts}"
    )
