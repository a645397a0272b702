"""Strokes heard in a sound, without knowing the score: where does energy rise, to under a ms.

Spectral flux: a short spectrum every half millisecond, in bands from the kick to the hats, each in
decibels over its own floor. A stroke is found where the ten milliseconds after are louder than the
ten before in the bands together, and placed where the bands rise most steeply over two.
"""

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.floating]
Times = NDArray[np.float64]

HOP = 24  # samples at 48 kHz: half a millisecond
WINDOW = 192  # four milliseconds
FOUND, PLACED = 20, 4  # hops over which a rise is looked for, and over which it is placed
_EDGES = (0, 1, 2, 3, 5, 7, 10, 14, 19, 26, 36, 50, 70)  # first bins of the bands, 250 Hz each
FLOOR_DB = 50.0  # under the band's loudest moment nothing is a stroke
AROUND = 120  # hops either side that a stroke must stand out of
SMALLEST_DB = 1.2  # mean rise over all bands that counts as a stroke
NEAR = 8  # hops before a place in which the steepest is looked for too
LEAD_IN = 200  # hops
APART = 24  # hops between two strokes: 12 ms
EARLY_S = 0.0012
"""How early a rise is seen: a window hears a stroke when its edge touches it. The mean over clicks,
bursts of noise and kicks at known places, which all lie within 0.3 ms of it."""


def onsets(sound: Sound, sample_rate: int) -> Times:
    """Seconds of every stroke in (frames,) or (frames, channels) at 48 kHz."""
    mono = sound.mean(axis=1) if sound.ndim == 2 else sound
    # Silence before it, so that a stroke on the very first sample has something to rise from.
    levels = _levels(np.pad(np.asarray(mono, np.float32), (LEAD_IN * HOP, 0)))
    steep = _rise(levels, PLACED)
    peaks = _steepest(steep, _peaks(_louder(levels)))
    return (peaks + _between(steep, peaks) - LEAD_IN) * HOP / sample_rate + EARLY_S


def _levels(mono: Sound) -> Times:
    """(hops, bands) decibels, never under the band's floor; hop ``k`` is the sample ``k * HOP``."""
    padded = np.pad(mono, (WINDOW // 2, WINDOW // 2 + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = np.hanning(WINDOW).astype(np.float32)
    bands = []
    for start in range(0, len(frames), 8192):
        power = np.abs(np.fft.rfft(frames[start : start + 8192] * window, axis=1)) ** 2
        bands.append(np.add.reduceat(power, _EDGES, axis=1))
    decibels = 10 * np.log10(np.concatenate(bands) + 1e-20)
    return np.maximum(decibels, decibels.max(axis=0) - FLOOR_DB)


def _louder(levels: Times) -> Times:
    """How much louder the next hops are than the last, mean over the bands in dB."""
    total = np.cumsum(np.pad(10 ** (levels / 10), ((1, 0), (0, 0))), axis=0)
    means = (total[FOUND:] - total[:-FOUND]) / FOUND
    after, before = means[FOUND:], means[:-FOUND]
    louder = np.maximum(10 * np.log10((after + 1e-20) / (before + 1e-20)), 0.0).mean(axis=1)
    return np.pad(louder, (FOUND, len(levels) - FOUND - len(louder)))


def _rise(levels: Times, lag: int) -> Times:
    """Mean rise of the bands over so many hops, in dB, at the middle between the two spectra."""
    rise = np.maximum(levels[lag:] - levels[:-lag], 0.0).mean(axis=1)
    return np.pad(rise, (lag // 2, lag - lag // 2))


def _peaks(rise: Times) -> NDArray[np.int64]:
    """Hops where the rise is the highest within 12 ms and stands out of what is around."""
    wide = np.lib.stride_tricks.sliding_window_view(np.pad(rise, APART // 2), APART + 1)
    highest = rise >= wide.max(axis=1)
    blocks = np.lib.stride_tricks.sliding_window_view(
        np.pad(rise, AROUND, mode="edge"), 2 * AROUND + 1
    )
    usual = np.concatenate(
        [np.median(blocks[at : at + 8192], axis=1) for at in range(0, len(blocks), 8192)]
    )
    places = np.flatnonzero(highest & (rise > usual + SMALLEST_DB))
    if not len(places):
        return places
    return places[np.concatenate([[True], np.diff(places) > 1])]


def _steepest(steep: Times, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The hop near each place at which the rise is steepest.

    A click is as much louder than what was before for the whole time in which it is still to come,
    so the look ahead is as long as that.
    """
    moved = []
    for place in places:
        first = max(0, place - NEAR)
        moved.append(first + int(steep[first : place + FOUND + 1].argmax()))
    return np.unique(np.array(moved, np.int64))


def _between(rise: Times, peaks: NDArray[np.int64]) -> Times:
    """Where between the hops the top of the parabola through three values lies."""
    inside = np.clip(peaks, 1, len(rise) - 2)
    before, here, after = rise[inside - 1], rise[inside], rise[inside + 1]
    bend = before - 2 * here + after
    safe = np.where(bend < 0, bend, -1.0)
    return np.where(bend < 0, np.clip(0.5 * (before - after) / safe, -0.5, 0.5), 0.0)
