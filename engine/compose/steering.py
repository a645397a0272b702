"""What the plan and the craft add to the network's own opinion.

Masks say what cannot be written; biases, in nats, say what is wanted. The figures are a working
arranger's: chord tones on strong beats, steps more than leaps, the motif again, a breath where a
phrase ends, the last note at home. A mask costs the network more than a bias does, so there are
few: range, bar line, breath, hit, the section's first bass, the last bar.
"""

from functools import cache

import numpy as np

from engine.compose import bassline, drumming, endings, figures, melody, seams, voices
from engine.compose.codes import (
    CODES,
    DRUMS,
    DURATIONS,
    FIGURE,
    FIRST_PITCH,
    LONGEST,
    NOTHING,
    PITCH_SPAN,
    REST,
    TIE,
    VOICES,
    reference_at,
    relative_class,
)
from engine.compose.hits import hit_here, until_hit
from engine.compose.lengths import UNITS, exactly, upto
from engine.compose.passage import Passage
from engine.compose.pitches import among, away_from, shared

SIXTEENTH, EIGHTH = 3, 6
# Nats for a chord tone on a strong beat and on another one. The network likes them by itself:
# without the walk by steps 99 of 100 strong beats have one.
CONSONANT = {"lead": (0.25, 0.15), "counter": (0.5, 0.35), "bass": (0.9, 0.6)}
STRANGE = 0.8  # nats against another tone on a strong beat
FOREIGN = 4.0  # more against one that is not in the scale either
CROWD = 0.5  # nats an octave of length off the energy's pace
RHYTHM = 0.7  # of the pull to a referenced pitch: what the pull to its length is in a variation
_LEAPS = {"lead": 12, "counter": 12, "bass": 14}
_EVERY = shared(np.arange(1, DURATIONS))
_OFF_EIGHTHS = shared(np.arange(DURATIONS) % EIGHTH != 0)


def code_mask(passage: Passage) -> np.ndarray:
    """(codes,) what may be written next: the instrument's range, no leap too wide, honest ties."""
    if passage.slot.role in VOICES:
        return voices.code_mask(passage)
    if passage.slot.role == FIGURE:
        return figures.code_mask(passage)
    if passage.slot.role == DRUMS:
        return drumming.code_mask(passage)
    mask = np.zeros(CODES, bool)
    mask[FIRST_PITCH:] = _within_reach(passage)
    if passage.craft and hit_here(passage):
        _sound_together(passage, mask[FIRST_PITCH:])
        return mask
    if melody.breathes(passage):
        mask[:] = False
        mask[REST] = True
        return mask
    # Silence is one rest as long as it lasts: that is how the network learnt to read it.
    before = passage.before
    mask[REST] = passage.position == 0 or before.code != REST or before.units == LONGEST
    at = passage.unit
    codes = passage.sheet.codes[passage.slot.role]
    mask[TIE] = at > 0 and passage.position == 0 and int(codes[at - 1]) >= FIRST_PITCH
    mask[TIE] &= not seams.behind_given(passage)
    if not passage.craft:
        return mask
    if passage.role == "bass":
        bassline.stand(passage, mask)
        bassline.move_on(passage, mask)
    if passage.role == "lead":
        endings.open_round(passage, mask)
    endings.turn_round(passage, mask)
    endings.arrive(passage, mask)
    return mask


def code_bias(passage: Passage) -> np.ndarray:
    """(codes,) nats added to the network's logits."""
    bias = np.zeros(CODES)
    if passage.slot.role in VOICES:
        return voices.code_bias(passage)
    if passage.slot.role == FIGURE:
        return figures.code_bias(passage)
    if passage.slot.role == DRUMS:
        return drumming.code_bias()
    bias[TIE] -= 2.0
    _refer(passage, bias)
    _harmonise(passage, bias[FIRST_PITCH:])
    if passage.role == "bass":
        bassline.lead_on(passage, bias)
    else:
        melody.walk(passage, bias[FIRST_PITCH:])
        melody.phrase(passage, bias)
    if passage.role == "lead":
        melody.climb(passage, bias[FIRST_PITCH:])
    seams.join(passage, bias[FIRST_PITCH:])
    endings.end_codes(passage, bias)
    return bias


def duration_mask(passage: Passage, code: int) -> np.ndarray:
    """(durations,) lengths that stay inside the bar, stop at a hit and end on a sixteenth."""
    if passage.slot.role in VOICES:
        return voices.duration_mask(passage)
    if passage.slot.role == FIGURE:
        return figures.duration_mask(passage, code)
    if passage.slot.role == DRUMS:
        return drumming.duration_mask(passage)
    if not passage.craft:
        return upto(passage.bar.units - passage.position)
    units, left = UNITS, until_hit(passage)
    if code == REST and melody.breathes(passage):
        return exactly(min(left, LONGEST))
    calm = code != REST and passage.section.energy <= 5
    tidy = _tidy(passage.position % SIXTEENTH, left, calm=calm).copy()
    tidy &= endings.before_last_beat(passage, units)
    tidy &= endings.end_units(passage, code, units)
    if passage.role == "bass":
        tidy &= bassline.shorter(passage, units)
    tidy &= melody.before_breath(passage, units, left, silent=code == REST)
    return tidy if tidy.any() else upto(left)


