"""Drum kits made of sines, modes and noise, for every General MIDI percussion key.

A kit is a set of choices over one drum machine: how long, how bright, how dirty. A hit peaks at
-9 dBFS when struck at full velocity; softer strokes are duller, not only quieter.
"""

import zlib
from collections.abc import Callable

import numpy as np
from msgspec import Struct

from engine.render.synth import oscillators as osc
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound

PEAK = 10 ** (-9 / 20)
VARIANTS = 3
LAYERS = 5
# Which keys share a hand: the open hat is choked by the closed one.
HATS = (42, 44, 46)


class Kit(Struct, frozen=True, kw_only=True):
    """What sets one kit apart."""

    kick_hz: float = 50
    kick_sweep_hz: float = 210
    kick_sweep_s: float = 0.02
    kick_tau_s: float = 0.13
    kick_drive: float = 1.8
    kick_click_db: float = -14
    snare_hz: float = 185
    snare_tau_s: float = 0.07
    snare_noise_tau_s: float = 0.09
    snare_noise: float = 0.5
    snare_low_hz: float = 900
    hat_low_hz: float = 7000
    hat_tau_s: float = 0.026
    open_tau_s: float = 0.2
    cymbal_t60_s: float = 2.6
    tom_drop: float = 0.35
    top_hz: float = 14_000
    brush: bool = False
    crunch_bits: int = 0
    chip: bool = False
    chinese: bool = False


KITS: dict[str, Kit] = {
    "kit_acoustic": Kit(
        kick_hz=58, kick_sweep_hz=120, kick_sweep_s=0.014, kick_tau_s=0.1, kick_click_db=-16,
        snare_hz=195, snare_tau_s=0.06, snare_noise_tau_s=0.1, hat_low_hz=6200, open_tau_s=0.3,
        top_hz=13_000,
    ),
    "kit_808": Kit(
        kick_hz=48, kick_sweep_hz=170, kick_sweep_s=0.028, kick_tau_s=0.28, kick_click_db=-20,
        snare_hz=180, snare_tau_s=0.04, snare_noise_tau_s=0.06, hat_low_hz=7500, hat_tau_s=0.02,
    ),
    "kit_909": Kit(
        kick_hz=52, kick_sweep_hz=260, kick_sweep_s=0.018, kick_tau_s=0.13, kick_drive=2.2,
        kick_click_db=-11, snare_noise_tau_s=0.085, hat_low_hz=7200,
    ),
    "kit_80s": Kit(
        kick_hz=56, kick_sweep_hz=190, kick_tau_s=0.12, kick_click_db=-12, snare_hz=175,
        snare_tau_s=0.09, snare_noise_tau_s=0.17, snare_noise=0.7, snare_low_hz=500,
        tom_drop=0.6, hat_low_hz=6800, cymbal_t60_s=3.0,
    ),
    "kit_lofi": Kit(
        kick_hz=54, kick_sweep_hz=110, kick_tau_s=0.15, kick_click_db=-40, snare_hz=205,
        snare_noise_tau_s=0.075, snare_low_hz=700, hat_low_hz=4600, hat_tau_s=0.022, top_hz=7500,
        crunch_bits=11, cymbal_t60_s=1.8,
    ),
    "kit_chip": Kit(kick_tau_s=0.07, snare_noise_tau_s=0.08, hat_tau_s=0.02, chip=True,
                    cymbal_t60_s=1.2, kick_hz=60),
    "kit_soft": Kit(
        kick_hz=55, kick_sweep_hz=70, kick_tau_s=0.12, kick_drive=1.2, kick_click_db=-34,
        snare_hz=210, snare_noise_tau_s=0.11, snare_noise=0.35, hat_low_hz=5600, hat_tau_s=0.03,
        top_hz=9000, brush=True,
    ),
    "kit_cinema": Kit(
        kick_hz=38, kick_sweep_hz=60, kick_sweep_s=0.06, kick_tau_s=0.7, kick_drive=1.6,
        kick_click_db=-22, snare_hz=140, snare_tau_s=0.12, snare_noise_tau_s=0.2,
        snare_low_hz=300, tom_drop=0.25, cymbal_t60_s=4.0, top_hz=11_000,
    ),
    "kit_cn": Kit(
        kick_hz=70, kick_sweep_hz=60, kick_sweep_s=0.03, kick_tau_s=0.35, kick_drive=1.3,
        kick_click_db=-18, snare_hz=240, snare_noise=0.25, cymbal_t60_s=2.2, chinese=True,
    ),
}  # fmt: skip

