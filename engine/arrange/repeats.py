"""No bar of a part is played unchanged more than four times in a row.

A section cannot see its neighbours, so each keeps its edges loose: at most two like bars begin it
and its last bar differs from the one before. Sections that follow one another then never add up to
five.
"""

import random

from engine.arrange.passage import Passage
from engine.contracts import PartPlan
from engine.score import Note

MOST = 4
FIRST = 2  # like bars that may begin a section
_EIGHTH = 240


def freshen(passage: Passage, part: PartPlan, notes: list[Note]) -> list[Note]:
    """The section's notes with a bar changed a little wherever too many match."""
    bar, count = passage.bar, passage.section.bars
    bars: list[list[Note]] = [[] for _ in range(count + 1)]
    for note in sorted(notes, key=lambda one: (one.start, one.pitch)):
        bars[min(max(0, note.start - passage.begin) // bar, count)].append(note)
    run = 1
    for inside in range(1, count):
        same = bool(bars[inside]) and _shape(bars[inside], bar) == _shape(bars[inside - 1], bar)
        run = run + 1 if same else 1
        most = FIRST if run == inside + 1 else MOST
        ends = inside == count - 1 and not passage.final(inside)
        if run > most or (same and ends):
            at = inside - passage.final(inside)  # the last chord stays; what leads to it gives way
            dice = passage.dice(part.role, "fresh", at)
            bars[at] = _changed(part, bars[at], passage.start(at), bar, dice)
            run = 1
    return [note for one in bars for note in one]


def _shape(notes: list[Note], bar: int) -> list[tuple[int, int]]:
    return [(note.start % bar, note.pitch) for note in notes]


def _changed(
    part: PartPlan, notes: list[Note], start: int, bar: int, dice: random.Random
) -> list[Note]:
    """Leave out the weakest late onset, or strike the last note once more."""
    onsets = sorted({note.start for note in notes})
    if len(onsets) >= 4:
        weak = min(
            onsets[2:], key=lambda at: (max(n.velocity for n in notes if n.start == at), -at)
        )
        return [note for note in notes if note.start != weak]
    last = [note for note in notes if note.start == onsets[-1]]
    split = max(onsets[-1] + _EIGHTH, start + bar - _EIGHTH * dice.choice((1, 2)))
    if split >= start + bar:
        split = onsets[-1] + max(60, (start + bar - onsets[-1]) // 2)
    changed = [note for note in notes if note.start != onsets[-1]]
    for note in last:
        end = note.start + note.length
        changed.append(
            Note(note.start, min(note.length, split - note.start), note.pitch, note.velocity)
        )
        higher = part.role == "bass" and note.pitch + 12 <= part.high
        pitch = note.pitch + 12 if higher else note.pitch
        changed.append(Note(split, max(60, end - split), pitch, max(1, note.velocity - 6)))
    return sorted(changed, key=lambda one: (one.start, one.pitch))
