"""How loud a part is, and where its fader stands.

A meter that runs over every frame of every part costs more than the parts. Power is counted
millisecond by millisecond instead, and how much of it the ear hears (the K-weighting of ITU-R
BS.1770) is read off the spectra of some places where the part sounds.
"""

from functools import lru_cache

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from engine.render.control import CELL, Curve, Sound, channels
from engine.render.desk import LEAD_LUFS, LEVELS, Desk
from engine.sound.filters import SAMPLE_RATE
from engine.sound.loudness import k_weight
from engine.sound.transforms import rfft

WINDOW = 8192
PLACES = 32
_BEFORE = 12  # cells from a window's beginning to its loudest moment
_BLOCK = 100  # cells: the step of the loudness meter
_HANDS = ("kick", "snare", "hats")


class Heard(Struct, frozen=True, kw_only=True):
    """How a part sounds. ``weight`` is what the ear hears of its power; ``middle`` the share of
    its power that both channels have in common; ``spectrum`` its power by bins of `WINDOW`."""

    powers: Curve
    weight: float
    middle: float
    spectrum: NDArray[np.floating]


def listened(sound: Sound, powers: Curve, middle: float = 1.0) -> Heard:
    """Hear some places of a sound of these powers."""
    places = _places(powers, len(sound))
    spectrum = np.zeros(WINDOW // 2 + 1)
    size = min(WINDOW, len(sound))
    for channel in channels(sound):
        rows = np.zeros((len(places), size), np.float32)
        for row, at in zip(rows, places, strict=True):
            row[:] = channel[at : at + size]
        rows *= _taper()[:size]
        bins = rfft(rows, n=WINDOW)
        spectrum += (bins.real**2 + bins.imag**2).sum(axis=0, dtype=np.float64)
    whole = float(spectrum.sum())
    weight = _audible(spectrum) / whole if whole > 0 else 1.0
    return Heard(powers=powers, weight=weight, middle=middle, spectrum=spectrum)


def behind(heard: Heard, passed: NDArray[np.floating]) -> Heard:
    """The same part through a filter that lets so much power through, by the bins of `WINDOW`.

    Its `powers` are still those before the filter, its `weight` makes good for it.
    """
    spectrum = heard.spectrum * passed
    before, after = _audible(heard.spectrum), _audible(spectrum)
    weight = heard.weight * after / before if before > 0 else heard.weight
    return structs.replace(heard, weight=weight, spectrum=spectrum)


def _audible(spectrum: NDArray[np.floating]) -> float:
    return float((spectrum * _k_power()).sum())


@lru_cache(maxsize=1)
def _taper() -> Sound:
    """Opens within ten milliseconds, before the stroke; closes slowly."""
    rise, fall = 480, WINDOW // 3
    shape = np.ones(WINDOW, np.float32)
    shape[:rise] = 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    shape[-fall:] = 0.5 + 0.5 * np.cos(np.pi * np.arange(fall) / fall)
    return shape


@lru_cache(maxsize=1)
def _k_power() -> Sound:
    return k_weight(WINDOW).astype(np.float64) ** 2


def _places(powers: Curve, frames: int) -> list[int]:
    """First frames of the windows: evenly spread over the moments at which the part sounds, each
    as it is struck."""
    step = WINDOW // CELL
    whole = -(-len(powers) // step)
    blocks = np.pad(powers, (0, whole * step - len(powers))).reshape(whole, step)
    sums = blocks.sum(axis=1)
    if not len(sums) or sums.max() <= 0:
        return []
    loud = np.flatnonzero(sums > 0.03 * sums[sums > 0].mean())
    chosen = loud[np.unique(np.linspace(0, len(loud) - 1, min(PLACES, len(loud))).astype(int))]
    struck = chosen * step + blocks[chosen].argmax(axis=1) - _BEFORE
    return [int(min(max(at, 0) * CELL, max(frames - WINDOW, 0))) for at in struck]


def loudness(heard: Heard, gain: Curve | float = 1.0, *, loop: bool) -> float:
    """LUFS of a part under a gain: gated over the bars in which it sounds; of less than three
    seconds, and of what the gate leaves nothing of, its loudest 400 ms. No less than -60."""
    weighted = heard.powers * (np.square(gain) * heard.weight)
    window = 4 * _BLOCK
    if len(weighted) < window:
        weighted = np.pad(weighted, (0, window - len(weighted)))
    # A loop has no first block: the meter goes on over the joint until it has seen them all.
    around = np.append(weighted, weighted[: 3 * _BLOCK]) if loop else weighted
    sums = np.concatenate([[0.0], np.cumsum(around)])
    moments = (sums[window:] - sums[:-window]) / window
    loud = _gated(moments[::_BLOCK])
    if loud <= 0 or len(heard.powers) * CELL < 3 * SAMPLE_RATE:
        loud = float(moments.max())
    return max(-0.691 + 10 * float(np.log10(max(loud, 1e-12))), -60.0)


def _gated(moments: Curve) -> float:
    """Mean power of what is above -70 LUFS and no more than 10 LU under the rest; 0 for nothing."""
    above = moments[moments > 10 ** ((-70 + 0.691) / 10)]
    if not len(above):
        return 0.0
    above = above[above > 0.1 * above.mean()]
    return float(above.mean())


def faders(rows: list[tuple[str, float]], desk: Desk, *, has_lead: bool) -> list[float]:
    """Decibels that bring every part, given its row and loudness, to its role's level.

    The drummer's hands move together: the kit's own balance is kept within 5 dB, because how loud
    the hats are against the snare is written in the velocities.
    """
    levels = LEVELS[desk.column]
    lift = 0.0 if has_lead else min(3.0, -levels["comp"])
    asked = []
    for row, loud in rows:
        target = LEAD_LUFS + levels[row] + desk.faders.get(row, 0.0)
        asked.append(target + (lift if row == "comp" else 0.0) - loud)
    kit = [gain for (row, _), gain in zip(rows, asked, strict=True) if row in _HANDS]
    if not kit:
        return asked
    together = float(np.mean(kit))
    return [
        together + float(np.clip(gain - together, -5, 5)) if row in _HANDS
        else (0.5 * (together + gain) if row == "perc" else gain)
        for (row, _), gain in zip(rows, asked, strict=True)
    ]  # fmt: skip
