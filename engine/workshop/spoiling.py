"""Subtle faults put into bars that people wrote: what a critic must hear.

Every fault touches one bar, most of them one note of it. A fault that could not be told from what
was there (a bar repeated that was repeated anyway) is not made: then there is no spoilt bar.
"""

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import structs

from engine.critique import reading
from engine.score import Line, Note, bar_ticks
from engine.workshop.excerpts import BARS, Excerpt

SIXTEENTH, EIGHTH = 120, 240
_Lines = dict[str, list[Note]]
_Fault = Callable[[Excerpt, _Lines, int, np.random.Generator], _Lines | None]


def spoilt(
    excerpt: Excerpt, fault: str, bar: int, rng: np.random.Generator
) -> tuple[Line, ...] | None:
    """The excerpt's lines up to ``bar`` with a fault in that bar; None where it cannot be made."""
    until = (bar + 1) * bar_ticks(excerpt.plan.meter)
    lines = {
        line.role: [note for note in line.notes if note.start < until] for line in excerpt.lines
    }
    found = FAULTS[fault](excerpt, lines, bar, rng)
    if found is None:
        return None
    made = tuple(
        structs.replace(line, notes=tuple(_monophonic(found[line.role]))) for line in excerpt.lines
    )
    same = all(
        _shape(line.notes, until) == _shape(one.notes, until)
        for line, one in zip(excerpt.lines, made, strict=True)
    )
    return None if same else made


def _shape(notes: Sequence[Note], until: int) -> list[tuple[int, int, int]]:
    return [(note.start, note.length, note.pitch) for note in notes if note.start < until]


def _monophonic(notes: list[Note]) -> list[Note]:
    """By start, one at a time, each cut where the next begins."""
    line: list[Note] = []
    for note in sorted(notes, key=lambda one: one.start):
        if line and line[-1].start == note.start:
            line.pop()
        if line and line[-1].start + line[-1].length > note.start:
            last = line[-1]
            line[-1] = Note(last.start, note.start - last.start, last.pitch, last.velocity)
        line.append(note)
    return line


def _inside(excerpt: Excerpt, notes: list[Note], bar: int) -> list[int]:
    length = bar_ticks(excerpt.plan.meter)
    return [at for at, note in enumerate(notes) if bar * length <= note.start < (bar + 1) * length]


def _one(
    excerpt: Excerpt, lines: _Lines, bar: int, rng: np.random.Generator
) -> tuple[str, int] | None:
    """A note of the bar, more often the lead's."""
    roles = [role for role in lines if _inside(excerpt, lines[role], bar)]
    if not roles:
        return None
    weights = np.array([2.0 if role == "lead" else 1.0 for role in roles])
    role = roles[int(rng.choice(len(roles), p=weights / weights.sum()))]
    return role, int(rng.choice(_inside(excerpt, lines[role], bar)))


def _changed(lines: _Lines, role: str, at: int, *notes: Note) -> _Lines:
    line = lines[role]
    return lines | {role: [*line[:at], *notes, *line[at + 1 :]]}


def _moved(note: Note, semitones: int) -> Note:
    return Note(note.start, note.length, note.pitch + semitones, note.velocity)


def _in_scale(excerpt: Excerpt, lines: _Lines, bar: int, rng: np.random.Generator) -> _Lines | None:
    """One note a step or two of the scale off."""
    chosen = _one(excerpt, lines, bar, rng)
    if chosen is None:
        return None
    role, at = chosen
    note, scale = lines[role][at], reading.scale_of(excerpt.plan)
    sign = 1 if rng.random() < 0.5 else -1
    steps, pitch = int(rng.integers(1, 3)), note.pitch
    while steps:
        pitch += sign
        steps -= pitch % 12 in scale
    return _changed(lines, role, at, _moved(note, pitch - note.pitch))


def _out_of_scale(
    excerpt: Excerpt, lines: _Lines, bar: int, rng: np.random.Generator
) -> _Lines | None:
    """One note a semitone or two off, onto what the scale does not have."""
    chosen = _one(excerpt, lines, bar, rng)
    if chosen is None:
        return None
    role, at = chosen
    note, scale = lines[role][at], reading.scale_of(excerpt.plan)
    moves = [move for move in (-2, -1, 1, 2) if (note.pitch + move) % 12 not in scale]
    if not moves:
        return None
    return _changed(lines, role, at, _moved(note, int(rng.choice(moves))))


def _shifted(excerpt: Excerpt, lines: _Lines, bar: int, rng: np.random.Generator) -> _Lines | None:
    """One onset a sixteenth or an eighth early or late."""
    chosen = _one(excerpt, lines, bar, rng)
    if chosen is None:
        return None
    role, at = chosen
    note, length = lines[role][at], bar_ticks(excerpt.plan.meter)
    line = lines[role]
    free = line[at - 1].start + SIXTEENTH if at else 0
    last = note.start + note.length
    moves = [
        move
        for move in (-EIGHTH, -SIXTEENTH, SIXTEENTH, EIGHTH)
        if max(bar * length, free) <= note.start + move < min((bar + 1) * length, last)
    ]
    if not moves:
        return None
    move = int(rng.choice(moves))
    shifted = Note(note.start + move, max(40, note.length - move), note.pitch, note.velocity)
    return _changed(lines, role, at, shifted)


