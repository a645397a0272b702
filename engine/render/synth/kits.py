"""Drum kits made of sines, modes and noise, for every General MIDI percussion key.

A kit is a set of choices over one drum machine: how long, how bright, how dirty. A hit peaks at
-9 dBFS when struck at full velocity; softer strokes are duller, not only quieter. Whatever rings
falls in two stages, a quick one and a long one behind it: a stroke stands out from the ring of the
strokes before it, however many they were.
"""

import zlib

import numpy as np
from msgspec import Struct

from engine.render.synth import oscillators as osc
from engine.render.synth import percussion
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound

PEAK = 10 ** (-9 / 20)
VARIANTS = 3
LAYERS = 5
# Which keys share a hand: the open hat is choked by the closed one.
HATS = (42, 44, 46)
KICKS, SNARES = (35, 36), (38, 40)
_TOMS = {41: 82, 43: 98, 45: 117, 47: 139, 48: 165, 50: 196}
_CYMBALS = (49, 51, 52, 53, 55, 57, 59)
# A skin that is struck again no longer rings as it did: the 1/e time of what is left of it.
DAMPED = dict.fromkeys((*KICKS, *SNARES), 0.02) | dict.fromkeys((*_TOMS, 86, 87, 116), 0.03)


class Kit(Struct, frozen=True, kw_only=True):
    """What sets one kit apart."""

    kick_hz: float = 50
    kick_sweep_hz: float = 210
    kick_sweep_s: float = 0.02
    kick_tau_s: float = 0.13
    kick_punch: float = 0.0  # share of the kick that falls at once, the rest rings
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
    tom_tau_s: float = 0.19
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
        kick_hz=38, kick_sweep_hz=60, kick_sweep_s=0.06, kick_tau_s=0.45, kick_punch=0.6,
        kick_drive=1.6, kick_click_db=-16, snare_hz=140, snare_tau_s=0.12, snare_noise_tau_s=0.2,
        snare_low_hz=300, tom_drop=0.25, tom_tau_s=0.26, cymbal_t60_s=3.4, top_hz=11_000,
    ),
    "kit_cn": Kit(
        kick_hz=70, kick_sweep_hz=60, kick_sweep_s=0.03, kick_tau_s=0.3, kick_punch=0.5,
        kick_drive=1.3, kick_click_db=-16, snare_hz=240, snare_noise=0.25, cymbal_t60_s=2.2,
        chinese=True,
    ),
}  # fmt: skip

GENERAL_MIDI_KITS: dict[int, str] = {
    0: "kit_acoustic", 8: "kit_acoustic", 16: "kit_80s", 24: "kit_909", 25: "kit_808",
    32: "kit_soft", 40: "kit_soft", 48: "kit_cinema", 56: "kit_cinema",
}  # fmt: skip


def group_of(key: int) -> str:
    """kick, snare, hats or perc: what the mix treats alike."""
    if key in KICKS:
        return "kick"
    if key in (37, 38, 39, 40):
        return "snare"
    return "hats" if key in HATS else "perc"


def hit(kit: Kit, name: str, key: int, layer: int, variant: int) -> Sound:
    """One stroke, (frames,) or (frames, 2), its level that of full velocity."""
    rng = np.random.default_rng(zlib.crc32(f"{name}/{key}/{layer}/{variant}".encode()))
    force = (layer + 1) / LAYERS
    tune = 1 + 0.015 * (rng.random() * 2 - 1)
    top = 3000 * 2 ** (2.2 * force) * (2.2 if key >= 42 else 1.2)
    top = min(kit.top_hz * 2 ** (1.1 * (force - 1)), top)
    if key in _CYMBALS:
        sound = _cymbal(kit, key, tune, force, top, rng)
    elif key in HATS:
        sound = _hat(kit, key, tune, force, top, rng)
    elif (key in KICKS or key in _TOMS) and not kit.chip:
        sound = _skin(kit, key, tune, force, top, rng)
    else:
        sound = _struck(kit, key, tune, force, rng)
        sound = osc.shaped(sound, lambda f: _rumble_free(f) * (1 if kit.chip else _dull(f, top)))
    if kit.crunch_bits:
        steps = np.float32(2.0 ** (kit.crunch_bits - 1) / np.abs(sound).max())
        sound = np.round(sound * steps) / steps
    osc.risen(sound, 16)
    _balance(sound)
    level = PEAK * 10 ** (0.8 * (rng.random() * 2 - 1) / 20)
    sound *= np.float32(level / (np.abs(sound).max() + 1e-9))
    return osc.taper(sound)