GENERAL_MIDI_KITS: dict[int, str] = {
    0: "kit_acoustic", 8: "kit_acoustic", 16: "kit_80s", 24: "kit_909", 25: "kit_808",
    32: "kit_soft", 40: "kit_soft", 48: "kit_cinema", 56: "kit_cinema",
}  # fmt: skip


def group_of(key: int) -> str:
    """kick, snare, hats or perc: what the mix treats alike."""
    if key in (35, 36):
        return "kick"
    if key in (37, 38, 39, 40):
        return "snare"
    return "hats" if key in HATS else "perc"


def hit(kit: Kit, name: str, key: int, layer: int, variant: int) -> Sound:
    """One stroke, stereo or mono, its level that of full velocity."""
    rng = np.random.default_rng(zlib.crc32(f"{name}/{key}/{layer}/{variant}".encode()))
    force = (layer + 1) / LAYERS
    tune = 1 + 0.015 * (rng.random() * 2 - 1)
    sound = _strike(kit, key, force, tune, rng)
    top = min(kit.top_hz, 3000 * 2 ** (2.2 * force) * (2.2 if key >= 42 else 1.2))
    if not kit.chip:
        sound = osc.shaped(sound, lambda f: 1 / np.sqrt(1 + (f / top) ** 4))
    if kit.crunch_bits:
        steps = 2.0 ** (kit.crunch_bits - 1)
        sound = (np.round(sound / np.abs(sound).max() * steps) / steps).astype(np.float32)
    sound = _centred(sound)
    sound = (sound.T * osc.attack(len(sound), 12)).T
    level = PEAK * 10 ** (0.8 * (rng.random() * 2 - 1) / 20)
    return osc.taper((sound * (level / (np.abs(sound).max() + 1e-9))).astype(np.float32))


def _centred(sound: Sound) -> Sound:
    return osc.shaped(sound, lambda f: 1 / np.sqrt(1 + (24 / f) ** 8))


def _strike(kit: Kit, key: int, force: float, tune: float, rng: np.random.Generator) -> Sound:
    if key in (35, 36):
        return _kick(kit, force, tune * (0.94 if key == 35 else 1), rng)
    if key in (38, 40):
        return _brushed(rng, force) if kit.brush else _snare(kit, force, tune, rng)
    if key in _TOMS:
        return _tom(kit, _TOMS[key] * tune, force, rng)
    if key in HATS:
        return _hat(kit, key, tune, force, rng)
    if key in _CYMBALS:
        return _cymbal(kit, key, tune, force, rng)
    return _PERCUSSION.get(key, _clave)(tune, force, rng)


def _time(seconds: float) -> Curve:
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _kick(kit: Kit, force: float, tune: float, rng: np.random.Generator) -> Sound:
    t = _time(min(kit.kick_tau_s * 6, 2.6))
    if kit.chip:
        steps = np.floor(t * 120) / 120
        turns = np.cumsum((kit.kick_hz + 320 * np.exp(-steps / 0.02)) / SAMPLE_RATE)
        wave = np.abs((turns % 1) * 4 - 2) - 1
        return (np.round(wave * 7) / 7 * np.exp(-steps / kit.kick_tau_s)).astype(np.float32)
    sweep = kit.kick_sweep_hz * (0.6 + 0.4 * force)
    tau = kit.kick_sweep_s
    turns = tune * kit.kick_hz * t + sweep * tau * (1 - np.exp(-t / tau))
    body = np.sin(2 * np.pi * turns) * np.exp(-t / kit.kick_tau_s)
    body = np.tanh(kit.kick_drive * body) / np.tanh(kit.kick_drive)
    size = int(0.02 * SAMPLE_RATE)
    click = osc.noise(size, rng, osc.band(1500, 7000)) * osc.decay(size, 0.002)
    body[:size] += osc.taper(click) * 10 ** ((kit.kick_click_db + 4 * (force - 0.8)) / 20) * 0.5
    return body.astype(np.float32)


