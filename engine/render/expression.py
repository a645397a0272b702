"""Expression: the rise and fall of a part's level by breath, bow and fader, as a curve in dB.

Phrases are arcs that are strongest after their middle, long notes swell; whoever would write it
into a file would use controller 11, in steps too small to be heard one by one.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.contracts import Plan
from engine.render.manners import Manner
from engine.render.touch import clusters
from engine.score import Note, bar_ticks, beat_ticks

SAMPLE_RATE = 48_000
STEP = 480  # frames between two values: 10 ms
STEEPEST_DB = 0.13  # from one value to the next
TAIL_S = 10.0
_PEAK = 0.6  # where an arc and a swell are strongest
_SINK = 0.4  # share of a swell by which the end lies under the beginning
_REST_S = 0.3  # silence after which a new phrase begins
_PHRASE_BARS = 4
_FULL_S = 2.0  # phrases shorter than this have flatter arcs
_SMOOTH = 21  # values
Curve = NDArray[np.floating]


def curve(
    notes: Sequence[Note], plan: Plan, manner: Manner, pace: float, frames: int, *, loop: bool
) -> Curve | None:
    """The part's level every `STEP` frames; None for who holds one level.

    A loop's curve meets its beginning and goes on for `TAIL_S`, in which its last notes ring.
    """
    if not notes or not (manner.arc_db or manner.swell_db):
        return None
    values = max(2, round(frames / STEP) if loop else -(-frames // STEP) + 2)
    step = frames / values if loop else float(STEP)
    spans = _spans(notes, pace)
    if not loop:
        return _gentle(_drawn(spans, plan, manner, pace, values, step))
    # From its longest rest on, or a phrase that goes over the joint would be two.
    spans = _from_rest(spans, frames)
    drawn = _drawn(spans, plan, manner, pace, 2 * values, step).reshape(2, values).sum(axis=0)
    whole = _gentle(np.tile(drawn, 3))[values : 2 * values]
    places = np.arange((frames + TAIL_S * SAMPLE_RATE) // STEP + 2) * STEP
    return np.interp(places / step, np.arange(values), whole, period=values)


def _drawn(
    spans: list[tuple[float, float]],
    plan: Plan,
    manner: Manner,
    pace: float,
    values: int,
    step: float,
) -> Curve:
    """Arcs of the phrases and swells of the long notes, corners and all."""
    decibels = np.zeros(values)
    for begin, end in _phrases(spans, plan, pace):
        depth = manner.arc_db * min(1.0, (end - begin) / (_FULL_S * SAMPLE_RATE))
        _lay(decibels, begin / step, end / step, depth * (_ARC - _ARC.mean()))
    long = 1.9 * beat_ticks(plan.meter) * pace
    for begin, end in spans:
        if end - begin >= long:
            _lay(decibels, begin / step, end / step, manner.swell_db * _SWELL)
    return decibels


def _spans(notes: Sequence[Note], pace: float) -> list[tuple[float, float]]:
    """Frames from each stroke's first onset to its last end, no stroke beyond the next one."""
    groups = clusters(notes)
    starts = [notes[group[0]].start * pace for group in groups]
    ends = [max(notes[at].start + notes[at].length for at in group) * pace for group in groups]
    return [
        (start, min(end, following))
        for start, end, following in zip(starts, ends, [*starts[1:], ends[-1]], strict=True)
    ]


def _from_rest(spans: list[tuple[float, float]], lap: float) -> list[tuple[float, float]]:
    """A loop's spans, begun behind the longest rest in it where that is one; else as they are."""
    rests = [start - end for (_, end), (start, _) in pairwise([(0.0, spans[-1][1] - lap), *spans])]
    first = rests.index(max(rests))
    if rests[first] <= _REST_S * SAMPLE_RATE:
        return spans
    return spans[first:] + [(begin + lap, end + lap) for begin, end in spans[:first]]


def _phrases(
    spans: list[tuple[float, float]], plan: Plan, pace: float
) -> list[tuple[float, float]]:
    """From rest to rest; who never rests begins anew with each section and every four bars."""
    most, bar = _PHRASE_BARS * bar_ticks(plan.meter) * pace, bar_ticks(plan.meter) * pace
    lines = [section.bar * bar - bar / 8 for section in plan.sections]
    phrases: list[tuple[float, float]] = []
    for begin, end in spans:
        rested = phrases and begin - phrases[-1][1] > _REST_S * SAMPLE_RATE
        full = phrases and begin - phrases[-1][0] >= most - bar / 8
        full = full or any(phrases and phrases[-1][0] < line <= begin for line in lines)
        if not phrases or rested or full:
            phrases.append((begin, end))
        else:
            phrases[-1] = (phrases[-1][0], max(phrases[-1][1], end))
    return phrases


_ALONG = np.linspace(0.0, 1.0, 201)
_ARC = np.sin(np.pi * np.interp(_ALONG, (0.0, _PEAK, 1.0), (0.0, 0.5, 1.0)))
_SWELL = np.interp(_ALONG, (0.0, _PEAK, 1.0), (0.0, 1.0, -_SINK))


def _lay(decibels: Curve, begin: float, end: float, shape: Curve) -> None:
    """Add a shape over the values from ``begin`` to ``end``."""
    places = np.arange(max(0, int(np.ceil(begin))), min(len(decibels), int(np.ceil(end))))
    if len(places):
        along = (places - begin) / max(end - begin, 1e-9)
        decibels[places] += np.interp(along, _ALONG, shape)


def _gentle(decibels: Curve) -> Curve:
    """The curve without corners, nowhere steeper than `STEEPEST_DB` a value."""
    kernel = np.hanning(_SMOOTH + 2)[1:-1]
    padded = np.pad(decibels, _SMOOTH // 2, mode="edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), "valid")
    ramp = STEEPEST_DB * np.arange(len(smooth))
    forth = np.minimum.accumulate(smooth - ramp) + ramp
    return np.minimum.accumulate((forth + ramp)[::-1])[::-1] - ramp
