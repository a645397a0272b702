"""The arranger's story: lines from the composer, everything else by role under the energy ladder.

Pitches and grid places of lead, bass and counter stay the composer's; the arranger adds dynamics,
articulation and the players' timing, and writes chords, pads, drums and effects around them.
"""

import random
from collections.abc import Callable, Sequence

from engine import styles
from engine.arrange import accompaniment, drumming, melody
from engine.arrange.playing import play
from engine.arrange.repeats import freshen
from engine.contracts import PartPlan, Plan
from engine.score import Line, Note, Part, Score, bar_ticks
from engine.styles.sheet import Style

Writer = Callable[[Plan, PartPlan, Style, Sequence[Line], random.Random], list[Note]]

_WRITERS: dict[str, Writer] = {
    "comp": accompaniment.comp,
    "harmony": accompaniment.harmony,
    "pad": accompaniment.pad,
    "bass": accompaniment.bass,
    "counter": melody.guide_tones,
    "lead": melody.from_contour,
    "drums": drumming.drums,
    "fx": drumming.effects,
}


def arrange(plan: Plan, lines: Sequence[Line], seed: int) -> Score:
    """Every part of the plan, played; deterministic from the seed."""
    style = styles.load(plan.style)
    given = {line.role: line for line in lines if line.notes}
    parts = []
    for part in plan.parts:
        dice = random.Random(f"arrange/{seed}/{part.role}")
        if part.role in given:
            written = melody.shaped(plan, part, given[part.role])
            notes, writer = freshen(plan, part, written, dice), "model"
        else:
            written = _WRITERS[part.role](plan, part, style, lines, dice)
            notes, writer = freshen(plan, part, written, dice), "arranger"
        played = play(plan, part, style, notes, seed)
        if played:
            parts.append(Part(plan=part, notes=tuple(_inside(plan, played)), writer=writer))
    return Score(plan=plan, parts=tuple(parts))


def _inside(plan: Plan, notes: list[Note]) -> list[Note]:
    """Nothing begins outside the piece or lasts beyond it; a loop's notes end with the loop."""
    end = plan.bars * bar_ticks(plan.meter) + plan.ring_ticks
    kept = [
        Note(max(0, note.start), min(note.length, end - max(0, note.start)), note.pitch,
             min(127, max(1, note.velocity)))
        for note in notes
        if note.start < end
    ]  # fmt: skip
    return sorted(
        (note for note in kept if note.length > 0), key=lambda note: (note.start, note.pitch)
    )
