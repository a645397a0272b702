"""Drums and effects: grooves by the rung, fills where a phrase turns, no bar like the last."""

import random
from collections.abc import Sequence

from engine.arrange import clock
from engine.arrange.melody import level
from engine.arrange.reading import bars_of, section_at
from engine.contracts import PartPlan, Plan, Section
from engine.score import Line, Note, bar_ticks
from engine.styles.sheet import Style

KEYS = {"K": 36, "S": 38, "L": 39, "H": 42, "O": 46, "R": 51, "P": 82, "C": 49}
_TOMS = (50, 47, 45, 41)
_HIT_TICKS = 100
_BED_NOISE = ("vinyl", "rain", "wind")
_RISES = ("riser", "rev_swell")


def drums(
    plan: Plan, part: PartPlan, style: Style, lines: Sequence[Line], dice: random.Random
) -> list[Note]:
    """The groove of each section with its fills."""
    del lines
    notes: list[Note] = []
    fill_before = ""
    for bar, section in bars_of(plan, "drums"):
        start = bar * bar_ticks(plan.meter)
        if bar == plan.bars - 1 and plan.ending == "ring":
            notes += _last_hit(plan, part, style, start)
            continue
        fill = _fill(plan, section, bar, fill_before, dice)
        groove = _groove(style, section)
        notes += _bar(plan, part, style, bar, section, groove, fill, dice)
        if (
            section.bar == bar
            and bar > 0
            and fill_before
            and section.energy >= 4
            and plan.kind != "loop"
        ):
            notes.append(Note(start, 4 * _HIT_TICKS, KEYS["C"], level(plan, part, start, -0.05)))
        fill_before = fill
    return notes


def effects(
    plan: Plan, part: PartPlan, style: Style, lines: Sequence[Line], dice: random.Random
) -> list[Note]:
    """A bed of noise where the style has one, a rise into the fullest section, nothing else."""
    del style, lines, dice
    bar = bar_ticks(plan.meter)
    middle = (part.low + part.high) // 2
    if part.patch in _BED_NOISE:
        return [
            Note(
                section.bar * bar,
                section.bars * bar,
                middle,
                level(plan, part, section.bar * bar, -0.2),
            )
            for section in plan.sections
            if "fx" in section.roles
        ]
    if part.patch not in _RISES or plan.kind == "loop":
        return []
    fullest = max(plan.sections, key=lambda section: (section.energy, section.bars))
    if fullest.bar < 2 or fullest.energy < 5:
        return []
    start = (fullest.bar - 2) * bar
    return [Note(start, 2 * bar - 40, middle, level(plan, part, start))]


def _groove(style: Style, section: Section) -> dict[str, tuple[int, ...]]:
    name = next((one for one in section.patterns if one.startswith("groove.")), "groove.low")
    return style.grooves[name]


def _fill(plan: Plan, section: Section, bar: int, before: str, dice: random.Random) -> str:
    """Which fill this bar plays; never the same twice in a row, never a heavy one when calm."""
    inside = bar - section.bar
    ends = inside == section.bars - 1
    final = bar == plan.bars - 1
    if plan.kind == "loop" and final:
        return "groove.fill4"
    if ends and section.bars >= 2 and not final:
        after = section_at(plan, (bar + 1) * bar_ticks(plan.meter))
        if after.energy > section.energy and section.energy >= 4:
            choices = ["groove.fill", "groove.fill2"]
        else:
            choices = ["groove.fill2", "groove.fill3"]
        return dice.choice([one for one in choices if one != before])
    if inside % 8 == 3 and dice.random() < 0.6 and before != "groove.fill4":
        return "groove.fill4"
    return ""


def _bar(
    plan: Plan,
    part: PartPlan,
    style: Style,
    bar: int,
    section: Section,
    groove: dict[str, tuple[int, ...]],
    fill: str,
    dice: random.Random,
) -> list[Note]:
    start, grid = bar * bar_ticks(plan.meter), style.grid
    beat = 3 if style.sub == "12/8" else 4
    first = {"groove.fill2": grid // 2, "groove.fill4": grid - beat}.get(fill, 0 if fill else grid)
    softer = 3 if plan.kind == "loop" and fill else 0
    notes, toms = [], 0
    loose = 0.22 if (bar - section.bar) % 4 == 3 else 0.1
    for step in clock.steps(style.sub, plan.meter, bar):
        pattern = style.grooves[fill] if fill and step.source >= first else groove
        for voice, digits in pattern.items():
            digit = digits[step.source]
            if not digit:
                continue
            if not fill and digit <= 3 and dice.random() < loose:
                continue
            if plan.kind == "loop" and voice == "C":
                continue  # a crash on the first bar would mark the seam
            digit = max(1, digit - softer) if fill else digit
            key = _key(part, style, voice, toms)
            toms += voice == "T"
            notes.append(Note(start + step.tick, _HIT_TICKS, key, _velocity(part, section, digit)))
    if not fill and dice.random() < loose and "H" in groove:
        ghost = dice.choice(clock.steps(style.sub, plan.meter, bar))
        taken = {note.start for note in notes}
        if start + ghost.tick not in taken:
            key = _key(part, style, "H", 0)
            notes.append(Note(start + ghost.tick, _HIT_TICKS, key, _velocity(part, section, 2)))
    return notes


def _key(part: PartPlan, style: Style, voice: str, toms: int) -> int:
    moved = style.roles["drums"].keys
    if voice == "T" and "T" not in moved:
        return _TOMS[min(toms // 2, 3)]
    return min(part.high, max(part.low, moved.get(voice, KEYS.get(voice, 45))))


def _velocity(part: PartPlan, section: Section, digit: int) -> int:
    low, high = part.velocity
    energy = 0.82 + 0.18 * (section.energy - 1) / 6
    return round((low + (high - low) * (digit - 1) / 8) * energy)


def _last_hit(plan: Plan, part: PartPlan, style: Style, start: int) -> list[Note]:
    """One crash and one kick under the last chord."""
    loud = level(plan, part, start, -0.1)
    kick = Note(start, _HIT_TICKS, _key(part, style, "K", 0), loud)
    if section_at(plan, start).energy < 4:
        return [kick]
    return [kick, Note(start, 4 * _HIT_TICKS, _key(part, style, "C", 0), loud)]
