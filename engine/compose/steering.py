"""What the plan and the craft add to the network's own opinion.

Masks say what cannot be written; biases, in nats, say what is wanted. The figures are a working
arranger's: chord tones on strong beats, steps more than leaps, the motif again, a breath where a
phrase ends, the last note at home.
"""

import numpy as np

from engine.compose.codes import (
    CODES,
    DURATIONS,
    FIRST_PITCH,
    NOTHING,
    PITCH_SPAN,
    REST,
    TIE,
    reference_at,
    relative_class,
)
from engine.compose.take import Take
from engine.score import TICKS_PER_QUARTER, beat_ticks

SIXTEENTH, EIGHTH = 3, 6
_PITCHES = np.arange(FIRST_PITCH, CODES)
_CLASSES = np.array([relative_class(int(code)) for code in _PITCHES])
_REFERENCE = (4.5, 2.2, 1.1, 0.3, 0.0)  # pull of the referenced bar, by variation
STEPWISE, AGAIN = 0.9, 0.8  # towards the neighbours, away from the note just played
_LEAPS = {"lead": 12, "counter": 12, "bass": 14}


def code_mask(take: Take) -> np.ndarray:
    """(codes,) what may be written next: the instrument's range, no leap too wide, honest ties."""
    mask = np.zeros(CODES, bool)
    mask[REST] = True
    at = take.unit
    codes = take.sheet.codes[take.slot.role]
    mask[TIE] = at > 0 and take.position == 0 and int(codes[at - 1]) >= FIRST_PITCH
    low = take.part.low - take.tonic_pitch + PITCH_SPAN // 2 + FIRST_PITCH
    high = take.part.high - take.tonic_pitch + PITCH_SPAN // 2 + FIRST_PITCH
    allowed = (low <= _PITCHES) & (high >= _PITCHES)
    last = take.sheet.last[take.slot.role][0]
    if last != NOTHING:
        near = allowed & (np.abs(_PITCHES - last) <= _LEAPS[take.role])
        allowed = near if near.any() else allowed
    mask[FIRST_PITCH:] = allowed
    return mask


def code_bias(take: Take) -> np.ndarray:
    """(codes,) nats added to the network's logits."""
    bias = np.zeros(CODES)
    pitches = bias[FIRST_PITCH:]
    _harmonise(take, pitches)
    _walk(take, pitches)
    _refer(take, bias)
    if take.role == "bass":
        _ground(take, bias)
    else:
        _breathe(take, bias)
    if take.slot.bar == take.plan.bars - 1 and take.plan.ending != "turnaround":
        _come_home(take, bias)
    bias[TIE] -= 2.0
    return bias


def duration_mask(take: Take, code: int) -> np.ndarray:
    """(durations,) lengths that stay inside the bar and end on a sixteenth."""
    units = np.arange(DURATIONS)
    left = take.bar.units - take.position
    mask = (units >= 1) & (units <= left)
    tidy = mask & ((take.position + units) % SIXTEENTH == 0)
    if code != REST and take.section.energy <= 5:
        calm = tidy & ((units >= EIGHTH) | (units == left))
        tidy = calm if calm.any() else tidy
    return tidy if tidy.any() else mask


def duration_bias(take: Take, code: int) -> np.ndarray:
    """(durations,) nats added to the duration logits."""
    bias = np.zeros(DURATIONS)
    left = take.bar.units - take.position
    pull = _REFERENCE[take.level]
    if take.reference and pull:
        until = _until_next(take)
        if until is not None and until < DURATIONS:
            bias[until] += pull
    if code == REST and take.role == "lead":
        bias[min(left, DURATIONS - 1)] += 0.5
    beat = beat_ticks(take.plan.meter) * 12 // TICKS_PER_QUARTER
    if code != REST and take.role == "lead" and left > beat and _phrase_ends(take):
        # A note that fills the bar would swallow the breath.
        bias[left - beat + 1 :] -= 3.0
        bias[min(left - beat, DURATIONS - 1)] += 1.0
    if code != REST and take.role == "bass" and take.section.energy <= 2:
        bias[min(left, DURATIONS - 1)] += 3.0
    if take.slot.bar == take.plan.bars - 1 and take.plan.ending != "turnaround":
        bias[min(left, DURATIONS - 1)] += 8.0
    # Sixteenths off the eighth grid belong to busy music only.
    if take.section.energy <= 4 and take.position % EIGHTH == 0:
        bias[np.arange(DURATIONS) % EIGHTH != 0] -= 1.5
    return bias


