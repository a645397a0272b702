"""Eight bars that people wrote, as a plan and its lines: what critics are taught and tested on.

An excerpt is made from a window of the corpus. Its plan has the meter, mode, chords, roles and
ranges of those very bars and an energy that stands for their density, so the composer can be asked
to write under it: then music by people and by the model differ in their notes, not in their plans.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from engine.compose.codes import BAR_UNITS, METERS, REST, ROLES, TICKS_PER_UNIT, TIE, pitch_of
from engine.contracts import Chord, PartPlan, Plan, RoleGroup, Section
from engine.critique.grid import METERS as GRID_METERS
from engine.critique.grid import VOICES
from engine.score import Line, Note
from engine.workshop.critic_works import Passage
from engine.workshop.extract import Window

BARS = 8
SECTION_BARS = (8, 4)  # by turns: excerpts of one section and of two
BEYOND = 16  # bars of the plan after the excerpt, so that nothing in it is an ending
TONIC = 0
_TONIC_PITCH = 60
_RESERVE = 3  # semitones a part may go beyond what its people wrote
_BLOCK = 60  # windows of neighbouring works that fall to the same half
# Onsets of a lead in a bar of 4/4 by energy, as the composer is asked for them.
_PACE = (2, 3, 3.5, 4, 5, 6, 7)
_GROUPS: dict[str, RoleGroup] = {"lead": "lead", "bass": "bass", "counter": "counter"}
_INNER: RoleGroup = "chords"  # of a voice between them
_LENGTHS = (48, 36, 36, 72)  # units of a bar by a passage's meter

Half = Literal["critic", "judge"]


class Excerpt(Struct, frozen=True, kw_only=True):
    """Eight bars by people under the plan that describes them."""

    plan: Plan
    lines: tuple[Line, ...]


def excerpts_of(passages: Sequence[Passage]) -> list[Excerpt]:
    """Eight bars of each passage, or twice eight, in the roles that the composer knows."""
    found: list[Excerpt] = []
    for passage in passages:
        for first in sorted({0, passage.bars - BARS}) if passage.bars >= 2 * BARS else (0,):
            made = _cut(passage, first, len(found))
            if made is not None:
                found.append(made)
    return found


def _cut(passage: Passage, first: int, number: int) -> Excerpt | None:
    size = _LENGTHS[passage.meter]
    begin, units = first * size, BARS * size
    notes: dict[int, list[Note]] = {}
    for voice, start, length, pitch in passage.notes.tolist():
        at = start - begin
        if 0 <= at < units and VOICES[voice] in ROLES:
            ticks = min(length, units - at) * TICKS_PER_UNIT
            line = notes.setdefault(voice, [])
            line.append(Note(at * TICKS_PER_UNIT, ticks, _TONIC_PITCH + pitch, 80))
    lead = len(notes.get(VOICES.index("lead"), ()))
    span, halves = size // 2, slice(2 * first, 2 * (first + BARS))
    harmony: list[tuple[int, int, int]] = []
    for at, (root, mask) in enumerate(
        zip(passage.roots[halves].tolist(), passage.masks[halves].tolist(), strict=True)
    ):
        if root < 12 and (not harmony or harmony[-1][1:] != (root, mask)):
            harmony.append((at * span, root, mask))
    if lead < BARS or not harmony:
        return None
    strip = _Strip(
        meter=METERS.index(GRID_METERS[passage.meter]), notes=notes, harmony=harmony, units=units
    )
    energy = 1 + int(np.abs(np.array(_PACE) - lead / BARS * 48 / size).argmin())
    lines = tuple(
        Line(role=VOICES[voice], notes=tuple(line))
        for voice, line in sorted(notes.items())
        if len(line) >= BARS // 2
    )
    return Excerpt(plan=_plan(strip, lines, passage.mode, energy, number), lines=lines)


class _Strip(Struct, kw_only=True):
    """A window's bars, read back from its steps."""

    meter: int
    notes: dict[int, list[Note]]
    harmony: list[tuple[int, int, int]]  # (unit, root, mask)
    units: int


def halves(windows: Sequence[Window]) -> dict[Half, list[Window]]:
    """Windows for the critics and windows for the judge, never two of one work on both sides.

    Windows come in the order of their files; a file's last one knows that it ends.
    """
    found: dict[Half, list[Window]] = {"critic": [], "judge": []}
    half: Half = "critic"
    count = 0
    for window in windows:
        found[half].append(window)
        count += 1
        if count >= _BLOCK and int(window.ids[-1, 18]) < 9:
            half, count = ("judge" if half == "critic" else "critic"), 0
    return found


def excerpts(windows: Sequence[Window]) -> list[Excerpt]:
    """All excerpts of some windows, in their order."""
    found: list[Excerpt] = []
    for window in windows:
        bars = _bars(window)
        # The last eight may share bars with the first; a bar is then shown in another place.
        for first in sorted({0, len(bars) - BARS}) if len(bars) >= BARS else ():
            made = _excerpt(bars[first : first + BARS], int(window.ids[0, 19]), len(found))
            if made is not None:
                found.append(made)
    return found


