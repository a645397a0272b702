"""Eight bars that people wrote, as a plan and its lines: what critics are taught and tested on.

An excerpt is made from a passage of the corpus. Its plan has the meter, mode, chords, roles and
ranges of those very bars and an energy that stands for their density, so the composer can be asked
to write under it: then music by people and by the model differ in their notes, not in their plans.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from engine.compose.codes import BAR_UNITS, TICKS_PER_UNIT
from engine.contracts import Chord, PartPlan, Plan, RoleGroup, Section
from engine.critique.grid import METERS, VOICES
from engine.score import Line, Note
from engine.workshop.critic_works import Passage

BARS = 8
LINES = VOICES[:3]  # lead, bass and counter: the parts of the plan
SECTION_BARS = (8, 4)  # by turns: excerpts of one section and of two
BEYOND = 16  # bars of the plan after the excerpt, so that nothing in it is an ending
TONIC = 0
_TONIC_PITCH = 60
_RESERVE = 3  # semitones a part may go beyond what its people wrote
# Onsets of a lead in a bar of 4/4 by energy, as the composer is asked for them.
_PACE = (2, 3, 3.5, 4, 5, 6, 7)
_GROUPS: dict[str, RoleGroup] = {"lead": "lead", "bass": "bass", "counter": "counter"}


class Excerpt(Struct, frozen=True, kw_only=True):
    """Eight bars by people under the plan that describes them."""

    plan: Plan
    lines: tuple[Line, ...]


def excerpts_of(passages: Sequence[Passage], voices: Sequence[str] = LINES) -> list[Excerpt]:
    """Eight bars of each passage, or twice eight. The plan asks for lead, bass and counter; other
    ``voices`` are there to be heard."""
    found: list[Excerpt] = []
    for passage in passages:
        # The last eight may share bars with the first; a bar is then shown in another place.
        for first in sorted({0, passage.bars - BARS}):
            made = _excerpt(passage, first, len(found), voices)
            if made is not None:
                found.append(made)
    return found


class _Strip(Struct, frozen=True, kw_only=True):
    """Eight bars of a passage: lines, (tick, root, mask) of every harmony, length in ticks."""

    passage: Passage
    lines: tuple[Line, ...]
    harmony: list[tuple[int, int, int]]
    ticks: int


def _excerpt(passage: Passage, first: int, number: int, voices: Sequence[str]) -> Excerpt | None:
    strip = _strip(passage, first, voices)
    leads = sum(len(line.notes) for line in strip.lines if line.role == "lead")
    if leads < BARS or not strip.harmony:
        return None
    plan = plan_of(
        METERS[passage.meter], passage.mode, strip.lines, tuple(_chords(strip)), leads, number
    )
    return Excerpt(plan=plan, lines=strip.lines)


def _strip(passage: Passage, first: int, voices: Sequence[str]) -> _Strip:
    size = BAR_UNITS[METERS[passage.meter]]
    begin, units = first * size, BARS * size
    notes: dict[str, list[Note]] = {voice: [] for voice in voices}
    for voice, start, length, pitch in passage.notes.tolist():
        at = start - begin
        if 0 <= at < units and VOICES[voice] in notes:
            ticks = min(length, units - at) * TICKS_PER_UNIT
            notes[VOICES[voice]].append(Note(at * TICKS_PER_UNIT, ticks, _TONIC_PITCH + pitch, 80))
    span, halves = size // 2 * TICKS_PER_UNIT, slice(2 * first, 2 * (first + BARS))
    harmony: list[tuple[int, int, int]] = []
    told = zip(passage.roots[halves].tolist(), passage.masks[halves].tolist(), strict=True)
    for at, (root, mask) in enumerate(told):
        if root < 12 and (not harmony or harmony[-1][1:] != (root, mask)):
            harmony.append((at * span, root, mask))
    lines = tuple(
        Line(role=voice, notes=tuple(line))
        for voice, line in notes.items()
        if len(line) >= BARS // 2
    )
    return _Strip(passage=passage, lines=lines, harmony=harmony, ticks=units * TICKS_PER_UNIT)


def plan_of(
    meter: str, mode: int, lines: Sequence[Line], chords: tuple[Chord, ...], leads: int, number: int
) -> Plan:
    """The plan that describes eight bars: ``leads`` notes of a lead stand for their energy, and the
    excerpt's ``number`` says whether they are one section or two. Lead, bass and counter are its
    parts."""
    parts = tuple(_part(line) for line in lines if line.role in LINES)
    bars, energy = SECTION_BARS[number % len(SECTION_BARS)], _energy(leads, BAR_UNITS[meter])
    return Plan(
        style="lofi", kind="bed", tempo=100.0, meter=meter,  # type: ignore[arg-type]
        bars=BARS + BEYOND, tonic=TONIC, mode="minor" if mode else "major",
        sections=tuple(
            Section(name="AB"[at // bars % 2], bar=at, bars=bars, energy=energy,
                    roles=tuple(part.role for part in parts))
            for at in range(0, BARS, bars)
        ),
        chords=chords, parts=parts,
    )  # fmt: skip


def _energy(leads: int, units: int) -> int:
    """The energy whose pace is nearest to so many notes of a lead in bars of so many units."""
    return 1 + int(np.abs(np.array(_PACE) - leads / BARS * 48 / units).argmin())


def _chords(strip: _Strip) -> Iterator[Chord]:
    ends = [at for at, _, _ in strip.harmony[1:]] + [strip.ticks]
    for (at, root, mask), end in zip(strip.harmony, ends, strict=True):
        begin = 0 if at == strip.harmony[0][0] else at
        classes = [(root + n) % 12 for n in range(12) if mask >> (root + n) % 12 & 1]
        yield Chord(
            at=begin, length=end - begin, symbol="", root=root, bass=root,
            pitches=tuple(classes) or (root,),
        )  # fmt: skip


def _part(line: Line) -> PartPlan:
    pitches = [note.pitch for note in line.notes]
    return PartPlan(
        role=line.role, group=_GROUPS[line.role], name=line.role, family="piano", program=0,
        low=min(pitches) - _RESERVE, high=max(pitches) + _RESERVE,
    )  # fmt: skip
