"""A bar and the three before it as the trained critic reads them: one row of features per note.

Everything is told from the tonic, the chord and the bar line, so one critic serves every tonality,
and everything comes from the bar's own section, so a section is rated for itself.
"""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from engine.contracts import Plan, Section
from engine.critique import reading
from engine.score import TICKS_PER_QUARTER, BarView, Line, Note, bar_ticks, beat_ticks

UNIT = TICKS_PER_QUARTER // 12  # ticks of the grid
ROLES = ("lead", "bass", "counter")
BARS = 4  # the bar and three before it
MOST = 96  # notes that are read; of a denser passage the last ones

_FAR = 16  # semitones; wider intervals are the same to us
_NO_MOVE = 2 * _FAR + 1
_LONGEST = 48
_CENTRE = 44
FEATURES: tuple[tuple[str, int], ...] = (
    ("role", 3),
    ("bars back", BARS),
    ("position", 73),
    ("length", _LONGEST + 1),
    ("silence before", 8),
    ("pitch", 2 * _CENTRE),
    ("move here", _NO_MOVE + 1),
    ("move on", _NO_MOVE + 1),
    ("above the root", 13),
    ("in chord and scale", 4),
    ("chord root", 13),
    ("against the lead", 14),
    ("against the bass", 14),
    ("against the counter", 14),
    ("beat", 5),
    ("as a bar ago", 3),
    ("until the chord changes", 9),
    ("after next", _NO_MOVE + 1),
)
WIDTHS = np.array([width for _, width in FEATURES])
OFFSETS = np.concatenate([[0], np.cumsum(WIDTHS)[:-1]]).astype(np.int64)
TABLE_ROWS = int(WIDTHS.sum())


class Strokes(Struct, frozen=True, kw_only=True):
    """``ids`` (notes, features) table rows with offsets, by role and time; ``here`` (notes,) which
    of them belong to the bar that is rated."""

    ids: np.ndarray
    here: np.ndarray


class _Ground(Struct, frozen=True, kw_only=True):
    """What the notes are measured against."""

    plan: Plan
    begin: int  # tick of the section's first bar line
    first: int  # tick from which notes are read
    bar: int  # ticks of a bar
    end: int  # tick of the rated bar's end
    chords: Sequence[tuple[int, int, int, int]]  # (tick, root and mask from the tonic, end)
    starts: Sequence[int]
    scale: int
    lines: tuple[Sequence[Note], ...]  # of lead, bass and counter, since ``begin``
    onsets: tuple[Sequence[int], ...]


def strokes_of(view: BarView) -> Strokes | None:
    """The notes of a bar and of what its section has before it; None for a bar without notes."""
    section = reading.section_at(view.plan, view.bar)
    if section is None:
        return None
    ground = _ground(view, section)
    rows: list[list[int]] = []
    here: list[bool] = []
    for role in range(len(ROLES)):
        for index, note in enumerate(ground.lines[role]):
            if note.start >= ground.first:
                rows.append(_row(ground, role, index, note))
                here.append(note.start >= ground.end - ground.bar)
    if not any(here):
        return None
    if len(rows) > MOST:
        kept = _latest(here, MOST)
        rows, here = [rows[at] for at in kept], [here[at] for at in kept]
    return Strokes(ids=np.array(rows, np.int64) + OFFSETS, here=np.array(here))


def _latest(here: list[bool], most: int) -> list[int]:
    """The bar's own notes, and as many of the context's last ones as there is room for."""
    own = [at for at, now in enumerate(here) if now][:most]
    before = [at for at, now in enumerate(here) if not now]
    return sorted(own + before[len(before) - (most - len(own)) :])


def _ground(view: BarView, section: Section) -> _Ground:
    plan, bar = view.plan, bar_ticks(view.plan.meter)
    begin, end = section.bar * bar, (view.bar + 1) * bar
    chords = chords_in(plan, begin, (section.bar + section.bars) * bar)
    by_role = {line.role: line for line in view.lines}
    lines = tuple(_since(by_role.get(role), begin, end) for role in ROLES)
    return _Ground(
        plan=plan, begin=begin, first=max(begin, end - BARS * bar), bar=bar, end=end,
        chords=chords, starts=[chord[0] for chord in chords], scale=scale_mask(plan), lines=lines,
        onsets=tuple([note.start for note in line] for line in lines),
    )  # fmt: skip


