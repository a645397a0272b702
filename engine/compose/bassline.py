"""What a bass does: it stands on its chord, moves where nothing else does, and leads on."""

from functools import cache

import numpy as np

from engine.compose.codes import DURATIONS, FIRST_PITCH, NOTHING, REST, TIE
from engine.compose.ground import NO_ROOT
from engine.compose.passage import Passage
from engine.compose.pitches import CLASSES, PITCHES, among, away_from, mask_of, shared

GROUND = 4.0
MOVE = 2.0  # to the fifth or the octave where it stood still too long
APPROACH = 1.0  # in the last beat before another root
LEADING = (1, 2, 7, 10, 11)  # semitones over a tone from which a bass leads to it
NEAR_HOME = 5  # semitones
STUCK_BARS = 2  # on one pitch; then it moves
_ANY = shared(np.ones(DURATIONS, bool))


def stand(passage: Passage, mask: np.ndarray) -> None:
    """Where the harmony changes, and at once where a section begins, the bass strikes the lowest
    tone of its chord, in an octave it can reach; mask in place."""
    at, basses = passage.unit, passage.sheet.basses
    if basses[at] == NO_ROOT or (at > 0 and basses[at] == basses[at - 1]):
        return
    grounded = mask[FIRST_PITCH:] & among(1 << int(basses[at]))
    if not grounded.any():
        return
    mask[FIRST_PITCH:] = grounded
    if at == 0:
        mask[:FIRST_PITCH] = False
    else:
        held = int(passage.sheet.codes[passage.slot.role, at - 1])
        mask[TIE] &= held >= FIRST_PITCH and bool(CLASSES[held - FIRST_PITCH] == basses[at])


def move_on(passage: Passage, mask: np.ndarray) -> None:
    """After bars on one pitch another one follows inside this bar; mask in place."""
    if passage.position == 0 or not _stuck(passage):
        return
    heard = passage.sheet.codes[passage.slot.role, passage.bar.start : passage.unit]
    held = passage.sheet.last[passage.slot.role][0]
    other = mask[FIRST_PITCH:] & (held != PITCHES)
    if (heard[heard >= FIRST_PITCH] == held).all() and other.any():
        mask[FIRST_PITCH:] = other
        mask[[REST, TIE]] = False


def shorter(passage: Passage, units: np.ndarray) -> np.ndarray:
    """(durations,) where it has to move, a bar's first note leaves it a beat to do so."""
    if passage.position > 0 or not _stuck(passage):
        return _ANY
    return units <= passage.bar.units - passage.beat_units


def lead_on(passage: Passage, bias: np.ndarray) -> None:
    """The lowest tone where the harmony changes, no holes there, and steps towards the next."""
    pitches = bias[FIRST_PITCH:]
    if passage.sheet.last[passage.slot.role][0] == NOTHING:
        pitches -= 0.3 * away_from(passage.home)
    if passage.slot.bar == passage.section.bars - 1:  # the next section begins near its middle
        pitches -= 0.2 * np.maximum(0, away_from(passage.home) - NEAR_HOME)
    at, basses = passage.unit, passage.sheet.basses
    fresh = passage.position == 0 or basses[at] != basses[at - 1]
    if fresh and basses[at] != NO_ROOT:
        pitches += _drawn_to(1 << int(basses[at]), GROUND)
        bias[REST] -= GROUND
        bias[TIE] -= GROUND
        return
    _approach(passage, pitches)
    if _stuck(passage):
        root = int(basses[at])
        pitches += _drawn_to(mask_of((root, root + 7)), MOVE)


def last(passage: Passage, code: int, bias: np.ndarray) -> None:
    """How long a bass note lasts: a bar in calm music."""
    left = passage.bar.units - passage.position
    if code != REST and passage.section.energy <= 2:
        bias[min(left, DURATIONS - 1)] += 3.0


def _stuck(passage: Passage) -> bool:
    """Whether the bars before this one were all on one pitch; the piece may end on it."""
    if passage.ends_piece:
        return False
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
    to = int(other[0])
    pitches += _drawn_to(mask_of(to + away for away in LEADING), APPROACH)


@cache
def _drawn_to(classes: int, nats: float) -> np.ndarray:
    """(pitches,) nats towards some pitch classes."""
    return shared(np.where(among(classes), nats, 0.0))
