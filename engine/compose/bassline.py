"""What a bass does: it stands on its chord, moves where nothing else does, and leads on."""

import numpy as np

from engine.compose.codes import DURATIONS, FIRST_PITCH, NOTHING, REST, TIE
from engine.compose.ground import NO_ROOT
from engine.compose.passage import Passage
from engine.compose.pitches import CLASSES, PITCHES

GROUND = 4.0
MOVE = 4.0  # to the fifth or the octave where it stood still too long
APPROACH = 1.0  # in the last beat before another root
NEAR_HOME = 5  # semitones
STUCK_BARS = 2  # on one pitch; then it moves


def stand(passage: Passage, mask: np.ndarray) -> None:
    """A section's bass begins at once, on the lowest tone of its chord where it has that tone."""
    grounded = mask[FIRST_PITCH:] & (passage.sheet.basses[0] == CLASSES)
    if grounded.any():
        mask[:] = False
        mask[FIRST_PITCH:] = grounded


def lead_on(passage: Passage, bias: np.ndarray) -> None:
    """The lowest tone where the harmony changes, no holes there, and steps towards the next."""
    pitches = bias[FIRST_PITCH:]
    if passage.sheet.last[passage.slot.role][0] == NOTHING:
        pitches -= 0.3 * np.abs(PITCHES - passage.home)
    if passage.slot.bar == passage.section.bars - 1:  # the next section begins near its middle
        pitches -= 0.2 * np.maximum(0, np.abs(PITCHES - passage.home) - NEAR_HOME)
    at, basses = passage.unit, passage.sheet.basses
    fresh = passage.position == 0 or basses[at] != basses[at - 1]
    if fresh and basses[at] != NO_ROOT:
        pitches += np.where(basses[at] == CLASSES, GROUND, 0.0)
        bias[REST] -= GROUND
        bias[TIE] -= GROUND
        return
    _approach(passage, pitches)
    if stuck(passage):
        fifth = (CLASSES - basses[at]) % 12 == 7
        octave = ((CLASSES - basses[at]) % 12 == 0) & (
            passage.sheet.last[passage.slot.role][0] != PITCHES
        )
        pitches += np.where(fifth | octave, MOVE, 0.0)
        pitches -= np.where(passage.sheet.last[passage.slot.role][0] == PITCHES, MOVE, 0.0)


def last(passage: Passage, code: int, bias: np.ndarray) -> None:
    """How long a bass note lasts: a bar in calm music, half of one where it has to move."""
    left = passage.bar.units - passage.position
    if code == REST:
        return
    if stuck(passage) and left == passage.bar.units:
        bias[left - passage.beat_units + 1 :] -= 6.0
    elif passage.section.energy <= 2:
        bias[min(left, DURATIONS - 1)] += 3.0


def stuck(passage: Passage) -> bool:
    """Whether the bars before this one were all on one and the same pitch."""
    role = passage.slot.role
    begin = passage.bar.start - STUCK_BARS * passage.bar.units
    if begin < 0:
        return False
    played = passage.sheet.codes[role, begin : passage.bar.start]
    sounding = played[played >= FIRST_PITCH]
    return len(sounding) > 0 and bool((sounding == sounding[0]).all())


def _approach(passage: Passage, pitches: np.ndarray) -> None:
    """In the last beat before another bass tone: a neighbour of it, or its fifth."""
    at, basses = passage.unit, passage.sheet.basses
    ahead = basses[at : at + passage.beat_units + 1]
    other = ahead[ahead != basses[at]]
    if len(other) == 0 or other[0] == NO_ROOT:
        return
    away = (CLASSES - other[0]) % 12
    pitches += np.where(np.isin(away, (1, 2, 7, 10, 11)), APPROACH, 0.0)
