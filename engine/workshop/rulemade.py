"""Lines by rule alone: the opponent that a trained composer must beat.

A working arranger's recipe without any model: a motif of two bars (the style's own contour, where
there is one), its sequence on the next harmony, the motif again, a fragment, a close; the bass on
roots and fifths; the counter on guide tones.
"""

import random
from collections.abc import Sequence

from engine.compose import contours
from engine.compose.codes import REST, TICKS_PER_UNIT, TIE, fold_tonic, pitch_of
from engine.contracts import Chord, PartPlan, Plan, Section
from engine.critique import reading
from engine.score import Line, Note, bar_ticks, beat_ticks

_Cell = tuple[int, int, int]  # (tick in the bar, ticks, degrees above the motif's first note)
# Rhythms of a bar in beats, from calm to busy; one is drawn near the section's energy.
_RHYTHMS: tuple[tuple[float, ...], ...] = (
    (4,), (2, 2), (3, 1), (2, 1, 1), (1.5, 0.5, 2), (1, 1, 2), (1, 1, 1, 1), (1.5, 0.5, 1, 1),
    (0.5, 0.5, 1, 0.5, 0.5, 1), (1, 0.5, 0.5, 1, 0.5, 0.5), (0.5,) * 8,
)  # fmt: skip
_WALKS = (0, 1, 1, -1, 2, -1, -2, 1)
_SEQUENCE = (0, 0, 1, 1, 0, 0, -1, 0)  # degrees that the motif stands higher, bar by bar


def rule_lines(plan: Plan, seed: int, roles: Sequence[str]) -> tuple[Line, ...]:
    """Lines of the asked roles under a plan."""
    parts = {part.role: part for part in plan.parts if part.role in roles}
    found: list[Line] = []
    for role, part in parts.items():
        notes: list[Note] = []
        for number, section in enumerate(plan.sections):
            if role in section.roles:
                dice = random.Random(f"rules/{seed}/{role}/{number}")
                notes += _WRITERS[role](plan, section, part, dice)
        found.append(Line(role=role, notes=tuple(notes)))
    return tuple(found)