def _harmonise(take: Take, pitches: np.ndarray) -> None:
    """Chord tones where the ear checks, scale tones elsewhere, strangers hardly ever."""
    chord = take.sheet.bits(take.unit)[:12][_CLASSES] > 0
    scale = take.sheet.bits(take.unit)[12:][_CLASSES] > 0
    strong = take.position % (2 * beat_ticks(take.plan.meter) * 12 // TICKS_PER_QUARTER) == 0
    beat = take.position % (beat_ticks(take.plan.meter) * 12 // TICKS_PER_QUARTER) == 0
    pitches += np.where(chord, 1.5 if strong else 0.6 if beat else 0.0, 0.0)
    pitches -= np.where(~chord, 1.5 if strong else 0.3, 0.0)
    pitches -= np.where(~chord & ~scale, 4.0, 0.0)


def _walk(take: Take, pitches: np.ndarray) -> None:
    """Steps before leaps; a leap is answered the other way; no needle in a groove."""
    last, previous = take.sheet.last[take.slot.role]
    if last == NOTHING or take.role == "bass":
        return
    distance = _PITCHES - last
    scale = take.sheet.bits(take.unit)[12:][_CLASSES] > 0
    pitches += np.where((np.abs(distance) <= 2) & scale, STEPWISE, 0.0)
    pitches -= np.where(distance == 0, STEPWISE + AGAIN, 0.0)
    pitches -= np.where(np.abs(distance) > 7, 1.5, 0.0)
    pitches -= np.where(np.abs(distance) == 6, 1.0, 0.0)
    if previous == NOTHING:
        return
    leap = last - previous
    if abs(leap) > 4:
        back = (distance * leap < 0) & (np.abs(distance) <= 4)
        pitches += np.where(back, 1.2, 0.0)
        pitches -= np.where((distance * leap > 0) & (np.abs(distance) > 2), 2.0, 0.0)
    if leap == 0:
        pitches -= np.where(distance == 0, 2.0, 0.0)


def _refer(take: Take, bias: np.ndarray) -> None:
    """The referenced bar again: its onset here, its pitch or the neighbour the chord prefers."""
    code, kind = reference_at(take.reference, take.position)
    pull = _REFERENCE[take.level]
    if kind != 2 or not pull:
        return
    if code == REST:
        bias[REST] += pull
        return
    bias[REST] -= pull
    target = _fitted(take, code)
    bias[target] += pull
    for offset, share in ((1, 0.4), (2, 0.4)):
        for near in (target - offset, target + offset):
            if FIRST_PITCH <= near < CODES:
                bias[near] += pull * share


def _fitted(take: Take, code: int) -> int:
    """The code, or its nearest chord tone on a strong beat; folded into the instrument's range."""
    mask = code_mask(take)
    while code < CODES - 12 and pitch_below(take, code):
        code += 12
    while code > FIRST_PITCH + 12 and pitch_above(take, code):
        code -= 12
    chord = take.sheet.bits(take.unit)[:12]
    half = 2 * beat_ticks(take.plan.meter) * 12 // TICKS_PER_QUARTER
    if take.position % half or chord[relative_class(code)]:
        return code
    for offset in (1, -1, 2, -2):
        near = code + offset
        if FIRST_PITCH <= near < CODES and mask[near] and chord[relative_class(near)]:
            return near
    return code


def pitch_below(take: Take, code: int) -> bool:
    """Whether a code lies under the instrument's range."""
    return code - FIRST_PITCH - PITCH_SPAN // 2 + take.tonic_pitch < take.part.low


def pitch_above(take: Take, code: int) -> bool:
    """Whether a code lies over the instrument's range."""
    return code - FIRST_PITCH - PITCH_SPAN // 2 + take.tonic_pitch > take.part.high


def _ground(take: Take, bias: np.ndarray) -> None:
    """The bass plays the root where the harmony changes, and does not leave holes there."""
    at = take.unit
    roots = take.sheet.roots
    fresh = take.position == 0 or roots[at] != roots[at - 1]
    if not fresh or roots[at] == 12:
        return
    bias[FIRST_PITCH:] += np.where(roots[at] == _CLASSES, 4.0, 0.0)
    bias[REST] -= 4.0
    bias[TIE] -= 4.0


def _breathe(take: Take, bias: np.ndarray) -> None:
    """A rest in the last beat of every second bar, a longer one where the phrase ends."""
    inside = take.slot.bar - take.section.bar
    beat = beat_ticks(take.plan.meter) * 12 // TICKS_PER_QUARTER
    if take.position < take.bar.units - beat:
        return
    if _phrase_ends(take):
        bias[REST] += 4.5
    elif inside % 2 == 1:
        bias[REST] += 1.8


def _phrase_ends(take: Take) -> bool:
    inside = take.slot.bar - take.section.bar
    return inside % 4 == 3 or inside == take.section.bars - 1


def _come_home(take: Take, bias: np.ndarray) -> None:
    """The last bar: a tone of the last chord at once, then silence."""
    if take.position == 0:
        bias[REST] -= 6.0
        bias[TIE] -= 6.0
        root = take.sheet.roots[take.unit]
        chord = take.sheet.bits(take.unit)[:12][_CLASSES] > 0
        bias[FIRST_PITCH:] += np.where(chord, 3.0, -7.0)
        bias[FIRST_PITCH:] += np.where(root == _CLASSES, 2.0, 0.0)
    else:
        bias[REST] += 9.0


def _until_next(take: Take) -> int | None:
    """Units from here to the next boundary of the referenced bar."""
    at = 0
    for step in take.reference:
        at += step.units
        if at > take.position:
            return at - take.position
    return None
