"""Percussion that every kit has alike: claps, shakers, blocks, hands on skins."""

from collections.abc import Callable

import numpy as np

from engine.render.synth import oscillators as osc
from engine.render.synth.oscillators import SAMPLE_RATE, Sound

_Strike = Callable[[float, float, np.random.Generator], Sound]


def struck(key: int, tune: float, force: float, rng: np.random.Generator) -> Sound:
    """A General MIDI percussion key struck once; a clave where nothing is known of it."""
    return _KEYS.get(key, _clave)(tune, force, rng)


def lfsr(frames: int, rate_hz: float, rng: np.random.Generator) -> Sound:
    """A console's noise: random bits held for a while, averaged down to 48 kHz."""
    over = 4
    bits = rng.integers(0, 2, int(frames * rate_hz / SAMPLE_RATE) + 2) * 2.0 - 1
    held = bits[(np.arange(frames * over) * (rate_hz / (SAMPLE_RATE * over))).astype(int)]
    return held.reshape(frames, over).mean(axis=1).astype(np.float32)


def _burst(
    seconds: float, low: float, high: float, tau: float, rng: np.random.Generator, rise: int = 14
) -> Sound:
    frames = int(seconds * SAMPLE_RATE)
    sound = osc.noise(frames, rng, osc.band(low, high))
    return osc.risen(sound * osc.decay(frames, tau), rise)


def _modes(
    seconds: float, base: float, ratios: tuple[float, ...], levels: tuple[float, ...],
    t60: tuple[float, ...],
) -> Sound:  # fmt: skip
    return osc.modal(
        base * np.asarray(ratios),
        10 ** (np.asarray(levels) / 20),
        np.asarray(t60),
        1.3 * np.arange(len(ratios)),
        int(seconds * SAMPLE_RATE),
    )


def _clap(tune: float, force: float, rng: np.random.Generator) -> Sound:
    frames = int(0.5 * SAMPLE_RATE)
    out = np.zeros(frames, np.float32)
    for start, tau, level in ((0, 0.004, 1), (0.011, 0.004, 0.9), (0.023, 0.004, 0.9),
                              (0.034, 0.075, 0.75)):  # fmt: skip
        at = int(start * SAMPLE_RATE)
        piece = osc.noise(frames - at, rng, osc.band(900 * tune, 2400 * tune))
        out[at:] += np.float32(level) * piece * osc.decay(frames - at, tau)
    return out


def _rim(tune: float, force: float, rng: np.random.Generator) -> Sound:
    t = np.arange(int(0.12 * SAMPLE_RATE)) / SAMPLE_RATE
    wave = np.sin(2 * np.pi * 1700 * tune * t) + 0.7 * np.sin(2 * np.pi * 480 * tune * t)
    return (wave * np.exp(-t / 0.009)).astype(np.float32)


def _shaker(tune: float, force: float, rng: np.random.Generator) -> Sound:
    return _burst(0.25, 4200 * tune, 10_000, 0.032, rng, rise=700)


def _cabasa(tune: float, force: float, rng: np.random.Generator) -> Sound:
    return _burst(0.2, 5200 * tune, 12_000, 0.022, rng, rise=300)


def _tambourine(tune: float, force: float, rng: np.random.Generator) -> Sound:
    out = np.zeros(int(0.45 * SAMPLE_RATE), np.float32)
    for shake in range(3):
        at = int(0.006 * shake * SAMPLE_RATE)
        modes = rng.uniform(5000, 11_000, 8) * tune
        piece = osc.modal(modes, np.ones(8), np.full(8, 0.28), rng.uniform(0, 6, 8), len(out) - at)
        out[at:] += 0.7**shake * piece
    return out + np.float32(1.5) * _burst(0.45, 5000, 12_000, 0.03, rng)


def _triangle(tune: float, force: float, rng: np.random.Generator) -> Sound:
    return _modes(2.4, 1500 * tune, (1, 2.3, 3.6, 4.9, 6.6, 8.1), (-8, 0, -3, -2, -6, -10),
                  (2.2, 2.0, 2.0, 1.6, 1.3, 1.0))  # fmt: skip


