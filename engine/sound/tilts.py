"""How bright a finished piece is: what a long listen finds in every octave, by kind of music."""

import numpy as np
from numpy.typing import NDArray

from engine.sound.filters import SAMPLE_RATE

OCTAVES_HZ = 31.25 * 2.0 ** np.arange(10)

# dB at 31 63 125 250 500 1k 2k 4k 8k 16k Hz re the mean of 400 Hz-1.6 kHz; the corridor is 3 dB to
# either side. From the sound designer's notes, 4.2.
TILTS: dict[str, tuple[float, ...]] = {
    "pop": (-6, 6, 5, 3, 1, 0, -2, -4, -7, -15),
    "lofi": (-8, 6, 6, 4, 2, 0, -4, -9, -16, -30),
    "ambient": (-6, 2, 4, 4, 2, 0, -4, -8, -14, -24),
    "cinematic": (0, 5, 5, 3, 1, 0, -3, -6, -11, -20),
    "orchestral": (-8, 0, 3, 3, 1, 0, -3, -7, -13, -23),
    "edm": (1, 9, 6, 2, 0, 0, -1, -3, -6, -13),
    "synthwave": (-4, 8, 6, 3, 1, 0, -2, -4, -8, -16),
    "chip": (-18, -2, 2, 2, 1, 0, -1, -3, -6, -13),
    "jazz": (-10, 3, 5, 3, 1, 0, -3, -6, -10, -18),
    "rock": (-6, 6, 5, 3, 1, 0, -1, -3, -8, -18),
    "chinese": (-16, -4, 1, 2, 1, 0, -2, -5, -10, -18),
}
_STYLES = {
    "solo_piano": "orchestral", "orchestral_epic": "cinematic", "orchestral_tender": "orchestral",
    "cinematic_tension": "cinematic", "dark_ambient": "ambient", "meditation": "ambient",
    "lofi": "lofi", "jazz_trio": "jazz", "bossa": "jazz", "rock": "rock", "metal": "rock",
    "synthwave": "synthwave", "house_edm": "edm", "trap_hiphop": "edm", "chiptune": "chip",
    "waltz_ballroom": "orchestral", "chinese_traditional": "chinese", "horror": "cinematic",
}  # fmt: skip


def tilt(style: str) -> NDArray[np.floating]:
    """The style's target in dB at `OCTAVES_HZ`; a style that has none of its own is pop."""
    return np.array(TILTS[_STYLES.get(style, "pop")], float)


def octaves(spectrum: NDArray[np.floating]) -> NDArray[np.floating]:
    """Power by octave around `OCTAVES_HZ` of a power spectrum at 48 kHz, as `TILTS` counts it: 0 is
    the mean of the two octaves from 400 Hz to 1.6 kHz. In dB, no less than -120."""
    f = np.linspace(0, SAMPLE_RATE / 2, len(spectrum))
    edges = np.searchsorted(f, np.append(OCTAVES_HZ / np.sqrt(2), OCTAVES_HZ[-1] * np.sqrt(2)))
    power = np.add.reduceat(np.append(spectrum, 0.0), edges)[:-1]
    first, last = np.searchsorted(f, (400.0, 1600.0))
    reference = float(spectrum[first:last].sum()) / 2
    return 10 * np.log10(np.maximum(power / max(reference, 1e-30), 1e-12))