def duration_bias(passage: Passage, code: int) -> np.ndarray:
    """(durations,) nats added to the duration logits."""
    bias = np.zeros(DURATIONS)
    if passage.slot.role in (*VOICES, FIGURE):
        return bias
    if passage.slot.role == DRUMS:
        return drumming.duration_bias(passage)
    left = passage.bar.units - passage.position
    pull = passage.recall.pull
    if passage.recall.steps and pull and not passage.varied:
        until = _until_next(passage)
        if until is not None and until < DURATIONS:
            bias[until] += pull if passage.recall.level == 0 else RHYTHM * pull
    if code != REST:
        _fill(passage, bias)
    if passage.role == "bass":
        bassline.last(passage, code, bias)
    elif passage.role == "lead":
        melody.last(passage, code, bias)
    # Sixteenths off the eighth grid belong to busy music only.
    if passage.section.energy <= 4 and passage.position % EIGHTH == 0 and left > EIGHTH:
        bias[_OFF_EIGHTHS] -= 1.5
    return bias


def _within_reach(passage: Passage) -> np.ndarray:
    """(pitches,) in the instrument's range and no leap too wide from the note before."""
    allowed = passage.ranges[passage.role]
    last = passage.sheet.last[passage.slot.role][0]
    if last == NOTHING:
        return allowed
    near = allowed & _in_leap(last, _LEAPS[passage.role])
    return near if near.any() else allowed


@cache
def _in_leap(last: int, widest: int) -> np.ndarray:
    """(pitches,) no farther from a code than that."""
    return shared(away_from(last) <= widest)


def _sound_together(passage: Passage, pitches: np.ndarray) -> None:
    """A hit in the picture is a tone of the chord in every part, and a note begins there."""
    inside = pitches & among(int(passage.sheet.chromas[passage.unit]))
    if inside.any():
        pitches[:] = inside


def _harmonise(passage: Passage, pitches: np.ndarray) -> None:
    """Chord tones where the ear checks, scale tones elsewhere, strangers hardly ever."""
    strong = passage.position % (2 * passage.beat_units) == 0
    beat = passage.position % passage.beat_units == 0
    on_strong, on_beat = CONSONANT[passage.role]
    pitches += _concord(
        int(passage.sheet.chromas[passage.unit]),
        passage.sheet.scale,
        on_strong if strong else on_beat if beat else 0.0,
        STRANGE if strong else 0.3,
    )


@cache
def _concord(chord: int, scale: int, consonant: float, strange: float) -> np.ndarray:
    """(pitches,) nats for tones of a chord, of the scale, and of neither."""
    outside = np.where(among(scale), -strange, -strange - FOREIGN)
    return shared(np.where(among(chord), consonant, outside))


def _refer(passage: Passage, bias: np.ndarray) -> None:
    """The referenced bar again: its onset here, its pitch or the neighbour the chord prefers."""
    code, kind = reference_at(passage.recall.steps, passage.position)
    pull = passage.recall.pull
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
    while code < CODES - 12 and _pitch(passage, code) < passage.part.low:
        code += 12
    while code > FIRST_PITCH + 12 and _pitch(passage, code) > passage.part.high:
        code -= 12
    chord = int(passage.sheet.chromas[passage.unit])
    if passage.position % (2 * passage.beat_units) or chord >> relative_class(code) & 1:
        return code
    reach = _within_reach(passage)
    for offset in (1, -1, 2, -2):
        near = code + offset
        inside = FIRST_PITCH <= near < CODES and reach[near - FIRST_PITCH]
        if inside and chord >> relative_class(near) & 1:
            return near
    return code


def _pitch(passage: Passage, code: int) -> int:
    return code - FIRST_PITCH - PITCH_SPAN // 2 + passage.tonic_pitch


def _fill(passage: Passage, bias: np.ndarray) -> None:
    """Lengths that let the bar hold as many notes as its energy asks for."""
    left = max(1, passage.singing - passage.position)
    here = passage.sheet.onsets[passage.slot.role, passage.bar.start : passage.unit].sum()
    bias[1:] -= _crowding(left, max(1, passage.recall.onsets - int(here)))


@cache
def _crowding(units: int, notes: int) -> np.ndarray:
    """(lengths,) nats against lengths other than the even share of so many notes."""
    return shared(CROWD * np.abs(np.log2(_EVERY / (units / notes))))


@cache
def _tidy(off: int, left: int, *, calm: bool) -> np.ndarray:
    """(durations,) lengths to a sixteenth or to the end, ``off`` one; calm: no shorter than an
    eighth, where there is one."""
    tidy = upto(left) & (((off + UNITS) % SIXTEENTH == 0) | (left == UNITS))
    slow = tidy & ((UNITS >= EIGHTH) | (left == UNITS))
    return shared(slow if calm and slow.any() else tidy)


def _until_next(passage: Passage) -> int | None:
    """Units from here to the next boundary of the referenced bar."""
    at = 0
    for step in passage.recall.steps:
        at += step.units
        if at > passage.position:
            return at - passage.position
    return None
