"""Phrasing: how a player gets from note to note, and what the hand does while one sounds.

Every note of the score keeps its onset and its pitch; only what lies between is the player's.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, structs

from engine.contracts import PartPlan, Plan
from engine.render.manners import PEDALLED, Manner
from engine.render.strokes import Stroke
from engine.render.touch import clusters, dice
from engine.score import Note, beat_ticks

SAMPLE_RATE = 48_000
_OVER_S = 0.06  # notes may be bound that lie over one another by no more
_REST_S = 0.12  # before the first note of a phrase
_GRACE, _GRACE_S = 2.0, 0.045
_PRESS = -2.0  # semitones from which a string is pressed up
_STACCATO, _STACCATO_S, _TENUTO = 0.45, 0.25, 0.93
_ACCENT = 12  # over the part's mean velocity
_MELODIC = frozenset({"lead", "counter", "harmony"})
_ACCOMPANYING = 0.35  # share of the presses of a melody that an accompaniment has
_LIFT_S, _PEDAL_FROM_S = 0.03, 0.15
_LOW, _BUSY = 48, 3  # keys under which, and notes a beat from which, no pedal is held


class Neighbours(Struct, frozen=True, kw_only=True):
    """Where a note stands: alone or in a chord, and how far its part's next stroke is, frames."""

    alone: bool
    following: float | None  # frames from this onset to the next stroke's
    gap: float | None  # frames from this end to the next stroke's onset, below nought if over it
    rested: float  # frames of silence before
    before: int | None  # place of the single note before
    after: frozenset[int]  # pitches of the next stroke


def phrased(
    notes: Sequence[Note],
    strokes: list[Stroke],
    part: PartPlan,
    plan: Plan,
    manner: Manner,
    pace: float,
    seed: int,
    lap: int = 0,
) -> list[Stroke]:
    """The strokes as a player of this manner plays them; each note keeps its onset and pitch.

    ``lap`` is the length in ticks of a loop, behind whose last note comes its first; 0 otherwise.
    """
    if not notes:
        return strokes
    places = _neighbours(notes, pace, lap)
    loud = float(np.mean([one.velocity for one in strokes]))
    strokes = [_articulated(one, place, loud) for one, place in zip(strokes, places, strict=True)]
    strokes = _joined(notes, strokes, places, part, plan, manner, seed)
    strokes = _ornamented(notes, strokes, places, part, plan, manner, seed)
    if manner.pedal and plan.style in PEDALLED:
        strokes = _pedalled(notes, strokes, part, plan, pace, lap)
    return strokes


def rolled(
    notes: Sequence[Note],
    strokes: list[Stroke],
    part: PartPlan,
    plan: Plan,
    manner: Manner,
    pace: float,
    seed: int,
    lap: int = 0,
) -> list[Stroke]:
    """Long notes of plucked melodies as one stroke after the other: lunzhi and yaozhi."""
    if not manner.rolls or part.role not in _MELODIC:
        return strokes
    long = manner.roll_beats * beat_ticks(plan.meter) * pace * 0.9
    odds, wobble = dice(seed, part.role, "roll", notes), dice(seed, part.role, "fingers", notes)
    places = _neighbours(notes, pace, lap)
    found = []
    for at, stroke in enumerate(strokes):
        if stroke.frames >= long and places[at].alone and odds[at] < manner.rolls:
            found += _roll(stroke, manner.roll_hz, wobble[at])
        else:
            found.append(stroke)
    return found


# --- neighbours -----------------------------------------------------------------------------------


def _neighbours(notes: Sequence[Note], pace: float, lap: int) -> list[Neighbours]:
    groups = clusters(notes)
    found: dict[int, Neighbours] = {}
    ended = max(_end(notes, groups), default=0) - lap if lap else -(10**9)
    for number, group in enumerate(groups):
        start = notes[group[0]].start
        following, later = _beside(groups, number, 1, lap)
        before, _ = _beside(groups, number, -1, lap)
        onset = notes[following[0]].start + later if following else None
        for at in group:
            end = notes[at].start + notes[at].length
            found[at] = Neighbours(
                alone=len(group) == 1,
                following=None if onset is None else (onset - notes[at].start) * pace,
                gap=None if onset is None else (onset - end) * pace,
                rested=(start - ended) * pace,
                before=before[0] if len(before) == 1 else None,
                after=frozenset(notes[one].pitch for one in following),
            )
        ended = max(ended, *_end(notes, [group]))
    return [found[at] for at in range(len(notes))]


