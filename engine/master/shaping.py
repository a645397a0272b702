"""The first pass over a mix: tone and width by one filter for the middle and one for the side, and
what the ear makes of the result.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.master.tilt import tilt, tilt_response
from engine.sound.filters import Band, blank, impulse
from engine.sound.loudness import MS_FRAMES, k_powers
from engine.sound.tilts import OCTAVES_HZ
from engine.sound.transforms import irfft, rfft

Sound = NDArray[np.floating]
Spectrum = NDArray[np.complexfloating]
TAPS = 8192
_SIZE = 32_768
_HOP = (_SIZE - TAPS) // MS_FRAMES * MS_FRAMES
_AT_ONCE = 4  # blocks
_SUBSONIC = (Band("high_pass", 22),)
_MONO_BELOW = (Band("high_pass", 120, 0, 0.54), Band("high_pass", 120, 0, 1.31))


class Shaped(Struct, frozen=True, kw_only=True):
    """Every group after the filters; ``powers`` are the K-weighted mean squares of the middle and
    of the side of their sum in every millisecond, (2, ms); ``tilt_db`` is the largest correction.
    """

    groups: dict[str, Sound]
    powers: Sound
    tilt_db: float


def shaped(groups: dict[str, Sound], tone: str | None, *, loop: bool) -> Shaped:
    """Without sub-sonic drift, in mono below 120 Hz, and nearer to the style's ``tone``."""
    decibels = tilt(summed(groups), tone) if tone else np.zeros(len(OCTAVES_HZ))
    answers = _answers(decibels)
    frames = len(next(iter(groups.values())))
    passed = {
        name: _passed(sound, answers, loop=loop) for name, sound in groups.items() if sound.any()
    }
    powers = np.zeros((2, -(-frames // MS_FRAMES)))
    if passed:
        for power, one in zip(powers, _total(passed), strict=True):
            power[:] = k_powers(one, loop=loop)
    return Shaped(
        groups={
            name: _sides(passed[name]) if name in passed else blank(*sound.shape)
            for name, sound in groups.items()
        },
        powers=powers,
        tilt_db=float(np.abs(decibels).max()),
    )


def summed(groups: dict[str, Sound]) -> Sound:
    """The groups added up in the order of their names."""
    if len(groups) == 1:
        return next(iter(groups.values()))
    total = blank(*next(iter(groups.values())).shape)
    for name in sorted(groups):
        total += groups[name]
    return total


def _total(passed: dict[str, Sound]) -> Sound:
    """The groups, (2, frames) each, added up in the order of their names."""
    first, *others = (passed[name] for name in sorted(passed))
    total = first.copy() if others else first
    for one in others:
        total += one
    return total


def _answers(decibels: NDArray[np.floating]) -> Spectrum:
    """Responses of middle and side, (2, bins)."""
    centre = _on_grid(impulse(_SUBSONIC, TAPS))
    if decibels.any():
        centre = centre * _on_grid(tilt_response(decibels))
    taps = _taps(centre)
    # The sum of the taps is the response to a constant: it must be nothing at all.
    centre = _on_grid(taps - taps.mean())
    side = _on_grid(_taps(centre * _on_grid(impulse(_MONO_BELOW, TAPS))))
    return np.stack([centre, side]).astype(np.complex64)


def _on_grid(taps: NDArray[np.floating]) -> Spectrum:
    return rfft(taps.astype(np.float64), n=_SIZE)


def _taps(response: Spectrum) -> NDArray[np.floating]:
    """The response in time, faded to nothing at its last tap."""
    taps = irfft(response, n=_SIZE)[:TAPS]
    fade = TAPS // 8
    taps[-fade:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    return taps


def _passed(sound: Sound, answers: Spectrum, *, loop: bool) -> Sound:
    """Middle and side of (frames, 2) through their filters: (2, frames)."""
    frames = len(sound)
    out = np.empty((2, frames), np.float32)
    ringing = np.zeros((2, TAPS), np.float32)
    if loop:
        before = sound[np.arange(-TAPS, 0) % frames]
        ringing = _filtered([before], answers)[0, :, TAPS : 2 * TAPS]
    for first in range(0, frames, _AT_ONCE * _HOP):
        starts = range(first, min(first + _AT_ONCE * _HOP, frames), _HOP)
        waves = _filtered([sound[at : at + _HOP] for at in starts], answers)
        for at, wave in zip(starts, waves, strict=True):
            length = min(_HOP, frames - at)
            wave[:, :TAPS] += ringing
            out[:, at : at + length] = wave[:, :length]
            ringing = wave[:, length : length + TAPS].copy()
    return out


def _filtered(pieces: list[Sound], answers: Spectrum) -> Sound:
    """Middle and side of pieces (frames, 2) with what they ring: (pieces, 2, frames)."""
    both = np.zeros((len(pieces), 2, _SIZE), np.float32)
    for (middle, side), piece in zip(both, pieces, strict=True):
        np.add(piece[:, 0], piece[:, 1], out=middle[: len(piece)])
        np.subtract(piece[:, 0], piece[:, 1], out=side[: len(piece)])
    bins = rfft(both)
    bins *= answers * np.float32(0.5)
    return irfft(bins, n=_SIZE, overwrite_x=True)


def _sides(middle_and_side: Sound) -> Sound:
    """Left and right, (frames, 2), in the place of middle and side."""
    middle, side = middle_and_side
    middle += side
    side *= -2
    side += middle
    return middle_and_side.T