_Row = tuple[np.ndarray, int, int, int]  # features, code, units, chord mask


def _bars(window: Window) -> list[list[_Row]]:
    """The window's steps bar by bar; a bar that the window cuts off is left out."""
    bars: list[list[_Row]] = []
    before = 99
    for ids, chroma, code, units in zip(
        window.ids, window.chroma, window.codes, window.units, strict=True
    ):
        role, position = int(ids[2]), int(ids[3])
        if position == 0 and role <= before:
            bars.append([])
        before = role
        bars[-1].append((ids, int(code), int(units), int(chroma[0])))
    whole = sum(units for _, _, units, _ in bars[-1]) % int(bars[-1][0][0][4]) == 0
    told = {int(row[0][2]) for row in bars[-1]} == {int(row[0][2]) for row in bars[0]}
    return bars if whole and told else bars[:-1]


def _excerpt(bars: list[list[_Row]], mode: int, number: int) -> Excerpt | None:
    meter = int(bars[0][0][0][5])
    name = METERS[meter]
    if name not in ("4/4", "3/4", "6/8", "12/8"):
        return None
    length = BAR_UNITS[name]
    if any(int(bar[0][0][4]) != length or int(bar[0][0][5]) != meter for bar in bars):
        return None
    strip = _strip(bars, length, meter)
    leads = len(strip.notes.get(0, ()))
    if leads < BARS or not strip.harmony:
        return None
    energy = 1 + int(np.abs(np.array(_PACE) - leads / BARS * 48 / length).argmin())
    lines = tuple(
        Line(role=ROLES[role], notes=tuple(notes))
        for role, notes in sorted(strip.notes.items())
        if len(notes) >= BARS // 2
    )
    return Excerpt(plan=_plan(strip, lines, mode, energy, number), lines=lines)


def _strip(bars: list[list[_Row]], length: int, meter: int) -> _Strip:
    notes: dict[int, list[Note]] = {}
    harmony: dict[int, tuple[int, int]] = {}
    for number, bar in enumerate(bars):
        for ids, code, units, mask in bar:
            role, at = int(ids[2]), number * length + int(ids[3])
            harmony.setdefault(at, (int(ids[6]), mask))
            line = notes.setdefault(role, [])
            if code == TIE and line:
                last = line[-1]
                grown = last.length + units * TICKS_PER_UNIT
                if last.start + last.length == at * TICKS_PER_UNIT:
                    line[-1] = Note(last.start, grown, last.pitch, 80)
            elif code not in (REST, TIE):
                start, ticks = at * TICKS_PER_UNIT, units * TICKS_PER_UNIT
                line.append(Note(start, ticks, pitch_of(code, _TONIC_PITCH), 80))
    changes: list[tuple[int, int, int]] = []
    for at in sorted(harmony):
        root, mask = harmony[at]
        if root < 12 and (not changes or changes[-1][1:] != (root, mask)):
            changes.append((at, root, mask))
    return _Strip(meter=meter, notes=notes, harmony=changes, units=len(bars) * length)


def _plan(strip: _Strip, lines: Sequence[Line], mode: int, energy: int, number: int) -> Plan:
    roles = tuple(line.role for line in lines)
    bars = SECTION_BARS[number % len(SECTION_BARS)]
    return Plan(
        style="lofi", kind="bed", tempo=100.0, meter=METERS[strip.meter],  # type: ignore[arg-type]
        bars=BARS + BEYOND, tonic=TONIC, mode="minor" if mode else "major",
        sections=tuple(
            Section(name="AB"[at // bars % 2], bar=at, bars=bars, energy=energy, roles=roles)
            for at in range(0, BARS, bars)
        ),
        chords=tuple(_chords(strip)),
        parts=tuple(_part(line) for line in lines),
    )  # fmt: skip


def _chords(strip: _Strip) -> Iterator[Chord]:
    ends = [at for at, _, _ in strip.harmony[1:]] + [strip.units]
    for (at, root, mask), end in zip(strip.harmony, ends, strict=True):
        begin = 0 if at == strip.harmony[0][0] else at
        classes = [(root + n) % 12 for n in range(12) if mask >> (root + n) % 12 & 1]
        yield Chord(
            at=begin * TICKS_PER_UNIT, length=(end - begin) * TICKS_PER_UNIT, symbol="",
            root=root, bass=root, pitches=tuple(classes) or (root,),
        )  # fmt: skip


def _part(line: Line) -> PartPlan:
    pitches = [note.pitch for note in line.notes]
    return PartPlan(
        role=line.role, group=_GROUPS.get(line.role, _INNER), name=line.role, family="piano",
        program=0,
        low=min(pitches) - _RESERVE, high=max(pitches) + _RESERVE,
    )  # fmt: skip