def _beside(groups: list[list[int]], number: int, step: int, lap: int) -> tuple[list[int], int]:
    """The stroke before or behind another and how many ticks later it is than its notes say."""
    other = number + step
    if 0 <= other < len(groups):
        return groups[other], 0
    return (groups[other % len(groups)], step * lap) if lap and len(groups) > 1 else ([], 0)


def _end(notes: Sequence[Note], groups: list[list[int]]) -> list[int]:
    return [notes[at].start + notes[at].length for group in groups for at in group]


# --- from note to note ----------------------------------------------------------------------------


def _articulated(stroke: Stroke, place: Neighbours, loud: float) -> Stroke:
    """What the score's lengths and velocities say of a note."""
    share = stroke.frames / place.following if place.following else 1.0
    kind = ""
    if stroke.velocity >= loud + _ACCENT:
        kind = "accent"
    elif share < _STACCATO and stroke.frames < _STACCATO_S * SAMPLE_RATE:
        kind = "staccato"
    elif share >= _TENUTO:
        kind = "tenuto"
    return structs.replace(stroke, articulation=kind)


def _joined(
    notes: Sequence[Note],
    strokes: list[Stroke],
    places: list[Neighbours],
    part: PartPlan,
    plan: Plan,
    manner: Manner,
    seed: int,
) -> list[Stroke]:
    """Notes that touch go on into the next one, some along a slide."""
    odds, slides = dice(seed, part.role, "join", notes), dice(seed, part.role, "slide", notes)
    joined = list(strokes)
    for at, place in enumerate(places):
        if (
            not _touches(place, manner)
            or odds[at] >= manner.joins
            or notes[at].pitch in place.after
        ):
            continue
        over = manner.overlap_s if place.alone or manner.overlap_s else 0.0
        frames = round((place.following or 0) + over * SAMPLE_RATE)
        joined[at] = structs.replace(joined[at], frames=max(1, frames))
    for at, place in enumerate(places):
        before = place.before
        if before is None or not place.alone or notes[at].start in plan.hits:
            continue
        if _touches(places[before], manner) and odds[before] < manner.joins:
            interval = notes[before].pitch - notes[at].pitch
            if interval:
                joined[at] = _bound(joined[at], interval, manner, float(slides[at]))
    return joined


def _touches(place: Neighbours, manner: Manner) -> bool:
    low, high = -_OVER_S * SAMPLE_RATE, manner.gap_s * SAMPLE_RATE
    return place.gap is not None and low <= place.gap <= high


def _bound(stroke: Stroke, interval: int, manner: Manner, die: float) -> Stroke:
    """A note bound to the one ``interval`` semitones away, perhaps along a slide."""
    steps, leaps = manner.slides
    odds = steps if abs(interval) <= 2 else leaps
    lasts = round(manner.slide_s * SAMPLE_RATE)
    if die >= odds or abs(interval) > manner.slide_most or stroke.frames < 2 * lasts:
        return structs.replace(stroke, legato=True)
    return structs.replace(stroke, legato=True, slide=float(interval), slide_frames=lasts)


# --- while a note sounds --------------------------------------------------------------------------


def _ornamented(
    notes: Sequence[Note],
    strokes: list[Stroke],
    places: list[Neighbours],
    part: PartPlan,
    plan: Plan,
    manner: Manner,
    seed: int,
) -> list[Stroke]:
    """Scoops and graces at the beginnings of phrases, pressed strings, and late vibrato."""
    first, depth = dice(seed, part.role, "first", notes), dice(seed, part.role, "depth", notes)
    press = manner.presses * (1.0 if part.role in _MELODIC else _ACCOMPANYING)
    found = []
    for at, (stroke, place) in enumerate(zip(strokes, places, strict=True)):
        seconds = min(stroke.frames, place.following or stroke.frames) / SAMPLE_RATE
        free = place.alone and notes[at].start not in plan.hits and seconds >= 0.25
        if free and not stroke.legato:
            begins = place.rested > _REST_S * SAMPLE_RATE
            stroke = _begun(stroke, manner, float(first[at]), press, begins=begins)
        if manner.vibrato and place.alone and seconds >= manner.vibrato_from_s:
            stroke = structs.replace(stroke, vibrato=manner.vibrato * (0.8 + 0.4 * depth[at]))
        found.append(stroke)
    return found