def _merged_or_split(
    excerpt: Excerpt, lines: _Lines, bar: int, rng: np.random.Generator
) -> _Lines | None:
    """Two notes become one, or one becomes two with a neighbour."""
    chosen = _one(excerpt, lines, bar, rng)
    if chosen is None:
        return None
    role, at = chosen
    note, line = lines[role][at], lines[role]
    if rng.random() < 0.5 and at + 1 < len(line):
        after = line[at + 1]
        if after.start != note.start + note.length or after.pitch == note.pitch:
            return None
        whole = Note(note.start, note.length + after.length, note.pitch, 80)
        return lines | {role: [*line[:at], whole, *line[at + 2 :]]}
    if note.length < EIGHTH:
        return None
    half = note.length // 2 // 40 * 40
    turn = int(rng.choice((-2, -1, 1, 2)))
    first = Note(note.start, half, note.pitch, 80)
    second = Note(note.start + half, note.length - half, note.pitch + turn, 80)
    return _changed(lines, role, at, first, second)


def _octave(excerpt: Excerpt, lines: _Lines, bar: int, rng: np.random.Generator) -> _Lines | None:
    """One note slips an octave."""
    chosen = _one(excerpt, lines, bar, rng)
    if chosen is None:
        return None
    role, at = chosen
    return _changed(lines, role, at, _moved(lines[role][at], 12 if rng.random() < 0.5 else -12))


def _swapped(excerpt: Excerpt, lines: _Lines, bar: int, rng: np.random.Generator) -> _Lines | None:
    """Another bar of the piece stands here, all roles of it, under this bar's harmony."""
    others = [at for at in range(BARS) if at != bar and not _same_harmony(excerpt, at, bar)]
    if not others:
        return None
    return _bar_from(excerpt, lines, bar, int(rng.choice(others)), tuple(lines))


def _wrong_chord(
    excerpt: Excerpt, lines: _Lines, bar: int, rng: np.random.Generator
) -> _Lines | None:
    """The lead or the accompaniment goes on as if another harmony held: all its notes of the bar
    move by a third, a fourth or a fifth in the scale."""
    role = str(rng.choice([role for role in lines if _inside(excerpt, lines[role], bar)] or ["-"]))
    if role == "-" or len(lines) < 2:
        return None
    inside, scale = _inside(excerpt, lines[role], bar), sorted(reading.scale_of(excerpt.plan))
    degrees = int(rng.choice((-4, -3, -1, 1, 3, 4)))
    line = list(lines[role])
    for at in inside:
        line[at] = _moved(line[at], _transposed(line[at].pitch, degrees, scale) - line[at].pitch)
    return lines | {role: line}


def _transposed(pitch: int, degrees: int, scale: list[int]) -> int:
    """A pitch moved by scale degrees; a stranger keeps its distance to the degree below it."""
    octave, place = divmod(pitch, 12)
    at = max((n for n, step in enumerate(scale) if step <= place), default=0)
    over = place - scale[at]
    further, degree = divmod(at + degrees, len(scale))
    return 12 * (octave + further) + scale[degree] + over


def _repeated(excerpt: Excerpt, lines: _Lines, bar: int, rng: np.random.Generator) -> _Lines | None:
    """The bar before again, note for note, although the harmony has moved on."""
    del rng
    if bar == 0 or _same_harmony(excerpt, bar - 1, bar):
        return None
    return _bar_from(excerpt, lines, bar, bar - 1, tuple(lines))


def _dense(excerpt: Excerpt, lines: _Lines, bar: int, rng: np.random.Generator) -> _Lines | None:
    """One role suddenly twice as busy, or with one note where it had several."""
    roles = [role for role in lines if len(_inside(excerpt, lines[role], bar)) >= 2]
    if not roles:
        return None
    role = roles[int(rng.integers(len(roles)))]
    inside, line = _inside(excerpt, lines[role], bar), lines[role]
    begin, end = inside[0], inside[-1] + 1
    if rng.random() < 0.5 and len(inside) >= 3:
        first, last = line[begin], line[end - 1]
        whole = Note(first.start, last.start + last.length - first.start, first.pitch, 80)
        return lines | {role: [*line[:begin], whole, *line[end:]]}
    busy: list[Note] = []
    for note in line[begin:end]:
        half = note.length // 2 // 40 * 40
        if half < SIXTEENTH:
            busy.append(note)
            continue
        turn = int(rng.choice((-4, -2, -1, 0, 1, 2, 3)))
        busy.append(Note(note.start, half, note.pitch, 80))
        busy.append(Note(note.start + half, note.length - half, note.pitch + turn, 80))
    return lines | {role: [*line[:begin], *busy, *line[end:]]}


def _bar_from(
    excerpt: Excerpt, lines: _Lines, bar: int, source: int, roles: tuple[str, ...]
) -> _Lines:
    length = bar_ticks(excerpt.plan.meter)
    whole = {line.role: list(line.notes) for line in excerpt.lines}
    made: _Lines = {}
    for role in lines:
        if role not in roles:
            made[role] = lines[role]
            continue
        copied = [
            Note(note.start + (bar - source) * length, note.length, note.pitch, 80)
            for note in (whole[role][at] for at in _inside(excerpt, whole[role], source))
        ]
        kept = [note for note in lines[role] if note.start < bar * length]
        made[role] = kept + copied
    return made


def _same_harmony(excerpt: Excerpt, one: int, other: int) -> bool:
    length = bar_ticks(excerpt.plan.meter)
    for place in (0, length // 2):
        chords = [
            reading.chord_at(excerpt.plan.chords, bar * length + place) for bar in (one, other)
        ]
        if [chord and (chord.root, chord.pitches) for chord in chords[:1]] != [
            chord and (chord.root, chord.pitches) for chord in chords[1:]
        ]:
            return False
    return True


FAULTS: dict[str, _Fault] = {
    "pitch in scale": _in_scale,
    "pitch out of scale": _out_of_scale,
    "shifted onset": _shifted,
    "merged or split": _merged_or_split,
    "octave slip": _octave,
    "swapped bar": _swapped,
    "wrong chord": _wrong_chord,
    "repeated bar": _repeated,
    "density jump": _dense,
}
