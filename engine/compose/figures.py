"""The accompaniment's figure while it is written: a broken chord, one tone after another.

It never stops and never changes its pace inside a section. On the beats it has tones of the chord,
between them those of the scale too; where no bass plays it strikes the chord's lowest tone as the
harmony changes. A bar follows an earlier one through the harmony, so that a pattern is known again
while its chords move. Which tones, in which order and where the pattern gives way is the network's.
"""

import numpy as np

from engine.compose import endings
from engine.compose.codes import (
    BASS,
    CODES,
    COUNTER,
    FIGURE,
    FIRST_PITCH,
    LEAD,
    NOTHING,
    pitch_of,
    reference_at,
)
from engine.compose.following import pace_of
from engine.compose.ground import NO_ROOT
from engine.compose.hits import hit_here, until_hit
from engine.compose.lengths import UNITS, exactly, upto
from engine.compose.passage import Passage
from engine.compose.pitches import CLASSES, PITCHES, among, mask_of

FREE = 1  # a level above it says that a bar follows none closely
_NEAR, _NEAR_SHARE = 5, 0.3  # semitones round it that are drawn as well, and by how much
_CLEAR = 50  # MIDI pitch under which only roots and fifths are broken
_OVER_BASS, _UNDER_LEAD = 3, 3  # semitones kept from the outer lines
_BUSY, _APART = 4, 8  # onsets of a line in a bar that a figure keeps so many semitones away from
_LEAST = 3  # chord tones that a place leaves to choose from
_CONSONANT, _TRILL = 2.0, 3.0  # nats to a chord tone, and against two tones in turn
_WHOLE, _WIDER, _NARROW = 0.8, 0.8, 12  # nats to tones that a bar lacks, and to those round it
_TURN, _IN_TURN = 4, 1.2  # tones that make a pattern at least, and nats towards it again
_LEAP, _WIDE = 9, 2.0  # semitones beyond which a leap costs so much
# Nats to the lowest tone where a bar begins, and against the place of the lead.
_GROUND, _LOW, _ABOVE = 3.0, 1.0, 2.0
_RUB = 3.0  # nats against a semitone or a minor ninth with a line
_HOMEWARD, _AT_HOME = 0.15, 9  # nats a semitone, beyond so many from the middle


def code_mask(passage: Passage) -> np.ndarray:
    """(codes,) what may be written next: no silence, the chord on the beat, the scale between."""
    mask = np.zeros(CODES, bool)
    if not passage.craft:
        mask[FIRST_PITCH:] = passage.ranges[passage.role]
        return mask
    mask[FIRST_PITCH:] = _open(passage)
    endings.arrive(passage, mask)
    return mask


def code_bias(passage: Passage) -> np.ndarray:
    """(codes,) nats added to the network's logits."""
    bias = np.zeros(CODES)
    pitches = bias[FIRST_PITCH:]
    pitches += np.where(among(int(passage.sheet.chromas[passage.unit])), _CONSONANT, 0.0)
    pitches -= _HOMEWARD * np.maximum(0, np.abs(PITCHES - passage.home) - _AT_HOME)
    _onward(passage, pitches)
    _complete(passage, pitches)
    _beside_lines(passage, pitches)
    if passage.position == 0:
        _ground(passage, pitches)
    _follow(passage, pitches)
    if passage.recall.level > FREE:
        _turn(passage, pitches)
    endings.end_codes(passage, bias)
    return bias


def duration_mask(passage: Passage, code: int) -> np.ndarray:
    """(durations,) to the next place of the section's pace, or to a hit before it."""
    if not passage.craft:
        return upto(passage.bar.units - passage.position)
    left = until_hit(passage)
    if endings.arrives(passage):
        found = endings.end_units(passage, code, UNITS) & upto(left)
        return found if found.any() else exactly(left)
    pace = pace_of(passage.plan, passage.section)
    return exactly(min(left, pace - passage.position % pace))


def _open(passage: Passage) -> np.ndarray:
    """(pitches,) other tones than the last in the figure's place, as wide as its range where there
    is none."""
    chord = int(passage.sheet.chromas[passage.unit])
    on_beat = passage.position % passage.beat_units == 0 or hit_here(passage)
    tones = among(chord) if on_beat or not chord else among(chord | passage.sheet.scale)
    last = passage.sheet.last[FIGURE][0]
    inside = passage.ranges[passage.role] & _clear(passage) & (last != PITCHES)
    place = _place(passage)
    for open_to in (tones & inside & place, tones & inside, passage.ranges[passage.role]):
        if open_to.any():
            return open_to
    return tones


def _place(passage: Passage) -> np.ndarray:
    """(pitches,) over the bass, and under a lead that is busy in this bar: a busy line and a figure
    that share an octave would fight."""
    inside = passage.ranges[passage.role]
    bass, lead = _sung(passage, BASS), _sung(passage, LEAD)
    over = under = inside
    if bass.size:
        apart = int(np.median(bass)) + _APART if _busy(passage, BASS) else 0
        over = inside & (max(int(bass.max()) + _OVER_BASS, apart) <= PITCHES)
    if lead.size and _busy(passage, LEAD):
        apart = int(np.median(lead)) - _APART
        under = inside & (min(int(lead.min()) - _UNDER_LEAD, apart) >= PITCHES)
    chord = among(int(passage.sheet.chromas[passage.unit]))
    for place in (over & under, over):
        if (place & chord).sum() >= _LEAST:
            return place
    return inside


