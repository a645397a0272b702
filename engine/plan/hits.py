"""Hits: the moments of a picture on the bars' grid, and the tempi that bring them there."""

from collections.abc import Sequence
from itertools import pairwise

from engine.contracts import Meter
from engine.plan.form import Block
from engine.score import TICKS_PER_QUARTER, bar_ticks, beat_ticks, seconds_per_tick

GRID = TICKS_PER_QUARTER // 4  # ticks: the band accents on sixteenths
FINE = GRID // 2  # and on thirty-seconds where a picture leaves it no sixteenth
MOMENT = 10  # ticks: the moment itself, where the picture leaves not even that
CLOSE_MS = 24.0  # no eye sees a hit that is 30 ms off; players want the rest
STEPS = 4000  # tempi that are tried
_KEPT = 6
# What a place costs by its weight in the bar: a downbeat nothing, a thirty-second most.
_BEAT, _EIGHTH, _SIXTEENTH, _FINE = 1.0, 2.0, 3.5, 6.0
_FAR = 3.0  # of a tempo twice as far from the style's own


def ticks(
    at_ms: Sequence[int], tempo: float, meter: Meter, end: int, *, fine: bool
) -> tuple[int, ...]:
    """The grid's place of each moment, before ``end``, each named once: the nearest sixteenth;
    where that is not close and the places may be ``fine``, the nearest thirty-second, and where
    not even that is, the moment itself."""
    ms = seconds_per_tick(tempo, meter) * 1000
    grids = (GRID, FINE, MOMENT) if fine else (GRID,)
    return tuple(sorted({min(_place(one, ms, grids), (end - 1) // GRID * GRID) for one in at_ms}))


def _place(at_ms: int, tick_ms: float, grids: Sequence[int]) -> int:
    """The nearest place on the first grid that is close enough, else on the first of all."""
    for grid in grids:
        tick = grid * round(at_ms / tick_ms / grid)
        if abs(at_ms - tick * tick_ms) <= CLOSE_MS:
            return tick
    return grids[0] * round(at_ms / tick_ms / grids[0])


def tempi(
    at_ms: Sequence[int], meter: Meter, span: tuple[float, float], typical: float
) -> list[float]:
    """Tempi inside ``span`` that bring every moment within 24 ms of a sixteenth, best first.

    Downbeats are worth more than beats, beats more than eighths. Where no tempo meets all moments
    on sixteenths, thirty-seconds will do; where none does that, the one tempo that meets most.
    """
    low, high = span
    steps = sorted({round(low + (high - low) * step / STEPS, 4) for step in range(STEPS + 1)})
    tried = [tempo for tempo in steps if low <= tempo <= high] or [low]
    for grids in ((GRID,), (GRID, FINE)):
        met = [
            (cost + abs(tempo / typical - 1) * _FAR, tempo)
            for tempo in tried
            if (cost := _cost(at_ms, tempo, meter, grids)) is not None
        ]
        if met:
            return [tempo for _, tempo in sorted(met)[:_KEPT]]
    return [min(tried, key=lambda tempo: _missed(at_ms, tempo, meter))]


def _cost(at_ms: Sequence[int], tempo: float, meter: Meter, grids: Sequence[int]) -> float | None:
    """What the places of all moments cost; None when one of them is not met."""
    ms = seconds_per_tick(tempo, meter) * 1000
    cost = 0.0
    for one in at_ms:
        tick = _place(one, ms, grids)
        off = abs(one - tick * ms)
        if off > CLOSE_MS:
            return None
        cost += _weight(tick, meter) + off / CLOSE_MS
    return cost


def _missed(at_ms: Sequence[int], tempo: float, meter: Meter) -> tuple[int, float]:
    """How many moments are not met, and by how much the worst of them."""
    ms = seconds_per_tick(tempo, meter) * 1000
    off = [abs(one - _place(one, ms, (GRID, FINE)) * ms) for one in at_ms]
    return sum(one > CLOSE_MS for one in off), max(off)


def _weight(tick: int, meter: Meter) -> float:
    if tick % bar_ticks(meter) == 0:
        return 0.0
    if tick % beat_ticks(meter) == 0:
        return _BEAT
    if tick % GRID:
        return _FINE
    return _EIGHTH if tick % (2 * GRID) == 0 else _SIXTEENTH


def on_hits(blocks: Sequence[Block], hit_ticks: Sequence[int], bar: int) -> tuple[Block, ...]:
    """Blocks whose lines move to a hit's bar where one is near; asked lengths stay."""
    sizes = [block.bars for block in blocks]
    bars_hit = [tick // bar for tick in hit_ticks if tick % bar <= GRID]
    for at, (one, other) in enumerate(pairwise(blocks)):
        line = sum(sizes[: at + 1])
        near = [hit for hit in bars_hit if 0 < abs(hit - line) <= 2]
        if line in bars_hit or not near or one.asked or other.asked:
            continue
        shift = min(near, key=lambda hit: (abs(hit - line), hit)) - line
        if sizes[at] + shift >= 2 and sizes[at + 1] - shift >= 2:
            sizes[at], sizes[at + 1] = sizes[at] + shift, sizes[at + 1] - shift
    return tuple(
        Block(name=block.name, bars=bars, energy=block.energy, asked=block.asked)
        for block, bars in zip(blocks, sizes, strict=True)
    )
