"""Hits: the moments of a picture on the bars' grid, and the tempi that bring them there."""

from collections.abc import Sequence
from itertools import pairwise

from engine.contracts import Meter
from engine.plan.form import Block
from engine.score import TICKS_PER_QUARTER, bar_ticks, beat_ticks, seconds_per_tick

GRID = TICKS_PER_QUARTER // 4  # ticks: the band accents on sixteenths
CLOSE_MS = 30.0  # no eye sees a hit that is nearer
STEPS = 4000  # tempi that are tried
_KEPT = 6
# What a place costs by its weight in the bar: a downbeat nothing, an odd sixteenth most.
_BEAT, _EIGHTH, _SIXTEENTH = 1.0, 2.0, 3.5
_FAR = 3.0  # of a tempo an octave away from the style's own


def ticks(at_ms: Sequence[int], tempo: float, meter: Meter, end: int) -> tuple[int, ...]:
    """The nearest sixteenth before ``end`` of each moment, each named once."""
    ms = seconds_per_tick(tempo, meter) * 1000
    last = (end - 1) // GRID * GRID
    return tuple(sorted({min(last, GRID * round(one / ms / GRID)) for one in at_ms}))


def tempi(
    at_ms: Sequence[int], meter: Meter, span: tuple[float, float], typical: float
) -> list[float]:
    """Tempi inside ``span`` that bring every moment within 30 ms of a sixteenth, best first.

    Downbeats are worth more than beats, beats more than eighths. Where no tempo meets all
    moments, the one that meets most of them, and those it misses by least.
    """
    low, high = span
    met: list[tuple[float, float]] = []
    nearest = (float("inf"), low)
    for step in range(STEPS + 1):
        tempo = round(low + (high - low) * step / STEPS, 4)
        if not low <= tempo <= high:
            continue
        missed, cost = _cost(at_ms, tempo, meter)
        far = abs(tempo / typical - 1) * _FAR
        if missed:
            nearest = min(nearest, (missed, tempo))
        else:
            met.append((cost + far, tempo))
    if not met:
        return [nearest[1]]
    return [tempo for _, tempo in sorted(met)[:_KEPT]]


def _cost(at_ms: Sequence[int], tempo: float, meter: Meter) -> tuple[float, float]:
    """How badly moments are missed (0: not at all), and what their places cost."""
    ms = seconds_per_tick(tempo, meter) * 1000
    missed = cost = 0.0
    for one in at_ms:
        tick = GRID * round(one / ms / GRID)
        off = abs(one - tick * ms)
        if off > CLOSE_MS:
            missed += 1.0 + off / 1000
        cost += _weight(tick, meter) + off / CLOSE_MS
    return missed, cost


def _weight(tick: int, meter: Meter) -> float:
    if tick % bar_ticks(meter) == 0:
        return 0.0
    if tick % beat_ticks(meter) == 0:
        return _BEAT
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