def chords_in(plan: Plan, begin: int, end: int) -> list[tuple[int, int, int, int]]:
    """(tick, root, mask, end) of the chords between two ticks, pitch classes from the tonic."""
    return [
        (
            chord.at,
            (chord.root - plan.tonic) % 12,
            sum(1 << (pitch - plan.tonic) % 12 for pitch in set(chord.pitches)),
            chord.at + chord.length,
        )
        for chord in plan.chords
        if begin - chord.length < chord.at < end
    ]


def scale_mask(plan: Plan) -> int:
    """The plan's scale as a 12-bit mask from the tonic."""
    return sum(1 << (pitch - plan.tonic) % 12 for pitch in reading.scale_of(plan))


def _since(line: Line | None, begin: int, end: int) -> Sequence[Note]:
    return reading.within(line.notes, begin, end) if line is not None else ()


def _row(ground: _Ground, role: int, index: int, note: Note) -> list[int]:
    line = ground.lines[role]
    before = line[index - 1] if index else None
    after = line[index + 1] if index + 1 < len(line) else None
    place = (note.start - ground.begin) % ground.bar
    root, mask, until = _chord(ground, note.start)
    relative = (note.pitch - ground.plan.tonic) % 12
    silence = (note.start - before.start - before.length) // UNIT if before else 42
    return [
        role,
        min(BARS - 1, (ground.end - 1 - note.start) // ground.bar),
        min(72, place // UNIT),
        min(_LONGEST, note.length // UNIT),
        min(7, max(0, silence) // 6),
        _register(note.pitch, ground.plan.tonic),
        _move(before, note),
        _move(note, after),
        12 if root == 12 else (relative - root) % 12,
        (mask >> relative & 1) + 2 * (ground.scale >> relative & 1),
        root,
        *(_against(ground, role, other, note) for other in range(len(ROLES))),
        _strength(place, ground.plan),
        _as_before(ground, role, note),
        until,
        _move(note, line[index + 2] if index + 2 < len(line) else None),
    ]


def _register(pitch: int, tonic: int) -> int:
    middle = 60 + ((tonic + 5) % 12) - 5  # the tonic nearest to middle C
    return min(2 * _CENTRE - 1, max(0, pitch - middle + _CENTRE))


def _move(before: Note | None, after: Note | None) -> int:
    if before is None or after is None:
        return _NO_MOVE
    return min(_FAR, max(-_FAR, after.pitch - before.pitch)) + _FAR


def _chord(ground: _Ground, tick: int) -> tuple[int, int, int]:
    """Root (12 none), mask, and beats in eighths until it ends, at most 8."""
    at = bisect_right(ground.starts, tick) - 1
    if at < 0:
        return 12, 0, 8
    _, root, mask, end = ground.chords[at]
    return root, mask, min(8, max(0, (end - tick - 1) // (6 * UNIT)))


def _against(ground: _Ground, role: int, other: int, note: Note) -> int:
    """Pitch class over what another role sounds, 12 where it is silent, 13 for itself."""
    if role == other:
        return 13
    at = bisect_right(ground.onsets[other], note.start) - 1
    if at < 0:
        return 12
    under = ground.lines[other][at]
    if under.start + under.length <= note.start:
        return 12
    return (note.pitch - under.pitch) % 12


def _strength(place: int, plan: Plan) -> int:
    beat = beat_ticks(plan.meter)
    if place == 0:
        return 0
    if place % beat:
        return 3 if place % (beat // 2 if beat == TICKS_PER_QUARTER else beat // 3) == 0 else 4
    return 1 if place == bar_ticks(plan.meter) // 2 else 2


def _as_before(ground: _Ground, role: int, note: Note) -> int:
    """Whether the role struck here a bar ago: 0 no, 1 another pitch, 2 the same."""
    tick = note.start - ground.bar
    at = bisect_right(ground.onsets[role], tick) - 1
    if at < 0 or ground.onsets[role][at] != tick:
        return 0
    return 2 if ground.lines[role][at].pitch == note.pitch else 1
