"""Looking things up in a plan."""

from collections.abc import Iterator, Sequence

from engine.contracts import Chord, Plan, Section
from engine.score import Line, bar_ticks


def section_at(plan: Plan, tick: int) -> Section:
    """The section that holds a tick; the ring-out belongs to the last."""
    bar = tick // bar_ticks(plan.meter)
    for section in plan.sections:
        if section.bar <= bar < section.bar + section.bars:
            return section
    return plan.sections[-1]


def chord_at(plan: Plan, tick: int) -> Chord:
    """The harmony at a tick."""
    for chord in plan.chords:
        if chord.at <= tick < chord.at + chord.length:
            return chord
    return plan.chords[-1]


def next_chord(plan: Plan, tick: int) -> Chord:
    """The harmony after the one at a tick; the first again at the end of a loop."""
    for chord in plan.chords:
        if chord.at > tick:
            return chord
    return plan.chords[0] if plan.kind == "loop" else plan.chords[-1]


def bars_of(plan: Plan, role: str) -> Iterator[tuple[int, Section]]:
    """The bars in which a role sounds, with their section."""
    for section in plan.sections:
        if role in section.roles:
            for bar in range(section.bar, section.bar + section.bars):
                yield bar, section


def lowest_of(lines: Sequence[Line], role: str, begin: int, end: int) -> int | None:
    """The lowest pitch a line plays in a stretch."""
    pitches = [
        note.pitch
        for line in lines
        if line.role == role
        for note in line.notes
        if note.start < end and note.start + note.length > begin
    ]
    return min(pitches, default=None)
