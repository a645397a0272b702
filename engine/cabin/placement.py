"""Where a sound stands in a cabin of 2, 4 or 6 loudspeakers (§6.10).

The power of all channels together is that of the mono file, so its loudness holds for all files.
"""

from math import inf

import numpy as np
from numpy.typing import NDArray

from engine.contracts import CabinFunction

Sound = NDArray[np.floating]
ORDERS: dict[int, tuple[str, ...]] = {
    1: ("M",),
    2: ("FL", "FR"),
    4: ("FL", "FR", "RL", "RR"),
    6: ("FL", "FR", "C", "LFE", "RL", "RR"),
}
_ROWS: dict[str, dict[str, float]] = {
    "ahead": {"FL": -3, "FR": -3, "C": 0},
    "driver": {"FL": 0, "FR": -6, "C": 0},
    "door": {"FL": 0, "FR": -9, "C": -9, "RL": -14, "RR": -14},
    "around": {"FL": 0, "FR": 0, "C": -6, "RL": -9, "RR": -9},
    "bed": {"FL": 0, "FR": 0, "C": -9, "RL": 0, "RR": 0},
    "hum": {"FL": -1, "FR": -1, "C": -6, "RL": -4, "RR": -4},
}  # fmt: skip
_PLACES: dict[CabinFunction, str] = {
    "warn": "ahead", "notify": "driver", "seat_belt": "driver", "low_battery": "driver",
    "indicator": "driver", "door_open": "door", "door_close": "door", "lock": "around",
    "unlock": "around", "charge_start": "around", "charging": "bed", "sleep": "bed",
    "drive": "hum",
}  # fmt: skip
MOVING: tuple[CabinFunction, ...] = ("welcome", "farewell")
MOVE_S, FROM_DEGREES, TO_DEGREES = 1.2, 30.0, 110.0
"""From ahead at 0 to behind at 180 degrees; it never leaves the front altogether."""
CENTRE_DB = -9.0
BASS_HZ = 90.0
LOW_DB: dict[CabinFunction, float] = {"charging": -10, "sleep": -10, "drive": -3}
"""What an ambience gives the low loudspeaker, below 90 Hz."""


def gains(function: CabinFunction, channels: int) -> NDArray[np.floating]:
    """Gain of each channel, the squares adding up to 1; the low loudspeaker stays apart."""
    row = _ROWS[_PLACES[function]]
    order = ORDERS[channels]
    levels = np.array([1.0 if one == "M" else 10 ** (row.get(one, -inf) / 20) for one in order])
    return levels / np.sqrt(np.sum(levels**2))


def placed(function: CabinFunction, mono: Sound, channels: int, rate: int) -> Sound:
    """(frames, channels) of a single sound; welcome moves to the back of the car, farewell out."""
    if function not in MOVING:
        return mono[:, None] * gains(function, channels)[None]
    return mono[:, None] * _moving(function, len(mono), channels, rate)


def _moving(function: CabinFunction, frames: int, channels: int, rate: int) -> Sound:
    """Gains over time, (frames, channels); the power stays the same on the way."""
    order = ORDERS[channels]
    seconds = min(MOVE_S, frames / rate)
    along = np.clip(np.arange(frames) / (seconds * rate), 0, 1)
    if function == "farewell":
        along = 1 - along
    angle = np.radians(FROM_DEGREES + along * (TO_DEGREES - FROM_DEGREES)) / 2
    course = np.zeros((frames, channels))
    for at, name in enumerate(order):
        if name in ("FL", "FR"):
            course[:, at] = np.cos(angle) if "RL" in order else 1.0
        elif name in ("RL", "RR"):
            course[:, at] = np.sin(angle)
        elif name == "C":
            course[:, at] = 10 ** (CENTRE_DB / 20) * np.cos(angle)
    return course / np.sqrt(np.sum(course**2, axis=1, keepdims=True))


def bed(function: CabinFunction, common: Sound, own: Sound, channels: int, rate: int) -> Sound:
    """(frames, channels) of a loop: what is common by equal power, what is each corner's own there,
    and the low end once more below 90 Hz where there is a loudspeaker for it."""
    level = gains(function, channels)
    out = common[:, None] * level[None] + own.T * level[None]
    if "LFE" in ORDERS[channels]:
        at = ORDERS[channels].index("LFE")
        spectrum = np.fft.rfft(common)
        f = np.fft.rfftfreq(len(common), 1 / rate)
        spectrum[f > BASS_HZ] = 0.0
        low = np.fft.irfft(spectrum, n=len(common))
        out[:, at] = 10 ** (LOW_DB[function] / 20) * level[0] * low
    return out


_MOVING_SUM = {1: 1.0, 2: 2**0.5, 4: 1.9, 6: 2.05}
"""What the gains of a moving sound add up to, within half a decibel all the way."""


def folded(sound: Sound, function: CabinFunction, channels: int) -> Sound:
    """All channels but the low one as mono again, at the power of the placement."""
    kept = [at for at, name in enumerate(ORDERS[channels]) if name != "LFE"]
    total = sound[:, kept].sum(axis=1)
    if function in MOVING:
        return total / _MOVING_SUM[channels]
    return total / float(gains(function, channels)[kept].sum())
