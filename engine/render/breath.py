"""What bows, breath and lips sound like beside the tone of the bank's strings and winds.

A font small enough to be fetched ends where its recordings do, at 6 to 10 kHz; a bow on a string
or air over an edge goes on to the end of hearing. It is noise that follows the part: 38 to 50 dB
under it, a little nearer where the part is soft.
"""

from functools import lru_cache

import numpy as np
from msgspec import Struct

from engine.render.control import CELL, powers, smoothed
from engine.render.synth import oscillators as osc
from engine.render.synth.lines import ramped
from engine.render.synth.oscillators import Sound

_NOTE = 0.1  # RMS of a note struck at 100
_FOLLOWS = 0.85  # of its level in decibels
_LAG = 24  # cells, ms: bows and lungs are slower than strings
_WHEEL = 1 << 17  # frames after which the noise goes round: 2.7 s


class Breath(Struct, frozen=True, kw_only=True):
    """One kind of noise: decibels re a part at `_NOTE`, and where it lies: hertz, hertz, dB an
    octave."""

    name: str
    level_db: float
    band: tuple[float, float, float]


BOW = Breath(name="bow_noise", level_db=-43.0, band=(2500, 15_000, -2.0))
BOWS = Breath(name="bows_noise", level_db=-39.0, band=(3000, 15_000, -2.0))
VOICES = Breath(name="voices_noise", level_db=-42.0, band=(3500, 16_000, -2.0))
LIPS = Breath(name="lips_noise", level_db=-48.0, band=(3000, 16_000, -2.0))
REED = Breath(name="reed_noise", level_db=-44.0, band=(3000, 16_000, -2.0))
FLUTE = Breath(name="flute_noise", level_db=-38.0, band=(2500, 15_000, -2.0))
_KINDS: tuple[tuple[range, Breath], ...] = (
    (range(40, 44), BOW), (range(44, 45), BOWS), (range(48, 50), BOWS), (range(52, 54), VOICES),
    (range(56, 62), LIPS), (range(64, 72), REED), (range(72, 78), FLUTE), (range(110, 111), BOW),
)  # fmt: skip
PROGRAMS: dict[int, Breath] = {program: kind for programs, kind in _KINDS for program in programs}
"""The bank's instruments that breathe."""


def add_breath(out: Sound, kind: Breath) -> None:
    """Add to a part of the bank's (frames, 2), in place."""
    rms = np.sqrt(np.maximum(smoothed(powers(out) / 2, _LAG, loop=False), 0.0))
    level = _NOTE * 10 ** (kind.level_db / 20) * (rms / _NOTE) ** _FOLLOWS
    curve = ramped(level.astype(np.float32), CELL, len(out))
    for side, noise in enumerate(_wheels(kind)):
        for at in range(0, len(out), _WHEEL):
            piece = out[at : at + _WHEEL, side]
            piece += noise[: len(piece)] * curve[at : at + len(piece)]


@lru_cache(maxsize=8)
def _wheels(kind: Breath) -> Sound:
    """Noise for the left and for the right, half of it shared, RMS 1 each; read-only."""
    shape, rng = osc.band(*kind.band), np.random.default_rng([91, *kind.name.encode()])
    wheels = osc.circular_noise(_WHEEL, rng, shape, 3)
    both = ((wheels[:2] + wheels[2]) * 0.5**0.5).astype(np.float32)
    both.flags.writeable = False
    return both
