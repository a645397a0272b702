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
    LONGEST,
    NOTHING,
    PITCH_SPAN,
    REST,
    TIE,
    reference_at,
    relative_class,
)
from engine.compose.ground import NO_ROOT
from engine.compose.passage import Passage

SIXTEENTH, EIGHTH = 3, 6
_PITCHES = np.arange(FIRST_PITCH, CODES)
_CLASSES = np.array([relative_class(int(code)) for code in _PITCHES])
_REFERENCE = (4.5, 2.2, 1.1, 0.3, 0.0)  # pull of the referenced bar, by variation
STEPWISE, AGAIN = 0.9, 0.8  # towards the neighbours, away from the note just played
_LEAPS = {"lead": 12, "counter": 12, "bass": 14}


def code_mask(passage: Passage) -> np.ndarray:
    """(codes,) what may be written next: the instrument's range, no leap too wide, honest ties."""
    mask = np.zeros(CODES, bool)
    # Silence is one rest as long as it lasts: that is how the network learnt to read it.
    before = passage.before
    mask[REST] = passage.position == 0 or before.code != REST or before.units == LONGEST
    at = passage.unit
    codes = passage.sheet.codes[passage.slot.role]
    mask[TIE] = at > 0 and passage.position == 0 and int(codes[at - 1]) >= FIRST_PITCH
    low = passage.part.low - passage.tonic_pitch + PITCH_SPAN // 2 + FIRST_PITCH
    high = passage.part.high - passage.tonic_pitch + PITCH_SPAN // 2 + FIRST_PITCH
    allowed = (low <= _PITCHES) & (high >= _PITCHES)
    last = passage.sheet.last[passage.slot.role][0]
    if last != NOTHING:
        near = allowed & (np.abs(_PITCHES - last) <= _LEAPS[passage.role])
        allowed = near if near.any() else allowed
    mask[FIRST_PITCH:] = allowed
    if passage.role == "bass" and passage.unit == 0:
        _stand(passage, mask)
    return mask


def _stand(passage: Passage, mask: np.ndarray) -> None:
    """A section's bass begins at once, on the lowest tone of its chord where it has that tone."""
    grounded = mask[FIRST_PITCH:] & (passage.sheet.basses[0] == _CLASSES)
    if grounded.any():
        mask[:] = False
        mask[FIRST_PITCH:] = grounded


def code_bias(passage: Passage) -> np.ndarray:
    """(codes,) nats added to the network's logits."""
    bias = np.zeros(CODES)
    pitches = bias[FIRST_PITCH:]
    _harmonise(passage, pitches)
    _walk(passage, pitches)
    _refer(passage, bias)
    if passage.role == "bass":
        _ground(passage, bias)
    else:
        _breathe(passage, bias)
    if passage.ends_piece and passage.plan.ending != "turnaround":
        _come_home(passage, bias)
    bias[TIE] -= 2.0
    return bias


def duration_mask(passage: Passage, code: int) -> np.ndarray:
    """(durations,) lengths that stay inside the bar and end on a sixteenth."""
    units = np.arange(DURATIONS)
    left = passage.bar.units - passage.position
    mask = (units >= 1) & (units <= left)
    tidy = mask & ((passage.position + units) % SIXTEENTH == 0)
    if code != REST and passage.section.energy <= 5:
        calm = tidy & ((units >= EIGHTH) | (units == left))
        tidy = calm if calm.any() else tidy
    return tidy if tidy.any() else mask


def duration_bias(passage: Passage, code: int) -> np.ndarray:
    """(durations,) nats added to the duration logits."""
    bias = np.zeros(DURATIONS)
    left = passage.bar.units - passage.position
    pull = _REFERENCE[passage.recall.level]
    if passage.recall.steps and pull:
        until = _until_next(passage)
        if until is not None and until < DURATIONS:
            bias[until] += pull
    if code == REST and passage.role == "lead":
        bias[min(left, DURATIONS - 1)] += 0.5
    beat = passage.beat_units
    if code != REST and passage.role == "lead" and left > beat and _phrase_ends(passage):
        # A note that fills the bar would swallow the breath.
        bias[left - beat + 1 :] -= 3.0
        bias[min(left - beat, DURATIONS - 1)] += 1.0
    if code != REST and passage.role == "bass" and passage.section.energy <= 2:
        bias[min(left, DURATIONS - 1)] += 3.0
    if passage.ends_piece and passage.plan.ending != "turnaround":
        bias[min(left, DURATIONS - 1)] += 8.0
    # Sixteenths off the eighth grid belong to busy music only.
    if passage.section.energy <= 4 and passage.position % EIGHTH == 0:
        bias[np.arange(DURATIONS) % EIGHTH != 0] -= 1.5
    return bias


