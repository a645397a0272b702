"""The budget of register: two busy roles never share an octave in a bar.

The lead and the bass keep what they have; the others first look for another octave, where they are
single tones, and then fall back on their strongest strokes.
"""

from collections.abc import Mapping
from statistics import median

from engine.arrange.passage import Passage
from engine.contracts import PartPlan
from engine.score import Note, beat_ticks

BUSY = 4  # onsets in a bar
OCTAVE, FIFTH = 12, 7
ORDER = ("lead", "bass", "comp", "counter", "harmony", "pad")
_TOGETHER = 40  # ticks within which onsets are one
_KEPT = BUSY - 1


def roomy(
    passage: Passage, parts: Mapping[str, PartPlan], sheets: Mapping[str, list[Note]]
) -> dict[str, list[Note]]:
    """Every role's notes of the section, thinned or moved where two would fight for a place."""
    settled: dict[str, list[Note]] = {}
    for role in sorted(sheets, key=ORDER.index):
        kept: list[Note] = []
        for inside in passage.bars():
            here = _bar(sheets[role], passage, inside)
            others = [_bar(notes, passage, inside) for notes in settled.values()]
            if any(fight(here, other) for other in others):
                here = _yielding(passage, parts[role], here, others)
            kept += here
        settled[role] = [*kept, *(n for n in sheets[role] if n.start >= passage.line)]
    return {role: settled[role] for role in sheets}


def fight(one: list[Note], other: list[Note]) -> bool:
    """Whether two roles are both busy in a bar in one octave: a fifth apart, or crossing."""
    if onsets(one) < BUSY or onsets(other) < BUSY:
        return False
    pitches, others = [n.pitch for n in one], [n.pitch for n in other]
    apart = abs(median(pitches) - median(others))
    crossing = min(pitches) <= max(others) and min(others) <= max(pitches)
    return apart <= FIFTH or (apart < OCTAVE and crossing)


def onsets(notes: list[Note]) -> int:
    """Strokes of a bar; a strum or a roll is one."""
    return len(_strokes(notes))


def _strokes(notes: list[Note]) -> list[list[int]]:
    """The starts of a bar, those of one strum or roll together."""
    strokes: list[list[int]] = []
    for start in sorted({note.start for note in notes}):
        if strokes and start - strokes[-1][-1] <= _TOGETHER:
            strokes[-1].append(start)
        else:
            strokes.append([start])
    return strokes


def _bar(notes: list[Note], passage: Passage, inside: int) -> list[Note]:
    start = passage.start(inside)
    return [note for note in notes if start <= note.start < start + passage.bar]


def _shifted(notes: list[Note], shift: int) -> list[Note]:
    return [Note(one.start, one.length, one.pitch + shift, one.velocity) for one in notes]


def _under(part: PartPlan, here: list[Note], others: list[list[Note]]) -> list[Note]:
    """What reaches into a busy role's place an octave lower, where the instrument goes so far."""
    busy = [other for other in others if onsets(other) >= BUSY and fight(here, other)]
    edge = min(note.pitch for other in busy for note in other)
    folded: dict[tuple[int, int], Note] = {}
    for note in here:
        low = note.pitch >= edge and note.pitch - OCTAVE >= part.low
        pitch = note.pitch - OCTAVE * low
        folded.setdefault((note.start, pitch), Note(note.start, note.length, pitch, note.velocity))
    return sorted(folded.values(), key=lambda one: (one.start, one.pitch))


def _yielding(
    passage: Passage, part: PartPlan, here: list[Note], others: list[list[Note]]
) -> list[Note]:
    """Another octave, or all of it under the others, else the strongest strokes of the bar."""
    if part.role in ("lead", "bass"):
        return here
    shifts = (OCTAVE, -OCTAVE) if part.role == "harmony" else ()
    for moved in (*(_shifted(here, shift) for shift in shifts), _under(part, here, others)):
        inside = all(part.low <= note.pitch <= part.high for note in moved)
        if inside and not any(fight(moved, other) for other in others):
            return moved
    beat = beat_ticks(passage.plan.meter)

    def weakness(start: int) -> tuple[int, int]:
        place = (start - passage.begin) % passage.bar
        strength = 0 if place == 0 else 1 if place % (2 * beat) < _TOGETHER else 2 if (
            place % beat < _TOGETHER) else 3  # fmt: skip
        return strength, place

    strokes = sorted(_strokes(here), key=lambda starts: weakness(starts[0]))[:_KEPT]
    kept = {start for starts in strokes for start in starts}
    return [note for note in here if note.start in kept]
