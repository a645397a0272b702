"""Reading a score the way a critic does: what sounds where, under which chord, in which section."""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import median

from engine.contracts import Chord, Plan, Section
from engine.score import TICKS_PER_QUARTER, Note, Part, Score, bar_ticks, beat_ticks
from engine.words.tonality import MODES

GRAIN = TICKS_PER_QUARTER // 12
"""Notes closer than this are together: players stand up to about 20 ms off the grid."""

UNPITCHED = ("drums", "fx")


def scale_of(plan: Plan) -> frozenset[int]:
    """Pitch classes of the plan's scale; every pitch class for a mode without a table."""
    steps = MODES.get(plan.mode, tuple(range(12)))
    return frozenset((plan.tonic + step) % 12 for step in steps)


def chord_at(chords: Sequence[Chord], tick: int) -> Chord | None:
    """The harmony in force at a tick; None before the first one."""
    place = bisect_right(chords, tick, key=lambda chord: chord.at) - 1
    return chords[place] if place >= 0 else None


def section_at(plan: Plan, bar: int) -> Section | None:
    """The section that a bar belongs to."""
    for section in plan.sections:
        if section.bar <= bar < section.bar + section.bars:
            return section
    return None


def within(notes: Sequence[Note], start: int, end: int) -> Sequence[Note]:
    """Notes of a sorted line that start in [start, end)."""
    low = bisect_left(notes, start, key=lambda note: note.start)
    return notes[low : bisect_left(notes, end, key=lambda note: note.start)]


def sounding(notes: Sequence[Note], tick: int, longest: int = 16 * TICKS_PER_QUARTER) -> list[Note]:
    """Notes of a sorted line that sound at a tick; none is thought longer than ``longest``."""
    near = within(notes, tick - longest, tick + GRAIN // 2)
    return [note for note in near if note.start + note.length > tick + GRAIN // 2]


def bar_of(note: Note, plan: Plan) -> int:
    """The bar a note belongs to, forgiving a player who comes in a little early."""
    return max(0, (note.start + GRAIN // 2) // bar_ticks(plan.meter))


def bars_of(part: Part, plan: Plan) -> list[list[Note]]:
    """A part's notes by bar; notes in the ring-out belong to the last."""
    bars: list[list[Note]] = [[] for _ in range(max(1, plan.bars))]
    for note in part.notes:
        bars[min(bar_of(note, plan), len(bars) - 1)].append(note)
    return bars


def shape_of(notes: Sequence[Note], plan: Plan) -> tuple[tuple[int, int], ...]:
    """A bar as (place in the bar in grains, pitch): equal shapes are the same bar to the ear."""
    length = bar_ticks(plan.meter)
    return tuple(
        sorted(
            {
                (round((note.start % length) / GRAIN) % (length // GRAIN), note.pitch)
                for note in notes
            }
        )
    )


def strong_beats(plan: Plan, bar: int) -> tuple[int, ...]:
    """Ticks of a bar's strong beats: the first, and the third in 4/4, the second in 6/8, …"""
    start, beat = bar * bar_ticks(plan.meter), beat_ticks(plan.meter)
    return {
        "4/4": (start, start + 2 * beat),
        "3/4": (start,),
        "6/8": (start, start + beat),
        "12/8": (start, start + 2 * beat),
    }[plan.meter]


def role_of(score: Score, role: str) -> tuple[Note, ...]:
    """All notes of a role, sorted by start."""
    notes = [note for part in score.parts if part.plan.role == role for note in part.notes]
    return tuple(sorted(notes, key=lambda note: (note.start, note.pitch)))


def skyline(notes: Sequence[Note]) -> list[Note]:
    """The top voice: of notes that start together the highest."""
    line: list[Note] = []
    for note in sorted(notes, key=lambda one: (one.start, -one.pitch)):
        if not line or note.start - line[-1].start >= GRAIN:
            line.append(note)
        elif note.pitch > line[-1].pitch:
            line[-1] = note
    return line


def middle_pitch(notes: Sequence[Note]) -> float | None:
    """Median pitch of a line; None when it is silent."""
    return float(median(note.pitch for note in notes)) if notes else None


def parallels(upper: Sequence[Note], lower: Sequence[Note]) -> tuple[int, int]:
    """Parallel fifths and octaves between two voices, and the moves both made together."""
    pairs: list[tuple[int, int]] = []
    for note in upper:
        under = sounding(lower, note.start)
        if under:
            pairs.append((note.pitch, min(one.pitch for one in under)))
    moves = wrong = 0
    for (upper_a, lower_a), (upper_b, lower_b) in itertools.pairwise(pairs):
        if upper_a == upper_b or lower_a == lower_b:
            continue
        moves += 1
        before, after = (upper_a - lower_a) % 12, (upper_b - lower_b) % 12
        wrong += before == after and before in (0, 7) and (upper_b > upper_a) == (lower_b > lower_a)
    return wrong, moves


def sorted_by_start(notes: Sequence[Note]) -> tuple[Note, ...]:
    """A line in the order it is heard."""
    return tuple(sorted(notes, key=lambda note: (note.start, note.pitch)))
