"""Equalisers: the role's own, the style's, and a touch of the hand that listens.

Instruments differ more than roles do. So what a part has above its body is brought nearer to what
the style wants there: never by more than a shelf may do, and never where there is nothing.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.render.desk import BRIGHTNESS, EQUALISERS, SOLO_COMP, Desk
from engine.sound.filters import Band, impulse
from engine.sound.tilts import octaves

TAPS = 4096
MOST_DB, LEAST_DB = 7.0, -4.0
_HAND = 0.8  # share of what is missing that is given
_EMPTY_DB = -30.0  # below this under the target an instrument has no such sound to raise
Spectrum = NDArray[np.floating]


def role_bands(row: str, desk: Desk, *, has_bass: bool) -> tuple[Band, ...]:
    """What the role and the style always do."""
    bands = SOLO_COMP if row == "comp" and not has_bass else EQUALISERS[row]
    return bands + desk.extra.get(row, ()) + desk.extra.get("all", ())


def hand_bands(
    spectrum: Spectrum, bands: tuple[Band, ...], row: str, wanted: Spectrum
) -> tuple[Band, ...]:
    """Two shelves that bring a part of this power spectrum behind ``bands`` nearer to the style's
    ``wanted`` octaves; none where the row is not one of a tune or a chord."""
    place = BRIGHTNESS.get(row)
    if place is None or not spectrum.any():
        return ()
    missing = wanted + place - octaves(spectrum * passed(bands, 2 * (len(spectrum) - 1)))
    presence = _given(missing[6:8])
    air = _given(missing[8:9] - presence)
    shelves = (Band("high_shelf", 2400, presence, 0.6), Band("high_shelf", 7500, air, 0.6))
    return tuple(one for one in shelves if one.decibels)


def _given(missing: Spectrum) -> float:
    """In steps of half a decibel."""
    some = missing[missing < -_EMPTY_DB]
    if not len(some):
        return 0.0
    return round(2 * float(np.clip(_HAND * some.mean(), LEAST_DB, MOST_DB))) / 2


@lru_cache(maxsize=128)
def passed(bands: tuple[Band, ...], size: int) -> Spectrum:
    """Power that the bands let through, by the bins of ``size``."""
    bins = np.fft.rfft(impulse(bands, TAPS), n=size)
    return bins.real**2 + bins.imag**2


@lru_cache(maxsize=24)
def response(bands: tuple[Band, ...], size: int) -> NDArray[np.complex64]:
    """The bands' response by the bins of ``size``; it rings for `TAPS` frames."""
    return np.fft.rfft(impulse(bands, TAPS), n=size).astype(np.complex64)