def _triangle_shut(tune: float, force: float, rng: np.random.Generator) -> Sound:
    return _triangle(tune, force, rng)[:12_000] * osc.decay(12_000, 0.05)


def _cowbell(tune: float, force: float, rng: np.random.Generator) -> Sound:
    return _modes(0.6, 560 * tune, (1, 1.504, 2.7, 3.9), (0, 0, -10, -14), (0.35, 0.35, 0.15, 0.1))


def _block(base: float) -> _Strike:
    def strike(tune: float, force: float, rng: np.random.Generator) -> Sound:
        return _modes(0.3, base * tune, (1, 1.42, 2.55, 3.9), (0, -4, -9, -15),
                      (0.11, 0.08, 0.05, 0.03))  # fmt: skip

    return strike


def _hand(base: float, t60: float, slap_db: float) -> _Strike:
    def strike(tune: float, force: float, rng: np.random.Generator) -> Sound:
        skin = _modes(1.5 * t60, base * tune, (1, 1.775, 2.6), (0, -7, -13),
                      (t60, t60 / 2, t60 / 4))  # fmt: skip
        slap = osc.taper(_burst(0.08, 1400, 3500, 0.008, rng))
        skin[: len(slap)] += slap * np.float32(10 ** ((slap_db + 6 * (force - 0.8)) / 20))
        return skin

    return strike


def _boom(tune: float, force: float, rng: np.random.Generator) -> Sound:
    drum = _modes(1.6, 62 * tune, (1, 1.58, 2.27), (0, -4, -9), (1.4, 0.7, 0.4))
    stick = osc.taper(_burst(0.4, 80, 700, 0.05, rng))
    drum[: len(stick)] += np.float32(0.5) * stick
    return drum


def _guiro(tune: float, force: float, rng: np.random.Generator) -> Sound:
    out = np.zeros(int(0.35 * SAMPLE_RATE), np.float32)
    for scratch in range(14):
        at = int(scratch * 0.016 * SAMPLE_RATE)
        piece = _burst(0.03, 1800, 6500, 0.004, rng)
        out[at : at + len(piece)] += piece * np.float32(0.5 + scratch / 28)
    return out


def _whistle(tune: float, force: float, rng: np.random.Generator) -> Sound:
    t = np.arange(int(0.35 * SAMPLE_RATE)) / SAMPLE_RATE
    trill = 2350 * tune * t + 0.5 * np.sin(2 * np.pi * 30 * t)
    wave = np.sin(2 * np.pi * trill) * np.minimum(t / 0.02, 1) * np.exp(-t / 0.15)
    return wave.astype(np.float32)


_clave = _block(1150)

_KEYS: dict[int, _Strike] = {
    27: _rim, 28: _clap, 29: _guiro, 30: _guiro, 31: _rim, 32: _rim, 33: _rim, 34: _triangle_shut,
    37: _rim, 39: _clap, 54: _tambourine, 56: _cowbell, 58: _guiro,
    60: _hand(330, 0.22, -10), 61: _hand(230, 0.26, -12), 62: _hand(300, 0.12, -4),
    63: _hand(260, 0.4, -10), 64: _hand(175, 0.55, -14), 65: _hand(390, 0.35, -6),
    66: _hand(280, 0.4, -8), 67: _block(1180), 68: _block(840), 69: _cabasa, 70: _shaker,
    71: _whistle, 72: _whistle, 73: _guiro, 74: _guiro, 75: _clave, 76: _block(980),
    77: _block(690), 78: _hand(520, 0.12, -10), 79: _hand(400, 0.2, -12), 80: _triangle_shut,
    81: _triangle, 82: _shaker, 83: _tambourine, 84: _triangle, 85: _block(1400), 86: _boom,
    87: _boom, 116: _boom,
}  # fmt: skip
