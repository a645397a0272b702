"""The frame: how many bars at what tempo, so that the file's length comes out exactly."""

import math
import random

from msgspec import Struct

from engine.contracts import Ending, Resolved
from engine.errors import BriefRefused, Reason
from engine.plan import hits
from engine.score import bar_ticks, beats_per_bar, seconds_per_tick

RING_S = 2.6  # what a last chord likes to ring
LONGEST_RING_S = 4.2  # rather an odd bar than a longer ring
BUTTON_S = 0.25  # a button is struck on the last downbeat: its bar is room enough to ring out
BEND = 0.06  # a tempo that is open may give way by so much, so that whole phrases fill the length
LONGEST_BAR_S = 3.2  # from here on a bar is half a phrase


class Frame(Struct, frozen=True, kw_only=True):
    """The bars and the tempo that fill the asked length; what is left over rings."""

    bars: int
    tempo: float  # beats per minute
    ring_ticks: int


def fit(
    resolved: Resolved, typical: float, ending: Ending, tempi: list[float], dice: random.Random
) -> Frame:
    """Bars and tempo for a brief. A loop is whole bars; a bed may ring out after its last bar.

    ``tempi`` are those at which the hits of a picture fall on the grid, the best first; empty
    where there are no hits or the tempo is not ours to choose.
    """
    seconds = resolved.duration_frames / resolved.delivery.sample_rate
    if resolved.kind == "loop":
        return _loop_frame(resolved, seconds)
    asked_bars, least = asked_bars_of(resolved), _least_bars(resolved)
    tail = wished_tail(seconds, ending)
    if tempi:
        tempo = tempi[min(dice.randrange(3), len(tempi) - 1)]
        return _framed(resolved, seconds, asked_bars or _most(resolved, seconds, tempo), tempo)
    tempo = resolved.bpm or _open_tempo(resolved, typical, dice)
    likely = _bars_for(resolved, seconds, tempo, tail, ending)
    bars = asked_bars or max(likely, least)
    if resolved.bpm is None:
        asked = asked_bars is not None or least > likely
        tempo = _bent(resolved, seconds, bars, tempo, tail, asked=asked)
    return _framed(resolved, seconds, bars, tempo)


def asked_bars_of(resolved: Resolved) -> int | None:
    """The bars that the brief binds: its own number, or the sum of its sections' bars."""
    if resolved.bars is not None:
        return resolved.bars
    given = [section.bars for section in resolved.sections]
    if given and None not in given:
        return sum(bars for bars in given if bars is not None)
    return None


def _least_bars(resolved: Resolved) -> int:
    """The bars that the client's sections need, one for each that is left open."""
    return sum(section.bars or 1 for section in resolved.sections)


def wished_tail(seconds: float, ending: Ending) -> float:
    """Seconds that the last chord should sound after the last bar line."""
    if ending in ("fade", "turnaround"):
        return 0.0
    if ending == "button":
        return BUTTON_S / 2
    return min(RING_S, seconds * 0.12)


def _framed(resolved: Resolved, seconds: float, bars: int, tempo: float) -> Frame:
    ticks = seconds / seconds_per_tick(tempo, resolved.meter)
    ring = round(ticks) - bars * bar_ticks(resolved.meter)
    if ring < -1:
        raise BriefRefused([_too_long(bars, tempo, seconds, _most(resolved, seconds, tempo))])
    return Frame(bars=bars, tempo=tempo, ring_ticks=max(0, ring))


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


def _most(resolved: Resolved, seconds: float, tempo: float) -> int:
    """The bars that fit into a length at a tempo; one at the least."""
    bar_s = bar_ticks(resolved.meter) * seconds_per_tick(tempo, resolved.meter)
    return max(1, math.floor(seconds / bar_s + 1e-6))


def _too_long(bars: int, tempo: float, seconds: float, most: int) -> Reason:
    detail = f"{bars} bars at {tempo:g} bpm are longer than {seconds:g} s; at most {most} bars fit"
    return Reason("/sections", "contradiction", detail, {"bars": most})


def _bars_for(resolved: Resolved, seconds: float, tempo: float, tail: float, ending: Ending) -> int:
    """Whole bars that leave the wished tail, an even number of them: a tempo that is open bends
    towards it, and at a fixed one the ring takes what is over."""
    bar_s = bar_ticks(resolved.meter) * seconds_per_tick(tempo, resolved.meter)
    if ending == "button":
        if resolved.bpm is not None:
            return _most(resolved, seconds, tempo)
        return max(1, round((seconds - tail) / bar_s))
    room = (seconds - tail) / bar_s
    bars = max(1, math.floor(room + 0.02))
    even = 2 * round(room / 2)
    if resolved.bpm is None and bars >= 6 and abs(even / room - 1) <= BEND:
        return even
    over = seconds - (bars - 1) * bar_s  # what would ring if the odd bar were left out
    odd_stays = bars < 6 or bar_s > LONGEST_BAR_S or over > LONGEST_RING_S
    return bars if bars % 2 == 0 or odd_stays else bars - 1


def _bent(
    resolved: Resolved,
    seconds: float,
    bars: int,
    tempo: float,
    tail: float,
    *,
    asked: bool,
) -> float:
    """A tempo within 6 % at which the bars leave about the wished tail."""
    beats = bars * beats_per_bar(resolved.meter)
    wished = 60.0 * beats / max(0.1, seconds - tail)
    low, high = resolved.bpm_range
    # An asked number of bars decides an open tempo, however far from the style's own it lies.
    if not asked:
        wished = min(max(wished, tempo * (1 - BEND)), tempo * (1 + BEND))
    wished = min(max(wished, low), high)
    shortest = 60.0 * beats / seconds
    return max(wished, shortest)


def meeting(resolved: Resolved, typical: float) -> list[float]:
    """Tempi at which every hit falls on the grid; none where the tempo or the length binds."""
    if not resolved.hits or resolved.bpm is not None or resolved.kind == "loop":
        return []
    seconds = resolved.duration_frames / resolved.delivery.sample_rate
    low, high = resolved.bpm_range
    bars = asked_bars_of(resolved)
    if bars is not None:
        shortest = 60.0 * bars * beats_per_bar(resolved.meter) / seconds
        low, high = max(low, shortest), max(high, shortest)
    return hits.tempi(resolved.hits, resolved.meter, (low, high), typical)
