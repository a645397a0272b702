"""Diversity: which of many plans are offered together.

Two candidates that share their notes' colours sound like one track, however different the notes
are. So every pair has another lead and another accompaniment, by instrument or by texture, and
differs in at least two of progression, form, patterns, register and contour.
"""

import random
from collections.abc import Sequence

from msgspec import Struct

from engine import styles
from engine.contracts import PartPlan, Plan
from engine.plan.layers import comp_textures

RESTARTS = 40
SHARED = 0.2  # score that another seed or other chords are worth
TASTE = 0.15  # score that chance may outweigh
_HARMONIC = ("comp", "pad", "harmony", "bass")


class Face(Struct, frozen=True, kw_only=True):
    """What a listener tells one candidate from another by."""

    lead: tuple[object, ...]
    comp: tuple[object, ...]
    chords: tuple[str, ...]  # of the theme
    aspects: tuple[object, ...]  # progression, form, patterns, register, contour


def face(plan: Plan) -> Face:
    """The face of a plan. Without a lead, or without comping, the next voice stands for it."""
    style = styles.load(plan.style)
    sounding = {role for section in plan.sections for role in section.roles}
    parts = {part.role: part for part in plan.parts if part.role in sounding}
    chords = progression(plan)
    lead = _first(parts, ("lead", "counter", "pad", "comp"))
    comp = _first(parts, _HARMONIC)
    company = tuple(role for role in ("counter", "harmony") if role in sounding)
    return Face(
        lead=(lead.name if lead else "", company),
        comp=(comp.name if comp else "", comp_textures(style, plan.sections)),
        chords=chords,
        aspects=(
            chords,
            tuple((section.name, section.bars) for section in plan.sections),
            tuple(section.patterns for section in plan.sections),
            (lead.low, lead.high) if lead else (),
            plan.contour,
        ),
    )


def progression(plan: Plan) -> tuple[str, ...]:
    """The chords of the section that is the theme: the first A, else the first section."""
    theme = next((one for one in plan.sections if one.name[0] == "A"), plan.sections[0])
    bar = plan.chords[-1].at + plan.chords[-1].length - plan.ring_ticks
    ticks = bar // plan.bars
    begin, end = theme.bar * ticks, (theme.bar + theme.bars) * ticks
    return tuple(chord.symbol for chord in plan.chords if begin <= chord.at < end)


def apart(one: Face, other: Face) -> bool:
    """Whether two candidates may stand side by side."""
    differing = sum(a != b for a, b in zip(one.aspects, other.aspects, strict=True))
    return one.lead != other.lead and one.comp != other.comp and differing >= 2


def choose(
    pool: Sequence[tuple[float, Plan]], count: int, beside: Sequence[Plan], dice: random.Random
) -> list[Plan]:
    """The best ``count`` plans that differ pairwise, and from those they shall stand beside.

    Where not so many differ, as few pairs as possible break the rule, and none shares both the
    lead instrument and every chord with another.
    """
    faces = [face(plan) for _, plan in pool]
    frames = [_frame(plan) for _, plan in pool]
    standing = [face(plan) for plan in beside]
    taken = {_frame(plan) for plan in beside}
    best: tuple[int, list[int]] | None = None
    for _ in range(RESTARTS):
        picked, clashes = _greedy(pool, faces, frames, standing, taken, count, dice)
        if best is None or clashes < best[0]:
            best = (clashes, picked)
        if not clashes:
            break
    assert best is not None, "RESTARTS is positive"
    return [pool[at][1] for at in best[1]]


def _greedy(
    pool: Sequence[tuple[float, Plan]],
    faces: Sequence[Face],
    frames: Sequence[tuple[object, ...]],
    standing: Sequence[Face],
    taken: set[tuple[object, ...]],
    count: int,
    dice: random.Random,
) -> tuple[list[int], int]:
    """Plans one after another, each the best of those that clash least with the ones before."""
    # The very best of all would be the same for every brief in a style; good ones take turns.
    worth = [score + dice.uniform(0.0, TASTE) for score, _ in pool]
    clashes = [sum(not apart(one, other) for other in standing) for one in faces]
    used, picked, total = set(taken), [], 0
    left = list(range(len(pool)))
    while left and len(picked) < count:
        at = min(left, key=lambda one: (frames[one] in used, clashes[one], -worth[one]))
        left.remove(at)
        picked.append(at)
        used.add(frames[at])
        total += clashes[at] + 10 * (frames[at] in taken)
        for other in left:
            clashes[other] += not apart(faces[at], faces[other])
            worth[other] -= _shared(faces[at], faces[other])
    return picked, total


def _shared(one: Face, other: Face) -> float:
    """What a plan loses by the melody's seed and the chords that it shares with one before it."""
    chords = list(zip(one.chords, other.chords, strict=False))
    same_chords = sum(a == b for a, b in chords) / max(1, len(chords))
    same_contour = one.aspects[-1] == other.aspects[-1]
    return SHARED * (2 * same_contour + same_chords)


def _frame(plan: Plan) -> tuple[object, ...]:
    lead = next(((part.program, part.patch) for part in plan.parts if part.role == "lead"), None)
    return (lead, *((chord.at, chord.symbol) for chord in plan.chords))


def _first(parts: dict[str, PartPlan], roles: Sequence[str]) -> PartPlan | None:
    return next((parts[role] for role in roles if role in parts), None)
