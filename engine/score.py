"""Music on paper: notes in ticks, parts, a score. No sound, no model, no numpy."""

from typing import NewType

from msgspec import Struct

from engine.contracts import Meter, PartPlan, Plan

Tick = NewType("Tick", int)

TICKS_PER_QUARTER = 480
_BEAT_TICKS: dict[str, int] = {"4/4": 480, "3/4": 480, "6/8": 720, "12/8": 720}
_BEATS: dict[str, int] = {"4/4": 4, "3/4": 3, "6/8": 2, "12/8": 4}


def beat_ticks(meter: Meter) -> int:
    """Ticks of the beat that ``bpm`` counts: a quarter, or a dotted quarter in 6/8 and 12/8."""
    return _BEAT_TICKS[meter]


def beats_per_bar(meter: Meter) -> int:
    """Beats that ``bpm`` counts in one bar."""
    return _BEATS[meter]


def bar_ticks(meter: Meter) -> int:
    """Ticks of one bar."""
    return _BEAT_TICKS[meter] * _BEATS[meter]


def seconds_per_tick(tempo: float, meter: Meter) -> float:
    """Length of one tick in seconds at ``tempo`` beats per minute."""
    return 60.0 / (tempo * beat_ticks(meter))


class Note(Struct, frozen=True, array_like=True):
    """One note: start and length in ticks, MIDI pitch and velocity 1-127."""

    start: int
    length: int
    pitch: int
    velocity: int


class Part(Struct, frozen=True, kw_only=True):
    """One instrument's line. ``writer`` says who wrote the notes: the model or the arranger."""

    plan: PartPlan
    notes: tuple[Note, ...]
    writer: str = "arranger"  # "model" | "arranger"


class Score(Struct, frozen=True, kw_only=True):
    """A whole piece on paper. Notes may start a few ticks off the grid: that is the players."""

    plan: Plan
    parts: tuple[Part, ...]

    @property
    def length(self) -> int:
        """Ticks from the first bar line to the last, without the ring-out."""
        return self.plan.bars * bar_ticks(self.plan.meter)


class Line(Struct, frozen=True, kw_only=True):
    """What the composer wrote for one role, on the grid, and how surprising its own model found it.

    ``bits`` is the negative log2 likelihood of everything written for this role under the model
    at temperature 1, so ``bits / len(notes)`` is bits per note.
    """

    role: str
    notes: tuple[Note, ...]
    bits: float = 0.0


class BarView(Struct, frozen=True, kw_only=True):
    """A bar that was just written, with what its section has before it, for the panel to rate.

    ``lines`` hold all notes of the section so far, this bar's included, sorted by start; ``bits``
    is the negative log2 likelihood of this bar alone, at temperature 1.
    """

    plan: Plan
    bar: int
    lines: tuple[Line, ...]
    bits: float = 0.0


class BarRating(Struct, frozen=True, kw_only=True):
    """What the panel thinks of a bar, 0-1; ``reason`` is its worst fault, empty when it will do."""

    rating: float
    reason: str = ""
