"""Equalisers: the role's own, the style's, and a touch of the hand that listens.

Instruments differ more than roles do. So what a part has above its body is brought nearer to what
the style wants there: never by more than a shelf may do, and never where there is nothing.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.render.desk import BRIGHTNESS, EQUALISERS, SOLO_COMP, Desk
from engine.sound.filters import Band, impulse
from engine.sound.tilts import OCTAVES_HZ, octaves
from engine.sound.transforms import rfft

TAPS = 4096
MOST_DB, LEAST_DB = 12.0, -5.0  # of all shelves together
_HAND = 0.95  # share of what is missing that is given
_EMPTY_DB = 34.0  # further than this under the target an instrument has no such sound to raise
# Shelves, and the octave (1, 2, 4, 8 and 16 kHz) that says what each of them shall do.
_SHELVES = ((700.0, 5), (1600.0, 6), (3200.0, 7), (7000.0, 8), (12_000.0, 9))
Spectrum = NDArray[np.floating]


def role_bands(row: str, desk: Desk, *, has_bass: bool) -> tuple[Band, ...]:
    """What the role and the style always do."""
    bands = SOLO_COMP if row == "comp" and not has_bass else EQUALISERS[row]
    return bands + desk.extra.get(row, ()) + desk.extra.get("all", ()) + _tone(desk.tone)


@lru_cache(maxsize=32)
def _tone(tone: tuple[float, ...]) -> tuple[Band, ...]:
    """The style's tone as one bell an octave, a shelf on top."""
    bells = zip(OCTAVES_HZ[1:], tone, strict=False)
    return tuple(
        Band("peak", float(hertz), gain, 1.0)
        if hertz < 12_000
        else Band("high_shelf", 11_000, gain, 0.7)
        for hertz, gain in bells
        if gain
    )


def hand_bands(
    spectrum: Spectrum, bands: tuple[Band, ...], row: str, wanted: Spectrum
) -> tuple[Band, ...]:
    """Shelves that bring a part of this power spectrum behind ``bands`` nearer to the style's
    ``wanted`` octaves; none where the row is not one of a tune or a chord."""
    if not spectrum.any():
        return ()
    heard = octaves(spectrum * passed(bands, 2 * (len(spectrum) - 1)))
    if row == "bass":
        return _firmed(heard, wanted)
    place = BRIGHTNESS.get(row)
    if place is None:
        return ()
    missing = wanted + place - heard
    shelves, given = [], 0.0
    for hertz, octave in _SHELVES:
        if missing[octave] > _EMPTY_DB:
            break
        whole = float(np.clip(_HAND * missing[octave], LEAST_DB, MOST_DB))
        step = round(2 * (whole - given)) / 2
        if step:
            shelves.append(Band("high_shelf", hertz, step, 0.6))
            given += step
    return tuple(shelves)


def _firmed(heard: Spectrum, wanted: Spectrum) -> tuple[Band, ...]:
    """A bass that is all in its lowest octave is given the one above, or is not heard at all."""
    missing = (wanted[2] - heard[2]) - (wanted[1] - heard[1])
    gain = round(2 * float(np.clip(missing, 0, 6))) / 2
    return (Band("peak", 125, gain, 0.9),) if gain else ()


@lru_cache(maxsize=128)
def passed(bands: tuple[Band, ...], size: int) -> Spectrum:
    """Power that the bands let through, by the bins of ``size``."""
    bins = rfft(impulse(bands, TAPS), n=size)
    return bins.real**2 + bins.imag**2


@lru_cache(maxsize=24)
def response(bands: tuple[Band, ...], size: int) -> NDArray[np.complex64]:
    """The bands' response by the bins of ``size``; it rings for `TAPS` frames."""
    return rfft(impulse(bands, TAPS), n=size).astype(np.complex64)
