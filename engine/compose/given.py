"""Music that is given: checked, read onto the grid, and fixed while the rest is written around it.

Given notes come back as they were, off the grid and loud as they are; only the network reads them
rounded to grid units. A note tied over an edge between what is fixed and what is written is cut
there: before the edge it ends, behind it it is struck again.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct, structs

from engine.compose.cast import cast_of
from engine.compose.codes import (
    DRUMS,
    LONGEST,
    PITCH_SPAN,
    REST,
    ROLES,
    TICKS_PER_UNIT,
    TIE,
    Step,
    code_of,
    fold_tonic,
)
from engine.contracts import Plan
from engine.errors import EngineError
from engine.score import Line, Note, bar_ticks

MOST_A_BAR = 16  # notes of one line, on average over the plan
SLACK = TICKS_PER_UNIT // 2  # players come early and let go late by this much
THEME_BARS = 2


class GivenMusicRefused(EngineError):
    """The given music cannot be used with this plan; the message says where and what would be."""


class Given(Struct, frozen=True, kw_only=True):
    """Lines that are fixed, and the bars of each role in which they are not.

    A role without a line is written everywhere; a line without notes is silence, and fixed.
    ``theme``: bars of the lead that stand in for the plan's contour. ``varied``: a section that is
    written as a variation of what ``told`` has there, ``strength`` 1 (near) to 3 (far). ``fills``
    are the drums' in their fixed bars: they are kept, and the network does not hear them.
    """

    lines: Mapping[str, Line]
    written: Mapping[str, frozenset[int]]
    theme: tuple[tuple[Step, ...], ...] = ()
    varied: int | None = None
    strength: int = 0
    told: "Given | None" = None
    fills: Line | None = None

    def fixes(self, role: str, bar: int) -> bool:
        """Whether a role's bar is read, not written."""
        return role in self.lines and bar not in self.written.get(role, ())


def fixed(
    plan: Plan,
    lines: Sequence[Line],
    written: Collection[int] = (),
    roles: Collection[str] = ROLES,
) -> Given:
    """Lines checked against a plan, each fixed but for the bars that its role is to write anew."""
    bars = {line.role: frozenset(written if line.role in roles else ()) for line in lines}
    checked = {
        line.role: _recut(line, bars[line.role], bar_ticks(plan.meter))
        for line in _checked(plan, lines)
    }
    fills = checked.pop(ROLES[DRUMS], None)
    return Given(lines=checked, written=bars, fills=fills)


def bar_of(note: Note, bar: int) -> int:
    """The bar, of ``bar`` ticks, that a note belongs to, though it may come a little early."""
    return (note.start + SLACK) // bar


def bar_steps(
    line: Line, first: int, units: int, tonic_pitch: int, *, may_tie: bool = True
) -> list[Step]:
    """A bar of a line as steps, ``first`` its tick; what comes from the bar before is a tie."""
    notes = line.notes
    begin = bisect_left(notes, first, key=lambda note: note.start)
    end = bisect_left(notes, first + units * TICKS_PER_UNIT, key=lambda note: note.start)
    found, at = [], 0
    for note in notes[max(0, begin - 1) : end]:
        start = round((note.start - first) / TICKS_PER_UNIT)
        stop = min(units, round((note.start + note.length - first) / TICKS_PER_UNIT))
        held = start < 0 and may_tie
        start = max(start, at, 0)
        if stop <= start:
            continue
        found += _split(REST, start - at)
        found += _split(TIE if held else code_of(note.pitch, tonic_pitch), stop - start)
        at = stop
    return found + _split(REST, units - at)