def _balance(sound: Sound) -> None:
    """Take what offset a stroke has under a hump as long as itself, too slow to be heard."""
    hump = np.sin(np.linspace(0, np.pi, len(sound), dtype=np.float32)) ** 2
    for side in np.atleast_2d(sound.T):
        side -= hump * np.float32(side.sum(dtype=np.float64) / hump.sum(dtype=np.float64))


def _dull(f: Curve, top: float) -> Curve:
    """What a stroke of its force keeps of the highs."""
    return 1 / np.sqrt(1 + (f / top) ** 4)


def _rumble_free(f: Curve) -> Curve:
    return 1 / np.sqrt(1 + (24 / f) ** 8)


def _struck(kit: Kit, key: int, tune: float, force: float, rng: np.random.Generator) -> Sound:
    if key in KICKS:
        return _chip_kick(kit)
    if key in SNARES and kit.brush:
        return _swirled(rng) if key == 40 else _brushed(rng, force)
    if key in SNARES:
        return _snare(kit, force, tune, rng)
    if key in _TOMS:
        return _tom(kit, _TOMS[key] * tune, force, kit.top_hz, rng)
    return percussion.struck(key, tune, force, rng)


def _time(seconds: float) -> Curve:
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _two_stage(frames: int, tau_s: float, punch: float, quick_s: float) -> Sound:
    """A ring of ``tau_s`` of which the share ``punch`` is gone at once."""
    fall = osc.decay(frames, tau_s)
    if punch:
        fall *= np.float32(1 - punch)
        fall += np.float32(punch) * osc.decay(frames, quick_s)
    return fall


def _skin(
    kit: Kit, key: int, tune: float, force: float, top: float, rng: np.random.Generator
) -> Sound:
    """A kick or a tom: only its stick has highs to be dulled."""
    if key in KICKS:
        return _kick(kit, force, tune * (0.94 if key == 35 else 1), top, rng)
    return _tom(kit, _TOMS[key] * tune, force, top, rng)


def _chip_kick(kit: Kit) -> Sound:
    t = _time(kit.kick_tau_s * 6)
    steps = np.floor(t * 120) / 120
    turns = np.cumsum((kit.kick_hz + 320 * np.exp(-steps / 0.02)) / SAMPLE_RATE)
    wave = np.abs((turns % 1) * 4 - 2) - 1
    return (np.round(wave * 7) / 7 * np.exp(-steps / kit.kick_tau_s)).astype(np.float32)


def _kick(kit: Kit, force: float, tune: float, top: float, rng: np.random.Generator) -> Sound:
    t = _time(min(kit.kick_tau_s * 6, 2.2))
    sweep = kit.kick_sweep_hz * (0.6 + 0.4 * force)
    tau = kit.kick_sweep_s
    body = osc.sine(tune * kit.kick_hz * t + sweep * tau * (1 - np.exp(-t / tau)))
    body *= _two_stage(len(t), kit.kick_tau_s, kit.kick_punch, 0.07)
    body = np.tanh(np.float32(kit.kick_drive) * body) / np.float32(np.tanh(kit.kick_drive))
    size = int(0.02 * SAMPLE_RATE)
    click = osc.noise(size, rng, lambda f: osc.band(1500, 7000)(f) * _dull(f, top))
    click = osc.taper(click * osc.decay(size, 0.002))
    level = 0.5 * 10 ** ((kit.kick_click_db + 4 * (force - 0.8)) / 20)
    level *= 1 / np.sqrt(1 + (3200 / top) ** 4)
    body[:size] += click * np.float32(level)
    return body


