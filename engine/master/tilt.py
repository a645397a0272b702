"""How each style is mastered, and how far its mix is from the tone of its kind."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.sound.filters import middle
from engine.sound.tilts import OCTAVES_HZ, TILTS
from engine.sound.transforms import irfft, rfft

Sound = NDArray[np.floating]


class Manner(Struct, frozen=True):
    """How a style is mastered: its tilt, whether it is glued, how much the limiter may do."""

    tilt: str
    glue_db: float
    most_gr_db: float
    keeps_tips: bool = False  # the limiter proper is all that touches its peaks


MANNERS = {
    "solo_piano": Manner("orchestral", 0, 4, keeps_tips=True),
    "orchestral_epic": Manner("cinematic", 0, 5),
    "orchestral_tender": Manner("orchestral", 0, 4, keeps_tips=True),
    "cinematic_tension": Manner("cinematic", 0, 5),
    "dark_ambient": Manner("ambient", 0, 4, keeps_tips=True),
    "meditation": Manner("ambient", 0, 4, keeps_tips=True), "lofi": Manner("lofi", 1.8, 6),
    "jazz_trio": Manner("jazz", 1, 5), "bossa": Manner("jazz", 1, 5),
    "funk_corporate": Manner("pop", 2, 6), "acoustic_folk": Manner("pop", 1.2, 6),
    "country": Manner("pop", 1.5, 6), "rock": Manner("rock", 2, 7),
    "metal": Manner("rock", 2, 8), "synthwave": Manner("synthwave", 2, 7),
    "house_edm": Manner("edm", 2, 8), "trap_hiphop": Manner("edm", 2, 8),
    "chiptune": Manner("chip", 1, 7), "waltz_ballroom": Manner("orchestral", 0, 5, keeps_tips=True),
    "chinese_traditional": Manner("chinese", 0, 5), "fantasy_tavern": Manner("pop", 1, 5),
    "horror": Manner("cinematic", 0, 5),
}  # fmt: skip
PLAIN = Manner("pop", 1.5, 6)
_AT_ONCE = 8  # windows
# Of what is missing, and how much of each octave its neighbours decide. The bounds below keep a
# master from bending a mix, not these.
_STRENGTH, _SMOOTH = 0.8, (0.15, 0.7, 0.15)


def tilt(mix: Sound, name: str) -> NDArray[np.floating]:
    """Decibels per octave band that bring the mix towards its target; never more than 3."""
    size = 16_384
    whole = len(mix) // size
    if not whole:
        return np.zeros(len(OCTAVES_HZ))
    mono = middle(mix)[: whole * size].reshape(whole, size)
    loud = np.argsort(np.einsum("ij,ij->i", mono, mono), kind="stable")[whole // 2 :]
    window = np.hanning(size).astype(np.float32)
    spectrum = np.zeros(size // 2 + 1)
    for first in range(0, len(loud), _AT_ONCE):
        bins = rfft(mono[loud[first : first + _AT_ONCE]] * window)
        spectrum += (bins.real**2 + bins.imag**2).sum(axis=0)
    spectrum /= len(loud)
    f = np.fft.rfftfreq(size, 1 / 48_000)
    levels = []
    for centre in OCTAVES_HZ:
        inside = (f >= centre * 2 ** (-1 / 2)) & (f < centre * 2 ** (1 / 2))
        levels.append(10 * np.log10(spectrum[inside].sum() + 1e-12))
    reference = (f >= 400) & (f < 1600)
    # Two octaves lie in the reference band; a third octave is a third of an octave band.
    measured = np.asarray(levels) - 10 * np.log10(spectrum[reference].sum() / 2 + 1e-12)
    wanted = np.asarray(TILTS[name]) - measured
    smooth = np.convolve(np.pad(wanted, 1, mode="edge"), _SMOOTH, "valid") * _STRENGTH
    limit = np.where((OCTAVES_HZ > 300) & (OCTAVES_HZ < 5000), 1.5, 3.0)
    # A band that is empty by intention (no bass, no cymbals) is not to be filled with its noise.
    empty = measured < np.asarray(TILTS[name]) - 18
    return np.where(empty, np.minimum(0, smooth), np.clip(smooth, -limit, limit))


def tilt_response(decibels_at: NDArray[np.floating]) -> Sound:
    """A minimum-phase filter of 4096 taps with the given decibels at the octave bands."""
    size = 8192
    f = np.maximum(np.fft.rfftfreq(size, 1 / 48_000), 10.0)
    decibels = np.interp(np.log2(f), np.log2(OCTAVES_HZ), decibels_at)
    log = decibels * np.log(10) / 20
    cepstrum = irfft(log, n=size)
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    return irfft(np.exp(rfft(cepstrum)), n=size)[:4096].astype(np.float32)