def _begun(stroke: Stroke, manner: Manner, die: float, press: float, *, begins: bool) -> Stroke:
    """How a note that is free to is reached."""
    scoop_frames = round(manner.scoop_s * SAMPLE_RATE)
    if die < press:
        return structs.replace(stroke, slide=_PRESS, slide_frames=scoop_frames, articulation="bend")
    if not begins:
        return stroke
    if die < manner.scoops:
        return structs.replace(
            stroke, slide=manner.scoop, slide_frames=scoop_frames, articulation="scoop"
        )
    if die < manner.scoops + manner.graces:
        frames = round(_GRACE_S * SAMPLE_RATE)
        return structs.replace(stroke, slide=_GRACE, slide_frames=frames, articulation="grace")
    return stroke


def _pedalled(
    notes: Sequence[Note],
    strokes: list[Stroke],
    part: PartPlan,
    plan: Plan,
    pace: float,
    lap: int,
) -> list[Stroke]:
    """A piano's notes ring until the harmony changes or their key is struck again."""
    if part.role in ("lead", "counter") and plan.style != "solo_piano":
        return strokes
    changes = np.array([chord.at for chord in plan.chords] or [0])
    changes = np.append(changes, changes[0] + lap) if lap else changes
    beat = beat_ticks(plan.meter)
    crowd = np.array([note.start // beat for note in notes])
    again: dict[int, int] = {}
    for note in notes if lap else ():
        again[note.pitch] = min(note.start + lap, again.get(note.pitch, note.start + lap))
    rung = list(strokes)
    for at in sorted(range(len(notes)), key=lambda one: -notes[one].start):
        note, stroke = notes[at], strokes[at]
        busy = note.pitch < _LOW and int((crowd == note.start // beat).sum()) > _BUSY
        if stroke.frames >= _PEDAL_FROM_S * SAMPLE_RATE and not busy:
            change = np.searchsorted(changes, note.start + 60, side="right")
            until = int(changes[change]) if change < len(changes) else note.start + note.length
            until = min(until, again.get(note.pitch, until))
            frames = round((until - note.start) * pace - _LIFT_S * SAMPLE_RATE)
            rung[at] = structs.replace(stroke, frames=max(stroke.frames, frames))
        again[note.pitch] = note.start
    return rung


def _roll(stroke: Stroke, rate: float, wobble: float) -> list[Stroke]:
    """One long note as strokes of ``rate`` hertz: the first is an accent, the rest swell."""
    rng = np.random.default_rng(int(wobble * 2**53))
    count = max(2, round(stroke.frames / SAMPLE_RATE * rate))
    onsets = np.arange(count) * stroke.frames / count
    onsets[1:] += np.clip(rng.normal(0.0, 0.004, count - 1), -0.006, 0.006) * SAMPLE_RATE
    along = np.linspace(0.0, 1.0, count)
    force = stroke.velocity * (0.62 + 0.16 * np.sin(np.pi * np.minimum(along / 0.7, 1.0)))
    force *= 1 + np.clip(rng.normal(0.0, 0.05, count), -0.08, 0.08)
    force[0] = stroke.velocity
    marks = [*np.rint(onsets).astype(int).tolist(), stroke.frames]
    found = [
        structs.replace(
            stroke, onset=stroke.onset + marks[at], frames=marks[at + 1] - marks[at],
            velocity=int(np.clip(force[at], 1, 127)), articulation="roll", slide=0.0, vibrato=0.0,
        )
        for at in range(count)
    ]  # fmt: skip
    first = found[0]
    found[0] = structs.replace(first, slide=stroke.slide, slide_frames=stroke.slide_frames)
    return found