def _harmonise(passage: Passage, pitches: np.ndarray) -> None:
    """Chord tones where the ear checks, scale tones elsewhere, strangers hardly ever."""
    chord = passage.sheet.bits(passage.unit)[:12][_CLASSES] > 0
    scale = passage.sheet.bits(passage.unit)[12:][_CLASSES] > 0
    strong = passage.position % (2 * passage.beat_units) == 0
    beat = passage.position % (passage.beat_units) == 0
    pitches += np.where(chord, 1.5 if strong else 0.6 if beat else 0.0, 0.0)
    pitches -= np.where(~chord, 1.5 if strong else 0.3, 0.0)
    pitches -= np.where(~chord & ~scale, 4.0, 0.0)


def _walk(passage: Passage, pitches: np.ndarray) -> None:
    """Steps before leaps; a leap is answered the other way; no needle in a groove."""
    last, previous = passage.sheet.last[passage.slot.role]
    if last == NOTHING or passage.role == "bass":
        return
    distance = _PITCHES - last
    scale = passage.sheet.bits(passage.unit)[12:][_CLASSES] > 0
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


def _refer(passage: Passage, bias: np.ndarray) -> None:
    """The referenced bar again: its onset here, its pitch or the neighbour the chord prefers."""
    code, kind = reference_at(passage.recall.steps, passage.position)
    pull = _REFERENCE[passage.recall.level]
    if kind != 2 or not pull:
        return
    if code == REST:
        bias[REST] += pull
        return
    bias[REST] -= pull
    target = _fitted(passage, code)
    bias[target] += pull
    for offset, share in ((1, 0.4), (2, 0.4)):
        for near in (target - offset, target + offset):
            if FIRST_PITCH <= near < CODES:
                bias[near] += pull * share


def _fitted(passage: Passage, code: int) -> int:
    """The code, or its nearest chord tone on a strong beat; folded into the instrument's range."""
    mask = code_mask(passage)
    while code < CODES - 12 and pitch_below(passage, code):
        code += 12
    while code > FIRST_PITCH + 12 and pitch_above(passage, code):
        code -= 12
    chord = passage.sheet.bits(passage.unit)[:12]
    half = 2 * passage.beat_units
    if passage.position % half or chord[relative_class(code)]:
        return code
    for offset in (1, -1, 2, -2):
        near = code + offset
        if FIRST_PITCH <= near < CODES and mask[near] and chord[relative_class(near)]:
            return near
    return code


def pitch_below(passage: Passage, code: int) -> bool:
    """Whether a code lies under the instrument's range."""
    return code - FIRST_PITCH - PITCH_SPAN // 2 + passage.tonic_pitch < passage.part.low


def pitch_above(passage: Passage, code: int) -> bool:
    """Whether a code lies over the instrument's range."""
    return code - FIRST_PITCH - PITCH_SPAN // 2 + passage.tonic_pitch > passage.part.high


def _ground(passage: Passage, bias: np.ndarray) -> None:
    """The bass plays the lowest tone where the harmony changes, and does not leave holes there."""
    at = passage.unit
    basses = passage.sheet.basses
    fresh = passage.position == 0 or basses[at] != basses[at - 1]
    if not fresh or basses[at] == NO_ROOT:
        return
    bias[FIRST_PITCH:] += np.where(basses[at] == _CLASSES, 4.0, 0.0)
    bias[REST] -= 4.0
    bias[TIE] -= 4.0


def _breathe(passage: Passage, bias: np.ndarray) -> None:
    """A rest in the last beat of every second bar, a longer one where the phrase ends."""
    inside = passage.slot.bar
    beat = passage.beat_units
    if passage.position < passage.bar.units - beat:
        return
    if _phrase_ends(passage):
        bias[REST] += 4.5
    elif inside % 2 == 1:
        bias[REST] += 1.8


def _phrase_ends(passage: Passage) -> bool:
    inside = passage.slot.bar
    return inside % 4 == 3 or inside == passage.section.bars - 1


def _come_home(passage: Passage, bias: np.ndarray) -> None:
    """The last bar: a tone of the last chord at once, then silence."""
    if passage.position == 0:
        bias[REST] -= 6.0
        bias[TIE] -= 6.0
        root = passage.sheet.roots[passage.unit]
        chord = passage.sheet.bits(passage.unit)[:12][_CLASSES] > 0
        bias[FIRST_PITCH:] += np.where(chord, 3.0, -7.0)
        bias[FIRST_PITCH:] += np.where(root == _CLASSES, 2.0, 0.0)
    else:
        bias[REST] += 9.0


def _until_next(passage: Passage) -> int | None:
    """Units from here to the next boundary of the referenced bar."""
    at = 0
    for step in passage.recall.steps:
        at += step.units
        if at > passage.position:
            return at - passage.position
    return None
