"""What makes a line of notes a tune: mostly steps, breath, one summit, phrases that close."""

from functools import cache

import numpy as np

from engine.compose.codes import DURATIONS, FIRST_PITCH, LEAD, LONGEST, NOTHING, REST
from engine.compose.passage import Passage
from engine.compose.pitches import PITCHES, among, away_from, mask_of, shared

# A step is wanted, a repeat and a leap are not. The network knows by itself: these only lean.
STEP, THIRD, AGAIN, LEAP = 0.85, 0.25, 0.5, 0.65
WIDE, TRITONE = 0.45, 0.3
SUMMIT, RISE = 5, 4.0  # semitones over the rest at most, and nats towards it
UNTIMELY = 6.0  # nats against a highest note where it is not due
FEW = 2  # notes of a bar that leave no time to get there by the way
HOMEWARD = 0.4  # nats a semitone
NEAR_HOME = 7  # semitones from the middle of the register before it pulls back
_ANY = shared(np.ones(DURATIONS, bool))
_UP, _DOWN, _AGAIN, _ELSE = range(4)  # how a line came to its last note


def walk(passage: Passage, pitches: np.ndarray) -> None:
    """Steps before leaps; a leap is answered the other way; no needle in a groove."""
    last, previous = passage.sheet.last[passage.slot.role]
    if last == NOTHING:
        pitches -= 0.3 * away_from(passage.home)
        return
    # The next section begins near its middle.
    pitches += _homeward(passage.home, passage.slot.bar == passage.section.bars - 1)
    pitches += _onward(last, _came(last, previous), passage.sheet.scale)


def _came(last: int, previous: int) -> int:
    leap = last - previous
    if previous == NOTHING or 0 < abs(leap) <= 4:
        return _ELSE
    return _AGAIN if leap == 0 else _UP if leap > 0 else _DOWN


@cache
def _homeward(home: int, closing: bool) -> np.ndarray:
    """(pitches,) nats that keep a line near the middle of its register."""
    away = np.abs(PITCHES - home)
    return shared(-HOMEWARD * (np.maximum(0, away - NEAR_HOME) + (away if closing else 0)))


@cache
def _onward(last: int, came: int, scale: int) -> np.ndarray:
    """(pitches,) nats for each way on from the last note."""
    distance = PITCHES - last
    size = np.abs(distance)
    near, inside = size <= 4, among(scale)
    nats = np.where((size >= 1) & (size <= 2) & inside, STEP, 0.0)
    nats += np.where((size >= 3) & near & inside, THIRD, 0.0)
    nats -= np.where(size == 0, AGAIN, 0.0)
    nats -= np.where(near, 0.0, LEAP)
    nats -= np.where(size > 7, WIDE, 0.0)
    nats -= np.where(size == 6, TRITONE, 0.0)
    if came == _AGAIN:
        nats -= np.where(size == 0, 2.0, 0.0)
    elif came != _ELSE:
        along = distance if came == _UP else -distance
        nats += np.where((along < 0) & near, 1.2, 0.0)
        nats -= np.where((along > 0) & (size > 2), 2.0, 0.0)
    return shared(nats)


def breathes(passage: Passage) -> bool:
    """Whether a melody is silent from here to the end of the bar."""
    if passage.role == "bass":
        return False
    left = passage.bar.units - passage.position
    return passage.shape.silent or left <= passage.shape.breath * passage.beat_units


def until_breath(passage: Passage) -> int:
    """Units from here to the breath at the bar's end; 0 without one, or inside it."""
    if passage.role == "bass" or passage.shape.silent:
        return 0
    breath = passage.shape.breath * passage.beat_units
    left = passage.bar.units - passage.position
    return left - breath if 0 < breath < left else 0


def before_breath(passage: Passage, units: np.ndarray, left: int, *, silent: bool) -> np.ndarray:
    """(durations,) a note ends where the breath begins; a rest ends earlier or goes on with it.

    A bar of the lead that is not meant to be silent begins to sing before its breath.
    """
    breath = until_breath(passage)
    if silent and passage.role == "lead" and passage.position == 0:
        return units < (breath or passage.bar.units)
    if not breath:
        return _ANY
    return (units < breath) | (units == min(left, LONGEST)) if silent else units <= breath


def climb(passage: Passage, pitches: np.ndarray) -> None:
    """Up to the section's highest note in its bar, not earlier and not again."""
    bars, sung, begin = passage.shape.climb, passage.sheet.codes[LEAD], passage.bar.start
    if bars is None:
        return
    before = int(sung[:begin].max(initial=0))
    here = int(sung[begin : begin + passage.bar.units].max(initial=0))
    if bars > 0:
        stated = passage.slot.bar >= len(passage.motif) and before >= FIRST_PITCH
        wanted = (before if stated else passage.ceiling) >= PITCHES
    elif bars < 0 or here > before:
        wanted = max(before, here) > PITCHES
    else:
        due = passage.position >= until_half(passage) or passage.recall.onsets <= FEW
        wanted = (before < PITCHES) & (before + SUMMIT >= PITCHES) if due else before != PITCHES
    if before >= FIRST_PITCH and (passage.ranges[passage.role] & wanted).any():
        pitches[~wanted] -= UNTIMELY


def phrase(passage: Passage, bias: np.ndarray) -> None:
    """The bar's place in its phrase: cadence and summit."""
    shape = passage.shape
    if passage.role != "lead":
        return
    if shape.close:
        late = passage.position >= until_half(passage)
        _close(passage, bias[FIRST_PITCH:], 9.0 if late else 4.5)
    if shape.climb == 0:
        _rise(passage, bias[FIRST_PITCH:])


def last(passage: Passage, code: int, bias: np.ndarray) -> None:
    """The closing note of a phrase lasts until the breath."""
    breath = until_breath(passage)
    if code != REST and passage.shape.close and passage.position >= until_half(passage):
        bias[min(breath, DURATIONS - 1)] += 2.0 if breath else 0.0


def until_half(passage: Passage) -> int:
    """Units to the middle of what a bar sings before its breath."""
    return (passage.bar.units - passage.shape.breath * passage.beat_units) // 2


def _close(passage: Passage, pitches: np.ndarray, pull: float) -> None:
    """Towards the degrees on which this phrase ends, those of the chord before the others."""
    pitches += _closing(passage.shape.close, int(passage.sheet.chromas[passage.unit]), pull)


@cache
def _closing(degrees: tuple[int, ...], chord: int, pull: float) -> np.ndarray:
    """(pitches,) nats towards the degrees, a quarter of them outside the chord."""
    wanted = among(mask_of(degrees))
    return shared(np.where(wanted, np.where(among(chord), pull, pull / 4), 0.0))


def _rise(passage: Passage, pitches: np.ndarray) -> None:
    """In the bar of the summit, over all that was sung before."""
    sung, begin = passage.sheet.codes[LEAD], passage.bar.start
    before = int(sung[:begin].max(initial=0))
    if int(sung[begin : begin + passage.bar.units].max(initial=0)) <= before:
        pitches[(before < PITCHES) & (before + SUMMIT >= PITCHES)] += RISE
