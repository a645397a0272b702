"""How far a mix is raised, and what the limiter must take, until it is as loud as asked.

Loudness is reckoned on the K-weighted powers of every millisecond: a gain changes them by its
square, so no pass has to hear the sound again. Nor has the limiter: what can rise above the ceiling
is looked for once.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.master.glue import KNOT_S
from engine.master.limiting import STEP, limited
from engine.sound.loudness import MS_FRAMES, SAMPLE_RATE, lufs_of_powers
from engine.sound.peaks import Points, points

Sound = NDArray[np.floating]
AIM_LU = 0.05
PASSES = 6
SAFETY_DB = 0.3  # the limiter aims this much under the asked ceiling; the file is measured after
_SPARE_DB = 1.0  # how much a later pass may ask for over the first


class Level(Struct, frozen=True, kw_only=True):
    """The answer: a gain, the limiter's curve at every fourth frame, and what came of it."""

    gain_db: float
    curve: Sound | None
    lufs: float
    gr_db: float
    mean_gr_db: float
    passes: int
    held_back: bool  # more gain was wanted than the limiter may take


class Wanted(Struct, frozen=True, kw_only=True):
    """What is asked of the level."""

    lufs: float
    ceiling_dbtp: float
    most_gr_db: float  # of the limiter proper
    tips_db: float  # more, of the tips of the highest peaks
    loop: bool


def levelled(mix: Sound, powers: Sound, glue: Sound | None, wanted: Wanted) -> Level:
    """Raise the mix at 48 kHz, limit, reckon, correct: at most six times.

    ``powers`` are those of the mix; ``glue`` is a gain at knots that is yet to be put on both.
    """
    if glue is not None:
        powers = powers * _by_millisecond(glue, len(powers)) ** 2
    start = lufs_of_powers(powers)
    if not np.isfinite(start) or start < -69:
        return _silent(start)
    ceiling = 10 ** ((wanted.ceiling_dbtp - SAFETY_DB) / 20)
    asked = wanted.lufs - start
    found = _found(mix, glue, ceiling / 10 ** ((asked + _SPARE_DB) / 20))
    # How far the loudest moment may be pushed into the limiter bounds the gain for good.
    most = (
        wanted.most_gr_db
        + wanted.tips_db
        + 20 * np.log10(ceiling / max(found.level.max(initial=0.0), 1e-9))
    )
    applied, reached, number = 0.0, start, 0
    curve: Sound | None = None
    for number in range(1, PASSES + 1):
        applied = min(asked, most)
        raised = Points(at=found.at, level=found.level * 10 ** (applied / 20))
        curve = limited(
            raised, ceiling, len(mix), SAMPLE_RATE, loop=wanted.loop, slow_db=wanted.most_gr_db
        )
        reached = start + applied
        if curve is not None:
            reached = lufs_of_powers(powers * _squared(curve, len(powers))) + applied
        error = wanted.lufs - reached
        if abs(error) <= AIM_LU or asked > most or number == PASSES:
            break
        deepest = 0.0 if curve is None else -20 * np.log10(float(curve.min()))
        asked += error * (1.3 if deepest > 1 else 1.0)
    reduction = np.zeros(1) if curve is None else -20 * np.log10(curve)
    return Level(
        gain_db=applied,
        curve=curve,
        lufs=reached,
        gr_db=float(reduction.max()),
        mean_gr_db=float(reduction.mean()),
        passes=number,
        held_back=bool(asked > most),
    )


def _silent(lufs: float) -> Level:
    return Level(
        gain_db=0.0, curve=None, lufs=lufs, gr_db=0.0, mean_gr_db=0.0, passes=0, held_back=True
    )


def _found(mix: Sound, glue: Sound | None, floor: float) -> Points:
    """The points of the mix above a floor, as they are once they are glued."""
    found = points(mix, floor)
    if glue is None:
        return found
    knots = (np.arange(len(glue)) + 0.5) * len(mix) / len(glue)
    return Points(at=found.at, level=found.level * np.interp(found.at, knots, glue))


def _by_millisecond(glue: Sound, size: int) -> NDArray[np.floating]:
    knots = (np.arange(len(glue)) + 0.5) * (KNOT_S * 1000)
    return np.interp(np.arange(size) + 0.5, knots, glue)


def _squared(curve: Sound, size: int) -> Sound:
    """Mean square of the limiter's gain in every millisecond."""
    steps = MS_FRAMES // STEP
    squares = curve[:-1] * curve[:-1]
    squares = np.pad(squares, (0, size * steps - len(squares)), constant_values=1)
    return squares.reshape(size, steps).mean(axis=1)