def _lead(plan: Plan, section: Section, part: PartPlan, dice: random.Random) -> list[Note]:
    motif = _from_contour(plan, part) or _drawn(plan, section, dice)
    bar, notes = bar_ticks(plan.meter), []
    base = _base(plan, part)
    for at in range(section.bars):
        start = (section.bar + at) * bar
        cells = motif[at % 2 % len(motif)]
        if at % 8 == 6:
            cells = [cell for cell in motif[0] if cell[0] < bar // 2]  # a fragment
        if at == section.bars - 1:
            cells = [(0, bar * 3 // 4, 0)]
        for tick, ticks, degree in cells:
            pitch = _on_scale(plan, base, degree + _SEQUENCE[at % 8])
            pitch = _fitted(plan, start + tick, pitch, strong=_strong(plan, tick))
            notes.append(Note(start + tick, ticks, _folded(pitch, part), 80))
    return notes


def _from_contour(plan: Plan, part: PartPlan) -> list[list[_Cell]]:
    if not plan.contour:
        return []
    tonic, bar_units = fold_tonic(plan.tonic), bar_ticks(plan.meter) // TICKS_PER_UNIT
    bars = contours.read(plan.contour, plan.mode, tonic, part.low, part.high, bar_units)
    base, found = _base(plan, part), []
    for steps in bars[:2]:
        cells, at = [], 0
        for step in steps:
            if step.code not in (REST, TIE):
                degree = _degrees_between(plan, base, pitch_of(step.code, tonic))
                cells.append((at * TICKS_PER_UNIT, step.units * TICKS_PER_UNIT, degree))
            at += step.units
        found.append(cells)
    return found if any(found) else []


def _drawn(plan: Plan, section: Section, dice: random.Random) -> list[list[_Cell]]:
    beat, bar = beat_ticks(plan.meter), bar_ticks(plan.meter)
    found, degree = [], dice.choice((0, 2, 4))
    for _ in range(2):
        place = min(len(_RHYTHMS) - 1, max(0, section.energy + dice.randint(-1, 2)))
        cells, tick = [], 0
        for beats in _RHYTHMS[place]:
            ticks = min(round(beats * beat), bar - tick)
            if ticks <= 0:
                break
            cells.append((tick, ticks, degree))
            degree += dice.choice(_WALKS)
            tick += ticks
        found.append(cells)
    return found


def _bass(plan: Plan, section: Section, part: PartPlan, dice: random.Random) -> list[Note]:
    del dice
    beat, bar = beat_ticks(plan.meter), bar_ticks(plan.meter)
    notes: list[Note] = []
    for at in range(section.bars):
        start = (section.bar + at) * bar
        step = bar if section.energy <= 2 else bar // 2 if section.energy <= 4 else beat
        for count, tick in enumerate(range(start, start + bar, step)):
            chord = reading.chord_at(plan.chords, tick)
            if chord is None:
                continue
            fifth = count % 2 == 1 and _same_chord(plan, tick, tick - step)
            pitch = part.low + (chord.bass - part.low) % 12 + (7 if fifth else 0)
            notes.append(Note(tick, step, _folded(pitch, part), 80))
    return notes


def _counter(plan: Plan, section: Section, part: PartPlan, dice: random.Random) -> list[Note]:
    del dice
    bar = bar_ticks(plan.meter)
    notes: list[Note] = []
    last = (part.low + part.high) // 2
    for at in range(section.bars):
        start = (section.bar + at) * bar
        for tick in (start, start + bar // 2):
            chord = reading.chord_at(plan.chords, tick)
            if chord is None:
                continue
            guides = chord.pitches[1:2] + chord.pitches[3:4] or chord.pitches
            last = min(
                (pitch for pitch in range(part.low, part.high + 1) if pitch % 12 in guides),
                key=lambda pitch: abs(pitch - last),
                default=last,
            )
            if notes and notes[-1].pitch == last and notes[-1].start + bar // 2 == tick:
                before = notes.pop()
                notes.append(Note(before.start, before.length + bar // 2, last, 80))
            else:
                notes.append(Note(tick, bar // 2, last, 80))
    return notes


def _same_chord(plan: Plan, one: int, other: int) -> bool:
    chords: list[Chord | None] = [reading.chord_at(plan.chords, tick) for tick in (one, other)]
    return chords[0] == chords[1]


def _base(plan: Plan, part: PartPlan) -> int:
    """The tonic nearest to the middle of a part's range."""
    middle = (part.low + part.high) // 2
    return middle + (plan.tonic - middle + 6) % 12 - 6


def _on_scale(plan: Plan, base: int, degree: int) -> int:
    scale = contours.scale_of(plan.mode)
    octave, step = divmod(degree, len(scale))
    return base + 12 * octave + scale[step]


def _degrees_between(plan: Plan, base: int, pitch: int) -> int:
    octave, place = divmod(pitch - base, 12)
    scale = contours.scale_of(plan.mode)
    return len(scale) * octave + sum(step <= place for step in scale) - 1


def _strong(plan: Plan, tick: int) -> bool:
    return tick % (2 * beat_ticks(plan.meter)) == 0


def _fitted(plan: Plan, tick: int, pitch: int, *, strong: bool) -> int:
    """On strong beats the nearest tone of the chord."""
    chord = reading.chord_at(plan.chords, tick)
    if not strong or chord is None:
        return pitch
    return next(
        (pitch + off for off in (0, -1, 1, -2, 2) if (pitch + off) % 12 in chord.pitches), pitch
    )


def _folded(pitch: int, part: PartPlan) -> int:
    while pitch > part.high and pitch - 12 >= part.low:
        pitch -= 12
    while pitch < part.low and pitch + 12 <= part.high:
        pitch += 12
    return pitch


_WRITERS = {"lead": _lead, "bass": _bass, "counter": _counter}