def _snare(kit: Kit, force: float, tune: float, rng: np.random.Generator) -> Sound:
    t = _time(max(kit.snare_noise_tau_s, kit.snare_tau_s) * 7)
    if kit.chip:
        fall = np.exp(-np.floor(t * 60) / 60 / kit.snare_noise_tau_s).astype(np.float32)
        return percussion.lfsr(len(t), 9000, rng) * fall
    tau = kit.snare_tau_s
    first = kit.snare_hz * tune
    shell = osc.sine(first * t + 60 * 0.01 * (1 - np.exp(-t / 0.01))) * osc.decay(len(t), tau)
    shell *= np.float32(0.6)
    shell += np.float32(0.35) * osc.sine(first * 1.79 * t) * osc.decay(len(t), tau * 0.65)
    wires = osc.noise(len(t), rng, osc.band(kit.snare_low_hz, 8500, 1.0))
    wires *= osc.decay(len(t), kit.snare_noise_tau_s)
    shell += np.float32(0.55 * kit.snare_noise * force**0.5) * wires
    return np.tanh(np.float32(1.6) * shell)


def _brushed(rng: np.random.Generator, force: float) -> Sound:
    """A brush on the snare: the wires arrive one after the other."""
    t = _time(0.6)
    swish = osc.risen(osc.noise(len(t), rng, osc.band(1200, 6500)), 670)
    swish *= osc.decay(len(t), 0.11)
    return swish + np.float32(0.25 * force) * osc.sine(205 * t) * osc.decay(len(t), 0.05)


def _swirled(rng: np.random.Generator) -> Sound:
    """A brush led once round the skin, faster in the middle of its way."""
    t = _time(0.62)
    way = np.sin(np.pi * t / t[-1]) ** 2 * (1 + 0.25 * np.sin(2 * np.pi * 3 * t))
    return osc.noise(len(t), rng, osc.band(1400, 6500)) * way.astype(np.float32)


def _tom(kit: Kit, base: float, force: float, top: float, rng: np.random.Generator) -> Sound:
    t = _time(kit.tom_tau_s * 5.5)
    turns = base * t + base * kit.tom_drop * 0.045 * (1 - np.exp(-t / 0.045))
    skin = osc.sine(turns) * _two_stage(len(t), kit.tom_tau_s, 0.5, 0.06)
    skin += np.float32(0.3) * osc.sine(base * 1.59 * t) * osc.decay(len(t), 0.1)
    out = np.tanh(np.float32(1.3) * skin)
    size = int(0.1 * SAMPLE_RATE)
    stick = osc.noise(size, rng, lambda f: osc.band(400, 4000)(f) * _dull(f, top))
    stick = osc.taper(stick * osc.decay(size, 0.012))
    out[:size] += np.float32(0.3 * force) * stick
    return out


