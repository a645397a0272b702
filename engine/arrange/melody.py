"""Melodic parts: the composer's lines shaped by breath and energy, and a few of our own."""

import random
import re
from collections.abc import Sequence

from engine.arrange.reading import chord_at, section_at
from engine.contracts import PartPlan, Plan
from engine.score import Line, Note, bar_ticks, beat_ticks
from engine.styles.sheet import Style

_CELL = re.compile(r"([b#]?)([1-7r])(['’,]?)~?:(\d+)")
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


def shaped(plan: Plan, part: PartPlan, line: Line) -> list[Note]:
    """A line with dynamics: energy decides the level, the phrase its arc, the beat its accent."""
    bar = bar_ticks(plan.meter)
    notes = []
    last = line.notes[-1] if line.notes else None
    for note in line.notes:
        place = (note.start // bar - section_at(plan, note.start).bar) % 4
        arc = (-0.06, 0.02, 0.08, -0.02)[place]
        accent = (
            0.06
            if note.start % bar == 0
            else 0.0
            if note.start % beat_ticks(plan.meter) == 0
            else -0.05
        )
        length = note.length
        if note is last and plan.ending == "ring":
            length += round(plan.ring_ticks * (0.9 if part.role == "bass" else 0.6))
        elif part.role != "bass" and note.length > beat_ticks(plan.meter):
            length -= 30  # a breath before the next note
        notes.append(
            Note(note.start, length, note.pitch, level(plan, part, note.start, arc + accent))
        )
    return notes


def level(plan: Plan, part: PartPlan, tick: int, offset: float = 0.0) -> int:
    """Velocity of a role at a place: its range, climbed by the section's energy."""
    low, high = part.velocity
    share = (section_at(plan, tick).energy - 1) / 6
    return round(min(high, max(low, low + (high - low) * (0.25 + 0.7 * share + offset))))


def from_contour(
    plan: Plan, part: PartPlan, style: Style, lines: Sequence[Line], dice: random.Random
) -> list[Note]:
    """A lead that nobody composed: the motif of a chime. Other kinds leave it to the composer."""
    if plan.kind != "chime":
        return []
    del style, lines, dice
    cells = _CELL.findall(plan.contour.partition(" ")[2])
    scale = _MAJOR if plan.contour.startswith("maj") else _MINOR
    total = sum(int(length) for *_, length in cells)
    step = bar_ticks(plan.meter) / max(1, total)
    base = part.low + (plan.tonic - part.low) % 12
    notes, at = [], 0.0
    for number, (_, degree, octave, length) in enumerate(cells):
        ends = number == len(cells) - 1
        if degree != "r":
            pitch = base + scale[int(degree) - 1] + {"'": 12, "’": 12, ",": -12}.get(octave, 0)
            rings = bar_ticks(plan.meter) + plan.ring_ticks - round(at)
            velocity = level(plan, part, round(at), 0.25 if ends else 0.1)
            pitch += 12 * ((pitch < part.low) - (pitch > part.high))
            notes.append(Note(round(at), rings, pitch, velocity))
        at += int(length) * step
    return notes


def guide_tones(
    plan: Plan, part: PartPlan, style: Style, lines: Sequence[Line], dice: random.Random
) -> list[Note]:
    """A counter-melody nobody composed: thirds and sevenths, a long note each bar, by steps."""
    del style, lines
    bar, notes, last = bar_ticks(plan.meter), [], (part.low + part.high) // 2
    for number in range(plan.bars):
        start = number * bar
        if "counter" not in section_at(plan, start).roles or dice.random() < 0.2:
            continue
        chord = chord_at(plan, start)
        classes = chord.pitches[1:4] or chord.pitches
        last = min(
            (pitch for pitch in range(part.low, part.high + 1) if pitch % 12 in classes),
            key=lambda pitch: (abs(pitch - last), pitch),
            default=last,
        )
        notes.append(Note(start, bar - 60, last, level(plan, part, start)))
    return notes
