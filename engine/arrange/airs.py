"""An ambience on paper: tones that last all through, and bells at no regular time."""

import numpy as np

from engine.contracts import PartPlan, Plan
from engine.score import Note, Part, Score, bar_ticks, seconds_per_tick

APART_S = (6.0, 13.0)  # from one bell to the next
RING_S = 6.0


def airy(plan: Plan, seed: int) -> Score:
    """The score of an ambience; every tone of the ground is held from beginning to end."""
    return Score(plan=plan, parts=tuple(_part(plan, part, seed) for part in plan.parts))


def _part(plan: Plan, part: PartPlan, seed: int) -> Part:
    if part.role == "lead":
        return Part(plan=part, notes=tuple(_bells(plan, part, seed)))
    length = plan.bars * bar_ticks(plan.meter)
    low, high = part.velocity
    velocity = (low + high) // 2
    pitches = {"pad": _ground(plan, part), "bass": _root(plan, part)}.get(part.role, [60])
    return Part(plan=part, notes=tuple(Note(0, length, pitch, velocity) for pitch in pitches))


def _ground(plan: Plan, part: PartPlan) -> list[int]:
    """The ground's degrees, as the plan spells them, over the tonic of its octave."""
    root = part.low + (plan.tonic - part.low) % 12
    pitches = (root + int(degree) for degree in plan.contour.split())
    return sorted({pitch for pitch in pitches if part.low <= pitch <= part.high})


def _root(plan: Plan, part: PartPlan) -> list[int]:
    return [part.low + (plan.tonic - part.low) % 12]


def _bells(plan: Plan, part: PartPlan, seed: int) -> list[Note]:
    """Single strokes on tones of the ground, so far apart that no beat can be felt."""
    rng = np.random.default_rng([seed % 2**63, 0xBE11])
    tick_s = seconds_per_tick(plan.tempo, plan.meter)
    end_s = plan.bars * bar_ticks(plan.meter) * tick_s
    classes = set(plan.chords[0].pitches)
    pitches = [pitch for pitch in range(part.low, part.high + 1) if pitch % 12 in classes]
    notes: list[Note] = []
    at_s = float(rng.uniform(1.5, 5.0))
    while at_s < end_s - 2.0 or not notes:
        pitch = int(rng.choice(pitches))
        velocity = int(rng.integers(part.velocity[0], part.velocity[1] + 1))
        start = round(min(at_s, end_s / 2) / tick_s) if not notes else round(at_s / tick_s)
        notes.append(Note(start, round(RING_S / tick_s), pitch, velocity))
        at_s += float(rng.uniform(*APART_S))
    return notes
