"""Blown pipes and reeds: a few harmonics, breath, and for the dizi the buzz of its membrane."""

from functools import lru_cache

import numpy as np

from engine.render.synth import oscillators as osc
from engine.render.synth.oscillators import Curve
from engine.render.synth.singing import Line


class Blown(Line, frozen=True, kw_only=True):
    """A pipe; ``harmonics`` as it sounds at velocity 89, ``formants`` (hertz, decibels, q)."""

    harmonics: tuple[float, ...] = (1.0,)
    falling: float = 3.0  # power by which what follows the listed harmonics dies away
    opening: float = 1.2  # how much of a power of h a full breath adds
    formants: tuple[tuple[float, float, float], ...] = ()
    buzz_db: float = -120.0  # the membrane's rattle re the tone
    buzz_from_hz: float = 2500.0
    buzz_formants: tuple[tuple[float, float, float], ...] = ()
    low_pass_hz: float = 12_000.0

    def spectrum(self, hertz: Curve, press: Curve, count: int) -> Curve:
        """The pipe's harmonics, more of the high ones under more breath, and the membrane's."""
        h = np.arange(1.0, count + 1)
        places = hertz[:, None] * h
        pipe = _listed(self.harmonics, self.falling, count)
        pipe = pipe * h ** (self.opening * (press[:, None] - 0.7))
        pipe = pipe * osc.peaks(places, self.formants)
        if self.buzz_db > -100:
            pipe = pipe + self._rattle(places, press)
        return pipe * osc.low_pass(places / self.low_pass_hz, 0.707, 12)

    def _rattle(self, places: Curve, press: Curve) -> Curve:
        """A membrane that is pushed one way only: the rectified tone, high-passed."""
        high = 1 / np.sqrt(1 + (self.buzz_from_hz / places) ** 4)
        level = 10 ** ((self.buzz_db + 14 * (press - 0.7)) / 20)
        driven = _rectified(self.harmonics, places.shape[1])
        return driven * osc.peaks(places, self.buzz_formants) * high * level[:, None]


@lru_cache(maxsize=64)
def _listed(harmonics: tuple[float, ...], falling: float, count: int) -> Curve:
    h = np.arange(1.0, count + 1)
    last = len(harmonics)
    found = harmonics[-1] * (h / last) ** -falling
    found[: min(last, count)] = harmonics[:count]
    return found


@lru_cache(maxsize=64)
def _rectified(harmonics: tuple[float, ...], count: int) -> Curve:
    """Amplitudes of the harmonics of the tone cut off below nought, its strongest at 1."""
    h = np.arange(1.0, len(harmonics) + 1)
    turn = np.arange(4096) / 4096
    wave = (np.asarray(harmonics) * np.sin(2 * np.pi * np.outer(turn, h))).sum(axis=1)
    found = np.abs(np.fft.rfft(np.maximum(wave, 0.0)))[1 : count + 1]
    return found / found.max()
