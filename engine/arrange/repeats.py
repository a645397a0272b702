"""No bar of a part is played unchanged more than four times in a row."""

import random

from engine.contracts import PartPlan, Plan
from engine.score import Note, bar_ticks

MOST = 4
_EIGHTH = 240


def freshen(plan: Plan, part: PartPlan, notes: list[Note], dice: random.Random) -> list[Note]:
    """The notes with the fifth of five like bars changed a little, as a player would."""
    bar = bar_ticks(plan.meter)
    bars: list[list[Note]] = [[] for _ in range(plan.bars + 1)]
    for note in sorted(notes, key=lambda one: (one.start, one.pitch)):
        bars[min(note.start // bar, plan.bars)].append(note)
    alike = 0
    for number in range(1, plan.bars):
        same = bars[number] and _shape(bars[number], bar) == _shape(bars[number - 1], bar)
        alike = alike + 1 if same else 0
        if alike >= MOST - 1:
            bars[number] = _changed(part, bars[number], number * bar, bar, dice)
            alike = 0
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
        pitch = (
            note.pitch + 12 if part.role == "bass" and note.pitch + 12 <= part.high else note.pitch
        )
        changed.append(Note(split, max(60, end - split), pitch, max(1, note.velocity - 6)))
    return sorted(changed, key=lambda one: (one.start, one.pitch))
