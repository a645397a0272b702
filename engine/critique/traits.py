"""Plain figures of a bar, told to the trained critic beside the notes themselves.

Each is between about -1 and 1 and is taken from the bar's own section, like everything that a
critic of bars may know.
"""

import itertools
import math
from collections.abc import Sequence

from msgspec import Struct

from engine.contracts import Plan, Section
from engine.critique import reading
from engine.score import BarView, Note, bar_ticks, beat_ticks

TRAITS: tuple[str, ...] = (
    "strangers on strong beats",
    "strangers",
    "outside the scale",
    "bass off its chord",
    "rub",
    "parallels",
    "crossing",
    "spacing",
    "widest leap",
    "unanswered leaps",
    "steps",
    "same pitch again",
    "lead density",
    "density jump",
    "bass density",
    "bass density jump",
    "register jump",
    "off the eighths",
    "syncopation",
    "bar again",
    "rhythm again",
    "length jump",
    "meter",
)


class _Bar(Struct, frozen=True, kw_only=True):
    """The bar's notes by role, and those of its section before it."""

    plan: Plan
    section: Section
    start: int
    length: int
    here: dict[str, Sequence[Note]]
    before: dict[str, Sequence[Note]]


def traits_of(view: BarView) -> list[float]:
    """The figures of the bar that was just written, in the order of ``TRAITS``."""
    bar = _bar(view)
    return [min(1.0, max(-1.0, one)) for one in (*_harmony(bar), *_line(bar), *_time(bar))]


def _bar(view: BarView) -> _Bar:
    section = reading.section_at(view.plan, view.bar)
    assert section is not None
    length = bar_ticks(view.plan.meter)
    start, begin = view.bar * length, section.bar * length
    return _Bar(
        plan=view.plan, section=section, start=start, length=length,
        here={one.role: reading.within(one.notes, start, start + length) for one in view.lines},
        before={one.role: reading.within(one.notes, begin, start) for one in view.lines},
    )  # fmt: skip


def _harmony(bar: _Bar) -> list[float]:
    scale, strong = reading.scale_of(bar.plan), _strong(bar)
    notes = struck = strange = strange_strong = outside = low = low_off = 0
    for role, line in bar.here.items():
        for note in line:
            chord = reading.chord_at(bar.plan.chords, note.start)
            stranger = chord is not None and note.pitch % 12 not in chord.pitches
            notes += 1
            strange += stranger
            outside += stranger and note.pitch % 12 not in scale
            if note.start in strong:
                struck += 1
                strange_strong += stranger
            if role == "bass" and chord is not None:
                low += 1
                low_off += note.pitch % 12 not in (chord.root, chord.bass)
    return [
        strange_strong / max(1, struck),
        strange / max(1, notes),
        outside / max(1, notes),
        low_off / max(1, low),
        *_between(bar),
    ]


def _strong(bar: _Bar) -> frozenset[int]:
    return frozenset(bar.start + n * beat_ticks(bar.plan.meter) for n in range(4))


def _between(bar: _Bar) -> list[float]:
    """Rub, parallels, crossing, spacing: of every pair of roles that sound together."""
    met = rub = crossed = 0
    closest = 36
    lines = {role: [*bar.before[role][-4:], *line] for role, line in bar.here.items()}
    for role, line in bar.here.items():
        for other, against in lines.items():
            if other == role:
                continue
            upper = role == "lead" or other == "bass"
            for note in line:
                for under in reading.sounding(against, note.start):
                    apart = note.pitch - under.pitch if upper else under.pitch - note.pitch
                    met += 1
                    rub += apart % 12 in (1, 11)
                    crossed += apart < 0
                    closest = min(closest, apart)
    wrong = moves = 0
    for upper, lower in (("lead", "bass"), ("lead", "counter"), ("counter", "bass")):
        if upper in lines and lower in lines:
            found = reading.parallels(lines[upper], lines[lower])
            wrong, moves = wrong + found[0], moves + found[1]
    return [rub / max(1, met), wrong / max(2, moves), crossed / max(1, met), closest / 36]


def _line(bar: _Bar) -> list[float]:
    role = _leading(bar)
    notes = [*bar.before[role][-2:], *bar.here[role]]
    moves = [after.pitch - one.pitch for one, after in itertools.pairwise(notes)]
    unanswered = sum(
        abs(move) > 7 and (after * move > 0 or abs(after) > 7)
        for move, after in itertools.pairwise(moves)
    )
    count = max(1, len(moves))
    return [
        max((abs(move) for move in moves), default=0) / 24,
        unanswered / 2,
        sum(0 < abs(move) <= 2 for move in moves) / count,
        sum(move == 0 for move in moves) / count,
    ]


def _leading(bar: _Bar) -> str:
    return next(role for role in ("lead", "counter", "bass") if bar.here.get(role))


def _time(bar: _Bar) -> list[float]:
    role = _leading(bar)
    lead, before = bar.here[role], bar.before[role]
    bass, under = bar.here.get("bass", ()), bar.before.get("bass", ())
    beat = beat_ticks(bar.plan.meter)
    eighth = beat // 2 if beat == 480 else beat // 3
    past = max(1, min(3, (bar.start - bar.section.bar * bar.length) // bar.length))
    recent = [note for note in before if note.start >= bar.start - past * bar.length]
    recent_low = [note for note in under if note.start >= bar.start - past * bar.length]
    last = [note for note in before if note.start >= bar.start - bar.length]
    shape = {(note.start - bar.start, note.pitch) for note in lead}
    shape_before = {(note.start - bar.start + bar.length, note.pitch) for note in last}
    ends = {note.start + note.length for note in lead} | {note.start for note in lead}
    ends |= {note.start + note.length for note in before[-1:]}
    beats = range(bar.start, bar.start + bar.length, beat)
    return [
        len(lead) / 16,
        _jump(len(lead), len(recent) / past, known=bool(recent)),
        len(bass) / 16,
        _jump(len(bass), len(recent_low) / past, known=bool(recent_low)),
        (_middle(lead) - _middle(recent)) / 24 if recent else 0.0,
        sum((note.start - bar.start) % eighth != 0 for note in lead) / len(lead),
        sum(tick not in ends for tick in beats) / len(beats),
        _shared(shape, shape_before),
        _shared({place for place, _ in shape}, {place for place, _ in shape_before}),
        _jump(_length(lead), _length(recent), known=bool(recent)),
        {"4/4": 0.0, "3/4": 0.5, "6/8": -0.5, "12/8": -1.0}[bar.plan.meter],
    ]


def _jump(here: float, before: float, *, known: bool) -> float:
    """Octaves between two densities or lengths, a quarter of them; 0 where nothing came before."""
    return math.log2((here + 0.5) / (before + 0.5)) / 4 if known else 0.0


def _length(notes: Sequence[Note]) -> float:
    return sum(note.length for note in notes) / max(1, len(notes)) / 240


def _middle(notes: Sequence[Note]) -> float:
    return sum(note.pitch for note in notes) / max(1, len(notes))


def _shared(one: set, other: set) -> float:
    return len(one & other) / max(1, len(one | other))
