"""The inner voices while they are written: a step at each harmony, on its tones, in order.

Which of the chord's tones a voice takes, and where, is the network's choice; that the chord is
whole, clear and in order is the grammar's. A tone that stays is held.
"""

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np

from engine.compose.codes import (
    CODES,
    FIRST_PITCH,
    LONGEST,
    NOTHING,
    REST,
    TIE,
    UPPER,
    VOICES,
    pitch_of,
    relative_class,
)
from engine.compose.lengths import exactly
from engine.compose.passage import Passage
from engine.compose.pitches import PITCHES, among, away_from, mask_of, shared

NARROWEST, WIDEST = 2, 12  # semitones between neighbours
CLEAR, LEAST_LOW = 55, 4  # below it no interval under a major third
THIRDS, SEVENTHS = (4, 3, 2, 5), (10, 11, 9)  # over the root, as wished
WIDE_LEAP = 9  # semitones no voice moves without need
AGAIN = (9.0, 6.0, 4.0, 2.5)  # nats to where it lay in the section that returns, by variation


def code_mask(passage: Passage) -> np.ndarray:
    """(codes,) what may be written next; a tie alone where the harmony does not change."""
    mask = np.zeros(CODES, bool)
    held = _held(passage)
    if held is not None and not passage.sheet.changes[passage.unit] and passage.position:
        mask[TIE] = True
        return mask
    allowed = _open(passage)
    mask[FIRST_PITCH:] = allowed
    if held is not None and passage.unit and held >= FIRST_PITCH:
        mask[TIE] = bool(allowed[held - FIRST_PITCH])
        mask[held] = False  # what stays is held, not struck again
    if not mask.any():
        mask[REST] = True
    return mask


def code_bias(passage: Passage) -> np.ndarray:
    """(codes,) nats towards where the voice lay in the section that this one is like."""
    bias = np.zeros(CODES)
    source = passage.like.get(passage.role)
    if source is None:
        return bias
    bar = source.sheet.bars[passage.slot.bar % source.section.bars]
    code = int(source.sheet.codes[passage.slot.role, bar.start + passage.position])
    if code >= FIRST_PITCH:
        again = TIE if code == _held(passage) else code
        bias[again] = AGAIN[min(passage.section.variation, len(AGAIN) - 1)]
    return bias


def duration_mask(passage: Passage) -> np.ndarray:
    """(durations,) to the next harmony or the bar line."""
    end = passage.bar.start + passage.bar.units
    ahead = np.flatnonzero(passage.sheet.changes[passage.unit + 1 : end])
    length = int(ahead[0]) + 1 if ahead.size else end - passage.unit
    return exactly(min(length, LONGEST))


def _held(passage: Passage) -> int | None:
    """The code that this voice sounds just before, None at the section's beginning."""
    if passage.unit == 0:
        return None
    return int(passage.sheet.codes[passage.slot.role, passage.unit - 1])


def _open(passage: Passage) -> np.ndarray:
    """(pitches,) the chord's tones in the voice's place that keep the chord clear and complete."""
    sheet, at = passage.sheet, passage.unit
    chord, root = int(sheet.chromas[at]), int(sheet.roots[at])
    tones = among(chord)
    free = tones & passage.ranges[passage.role]
    above = _above(passage)
    if above:
        free = free & _under(above, passage.tonic_pitch)
    left = len(VOICES) - (passage.slot.role - UPPER)
    sounding = mask_of(relative_class(code) for code in above)
    found = free & _needed(chord, root, sounding, left)
    for narrower in (found & _near(passage), found, free):
        if narrower.any():
            return narrower
    return tones & passage.ranges[passage.role] & ~np.isin(PITCHES, above)


def _above(passage: Passage) -> tuple[int, ...]:
    """The codes of the voices already placed at this harmony, from the top."""
    codes = passage.sheet.codes[:, passage.unit].tolist()
    written = [codes[voice] for voice in VOICES if voice < passage.slot.role]
    return tuple(code for code in written if code >= FIRST_PITCH)


@lru_cache(4096)
def _under(above: tuple[int, ...], tonic_pitch: int) -> np.ndarray:
    """(pitches,) below the voices that are there: no second at the top, no minor ninth, no hole."""
    gap = above[-1] - PITCHES
    low = PITCHES + pitch_of(0, tonic_pitch) < CLEAR
    fits = (gap >= NARROWEST) & (gap <= WIDEST) & ~(low & (gap < LEAST_LOW))
    for code in above:
        fits &= code - PITCHES != 13
    return shared(fits)


@lru_cache(4096)
def _needed(chord: int, root: int, sounding: int, left: int) -> np.ndarray:
    """(pitches,) what a chord still lacks, where the voices left to write have to bring it.

    ``chord`` and ``sounding`` are 12-bit masks of classes.
    """
    wanted = [_tone(chord, root, wished) for wished in (THIRDS, SEVENTHS)]
    lacking = [tone for tone in wanted if tone is not None and not sounding >> tone & 1]
    if len(lacking) >= left:
        return among(mask_of(lacking))
    every = (1 << 12) - 1
    return among(every & ~sounding if chord.bit_count() > sounding.bit_count() else every)


def _tone(chord: int, root: int, wished: Sequence[int]) -> int | None:
    """The chord's third or seventh as a class from the tonic."""
    classes = ((root + over) % 12 for over in wished)
    return next((one for one in classes if chord >> one & 1), None)


def _near(passage: Passage) -> np.ndarray:
    """(pitches,) no wide leap from what the voice had."""
    last = passage.sheet.last[passage.slot.role][0]
    return _in_leap(passage.home if last == NOTHING else last)


@cache
def _in_leap(code: int) -> np.ndarray:
    """(pitches,) no wide leap from a code."""
    return shared(away_from(code) <= WIDE_LEAP)
