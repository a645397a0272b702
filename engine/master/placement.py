"""From two channels to the four or six of a cabin: front, centre, low frequencies, rear.

Placing is linear: stems that add up in stereo still do. The channels of one source share its power
(the squares of their gains add up to 1, without the low-frequency channel, which only helps
below 90 Hz), so the music is as loud in four channels as in two. The rear is the same music with
its phases turned: heard from two loudspeakers it neither cancels the front nor combs it, and no
seat hears an echo.
"""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.sound.filters import Band, blank, convolve, impulse, middle

Sound = NDArray[np.floating]
NOWHERE = float("-inf")
STEADY_HZ = 240.0  # below this the rear moves with the front: bass that disagrees is lost
REAR_WEIGHT = 1.41  # of BS.1770
_RATE = 48_000
_SECTIONS = 17
_Q = 2.5
_LOW = (Band("low_pass", 90, 0, 0.54), Band("low_pass", 90, 0, 1.31))


class Place(Struct, frozen=True, kw_only=True):
    """Where a sound stands: decibels of front, centre, rear and low-frequency channel.

    They are told relative to each other; `NOWHERE` leaves a channel silent.
    """

    front: float = 0.0
    centre: float = NOWHERE
    rear: float = NOWHERE
    low: float = NOWHERE


# A meter counts the rear 1.5 dB more, two loudspeakers play it 3 dB less: this holds both together.
AROUND = Place(centre=-9, rear=-2, low=-10)
BEFORE = Place(centre=-12, rear=-6, low=-10)
AHEAD = Place(centre=-14)
PLACES = {"ambience": AROUND, "bed": BEFORE, "loop": BEFORE, "sting": BEFORE, "chime": AHEAD}


def placed(sound: Sound, channels: int, place: Place, *, loop: bool) -> Sound:
    """(frames, 2) at 48 kHz as (frames, 4): FL FR RL RR, or (frames, 6): FL FR C LFE RL RR;
    two channels stay, one is both sides' mean."""
    if channels == 1:
        return middle(sound)[:, None]
    if channels == 2:
        return sound
    front, centre, rear, low = _gains(place, channels)
    out = blank(len(sound), channels)
    if not sound.any():
        return out
    out[:, 0], out[:, 1] = front * sound[:, 0], front * sound[:, 1]
    if channels == 6 and (centre or low):
        both = middle(sound)
        # Two sides of equal sound are 3 dB more than their mean has.
        out[:, 2] = np.float32(2**0.5) * centre * both
        if low:
            out[:, 3] = np.float32(2**0.5) * low * convolve(both, impulse(_LOW), circular=loop)
    if rear:
        out[:, channels - 2 :] = rear * convolve(sound, _turned(), circular=loop)
    return out


def _gains(place: Place, channels: int) -> tuple[np.float32, ...]:
    """Factors of front, centre, rear and low, the first three of power 1 together."""
    front, centre, rear, low = (
        10 ** (level / 20) for level in (place.front, place.centre, place.rear, place.low)
    )
    if channels != 6:
        centre = low = 0.0
    whole = (front**2 + centre**2 + rear**2) ** 0.5
    return tuple(np.float32(gain / whole) for gain in (front, centre, rear, low))


def powers(middle_and_side: Sound, channels: int, place: Place) -> Sound:
    """K-weighted power as a meter adds it up over the channels, of the powers of (2, …) middle and
    side before they were placed. The rear counts 1.5 dB more, the low-frequency channel nothing."""
    both, apart = middle_and_side
    if channels == 1:
        return both
    if channels == 2:
        return 2 * (both + apart)
    front, centre, rear, _ = _gains(place, channels)
    sides = front**2 + np.float32(REAR_WEIGHT) * rear**2
    return 2 * (sides * (both + apart) + centre**2 * both)


@lru_cache(maxsize=1)
def _turned() -> Sound:
    """An all-pass response that leaves the bass alone: a full turn of phase every third octave."""
    size = 4096
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(len(z), complex)
    for section in range(_SECTIONS):
        w = 2 * np.pi * STEADY_HZ * 2 ** ((section + 1) / 3) / _RATE
        alpha, cos = np.sin(w) / (2 * _Q), np.cos(w)
        ahead = (1 - alpha) - 2 * cos * z + (1 + alpha) * z * z
        response *= ahead / ((1 + alpha) - 2 * cos * z + (1 - alpha) * z * z)
    return np.fft.irfft(response, n=size).astype(np.float32)
