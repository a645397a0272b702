"""What makes a line of notes a tune: mostly steps, breath, one summit, phrases that close."""

import numpy as np

from engine.compose.codes import DURATIONS, FIRST_PITCH, LEAD, LONGEST, NOTHING, REST
from engine.compose.passage import Passage
from engine.compose.pitches import CLASSES, PITCHES

STEP, THIRD, AGAIN, LEAP = 2.85, 0.8, 1.6, 2.2  # a step is wanted, a repeat and a leap are not
WIDE, TRITONE = 1.5, 1.0
SUMMIT, RISE = 5, 4.0  # semitones over the rest at most, and nats towards it
UNTIMELY = 6.0  # nats against a highest note where it is not due
FEW = 2  # notes of a bar that leave no time to get there by the way
HOMEWARD = 0.4  # nats a semitone
NEAR_HOME = 7  # semitones from the middle of the register before it pulls back


def walk(passage: Passage, pitches: np.ndarray) -> None:
    """Steps before leaps; a leap is answered the other way; no needle in a groove."""
    last, previous = passage.sheet.last[passage.slot.role]
    away = np.abs(PITCHES - passage.home)
    if last == NOTHING:
        pitches -= 0.3 * away
        return
    pitches -= HOMEWARD * np.maximum(0, away - NEAR_HOME)
    if passage.slot.bar == passage.section.bars - 1:  # the next section begins near its middle
        pitches -= HOMEWARD * away
    distance = PITCHES - last
    size = np.abs(distance)
    scale = passage.sheet.bits(passage.unit)[12:][CLASSES] > 0
    pitches += np.where((size >= 1) & (size <= 2) & scale, STEP, 0.0)
    pitches += np.where((size >= 3) & (size <= 4) & scale, THIRD, 0.0)
    pitches -= np.where(size == 0, AGAIN, 0.0)
    pitches -= np.where(size > 4, LEAP, 0.0)
    pitches -= np.where(size > 7, WIDE, 0.0)
    pitches -= np.where(size == 6, TRITONE, 0.0)
    if previous == NOTHING:
        return
    leap = last - previous
    if abs(leap) > 4:
        back = (distance * leap < 0) & (size <= 4)
        pitches += np.where(back, 1.2, 0.0)
        pitches -= np.where((distance * leap > 0) & (size > 2), 2.0, 0.0)
    if leap == 0:
        pitches -= np.where(size == 0, 2.0, 0.0)


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
        return np.ones(len(units), bool)
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
        pitches -= np.where(wanted, 0.0, UNTIMELY)


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
    wanted = np.isin(CLASSES, passage.shape.close)
    chord = passage.sheet.bits(passage.unit)[:12][CLASSES] > 0
    pitches += np.where(wanted, np.where(chord, pull, pull / 4), 0.0)


def _rise(passage: Passage, pitches: np.ndarray) -> None:
    """In the bar of the summit, over all that was sung before."""
    sung, begin = passage.sheet.codes[LEAD], passage.bar.start
    before = int(sung[:begin].max(initial=0))
    if int(sung[begin : begin + passage.bar.units].max(initial=0)) <= before:
        pitches += np.where((before < PITCHES) & (before + SUMMIT >= PITCHES), RISE, 0.0)