def theme_of(plan: Plan, lead: Line) -> tuple[tuple[Step, ...], ...]:
    """The first bars in which a given lead sings; what comes later refers to them."""
    bar = bar_ticks(plan.meter)
    if not lead.notes:
        return ()
    first = bar_of(lead.notes[0], bar)
    tonic = fold_tonic(plan.tonic)
    bars = [
        tuple(bar_steps(lead, place * bar, bar // TICKS_PER_UNIT, tonic, may_tie=False))
        for place in range(first, min(first + THEME_BARS, plan.bars))
    ]
    return tuple(one for one in bars if any(step.code > TIE for step in one))


def _checked(plan: Plan, lines: Sequence[Line]) -> list[Line]:
    asked = set(cast_of(plan))
    seen: set[str] = set()
    for line in lines:
        if line.role not in asked:
            raise GivenMusicRefused(
                f"the plan has no {line.role} that this composer writes; "
                f"lines may be given for {', '.join(sorted(asked)) or 'none'}"
            )
        if line.role in seen:
            raise GivenMusicRefused(f"two lines are given for the {line.role}; one is read")
        seen.add(line.role)
    return [_checked_line(plan, line) for line in lines]


def _checked_line(plan: Plan, line: Line) -> Line:
    """The line ordered by start; refused where it is no line or does not fit the plan."""
    most = MOST_A_BAR * plan.bars
    if len(line.notes) > most:
        raise GivenMusicRefused(
            f"the {line.role} has {len(line.notes)} notes; at most {most} fit {plan.bars} bars"
        )
    notes = tuple(sorted(line.notes, key=lambda note: (note.start, note.pitch)))
    for note in notes:
        _check_note(plan, line.role, note)
    if line.role == ROLES[DRUMS]:
        return Line(role=line.role, notes=notes)  # struck together, by the keys of a kit
    for note in notes:
        _check_pitch(plan, line.role, note)
    for one, after in pairwise(notes):
        if after.start <= one.start or one.start + one.length - after.start > SLACK:
            raise GivenMusicRefused(
                f"the {line.role} has two notes at once in bar {_number(plan, after)}: "
                f"a line plays one at a time"
            )
    return Line(role=line.role, notes=notes)


def _check_note(plan: Plan, role: str, note: Note) -> None:
    end = plan.bars * bar_ticks(plan.meter)
    if note.length <= 0:
        raise GivenMusicRefused(f"a note of the {role} in bar {_number(plan, note)} has no length")
    if note.start < 0 or note.start >= end - SLACK or note.start + note.length > end + SLACK:
        raise GivenMusicRefused(
            f"a note of the {role} at tick {note.start}, {note.length} long, lies outside the "
            f"plan's {plan.bars} bars of {bar_ticks(plan.meter)} ticks"
        )
    if not 1 <= note.velocity <= 127:
        raise GivenMusicRefused(
            f"velocity {note.velocity} of the {role} in bar {_number(plan, note)}; 1 to 127 exist"
        )


def _check_pitch(plan: Plan, role: str, note: Note) -> None:
    lowest = fold_tonic(plan.tonic) - PITCH_SPAN // 2
    if not lowest <= note.pitch < lowest + PITCH_SPAN:
        raise GivenMusicRefused(
            f"pitch {note.pitch} of the {role} in bar {_number(plan, note)} is out of reach; "
            f"{lowest} to {lowest + PITCH_SPAN - 1} are read in this tonality"
        )


def _number(plan: Plan, note: Note) -> int:
    return bar_of(note, bar_ticks(plan.meter)) + 1


def _recut(line: Line, written: frozenset[int], bar: int) -> Line:
    """The line without what sounds in the written bars; tied notes end and begin at their lines."""
    if not written:
        return line
    found: list[Note] = []
    for note in line.notes:
        own, end = bar_of(note, bar), note.start + note.length
        held = False
        for place in range(own, max(own, (end - 1) // bar) + 1):
            begin = note.start if place == own else place * bar
            stop = min(end, (place + 1) * bar)
            if place in written:
                held = False
            elif held:
                found[-1] = structs.replace(found[-1], length=stop - found[-1].start)
            elif place == own or stop - begin >= TICKS_PER_UNIT:
                found.append(Note(begin, stop - begin, note.pitch, note.velocity))
                held = True
    return Line(role=line.role, notes=tuple(found))


def _split(code: int, units: int) -> list[Step]:
    """A stretch as steps no longer than the longest duration."""
    steps = []
    while units > 0:
        part = min(units, LONGEST)
        steps.append(Step(code, part))
        code = REST if code == REST else TIE
        units -= part
    return steps