def _snare(kit: Kit, force: float, tune: float, rng: np.random.Generator) -> Sound:
    t = _time(max(kit.snare_noise_tau_s, kit.snare_tau_s) * 7)
    if kit.chip:
        return _lfsr(len(t), 9000, rng) * np.exp(-np.floor(t * 60) / 60 / kit.snare_noise_tau_s)
    tau = kit.snare_tau_s
    first = kit.snare_hz * tune
    turns = first * t + 60 * 0.01 * (1 - np.exp(-t / 0.01))
    shell = 0.6 * np.sin(2 * np.pi * turns) * np.exp(-t / tau)
    shell += 0.35 * np.sin(2 * np.pi * first * 1.79 * t) * np.exp(-t / (tau * 0.65))
    wires = osc.noise(len(t), rng, osc.band(kit.snare_low_hz, 8500, 1.0))
    wires *= osc.decay(len(t), kit.snare_noise_tau_s) * np.float32(kit.snare_noise * force**0.5)
    return np.tanh(1.6 * (shell + 0.55 * wires)).astype(np.float32)


def _brushed(rng: np.random.Generator, force: float) -> Sound:
    t = _time(0.6)
    swish = osc.noise(len(t), rng, osc.band(1200, 6500)) * osc.attack(len(t), 670)
    swish *= osc.decay(len(t), 0.11)
    return (swish + 0.25 * force * np.sin(2 * np.pi * 205 * t) * np.exp(-t / 0.05)).astype(
        np.float32
    )


_TOMS = {41: 82, 43: 98, 45: 117, 47: 139, 48: 165, 50: 196}


def _tom(kit: Kit, base: float, force: float, rng: np.random.Generator) -> Sound:
    t = _time(1.2)
    turns = base * t + base * kit.tom_drop * 0.045 * (1 - np.exp(-t / 0.045))
    skin = np.sin(2 * np.pi * turns) * np.exp(-t / 0.19)
    skin += 0.3 * np.sin(2 * np.pi * base * 1.59 * t) * np.exp(-t / 0.1)
    stick = osc.noise(len(t), rng, osc.band(400, 4000)) * osc.decay(len(t), 0.012)
    return (np.tanh(1.3 * skin) + 0.16 * force * stick).astype(np.float32)


def _metal(frames: int, tune: float, rng: np.random.Generator) -> Sound:
    """Six squares that never agree, as old machines made their cymbals."""
    t = np.arange(frames) / SAMPLE_RATE
    wave = np.zeros(frames)
    for frequency in (318, 402, 486, 563, 721, 818):
        f = frequency * tune * 1.7
        for h in range(1, int(17_000 / f) + 1, 2):
            wave += np.sin(2 * np.pi * (f * h * t + rng.random())) / h
    return wave.astype(np.float32)


def _hat(kit: Kit, key: int, tune: float, force: float, rng: np.random.Generator) -> Sound:
    tau = {42: kit.hat_tau_s, 44: kit.hat_tau_s * 0.7, 46: kit.open_tau_s}[key]
    tau *= 0.75 + 0.4 * force
    frames = int(tau * 7 * SAMPLE_RATE)
    if kit.chip:
        t = np.arange(frames) / SAMPLE_RATE
        return _lfsr(frames, 22_000, rng) * np.exp(-np.floor(t * 60) / 60 / tau)
    ring = _metal(frames, tune, rng) * 0.3 + osc.noise(frames, rng, osc.band(3000, 15_000))
    low = kit.hat_low_hz
    ring = osc.shaped(ring, lambda f: 1 / np.sqrt(1 + (low / f) ** 6))
    return ring * osc.decay(frames, tau) * osc.attack(frames, 14)


_CYMBALS = (49, 51, 52, 53, 55, 57, 59)


