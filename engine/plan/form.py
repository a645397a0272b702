"""Form: how many bars, at what tempo, in which sections, so that the length comes out exactly."""

import math
import random

from msgspec import Struct

from engine.contracts import Resolved
from engine.score import bar_ticks, beats_per_bar, seconds_per_tick

RING_S = 2.6  # what a last chord likes to ring
BEND = 0.02  # a tempo that is open may give way by so much


class Frame(Struct, frozen=True, kw_only=True):
    """The bars and the tempo that fill the asked length; what is left over rings."""

    bars: int
    tempo: float
    ring_ticks: int


class Block(Struct, frozen=True, kw_only=True):
    """A letter of the form: ``A`` for 8 bars, its first statement or a varied one."""

    name: str
    bars: int


# The arranger's templates: shares of the bars, by letter. ``i`` intro, ``e`` ending, ``br`` a
# breath before the largest section; a prime marks a variation.
_BEDS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("i", 2), ("A", 8), ("B", 8), ("A'", 8), ("e", 2)),
    (("A", 8), ("A'", 8), ("B", 4), ("A''", 8), ("e", 2)),
    (("i", 2), ("A", 8), ("br", 2), ("B", 8), ("A'", 8), ("e", 4)),
    (("i", 4), ("A", 8), ("A'", 8), ("B", 8), ("e", 4)),
    (("A", 4), ("B", 4), ("A'", 8), ("B'", 8), ("A''", 4), ("e", 2)),
)
_SHORT: tuple[tuple[tuple[str, int], ...], ...] = (
    (("A", 4), ("A'", 3), ("e", 1)),
    (("i", 1), ("A", 4), ("e", 2)),
    (("A", 4), ("B", 3), ("e", 1)),
)
_LONG: tuple[tuple[tuple[str, int], ...], ...] = (
    (("i", 4), ("A", 16), ("B", 8), ("A'", 8), ("C", 8), ("br", 4), ("A''", 16), ("B'", 8),
     ("A'", 8), ("e", 4)),
    (("i", 8), ("A", 16), ("B", 16), ("A'", 16), ("C", 16), ("B'", 16), ("e", 4)),
)  # fmt: skip
_LOOPS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("A", 4), ("A'", 4), ("B", 4), ("A''", 4)),
    (("A", 8), ("B", 8)),
    (("A", 4), ("A'", 4), ("A''", 4), ("B", 4)),
    (("A", 8), ("A'", 8)),
)


def fit(resolved: Resolved, typical: float, dice: random.Random) -> Frame:
    """Bars and tempo for a brief. A loop is whole bars; a bed may ring out after its last bar."""
    seconds = resolved.duration_frames / resolved.delivery.sample_rate
    if resolved.kind == "loop":
        return _loop_frame(resolved, seconds)
    asked = resolved.bpm
    tempo = asked or _open_tempo(resolved, typical, dice)
    bars = resolved.bars or _bars_for(seconds, tempo, resolved)
    if asked is None:
        tempo = _bent(resolved, seconds, bars, tempo)
    ticks = seconds / seconds_per_tick(tempo, resolved.meter)
    ring = round(ticks) - bars * bar_ticks(resolved.meter)
    return Frame(bars=bars, tempo=tempo, ring_ticks=max(0, ring))


def blocks(kind: str, bars: int, choice: int) -> tuple[Block, ...]:
    """The ``choice``-th template stretched to so many bars."""
    if kind == "loop":
        templates = _LOOPS
    else:
        templates = _SHORT if bars <= 11 else _LONG if bars >= 72 else _BEDS
    template = templates[choice % len(templates)]
    if bars < 4:
        return (Block(name="A", bars=bars),)
    return _stretched(template, bars)


def _loop_frame(resolved: Resolved, seconds: float) -> Frame:
    assert resolved.bars is not None, "resolve() fixes a loop's bars"
    tempo = 60.0 * resolved.bars * beats_per_bar(resolved.meter) / seconds
    # The asked tempo and the exact frames differ by less than a frame; keep the asked one.
    if resolved.bpm is not None and abs(tempo - resolved.bpm) < 0.01:
        tempo = resolved.bpm
    return Frame(bars=resolved.bars, tempo=tempo, ring_ticks=0)


def _open_tempo(resolved: Resolved, typical: float, dice: random.Random) -> float:
    low, high = resolved.bpm_range
    middle = min(max(typical, low), high)
    return min(max(middle * dice.uniform(0.94, 1.06), low), high)


def _bars_for(seconds: float, tempo: float, resolved: Resolved) -> int:
    """Whole bars that leave a ring of two or three seconds, less for short pieces."""
    bar_s = bar_ticks(resolved.meter) * seconds_per_tick(tempo, resolved.meter)
    ring = min(RING_S, seconds * 0.12)
    bars = max(1, math.floor((seconds - ring) / bar_s + 0.02))
    return bars if bars < 6 or bars % 2 == 0 or bar_s > 3.2 else bars - 1


def _bent(resolved: Resolved, seconds: float, bars: int, tempo: float) -> float:
    """A tempo within 2 % at which the bars leave a ring of about the wished length."""
    beats = bars * beats_per_bar(resolved.meter)
    ring = min(RING_S, seconds * 0.12)
    wished = 60.0 * beats / (seconds - ring)
    low, high = resolved.bpm_range
    # An asked number of bars with an open tempo decides the tempo, however far it lies.
    if resolved.bars is None:
        wished = min(max(wished, tempo * (1 - BEND)), tempo * (1 + BEND))
        wished = min(max(wished, low), high)
    shortest = 60.0 * beats / seconds
    return max(wished, shortest)


def _stretched(template: tuple[tuple[str, int], ...], bars: int) -> tuple[Block, ...]:
    """Sections keep whole phrases where they can; what does not fit goes to the middle."""
    total = sum(length for _, length in template)
    share = bars / total
    lengths = [_phrased(length * share, name) for name, length in template]
    names = [name for name, _ in template]
    frame = [at for at, name in enumerate(names) if name[0] in "ei" or name == "br"]
    body = sorted((at for at in range(len(names)) if at not in frame), key=lambda at: -lengths[at])
    while (rest := bars - sum(lengths)) != 0:
        _give(lengths, frame, body, rest)
    return tuple(Block(name=name, bars=length) for name, length in zip(names, lengths, strict=True))


def _give(lengths: list[int], frame: list[int], body: list[int], rest: int) -> None:
    """Four bars to or from a phrase; what is less goes to the intro and the ending first."""
    step = 1 if rest > 0 else -1
    if abs(rest) >= 4:
        at = min(body, key=lengths.__getitem__) if rest > 0 else max(body, key=lengths.__getitem__)
        if lengths[at] + 4 * step >= 2:
            lengths[at] += 4 * step
            return
    for at in frame:
        if 1 <= lengths[at] + step <= 4:
            lengths[at] += step
            return
    at = max(body, key=lengths.__getitem__)
    lengths[at] += step


def _phrased(length: float, name: str) -> int:
    if name[0] in "ei" or name == "br":
        return max(1, round(length))
    return max(2, 4 * round(length / 4)) if length >= 3.5 else max(2, round(length))