def _busy(passage: Passage, role: int) -> bool:
    """Whether a line strikes as often in this bar as a figure must reckon with."""
    bar = slice(passage.bar.start, passage.bar.start + passage.bar.units)
    return int(passage.sheet.onsets[role, bar].sum()) >= _BUSY


def _sung(passage: Passage, role: int) -> np.ndarray:
    """The codes that a line sounds in this bar."""
    codes = passage.sheet.codes[role, passage.bar.start : passage.bar.start + passage.bar.units]
    return codes[codes >= FIRST_PITCH]


def _clear(passage: Passage) -> np.ndarray:
    """(pitches,) down low only the root, the fifth and the bass of the chord: what rings there
    must not be muddy."""
    root, bass = (int(one[passage.unit]) for one in (passage.sheet.roots, passage.sheet.basses))
    if root == NO_ROOT:
        return np.ones(len(PITCHES), bool)
    chord = int(passage.sheet.chromas[passage.unit])
    fifths = mask_of((root, bass)) | (mask_of((root + 6, root + 7, root + 8)) & chord)
    return (PITCHES + pitch_of(0, passage.tonic_pitch) >= _CLEAR) | among(fifths)


def _onward(passage: Passage, pitches: np.ndarray) -> None:
    """No trill, no leap without need; a bar may begin anywhere."""
    last, previous = passage.sheet.last[FIGURE]
    if last == NOTHING:
        return
    if last == _before_last(passage):
        pitches[previous - FIRST_PITCH] -= _TRILL
    if passage.position:
        pitches -= np.where(np.abs(PITCHES - last) > _LEAP, _WIDE, 0.0)


def _before_last(passage: Passage) -> int:
    """The code two tones before the last one; NOTHING where there is none."""
    struck = np.flatnonzero(passage.sheet.onsets[FIGURE, : passage.unit])
    return int(passage.sheet.codes[FIGURE, struck[-3]]) if struck.size >= 3 else NOTHING


def _complete(passage: Passage, pitches: np.ndarray) -> None:
    """Rather the tones of the chord that were not heard in this bar, and a wide bar."""
    heard = _sung(passage, FIGURE)
    if not heard.size:
        return
    chord = int(passage.sheet.chromas[passage.unit])
    lacking = chord & ~mask_of(int(CLASSES[code - FIRST_PITCH]) for code in heard)
    pitches += np.where(among(lacking), _WHOLE, 0.0)
    lowest, highest = int(heard.min()), int(heard.max())
    if highest - lowest < _NARROW:
        beyond = (lowest > PITCHES) | (highest < PITCHES)
        pitches += np.where(beyond & among(chord), _WIDER, 0.0)


def _turn(passage: Passage, pitches: np.ndarray) -> None:
    """Inside a bar that follows no other, the pattern of its first beats again."""
    turn = _turn_of(passage)
    first = passage.unit - turn
    if passage.position < turn:
        return
    sheet, here = passage.sheet, passage.unit
    code = int(sheet.codes[FIGURE, first])
    if code < FIRST_PITCH or sheet.chromas[first] != sheet.chromas[here]:
        return
    pitches[code - FIRST_PITCH] += _IN_TURN


def _turn_of(passage: Passage) -> int:
    """Units of the shortest stretch of whole beats that holds a pattern and divides the bar."""
    beat, bar = passage.beat_units, passage.bar.units
    least = _TURN * pace_of(passage.plan, passage.section)
    return next(
        (units for units in range(beat, bar, beat) if units >= least and bar % units == 0), bar
    )


def _beside_lines(passage: Passage, pitches: np.ndarray) -> None:
    """Rather below what the lead sounds at the moment, and no semitone from any line."""
    lead = int(passage.sheet.codes[LEAD, passage.unit])
    if lead >= FIRST_PITCH:
        pitches -= np.where(lead - _UNDER_LEAD < PITCHES, _ABOVE, 0.0)
    for role in (LEAD, BASS, COUNTER):
        code = int(passage.sheet.codes[role, passage.unit])
        if code >= FIRST_PITCH:
            away = np.abs(PITCHES - code)
            pitches -= np.where((away == 1) | (away == 13), _RUB, 0.0)


def _ground(passage: Passage, pitches: np.ndarray) -> None:
    """A bar begins low, on the chord's lowest tone where no bass plays it."""
    pitches += np.where(passage.home >= PITCHES, _LOW, 0.0)
    bass = int(passage.sheet.basses[passage.unit])
    if bass == NO_ROOT or "bass" in passage.section.roles:
        return
    low = (bass == CLASSES) & (passage.home >= PITCHES)
    pitches += np.where(low, _GROUND, 0.0)


def _follow(passage: Passage, pitches: np.ndarray) -> None:
    """The bar that is followed again: its tone here, or one close to it."""
    code, kind = reference_at(passage.recall.steps, passage.position)
    if kind != 2 or code < FIRST_PITCH:
        return
    pull = passage.recall.pull
    near = np.abs(PITCHES - code) <= _NEAR
    pitches += np.where(near, _NEAR_SHARE * pull, 0.0)
    pitches[code - FIRST_PITCH] += (1 - _NEAR_SHARE) * pull
