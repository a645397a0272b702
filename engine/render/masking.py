"""Masking: who stands in the lead's way, and the pocket that is made for it.

A band of the lead is masked where another part is no more than 4 dB under it, and counts where it
carries 8 % of the lead. After the sound designer's notes, 3.8.
"""

import numpy as np
from numpy.typing import NDArray

from engine.render.levels import WINDOW
from engine.sound.filters import SAMPLE_RATE, Band

MOST_MASKED = 0.15
DEEPEST_DB = 6.0
POCKETS = 2
YIELDING = ("comp", "counter", "pad", "fx")  # who makes room for a tune
_UNDER_DB, _CARRIES = 4.0, 0.08
_EDGES_HZ = np.array([
    0, 100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150,
    3700, 4400, 5300, 6400, 7700, 9500, 12_000, 15_500,
])  # fmt: skip
_STARTS = np.searchsorted(np.arange(WINDOW // 2 + 1) * SAMPLE_RATE / WINDOW, _EDGES_HZ)
Energies = NDArray[np.floating]


def energies(spectrum: Energies, loud: float) -> Energies:
    """Energy in 24 bands of a part of this spectrum and loudness in LUFS."""
    bands = np.add.reduceat(spectrum, _STARTS)[:-1]
    return bands * (10 ** (loud / 10) / max(float(bands.sum()), 1e-30))


def masked(lead: Energies, other: Energies) -> Energies:
    """Share of the lead that the other part covers, by band."""
    covered = (lead >= _CARRIES * lead.sum()) & (other > lead * 10 ** (-_UNDER_DB / 10))
    return np.where(covered, lead, 0.0) / max(float(lead.sum()), 1e-30)


def pocket(lead: Energies | None, other: Energies, row: str) -> tuple[Band, ...]:
    """Cuts in the other part where it covers the lead most; none where the lead is heard."""
    if lead is None or row not in YIELDING:
        return ()
    shares = masked(lead, other)
    if shares.sum() <= MOST_MASKED:
        return ()
    cuts = []
    for band in np.argsort(-shares, kind="stable")[:POCKETS]:
        if shares[band] <= 0:
            break
        needed = 10 * np.log10(other[band] / lead[band]) + _UNDER_DB
        depth = round(2 * min(DEEPEST_DB, float(needed) + 0.5)) / 2
        centre = float(np.sqrt(max(_EDGES_HZ[band], 50) * _EDGES_HZ[band + 1]))
        cuts.append(Band("peak", round(centre), -depth, 1.4))
    return tuple(cuts)
