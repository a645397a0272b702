"""How a section opens and how it hands over: staggered intros, holes, runs."""

from engine.arrange import chording
from engine.arrange.chording import Voiced
from engine.arrange.melody import level
from engine.arrange.passage import Passage
from engine.arrange.recipes import INTROS, recipe_of
from engine.contracts import PartPlan
from engine.score import Note, beat_ticks, seconds_per_tick
from engine.styles.sheet import Style

HOLE_S = 0.7  # a longer silence sounds like a fault
STAGGERED_BARS = 4  # an intro this long lets its players in one after the other
RUN_BARS = 8  # sections this long may end with a run
RUN_SHARE = 0.5
RUN_TICKS = 120
_RUNNERS = frozenset((*range(16), *range(24, 28), 45, 46, 104, 105, 106, 107, 108))
_HOLED = ("comp", "bass", "harmony", "counter")


def joined(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """A role's notes with the section's way in and its way out."""
    notes = _entering(passage, part, style, notes)
    if passage.closes or passage.section.bars < 2:
        return notes
    if passage.before_peak and "drums" in passage.section.roles:
        return _holed(passage, part, notes)
    return _run(passage, part, style, notes)


def _entering(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """In a long intro those who do not begin it wait for its second half."""
    first = INTROS.get(style.id, ())
    section = passage.section
    staggered = passage.opens and section.name == "i" and section.bars >= STAGGERED_BARS
    if not staggered or part.role in (*first, "lead") or not set(first) & set(section.roles):
        return notes
    begins = passage.start(section.bars // 2)
    return [note for note in notes if note.start >= begins]


def _holed(passage: Passage, part: PartPlan, notes: list[Note]) -> list[Note]:
    """A beat of air before the largest section, half of one where beats are slow; the drums fill
    it and the section arrives larger than it is. Without drums it would be a gap: calm bands play
    on."""
    if part.role not in _HOLED:
        return notes
    plan = passage.plan
    beat = beat_ticks(plan.meter)
    slow = beat * seconds_per_tick(plan.tempo, plan.meter) > HOLE_S
    end = passage.line - (beat // 2 if slow else beat)
    return [
        Note(one.start, min(one.length, end - one.start), one.pitch, one.velocity)
        for one in notes
        if one.start < end
    ]


def _run(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """A run of chord tones up the last beat of a long section, where the instrument runs well."""
    section = passage.section
    runs = part.role == "comp" and (part.program in _RUNNERS or part.patch is not None)
    if not runs or section.bars < RUN_BARS or section.energy < 3 or not notes:
        return notes
    if passage.dice("run").random() >= RUN_SHARE:
        return notes
    start = passage.line - beat_ticks(passage.plan.meter)
    spans = chording.voiced(passage, part, recipe_of(style.id, "comp"))
    steps = _ladder(chording.at(spans, start), part, (passage.line - start) // RUN_TICKS)
    kept = [
        Note(one.start, min(one.length, start - one.start), one.pitch, one.velocity)
        for one in notes
        if one.start < start
    ]
    run = [
        Note(start + RUN_TICKS * at, RUN_TICKS, pitch,
             level(passage, part, 0.04 * at - 0.08))
        for at, pitch in enumerate(steps)
    ]  # fmt: skip
    return [*kept, *run]


def _ladder(span: Voiced, part: PartPlan, count: int) -> list[int]:
    """The highest so many chord tones that end on the voicing's top, from below."""
    top = span.pitches[-1]
    tones = [one for one in range(part.low, top + 1) if one % 12 in span.chord.pitches]
    return tones[-count:]
