"""The arranger's story: lines from the composer, everything else by role under the energy ladder.

Pitches and grid places of lead, bass and counter stay the composer's; the arranger adds dynamics,
articulation and the players' timing, and writes chords, pads, drums and effects around them. Every
section is written on its own, so a section that is edited leaves the others as they were.
"""

import random
from collections.abc import Callable, Sequence

from engine import styles
from engine.arrange import (
    basslines,
    budget,
    comping,
    countering,
    drumming,
    endings,
    figures,
    hits,
    melody,
    pads,
    transitions,
)
from engine.arrange.airs import airy
from engine.arrange.passage import Passage, passages
from engine.arrange.playing import play
from engine.arrange.repeats import freshen
from engine.contracts import PartPlan, Plan
from engine.score import Line, Note, Part, Score, bar_ticks
from engine.styles.sheet import Style

Writer = Callable[[Passage, PartPlan, Style], list[Note]]

_WRITERS: dict[str, Writer] = {
    "comp": comping.comp,
    "harmony": pads.harmony,
    "pad": pads.pad,
    "bass": basslines.bass,
    "counter": countering.counter,
    "lead": melody.from_contour,
}
_RHYTHM = {"drums": drumming.drums, "fx": drumming.effects}


def arrange(plan: Plan, lines: Sequence[Line], seed: int) -> Score:
    """Every part of the plan, played; deterministic from the seed."""
    if plan.kind == "ambience":
        return airy(plan, seed)
    style = styles.load(plan.style)
    sections = passages(plan, lines, seed)
    sheets: dict[str, list[Note]] = {part.role: [] for part in plan.parts}
    for passage in sections:
        for role, notes in pitched(passage, style).items():
            sheets[role] += notes
    for part in plan.parts:
        if part.role in _RHYTHM:
            dice = random.Random(f"arrange/{seed}/{part.role}")
            written = _RHYTHM[part.role](plan, part, style, lines, dice)
            sheets[part.role] = _by_section(sections, part, written)
    # Of the drums the composer has the fills alone: most strokes are the arranger's.
    composed = {line.role for line in lines if line.notes and line.role != "drums"}
    if any(figures.has(passage) for passage in sections):
        composed.add("comp")
    parts = []
    for part in plan.parts:
        played = play(plan, part, style, sheets[part.role], seed)
        if played:
            writer = "model" if part.role in composed else "arranger"
            parts.append(Part(plan=part, notes=tuple(_inside(plan, played)), writer=writer))
    return Score(plan=plan, parts=tuple(parts))


def pitched(passage: Passage, style: Style) -> dict[str, list[Note]]:
    """One section of all pitched roles, each leaving the others their room."""
    parts = {part.role: part for part in passage.plan.parts if part.role not in _RHYTHM}
    written = {
        role: freshen(passage, part, _written(passage, part, style)) for role, part in parts.items()
    }
    sheets = budget.roomy(passage, parts, {role: one for role, one in written.items() if one})
    done = {}
    for role, notes in sheets.items():
        part = parts[role]
        notes = freshen(passage, part, notes)  # bars that gave way may have become alike
        notes = endings.ended(passage, part, style, notes)
        done[role] = _bounded(passage, hits.accented(passage, part, style, notes))
    return done


def _written(passage: Passage, part: PartPlan, style: Style) -> list[Note]:
    """A role's own notes: the composer's, shaped, or ours."""
    if passage.notes(part.role):
        notes = melody.shaped(passage, part, style)
        if part.role == "bass":
            notes = basslines.enlivened(passage, part, style, notes)
    elif part.role in passage.section.roles:
        notes = _WRITERS[part.role](passage, part, style)
    else:
        return []
    return transitions.joined(passage, part, style, notes)


def _by_section(sections: list[Passage], part: PartPlan, notes: list[Note]) -> list[Note]:
    """Drums and effects, no bar of theirs repeated too often either."""
    fresh: list[Note] = []
    for passage in sections:
        here = [note for note in notes if passage.begin <= note.start < passage.end]
        fresh += freshen(passage, part, here) if part.role == "drums" else here
    return fresh


def _bounded(passage: Passage, notes: list[Note]) -> list[Note]:
    """What sounds in a section ends with it."""
    return [
        Note(one.start, min(one.length, passage.end - one.start), one.pitch, one.velocity)
        for one in notes
        if passage.begin <= one.start < passage.end
    ]


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
