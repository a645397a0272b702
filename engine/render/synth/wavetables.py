"""Wave tables: one cycle of a tone, read round and round at a pitch that moves.

A table whose rows were made for several settings of a filter, or for several moments of a breath,
is crossfaded from row to row while it is read.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound, Whole, radians, wrapped
from engine.sound.compiled import compiled

_CHUNK = 512  # frames that are read before they are added to every side


class Turn(Struct, frozen=True):
    """How a tone goes round: where it is at every ``step``th frame, and its pace from there on."""

    knots: Whole
    paces: Whole
    step: int
    frames: int

    def whole(self) -> Whole:
        """Where it is at every frame."""
        ramp = np.arange(min(self.step, self.frames), dtype=np.uint32)
        return (self.paces[:, None] * ramp + self.knots[:, None]).reshape(-1)[: self.frames]

    def radians(self) -> Sound:
        """Where it is at every frame as an angle from -pi to pi, float32."""
        return radians(self.whole())


def steady_turn(frequency: float, frames: int, start: float) -> Turn:
    """The turn of an even tone from ``start`` (in cycles) on; wrong by 6 uHz at most."""
    pace = round(frequency / SAMPLE_RATE * 2.0**32) % 2**32
    knot = int(start % 1.0 * 2.0**32)
    return Turn(np.array([knot], np.uint32), np.array([pace], np.uint32), max(frames, 1), frames)


def bent_turn(frequency: float, frames: int, start: float, cents: Curve, step: int) -> Turn:
    """The turn of a tone whose pitch follows ``cents``, one value every ``step`` frames."""
    return pitched_turn(frequency * 2.0 ** (cents / 1200.0), frames, start, step)


def pitched_turn(hertz: Curve, frames: int, start: float, step: int) -> Turn:
    """The turn of a tone whose frequency is given every ``step`` frames."""
    speed = hertz / SAMPLE_RATE
    pace = (speed[1:] + speed[:-1]) / 2.0
    return _turn(start, pace, step, min(frames, step * len(pace)))


def round_turn(cycles: int, start: float, cents: Curve, step: int) -> Turn:
    """A turn that comes back to where it began after ``cycles``.

    ``cents``, one value every ``step`` frames, the first once more at the end, only bend its pace.
    """
    pace = 2.0 ** ((cents[1:] + cents[:-1]) / 2400.0)
    pace *= cycles / (step * pace.sum())
    return _turn(start, pace, step, step * len(pace))


def _turn(start: float, pace: Curve, step: int, frames: int) -> Turn:
    knots = wrapped(np.concatenate([[start], start + np.cumsum(pace[:-1]) * step]))
    return Turn(knots, np.round(pace * 2.0**32).astype(np.uint32), step, frames)


def tables(amplitudes: Curve, size: int) -> Sound:
    """One cycle for every row of harmonic amplitudes, first point repeated: (rows, size + 1)."""
    rows, count = amplitudes.shape
    spectrum = np.zeros((rows, size // 2 + 1), np.complex64)
    spectrum[:, 1 : count + 1] = amplitudes * (-0.5j * size)
    cycles = np.fft.irfft(spectrum, n=size, axis=1).astype(np.float32)
    return np.concatenate([cycles, cycles[:, :1]], axis=1)


def read(cycles: Sound, turn: Turn, rows: Curve | None = None, step: int = 1) -> Sound:
    """A table (rows, size + 1), ``size`` a power of two, read along a turn: (frames,).

    ``rows`` says for every ``step``th frame between which rows it lies; without it there is one.
    """
    out = np.zeros((1, turn.frames), np.float32)
    add_read(out, (1.0,), cycles, turn, rows, step)
    return out[0]


def add_read(
    out: Sound,
    levels: Sequence[float | np.float32],
    cycles: Sound,
    turn: Turn,
    rows: Curve | None = None,
    step: int = 1,
) -> None:
    """Add what `read` says to ``out``, (channels, frames), at a level for every channel."""
    way = np.zeros(1, np.float32) if rows is None else np.asarray(rows, np.float32)
    sides = np.array(levels, np.float32)
    _read(cycles, turn.knots, turn.paces, turn.step, way, step, sides, out)


@compiled(
    "const float32[:, :]", "const uint32[:]", "const uint32[:]", "int64", "const float32[:]",
    "int64", "const float32[:]", "float32[:, :]",
)  # fmt: skip
def _read(
    cycles: Sound,
    knots: Whole,
    paces: Whole,
    turn_step: int,
    rows: Sound,
    row_step: int,
    levels: Sound,
    out: Sound,
) -> None:
    last, size, frames = len(cycles) - 2, cycles.shape[1] - 1, out.shape[1]
    to_point = np.float32(size / 2.0**32)
    shift = np.uint32(32)
    while size > 1:
        size >>= 1
        shift -= np.uint32(1)
    mask = np.uint32((np.uint32(1) << shift) - np.uint32(1))
    tone = np.empty(_CHUNK, np.float32)
    at = 0
    while at < frames:
        turned, moved = at // turn_step, min(at // row_step, len(rows) - 1)
        along = at - turned * turn_step
        count = min(_CHUNK, frames - at, turn_step - along)
        pace = paces[turned]
        knot = np.uint32(knots[turned] + pace * np.uint32(along))
        rise = (rows[min(moved + 1, len(rows) - 1)] - rows[moved]) / np.float32(row_step)
        passed = at - moved * row_step
        place = rows[moved] + rise * np.float32(passed)
        first = max(min(int(place), last), 0)
        place -= np.float32(first)
        if moved + 1 < len(rows):
            count = min(count, row_step - passed)
        if rise != np.float32(0.0):  # no farther than to the next row
            border = np.float32(1.0) if rise > np.float32(0.0) else np.float32(0.0)
            count = min(count, max(int((border - place) / rise) + 1, 1))
        cycle = cycles[first]
        if rise == np.float32(0.0) and place == np.float32(0.0):
            for j in range(count):
                turn = np.uint32(knot + pace * np.uint32(j))
                index, between = turn >> shift, np.float32(turn & mask) * to_point
                here = cycle[index]
                tone[j] = here + (cycle[index + np.uint32(1)] - here) * between
        else:
            later = cycles[first + 1]
            for j in range(count):
                turn = np.uint32(knot + pace * np.uint32(j))
                index, between = turn >> shift, np.float32(turn & mask) * to_point
                here, there = cycle[index], later[index]
                here += (cycle[index + np.uint32(1)] - here) * between
                there += (later[index + np.uint32(1)] - there) * between
                tone[j] = here + (there - here) * (place + rise * np.float32(j))
        for side in range(len(out)):
            level = levels[side]
            target = out[side, at : at + count]
            for j in range(count):
                target[j] += tone[j] * level
        at += count