def _cymbal(kit: Kit, key: int, tune: float, force: float, rng: np.random.Generator) -> Sound:
    ride = key in (51, 53, 59)
    long = kit.cymbal_t60_s * {49: 1, 57: 0.9, 55: 0.35, 52: 0.7}.get(key, 0.8)
    if kit.chinese and not ride:
        return _gong(tune, force, rng, small=key in (52, 55))
    frames = int(long * 1.1 * SAMPLE_RATE)
    if kit.chip:
        t = np.arange(frames) / SAMPLE_RATE
        return _lfsr(frames, 12_000, rng) * np.exp(-np.floor(t * 60) / 60 / (long / 7))
    # The modes lie close enough together that only their spread is heard.
    modes = np.exp(rng.uniform(np.log(700), np.log(12_500), 44)) * tune
    level = (modes / 1000) ** -0.45 * rng.uniform(0.4, 1, len(modes))
    t60 = long * 1.2 / (modes / 1000) ** 0.45
    both = []
    for side in range(2):
        body = osc.modal(
            modes * (1 + 0.0015 * side), level, t60, rng.uniform(0, 6.28, len(modes)), frames
        )
        wash = osc.noise(frames, rng, osc.band(2600, 11_000)) * osc.decay(frames, long / 8)
        body += wash * np.float32(0.5 if ride else 2.2)
        both.append(body)
    sound = np.stack(both, axis=1)
    if ride:
        t = np.arange(frames) / SAMPLE_RATE
        bell = 2.2 if key == 53 else 1.0
        ping = np.sin(2 * np.pi * 3100 * tune * t) * np.exp(-t / 0.06)
        ping += bell * 0.6 * np.sin(2 * np.pi * 1130 * tune * t) * np.exp(-t / (0.12 * bell))
        sound += (2.0 * force * ping).astype(np.float32)[:, None]
    return sound


def _gong(tune: float, force: float, rng: np.random.Generator, *, small: bool) -> Sound:
    base = 480.0 if small else 165.0
    ratios = np.array([1, 1.48, 2.02, 2.71, 3.3, 4.18, 5.4, 6.9])
    t60 = (1.0 if small else 4.0) / np.arange(1, 9) ** 0.5
    frames = int(t60[0] * 1.1 * SAMPLE_RATE)
    body = osc.modal(base * tune * ratios, 0.8 ** np.arange(8), t60, 1.1 * np.arange(8), frames)
    body *= osc.attack(frames, 40 if small else 400)
    wash = osc.noise(frames, rng, osc.band(1200, 6000)) * osc.decay(frames, t60[0] / 9)
    return body + np.float32(0.35 * force) * wash


def _lfsr(frames: int, rate_hz: float, rng: np.random.Generator) -> Sound:
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
    return sound * osc.decay(frames, tau) * osc.attack(frames, rise)


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
    t = _time(0.12)
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


def _block(base: float) -> Callable[[float, float, np.random.Generator], Sound]:
    def strike(tune: float, force: float, rng: np.random.Generator) -> Sound:
        return _modes(0.3, base * tune, (1, 1.42, 2.55, 3.9), (0, -4, -9, -15),
                      (0.11, 0.08, 0.05, 0.03))  # fmt: skip

    return strike


def _hand(base: float, t60: float, slap_db: float) -> Callable[..., Sound]:
    def strike(tune: float, force: float, rng: np.random.Generator) -> Sound:
        skin = _modes(1.0, base * tune, (1, 1.775, 2.6), (0, -7, -13), (t60, t60 / 2, t60 / 4))
        slap = _burst(1.0, 1400, 3500, 0.008, rng)
        return skin + slap * np.float32(10 ** ((slap_db + 6 * (force - 0.8)) / 20))

    return strike


def _boom(tune: float, force: float, rng: np.random.Generator) -> Sound:
    drum = _modes(2.0, 62 * tune, (1, 1.58, 2.27), (0, -4, -9), (1.4, 0.7, 0.4))
    return drum + np.float32(0.5) * _burst(2.0, 80, 700, 0.05, rng)


def _guiro(tune: float, force: float, rng: np.random.Generator) -> Sound:
    out = np.zeros(int(0.35 * SAMPLE_RATE), np.float32)
    for scratch in range(14):
        at = int(scratch * 0.016 * SAMPLE_RATE)
        piece = _burst(0.03, 1800, 6500, 0.004, rng)
        out[at : at + len(piece)] += piece * np.float32(0.5 + scratch / 28)
    return out


def _whistle(tune: float, force: float, rng: np.random.Generator) -> Sound:
    t = _time(0.35)
    trill = 2350 * tune * t + 0.5 * np.sin(2 * np.pi * 30 * t)
    wave = np.sin(2 * np.pi * trill) * np.minimum(t / 0.02, 1) * np.exp(-t / 0.15)
    return wave.astype(np.float32)


_clave = _block(1150)

_PERCUSSION: dict[int, Callable[[float, float, np.random.Generator], Sound]] = {
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
