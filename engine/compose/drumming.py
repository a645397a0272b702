"""A drum fill while it is written: two hands and a foot, on the style's grid, up to the bar line.

The bar begins as its groove does; from where the fill begins every stroke is the network's. The
craft keeps the cymbals out of it, asks for as many strokes as the energy wants, and sees to it that
something is struck in the last beat, which leads to the next bar.
"""

from functools import cache

import numpy as np

from engine import styles
from engine.compose.codes import (
    CODES,
    DRUMS,
    DURATIONS,
    FIRST_STROKE,
    REST,
    STROKES,
    TICKS_PER_UNIT,
)
from engine.compose.groove import fill_begin, pace_of, strokes_of
from engine.compose.passage import Passage
from engine.compose.pitches import shared
from engine.score import seconds_per_tick
from engine.styles.kits import FULL_FROM

EIGHTH = 6
_KICK_ALONE = FIRST_STROKE + STROKES.index("K")
# Nats against hats and the ride, against a kick alone, and for toms: with them the network's fills
# have of each about what drummers' fills have.
_CYMBALS, _KICK, _TOMS = 8.0, 1.5, 0.4
_CROWD = 0.8  # nats an octave of length off the pace
_QUICK = 0.7  # to a style's shortest step, where a section has some energy
_FASTEST_S = 0.07  # no hand strikes sooner again
_UNITS = shared(np.arange(DURATIONS))
_EVERY = shared(np.arange(1, DURATIONS))


def code_mask(passage: Passage) -> np.ndarray:
    """(codes,) strokes of what the style's kit has, a kick alone no more than once in a row; no
    crash, whose places the form has."""
    mask = _struck(passage.plan.style)
    if passage.before.code != _KICK_ALONE:
        return mask
    mask = mask.copy()
    mask[_KICK_ALONE] = False
    return mask


def code_bias() -> np.ndarray:
    """(codes,) nats added to the network's logits."""
    return _FILL


def duration_mask(passage: Passage) -> np.ndarray:
    """(durations,) to a step of the grid, no faster than hands are, and not past the last beat
    without a stroke in it."""
    pace, left = pace_of(passage.plan.style), passage.bar.units - passage.position
    here = (_UNITS >= 1) & (left >= _UNITS)
    found = here & ((passage.position + _UNITS) % pace == 0) & (_fastest(passage) <= _UNITS)
    last = passage.bar.units - passage.beat_units
    if passage.position < last:
        found &= last + EIGHTH - passage.position >= _UNITS
    return found if found.any() else here & (left == _UNITS)


def duration_bias(passage: Passage) -> np.ndarray:
    """(durations,) nats towards as many strokes as the bar wants."""
    bias = np.zeros(DURATIONS)
    begin = fill_begin(passage.plan, passage.section, passage.slot.bar)
    wanted = strokes_of(passage.plan, passage.section, passage.slot.bar)
    first = passage.bar.start + begin
    here = int(passage.sheet.onsets[DRUMS, first : passage.unit].sum())
    left = passage.bar.units - passage.position
    pace = left / max(1.0, wanted - here)
    bias[1:] -= _CROWD * np.abs(np.log2(_EVERY / pace))
    if passage.section.energy >= FULL_FROM:
        bias[pace_of(passage.plan.style)] += _QUICK
    return bias


@cache
def _struck(style: str) -> np.ndarray:
    """(codes,) strokes of the voices that the style's sheet has, and of toms."""
    voices = {voice for row in styles.load(style).grooves.values() for voice in row}
    letters = (voices & set("KSHR")) | {"T", "F"} | ({"O"} if "H" in voices else set())
    mask = np.zeros(CODES, bool)
    mask[FIRST_STROKE:] = [set(stroke) <= letters for stroke in STROKES]
    mask[REST] = False
    return shared(mask)


def _nats() -> np.ndarray:
    bias = np.zeros(CODES)
    for at, stroke in enumerate(STROKES):
        cymbals = sum(letter in "HOR" for letter in stroke)
        toms = bool(set(stroke) & set("TF"))
        bias[FIRST_STROKE + at] = _TOMS * toms - _KICK * (stroke == "K") - _CYMBALS * cymbals
    return shared(bias)


_FILL = _nats()


def _fastest(passage: Passage) -> int:
    """Grid units between two strokes at least."""
    unit = TICKS_PER_UNIT * seconds_per_tick(passage.plan.tempo, passage.plan.meter)
    return int(np.ceil(_FASTEST_S / unit))
