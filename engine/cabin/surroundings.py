"""The noise of a cabin and what can be heard above it (§6.5).

The spectra are plausible totals of a mid-size electric car on smooth asphalt, not measured ones; a
client's own would replace them.
"""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.cabin.hearing import a_weight, loudest_dba

Sound = NDArray[np.floating]
BANDS_HZ = np.array([31.5, 40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000,
                     1250, 1600, 2000, 2500, 3150, 4000, 5000, 6300, 8000, 10000])  # fmt: skip
SPEEDS_KMH = (0, 60, 120)
_NOISE = {
    0: (48, 46, 45, 44, 42, 40, 38, 37, 36, 35, 33, 31, 30, 28.5, 27, 25.5, 24, 22, 20.5, 19, 17,
        15.5, 14, 12, 10.5, 9),
    60: (76, 75, 74, 72, 69, 67, 65, 63, 61, 60, 58, 56, 55, 54, 53, 51.5, 49, 46.5, 44, 41, 38.5,
         36, 33, 30, 27, 24),
    120: (84, 83, 81, 79, 77, 75, 73, 71, 69, 68, 66, 64.5, 63, 62, 61.5, 60, 58, 56, 54, 51.5, 49,
          46.5, 43.5, 40.5, 37.5, 34.5),
}  # fmt: skip
SPREAD_DB = 2.5
"""How much a band's masking falls from one third-octave to the next above it."""
TARGETS_DB = {0: 8.0, 1: 8.0, 2: 10.0, 3: 13.0, 4: 13.0}
"""The margin each class of urgency needs, in dB over the masked threshold."""


class Margin(Struct, frozen=True, kw_only=True):
    """How far a sound stands above what masks it, played at its level for one speed."""

    speed_kmh: int
    level_dba: float
    margin_db: float
    bands: int  # third-octaves at least 13 dB above


@lru_cache(maxsize=32)
def noise_db(speed_kmh: float) -> tuple[float, ...]:
    """Sound pressure per third-octave: between the speeds that are known by the logarithm."""
    if speed_kmh <= 1:
        return _NOISE[0]
    low, middle, high = (np.asarray(_NOISE[one], float) for one in SPEEDS_KMH)
    slope = high - middle  # of one doubling
    level = middle + slope * np.log2(speed_kmh / 60)
    return tuple(np.maximum(level, low).tolist())


def noise_dba(speed_kmh: float) -> float:
    """The noise as a whole, A-weighted."""
    levels = np.asarray(noise_db(speed_kmh)) + 20 * np.log10(a_weight(BANDS_HZ))
    return float(10 * np.log10(np.sum(10 ** (levels / 10))))


def threshold_db(speed_kmh: float) -> NDArray[np.floating]:
    """The masked threshold per third-octave: noise masks upwards too."""
    out: list[float] = []
    for level in noise_db(speed_kmh):
        out.append(max(level, out[-1] - SPREAD_DB) if out else level)
    return np.asarray(out)


def margin(sound: Sound, rate: int, level_dba: float, speed_kmh: int) -> Margin:
    """How well a sound is heard when it is played at ``level_dba`` (its loudest 125 ms)."""
    spl = third_octaves_db(sound, rate) + (level_dba - loudest_dba(sound, rate))
    above = spl - threshold_db(speed_kmh)
    return Margin(
        speed_kmh=speed_kmh,
        level_dba=round(level_dba, 2),
        margin_db=round(float(above.max()), 2),
        bands=int((above >= 13).sum()),
    )


def third_octaves_db(sound: Sound, rate: int) -> NDArray[np.floating]:
    """Third-octave levels of the loudest 125 ms, dB re full scale."""
    window = min(len(sound), round(0.125 * rate))
    total = np.concatenate([[0.0], np.cumsum(sound.astype(np.float64) ** 2)])
    at = int(np.argmax(total[window:] - total[:-window])) if len(sound) > window else 0
    piece = sound[at : at + window]
    size = 1 << (4 * window - 1).bit_length()
    power = np.abs(np.fft.rfft(piece, n=size)) ** 2 * 2 / size / round(0.125 * rate)
    f = np.fft.rfftfreq(size, 1 / rate)
    bands = [
        power[(f >= centre * 2 ** (-1 / 6)) & (f < centre * 2 ** (1 / 6))].sum()
        for centre in BANDS_HZ
    ]
    return 10 * np.log10(np.asarray(bands) + 1e-14)


def gain_table() -> dict[str, float]:
    """How much louder a sound is played at each speed, in dB."""
    parked = noise_dba(0)
    return {
        str(speed): round(min(max(0.8 * (noise_dba(speed) - parked), 0.0), 25.0), 1)
        for speed in range(0, 161, 20)
    }
