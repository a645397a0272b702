"""Eight bars of a work as the composer reads it in training: lines, harmony, and a plan of them.

A window's steps are written back into notes, so what is compared with what the model writes has
the roles, the grid and the chords that the model learnt.
"""

from collections.abc import Sequence

from msgspec import Struct

from engine.compose.cast import LINES
from engine.compose.codes import (
    BAR_UNITS,
    FEATURES,
    METERS,
    REST,
    ROLES,
    TICKS_PER_UNIT,
    TIE,
    pitch_of,
)
from engine.contracts import Chord
from engine.score import Line, Note
from engine.workshop.excerpts import BARS, Excerpt, plan_of
from engine.workshop.extract import Window

_TONIC_PITCH = 60
_PLACE = {name: at for at, (name, _) in enumerate(FEATURES)}
_NO_ROOT = 12


class _Step(Struct, frozen=True):
    """One step of a window and what it was told: where it is, the chord's root and mask."""

    role: int
    position: int
    left: int
    meter: int
    root: int
    mask: int
    code: int
    units: int


def excerpts_in(windows: Sequence[Window]) -> list[Excerpt]:
    """The first and the last eight bars of every window that has a lead in a meter of ours."""
    found: list[Excerpt] = []
    for window in windows:
        bars = _bars(window)
        for first in sorted({0, len(bars) - BARS}) if len(bars) >= BARS else ():
            mode = int(window.ids[0, _PLACE["mode"]])
            made = _excerpt(bars[first : first + BARS], mode, len(found))
            if made is not None:
                found.append(made)
    return found


def _bars(window: Window) -> list[list[_Step]]:
    """The window's steps bar by bar; a bar that the window cuts off is left out."""
    bars: list[list[_Step]] = []
    before = len(ROLES)
    for step in _steps(window):
        if step.position == 0 and step.role <= before:
            bars.append([])
        before = step.role
        bars[-1].append(step)
    whole = sum(step.units for step in bars[-1]) % bars[-1][0].left == 0
    told = {step.role for step in bars[-1]} == {step.role for step in bars[0]}
    return bars if whole and told else bars[:-1]


def _steps(window: Window) -> list[_Step]:
    names = ("role", "position", "left in bar", "meter", "chord root")
    told = window.ids[:, [_PLACE[name] for name in names]].tolist()
    masks = window.chroma[:, 0].tolist()
    written = zip(window.codes.tolist(), window.units.tolist(), strict=True)
    return [_Step(*row, mask, *step) for row, mask, step in zip(told, masks, written, strict=True)]


def _excerpt(bars: list[list[_Step]], mode: int, number: int) -> Excerpt | None:
    name = METERS[bars[0][0].meter]
    length = BAR_UNITS.get(name, 0)
    even = all(bar[0].left == length and bar[0].meter == bars[0][0].meter for bar in bars)
    if name not in ("4/4", "3/4", "6/8", "12/8") or not even:
        return None
    placed = [(at * length, step) for at, bar in enumerate(bars) for step in bar]
    lines = tuple(
        Line(role=role, notes=tuple(notes))
        for role in LINES
        if len(notes := _notes(placed, ROLES.index(role))) >= BARS // 2
    )
    harmony = _harmony(placed)
    leads = len(lines[0].notes) if lines and lines[0].role == LINES[0] else 0
    if leads < BARS or not harmony:
        return None
    chords = _chords(harmony, BARS * length)
    return Excerpt(plan=plan_of(name, mode, lines, chords, leads, number), lines=lines)


def _notes(placed: Sequence[tuple[int, _Step]], role: int) -> list[Note]:
    line: list[Note] = []
    for begin, step in placed:
        if step.role != role or step.code == REST:
            continue
        start, ticks = (begin + step.position) * TICKS_PER_UNIT, step.units * TICKS_PER_UNIT
        if step.code != TIE:
            line.append(Note(start, ticks, pitch_of(step.code, _TONIC_PITCH), 80))
        elif line and line[-1].start + line[-1].length == start:
            last = line[-1]
            line[-1] = Note(last.start, last.length + ticks, last.pitch, 80)
    return line


def _harmony(placed: Sequence[tuple[int, _Step]]) -> list[tuple[int, int, int]]:
    """(unit, root, mask) of every change."""
    told = {begin + step.position: (step.root, step.mask) for begin, step in reversed(placed)}
    changes: list[tuple[int, int, int]] = []
    for at, (root, mask) in sorted(told.items()):
        if root < _NO_ROOT and (not changes or changes[-1][1:] != (root, mask)):
            changes.append((at, root, mask))
    return changes


def _chords(harmony: Sequence[tuple[int, int, int]], units: int) -> tuple[Chord, ...]:
    """The first one stands from the beginning."""
    starts = [0, *(at for at, _, _ in harmony[1:])]
    return tuple(
        Chord(
            at=start * TICKS_PER_UNIT, length=(end - start) * TICKS_PER_UNIT, symbol="", root=root,
            bass=root, pitches=_tones(root, mask),
        )
        for start, end, (_, root, mask) in zip(starts, [*starts[1:], units], harmony, strict=True)
    )  # fmt: skip


def _tones(root: int, mask: int) -> tuple[int, ...]:
    above = ((root + n) % 12 for n in range(12))
    return tuple(one for one in above if mask >> one & 1) or (root,)
