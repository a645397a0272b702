"""Melodic parts: the composer's lines shaped by breath and energy, and a few of our own."""

import re

from engine.arrange.passage import Passage
from engine.arrange.recipes import OCTAVES
from engine.contracts import PartPlan
from engine.score import Note, bar_ticks, beat_ticks, seconds_per_tick
from engine.styles.sheet import Style

_CELL = re.compile(r"([b#]?)([1-7r])(['’,]?)~?:(\d+)")
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
# Where the middle of a role's velocities lies at rungs 1 to 7, as a share of its range.
_RUNGS = (0.06, 0.2, 0.34, 0.48, 0.62, 0.8, 0.95)
_ARC = (-0.06, 0.02, 0.08, -0.02)  # of a phrase of four bars
_ACCENT, _WEAK = 0.06, -0.05
_BREATH_MS = 100.0
_BLOWN = frozenset((*range(56, 80), 109, 110, 111, 40, 41, 42))
_DOUBLED_FROM, _MOST_OF_IT = 6, 0.8
_ONE_VOICE = frozenset((*range(40, 47), *range(56, 60), *range(64, 80), *range(104, 112)))


def shaped(passage: Passage, part: PartPlan, style: Style) -> list[Note]:
    """A composed line with dynamics: level by energy, arc by the phrase, accent by the beat."""
    bar, beat = passage.bar, beat_ticks(passage.plan.meter)
    notes = []
    for note in passage.notes(part.role):
        inside, place = divmod(note.start - passage.begin, bar)
        accent = _ACCENT if place == 0 else 0.0 if place % beat == 0 else _WEAK
        velocity = level(passage, part, _ARC[inside % 4] + accent)
        length = note.length - 30 if part.role != "bass" and note.length > beat else note.length
        notes.append(Note(note.start, length, note.pitch, velocity))
    if part.program in _BLOWN and part.patch is None and part.role != "bass":
        notes = _breathing(passage, notes)
    return _doubled(passage, part, style, notes) if part.role == "lead" else notes


def level(passage: Passage, part: PartPlan, offset: float = 0.0) -> int:
    """Velocity of a role: its range, climbed by the section's energy, ``offset`` a share of it."""
    low, high = part.velocity
    share = _RUNGS[passage.section.energy - 1]
    return round(min(high, max(low, low + (high - low) * (share + offset))))


def from_contour(passage: Passage, part: PartPlan, style: Style) -> list[Note]:
    """A lead that nobody composed: the motif of a chime. Other kinds leave it to the composer."""
    plan = passage.plan
    if plan.kind != "chime":
        return []
    del style
    cells = _CELL.findall(plan.contour.partition(" ")[2])
    scale = _MAJOR if plan.contour.startswith("maj") else _MINOR
    total = sum(int(length) for *_, length in cells)
    step = bar_ticks(plan.meter) / max(1, total)
    base = part.low + (plan.tonic - part.low) % 12
    notes, at = [], 0.0
    for number, (_, degree, octave, length) in enumerate(cells):
        ends = number == len(cells) - 1
        if degree != "r":
            pitch = base + scale[int(degree) - 1] + {"'": 12, "’": 12, ",": -12}.get(octave, 0)
            rings = bar_ticks(plan.meter) + plan.ring_ticks - round(at)
            velocity = level(passage, part, 0.35 if ends else 0.2)
            pitch += 12 * ((pitch < part.low) - (pitch > part.high))
            notes.append(Note(round(at), rings, pitch, velocity))
        at += int(length) * step
    return notes


def _breathing(passage: Passage, notes: list[Note]) -> list[Note]:
    """Who blows or bows takes a breath at the end of every second bar that is played through."""
    gap = round(_BREATH_MS / 1000.0 / seconds_per_tick(passage.plan.tempo, passage.plan.meter))
    breathed = []
    for note, after in zip(notes, [*notes[1:], None], strict=True):
        end = note.start + note.length
        inside = (end - 1 - passage.begin) // passage.bar
        joined = after is not None and after.start - end < gap
        phrase = inside % 2 == 1 and after is not None and after.start >= passage.start(inside + 1)
        length = note.length
        if joined and phrase and after is not None:
            length = max(note.length // 2, after.start - gap - note.start)
        breathed.append(Note(note.start, length, note.pitch, note.velocity))
    return breathed


def _doubled(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """At the top of the ladder a lead that can play two tones plays its octave as well."""
    alone = part.patch is None and part.program in _ONE_VOICE
    if passage.section.energy < _DOUBLED_FROM or style.id not in OCTAVES or alone:
        return notes
    above = [
        Note(note.start, note.length, note.pitch + 12, max(1, note.velocity - 8))
        for note in notes
        if note.pitch + 12 <= part.high
    ]
    if len(above) < _MOST_OF_IT * len(notes):  # here and there an octave is no doubling
        return notes
    return sorted([*notes, *above], key=lambda note: (note.start, note.pitch))
