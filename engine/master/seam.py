"""The joint of a loop, measured as the bar line it is, against the loop's own other bar lines.

Every bar line of a piece has something new behind it: a chord, a kick, a section. So the seam is
not asked to be smooth, but to be no rougher than the lines inside, where nothing was joined.
"""

from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.sound.downmix import mono

Sound = NDArray[np.floating]
LINES = 8  # lines inside that are compared at least; of fewer bars, their beats count too
_WINDOW_S = 0.043
_LEVEL_S = 0.05
_QUIET_DB = -70.0  # below the loudest band, where two silences may differ as they like
# The ear's critical bands (Zwicker, 1961). Narrower ones hold a bin or two below 300 Hz, and where
# partials happen to cancel in one of those nobody hears the hole.
_EDGES_HZ = (
    20, 100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150,
    3700, 4400, 5300, 6400, 7700, 9500, 12_000, 15_500,
)  # fmt: skip


class Lines(Struct, frozen=True, kw_only=True):
    """Flux and level jump in decibels at the lines of a loop; the first is the seam."""

    flux_db: NDArray[np.floating]
    jump_db: NDArray[np.floating]

    def seam(self) -> dict[str, float]:
        """The seam, and how far it stands above the median and the roughest of the others."""
        told = {}
        for name, values in (("flux", self.flux_db), ("jump", self.jump_db)):
            seam, others = float(values[0]), values[1:]
            told[f"seam_{name}_db"] = seam
            told[f"seam_{name}_over_db"] = seam - float(np.median(others))
            told[f"seam_{name}_most_db"] = seam - float(others.max())
        return told


def line_count(bars: int, beats: int) -> int:
    """How many lines a loop of ``bars`` bars with ``beats`` beats each is compared at."""
    count = bars if bars > LINES else bars * beats
    while count <= LINES:
        count *= 2
    return count


def lines(audio: Sound, sample_rate: int, count: int) -> Lines:
    """Measure a loop at ``count`` lines, evenly spaced from its first frame on.

    Flux is the root mean square over the ear's 24 bands of how their levels change from the 43 ms
    before a line to the 43 ms behind it; the level jump is that of the 50 ms on either side.
    """
    together = mono(audio)
    frames = len(together)
    size = min(int(_WINDOW_S * sample_rate), frames // 2)
    reach = min(int(_LEVEL_S * sample_rate), frames // 2)
    around = np.concatenate([together[-reach:], together, together[:reach]])
    at = np.round(np.arange(count) * frames / count).astype(int) + reach
    return Lines(
        flux_db=_flux_db(around, at, size, sample_rate), jump_db=_jumps_db(around, at, reach)
    )


def _flux_db(sound: Sound, at: NDArray[np.integer], size: int, rate: int) -> Sound:
    before = _bands_db(sound, at - size, size, rate)
    after = _bands_db(sound, at, size, rate)
    floor = max(before.max(), after.max()) + _QUIET_DB
    change = np.maximum(after, floor) - np.maximum(before, floor)
    return np.sqrt((change**2).mean(axis=1))


def _bands_db(sound: Sound, starts: NDArray[np.integer], size: int, rate: int) -> Sound:
    """Levels of the bands in the windows that begin at ``starts``: (starts, bands)."""
    rows = sound[starts[:, None] + np.arange(size)[None, :]] * np.hanning(size).astype(np.float32)
    power = np.abs(np.fft.rfft(rows, axis=1)) ** 2
    f = np.fft.rfftfreq(size, 1 / rate)
    bands = [power[:, (f >= low) & (f < high)].sum(axis=1) for low, high in pairwise(_EDGES_HZ)]
    return 10 * np.log10(np.stack(bands, axis=1) + 1e-12)


def _jumps_db(sound: Sound, at: NDArray[np.integer], reach: int) -> Sound:
    levels = []
    for start in (at - reach, at):
        rows = sound[start[:, None] + np.arange(reach)[None, :]]
        levels.append(10 * np.log10((rows**2).mean(axis=1) + 1e-9))
    return np.abs(levels[1] - levels[0])