def _hat(
    kit: Kit, key: int, tune: float, force: float, top: float, rng: np.random.Generator
) -> Sound:
    """Six squares that never agree, as old machines made their cymbals, and a hiss."""
    tau = {42: kit.hat_tau_s, 44: kit.hat_tau_s * 0.7, 46: kit.open_tau_s}[key]
    tau *= 0.75 + 0.4 * force
    frames = int(tau * 7 * SAMPLE_RATE)
    if kit.chip:
        steps = np.floor(np.arange(frames) / 800) / 60
        return percussion.lfsr(frames, 22_000, rng) * np.exp(-steps / tau).astype(np.float32)

    def colour(f: Curve) -> Curve:
        return _dull(f, top) / np.sqrt(1 + (kit.hat_low_hz / f) ** 6)

    bases = np.array((318, 402, 486, 563, 721, 818)) * tune * 1.7
    odd = np.concatenate([np.arange(1, int(17_000 / base) + 1, 2) for base in bases])
    counts = [len(np.arange(1, int(17_000 / base) + 1, 2)) for base in bases]
    modes = np.repeat(bases, counts) * odd
    turns = 2 * np.pi * rng.random(len(modes))
    ring = osc.modal(
        modes, 0.3 / odd * colour(modes), np.full(len(modes), 6.9078 * tau), turns, frames
    )
    band = osc.band(3000, 15_000)
    hiss = osc.noise(frames, rng, lambda f: band(f) * colour(f))
    f = np.linspace(100, 24_000, 512)
    kept = np.sqrt(np.sum((band(f) * colour(f)) ** 2) / np.sum(band(f) ** 2))
    ring += hiss * osc.decay(frames, tau) * np.float32(kept)
    return osc.risen(ring, 14)


def _cymbal(
    kit: Kit, key: int, tune: float, force: float, top: float, rng: np.random.Generator
) -> Sound:
    ride = key in (51, 53, 59)
    long = kit.cymbal_t60_s * {49: 1, 57: 0.9, 55: 0.35, 52: 0.7}.get(key, 0.8)
    if kit.chinese and not ride:
        return _gong(tune, force, top, rng, small=key in (52, 55))
    frames = int(long * 1.1 * SAMPLE_RATE)
    if kit.chip:
        steps = np.floor(np.arange(frames) / 800) / 60
        fall = np.exp(-steps / (long / 7)).astype(np.float32)
        return percussion.lfsr(frames, 12_000, rng) * fall
    # The modes lie close enough together that only their spread is heard.
    modes = np.exp(rng.uniform(np.log(700), np.log(12_500), 44)) * tune
    level = (modes / 1000) ** -0.45 * rng.uniform(0.4, 1, len(modes)) * _dull(modes, top)
    t60 = long * 1.2 / (modes / 1000) ** 0.45
    sound = np.empty((2, frames), np.float32)
    washed = int(0.9 * long * SAMPLE_RATE)  # the wash is 60 dB down by then
    fall = osc.taper(osc.decay(washed, long / 8)) * np.float32(0.5 if ride else 2.2)
    for side, both in enumerate(sound):
        phase = rng.uniform(0, 6.28, len(modes))
        both[:] = osc.modal(modes * (1 + 0.0015 * side), level, t60, phase, frames)
        both[:washed] += osc.air(washed, rng, 2600, min(11_000, top)) * fall
    if ride:
        sound += _ping(key, tune, force, frames)
    return sound.T


def _ping(key: int, tune: float, force: float, frames: int) -> Sound:
    """The stick on the ride, or on its bell."""
    t = np.arange(frames) / SAMPLE_RATE
    bell = 2.2 if key == 53 else 1.0
    ping = osc.sine(3100 * tune * t) * osc.decay(frames, 0.06)
    second = osc.sine(1130 * tune * t) * osc.decay(frames, 0.12 * bell)
    return np.float32(2.0 * force) * (ping + np.float32(0.6 * bell) * second)


def _gong(tune: float, force: float, top: float, rng: np.random.Generator, *, small: bool) -> Sound:
    modes = (480.0 if small else 165.0) * tune
    modes *= np.array([1, 1.48, 2.02, 2.71, 3.3, 4.18, 5.4, 6.9])
    t60 = (1.0 if small else 4.0) / np.arange(1, 9) ** 0.5
    frames = int(t60[0] * 1.1 * SAMPLE_RATE)
    level = 0.8 ** np.arange(8) * _dull(modes, top)
    body = osc.modal(modes, level, t60, 1.1 * np.arange(8), frames)
    osc.risen(body, 40 if small else 400)
    wash = osc.air(frames, rng, 1200, min(6000, top)) * osc.decay(frames, t60[0] / 9)
    return body + np.float32(0.35 * force) * wash
