"""The first pass over a mix: tone and width by one filter for the middle and one for the side, and
what the ear makes of the result, while its spectrum is at hand.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.master.tilt import tilt, tilt_response
from engine.sound.filters import Band, blank, impulse
from engine.sound.loudness import MS_FRAMES, k_impulse
from engine.sound.tilts import OCTAVES_HZ

Sound = NDArray[np.floating]
Spectrum = NDArray[np.complexfloating]
TAPS = 8192
_SIZE = 32_768
_HOP = (_SIZE - TAPS) // MS_FRAMES * MS_FRAMES
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
    passed, weighed = _answers(decibels)
    frames = len(next(iter(groups.values())))
    before = np.arange(-TAPS, 0) % frames
    playing = {name: sound for name, sound in groups.items() if sound.any()}
    desks = {name: _Running(passed, frames) for name in playing}
    ear = _Running(weighed, frames)
    for start in range(-_HOP if loop else 0, frames, _HOP):
        total = None
        for name, sound in playing.items():
            piece = sound[before] if start < 0 else sound[start : start + _HOP]
            spectrum = _spectrum(piece)
            desks[name].take(spectrum, start, len(piece))
            total = spectrum if total is None else total + spectrum
        if total is not None:
            ear.take(total, start, TAPS if start < 0 else min(_HOP, frames - start))
    return Shaped(
        groups={
            name: desks[name].sides() if name in playing else blank(*sound.shape)
            for name, sound in groups.items()
        },
        powers=by_millisecond(ear.out),
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


def by_millisecond(sound: Sound) -> Sound:
    """Mean square of every millisecond of (channels, frames) at 48 kHz; the last one is filled up
    with silence."""
    whole = sound.shape[1] // MS_FRAMES
    cells = sound[:, : whole * MS_FRAMES].reshape(len(sound), whole, MS_FRAMES)
    power = np.einsum("cij,cij->ci", cells, cells)
    rest = sound[:, whole * MS_FRAMES :]
    if rest.shape[1]:
        power = np.concatenate([power, (rest * rest).sum(axis=1)[:, None]], axis=1)
    return power / np.float32(MS_FRAMES)


def _answers(decibels: NDArray[np.floating]) -> tuple[Spectrum, Spectrum]:
    """Responses of middle and side, (2, bins), as they are passed on and as the ear weighs them."""
    centre = _on_grid(impulse(_SUBSONIC, TAPS))
    if decibels.any():
        centre = centre * _on_grid(tilt_response(decibels))
    taps = _taps(centre)
    # The sum of the taps is the response to a constant: it must be nothing at all.
    centre = _on_grid(taps - taps.mean())
    side = _on_grid(_taps(centre * _on_grid(impulse(_MONO_BELOW, TAPS))))
    ear = _on_grid(k_impulse(TAPS))
    weighed = [_on_grid(_taps(one * ear)) for one in (centre, side)]
    return np.stack([centre, side]).astype(np.complex64), np.stack(weighed).astype(np.complex64)


def _on_grid(taps: NDArray[np.floating]) -> Spectrum:
    return np.fft.rfft(taps.astype(np.float64), n=_SIZE)


def _taps(response: Spectrum) -> NDArray[np.float64]:
    """The response in time, faded to nothing at its last tap."""
    taps = np.fft.irfft(response, n=_SIZE)[:TAPS]
    fade = TAPS // 8
    taps[-fade:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    return taps


def _spectrum(piece: Sound) -> Spectrum:
    """Middle and side of (frames, 2): (2, bins)."""
    both = np.empty((2, len(piece)), np.float32)
    np.add(piece[:, 0], piece[:, 1], out=both[0])
    np.subtract(piece[:, 0], piece[:, 1], out=both[1])
    both *= np.float32(0.5)
    return np.fft.rfft(both, n=_SIZE, axis=1)


class _Running:
    """A filter for middle and side that is fed block after block; ``out`` is (2, frames)."""

    def __init__(self, answers: Spectrum, frames: int) -> None:
        self.out = np.zeros((2, frames), np.float32)
        self._answers = answers
        self._ringing = np.zeros((2, TAPS), np.float32)

    def take(self, spectrum: Spectrum, start: int, length: int) -> None:
        """The spectrum of the next ``length`` frames; those before the ``start`` of a loop only
        ring into it."""
        wave = np.fft.irfft(spectrum * self._answers, n=_SIZE, axis=1)
        wave[:, :TAPS] += self._ringing
        if start >= 0:
            self.out[:, start : start + length] = wave[:, :length]
        self._ringing = wave[:, length : length + TAPS].copy()

    def sides(self) -> Sound:
        """Left and right, (frames, 2), in the place of middle and side."""
        middle, side = self.out
        middle += side
        side *= -2
        side += middle
        return self.out.T
