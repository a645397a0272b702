"""The voice types: each turns (patch, pitch, loudness, length) into one note.

A voice renders the *held* note: attack, decay and movement, no release. The player applies the
release when it copies the note, so one cached note serves every shorter one. Loudness is 0-1 and
moves the timbre here; the level follows when the note is copied.
"""

from functools import singledispatch
from typing import Any

import numpy as np
from msgspec import Struct

from engine.render.synth import oscillators as osc
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound

STEP = 480  # frames between two values of anything that moves slowly: 10 ms


class Osc(Struct, frozen=True):
    """One oscillator: a shape, semitones from the note, level in dB, and its unison."""

    shape: str = "saw"
    semitones: float = 0.0
    level_db: float = 0.0
    voices: int = 1
    detune_cents: float = 0.0


class Subtractive(Struct, frozen=True, kw_only=True):
    """Oscillators through a moving low-pass, baked into tables so that nothing aliases."""

    oscillators: tuple[Osc, ...]
    cutoff_hz: float = 20_000.0
    q: float = 0.707
    slope: int = 12
    keytrack: float = 0.5
    env_octaves: float = 0.0
    env_rise_s: float = 0.0
    env_tau_s: float = 0.2
    velocity_octaves: float = 0.0
    sweep_hz: float = 0.0
    sweep_octaves: float = 0.0
    attack_s: float = 0.005
    decay_s: float = 0.3
    sustain: float = 1.0
    spread: float = 0.0
    drift_cents: float = 0.0
    vibrato_cents: float = 0.0
    vibrato_hz: float = 5.3
    scoop_cents: float = 0.0
    scoop_tau_s: float = 0.04
    formants: tuple[tuple[float, float, float], ...] = ()
    breath_db: float = -120.0
    breath_band: tuple[float, float] = (1000.0, 6000.0)
    chiff_db: float = 0.0
    click_db: float = -120.0
    drive: float = 0.0
    tremolo_hz: float = 0.0
    tremolo_db: float = 0.0
    chip: bool = False


class Modal(Struct, frozen=True, kw_only=True):
    """A struck body: partials that ring."""

    ratios: tuple[float, ...]
    levels_db: tuple[float, ...]
    t60_s: tuple[float, ...]
    contact_ms: float = 0.5
    attack_s: float = 0.0005
    halving: float = 18.0  # semitones up the keyboard that halve the ring
    pair_hz: float = 0.0
    soft_db: float = 0.0  # what partial q loses per q when played softly
    knock: tuple[float, float, float, float] | None = None  # low Hz, high Hz, tau s, dB
    tremolo_hz: float = 0.0
    tremolo_db: float = 0.0
    fixed_drift_cents: float = 0.0


class Plucked(Struct, frozen=True, kw_only=True):
    """A string: harmonics shaped by where and how it is plucked, ringing through a body."""

    t60_s: float
    damping: float = 0.01
    position: float = 0.2
    bright_hz: float = 1200.0
    stiffness: float = 1e-5
    roll: float = 1.0
    body: tuple[tuple[float, float, float], ...] = ()
    nail: tuple[float, float, float, float] | None = None
    strings: int = 1
    detune_cents: float = 0.0
    halving: float = 20.0
    attack_s: float = 0.0008
    late_t60_s: float = 0.0
    contact_ms: float = 0.0
    scoop_cents: float = 0.0


class Fm(Struct, frozen=True, kw_only=True):
    """Phase modulation: pairs of (carrier ratio, modulator ratio, index, index tau s, dB)."""

    pairs: tuple[tuple[float, float, float, float, float], ...]
    t60_s: float = 4.0
    halving: float = 18.0
    attack_s: float = 0.001
    sustain: float = 0.0
    spread_cents: float = 0.0
    tremolo_hz: float = 0.0
    tremolo_db: float = 0.0
    asymmetry: float = 0.0
    low_pass_hz: float = 20_000.0
    velocity_index: float = 0.65
    drift_cents: float = 0.0


class Glide(Struct, frozen=True, kw_only=True):
    """A sine that falls or rises to its pitch, driven for harmonics: 808 bass, drops, booms."""

    semitones: float = 12.0
    glide_s: float = 0.03
    tau_s: float = 0.7
    drive: float = 1.5
    click_db: float = -120.0
    attack_s: float = 0.002
    fixed_hz: float = 0.0
    rumble_db: float = -120.0


class Bed(Struct, frozen=True, kw_only=True):
    """A texture: coloured noise that moves slowly, and events scattered over it."""

    low_hz: float
    high_hz: float
    tilt: float = -3.0
    attack_s: float = 0.5
    sway_hz: float = 0.0
    sway_db: float = 0.0
    tuned: tuple[float, ...] = ()  # semitones of resonances above the note
    resonance_q: float = 120.0
    events_per_s: float = 0.0
    event_band: tuple[float, float] = (1500.0, 6000.0)
    event_tau_s: float = 0.001
    event_db: float = 18.0


class Rise(Struct, frozen=True, kw_only=True):
    """A sweep of noise and tone over the whole note, up or down."""

    start_hz: float
    end_hz: float
    tone_semitones: float = 0.0
    growth_db: float = 18.0
    reverse: bool = False
    pulse_hz: float = 0.0


@singledispatch
def play(voice: Any, pitch: int, loudness: float, frames: int, rng: np.random.Generator) -> Sound:
    """A held note of ``frames`` frames, mono or stereo."""
    raise TypeError(f"no player for {type(voice).__name__}")


@play.register
def _subtractive(
    voice: Subtractive, pitch: int, loudness: float, frames: int, rng: np.random.Generator
) -> Sound:
    knots = frames // STEP + 2
    time = np.arange(knots) * (STEP / SAMPLE_RATE)
    cutoff = _cutoff(voice, pitch, loudness, time, rng)
    moving = np.ptp(cutoff) > 1e-9
    stereo = voice.spread > 0
    out = np.zeros((frames, 2) if stereo else (frames,), np.float32)
    for oscillator in voice.oscillators:
        base = osc.hertz(pitch + oscillator.semitones)
        while base > osc.TOP_HZ / 2:
            base /= 2
        cycles = _cycles(voice, oscillator, base, cutoff if moving else cutoff[:1])
        level = 10 ** (oscillator.level_db / 20) / np.sqrt(oscillator.voices)
        for cents, pan in _unison(oscillator, voice.spread):
            frequency = base * 2 ** (cents / 1200)
            phase = _phase(voice, frequency, frames, time, rng, free=oscillator.voices > 1)
            tone = osc.read(cycles, phase, STEP)
            if stereo:
                angle = (pan + 1) * np.pi / 4
                out[:, 0] += tone * np.float32(level * np.cos(angle) * 1.4142)
                out[:, 1] += tone * np.float32(level * np.sin(angle) * 1.4142)
            else:
                out += tone * np.float32(level)
    if voice.drive > 0:
        ceiling = np.abs(out).max() + 1e-9
        out = np.tanh(out * (voice.drive / ceiling)) * (ceiling / np.tanh(voice.drive))
    return _finish(voice, out.astype(np.float32), pitch, loudness, frames, rng)


def _cutoff(
    voice: Subtractive, pitch: int, loudness: float, time: Curve, rng: np.random.Generator
) -> Curve:
    octaves = np.full(len(time), voice.keytrack * (pitch - 60) / 12)
    octaves += voice.velocity_octaves * (loudness - 0.63)
    if voice.env_octaves:
        rise = np.ones(len(time))
        if voice.env_rise_s:
            rise = 1 - np.exp(-3 * time / voice.env_rise_s)
        octaves += voice.env_octaves * rise * np.exp(-time / voice.env_tau_s)
    if voice.sweep_octaves:
        turn = 2 * np.pi * (voice.sweep_hz * time + rng.random())
        octaves += voice.sweep_octaves * np.sin(turn)
    return np.clip(voice.cutoff_hz * 2**octaves, 40.0, 20_000.0)


def _cycles(voice: Subtractive, oscillator: Osc, base: float, cutoff: Curve) -> Sound:
    reach = min(osc.TOP_HZ, cutoff.max() * (10.0 if voice.slope == 24 else 40.0))
    count = int(np.clip(reach / base, 1, 480))
    h = np.arange(1.0, count + 1)
    shape = osc.SHAPES[oscillator.shape](h)
    if voice.formants:
        shape = shape * osc.peaks(h * base, voice.formants)
    amplitudes = shape * osc.low_pass(h * base / cutoff[:, None], voice.q, voice.slope)
    return osc.tables(amplitudes, 512 if count < 48 else 2048)


def _unison(oscillator: Osc, spread: float) -> list[tuple[float, float]]:
    if oscillator.voices == 1:
        return [(0.0, 0.0)]
    x = np.linspace(-1, 1, oscillator.voices)
    cents = oscillator.detune_cents * np.sign(x) * np.abs(x) ** 1.4
    sides = np.where(np.arange(oscillator.voices) % 2 == 0, -1, 1) * np.abs(x)
    return [(float(c), float(s) * spread) for c, s in zip(cents, sides, strict=True)]


def _phase(
    voice: Subtractive,
    frequency: float,
    frames: int,
    time: Curve,
    rng: np.random.Generator,
    *,
    free: bool,
) -> Curve:
    start = float(rng.random()) if free else 0.0
    cents = np.zeros(len(time))
    if voice.drift_cents:
        rate, turn = 0.35 + 0.4 * rng.random(2), rng.random(2)
        cents += voice.drift_cents * 0.6 * np.sin(2 * np.pi * (rate[0] * time + turn[0]))
        cents += voice.drift_cents * 0.4 * np.sin(2 * np.pi * (rate[1] * 2.3 * time + turn[1]))
    # Vibrato from the first moment is the mark of a machine: it arrives after the note has spoken.
    if voice.vibrato_cents and frames > 0.35 * SAMPLE_RATE:
        grown = np.clip((time - 0.28) / 0.4, 0, 1)
        turn = 2 * np.pi * voice.vibrato_hz * (1 + 0.05 * (rng.random() - 0.5)) * time
        cents += voice.vibrato_cents * grown * np.sin(turn)
    if voice.scoop_cents:
        cents += voice.scoop_cents * np.exp(-time / voice.scoop_tau_s)
    if not cents.any():
        return osc.steady_phase(frequency, frames, start)
    return osc.bent_phase(frequency, frames, start, cents, STEP)


def _finish(
    voice: Subtractive,
    tone: Sound,
    pitch: int,
    loudness: float,
    frames: int,
    rng: np.random.Generator,
) -> Sound:
    if voice.breath_db > -100:
        tone = tone + _like(tone, _breath(voice, tone, pitch, loudness, frames, rng))
    envelope = _envelope(voice, frames)
    if voice.tremolo_db:
        t = np.arange(frames) / SAMPLE_RATE
        depth = voice.tremolo_db * np.clip((t - 0.25) / 0.4, 0, 1)
        envelope *= 10 ** (depth * np.sin(2 * np.pi * voice.tremolo_hz * t) / 40)
    tone = (tone.T * envelope).T
    if voice.click_db > -100:
        size = min(frames, int(0.012 * SAMPLE_RATE))
        click = osc.noise(size, rng, osc.band(1800, 7000)) * osc.decay(size, 0.0025)
        click *= osc.attack(size, 12) * np.float32(10 ** (voice.click_db / 20))
        tone[:size] += _like(tone[:size], click)
    return tone.astype(np.float32)


def _breath(
    voice: Subtractive,
    tone: Sound,
    pitch: int,
    loudness: float,
    frames: int,
    rng: np.random.Generator,
) -> Sound:
    low, high = voice.breath_band
    level = np.sqrt(np.mean(tone.astype(np.float64) ** 2)) * 10 ** (voice.breath_db / 20)
    air = osc.noise(frames, rng, osc.band(low, high, -3.0)) * np.float32(level)
    if voice.chiff_db:
        air *= 1 + (10 ** (voice.chiff_db / 20) - 1) * osc.decay(frames, 0.03)
    return air


def _envelope(voice: Subtractive, frames: int) -> Sound:
    t = np.arange(frames) / SAMPLE_RATE
    if voice.chip:  # sixty steps a second, sixteen levels, as the consoles had it
        ticks = np.floor(t * 60) / 60
        level = voice.sustain + (1 - voice.sustain) * np.exp(-ticks / voice.decay_s)
        level = np.round(level * 15) / 15
        kernel = np.hanning(50)
        level = np.convolve(np.pad(level, 25, mode="edge"), kernel / kernel.sum(), "same")[25:-25]
        return (level * osc.attack(frames, 24)).astype(np.float32)
    tau = max(voice.attack_s / 3, 1e-4)
    rise = np.minimum((1 - np.exp(-t / tau)) / (1 - np.exp(-3.0)), 1.0)
    # A cosine over the first half millisecond takes the corner off the exponential.
    rise *= osc.attack(frames, 24)
    late = np.maximum(t - voice.attack_s, 0.0)
    fall = voice.sustain + (1 - voice.sustain) * np.exp(-late / voice.decay_s)
    return (rise * fall).astype(np.float32)


def _like(sound: Sound, mono: Sound) -> Sound:
    return mono if sound.ndim == 1 else np.repeat(mono[:, None], 2, axis=1)


@play.register
def _modal(
    voice: Modal, pitch: int, loudness: float, frames: int, rng: np.random.Generator
) -> Sound:
    base = osc.hertz(pitch)
    if voice.fixed_drift_cents:
        base *= 2 ** (voice.fixed_drift_cents * (((pitch * 7919) % 17) / 8 - 1) / 1200)
    ratios = np.asarray(voice.ratios)
    frequency = base * ratios
    contact = voice.contact_ms * 1e-3 * 1.5 ** (1 - 2 * loudness)
    level = 10 ** (np.asarray(voice.levels_db) / 20) * osc.strike(frequency, contact)
    level /= osc.strike(frequency[:1], contact)[0]
    level *= 10 ** (-voice.soft_db * np.arange(len(ratios)) * (1 - loudness) / 20)
    ring = np.asarray(voice.t60_s) * 2 ** (-(pitch - 66) / voice.halving)
    phase = 1.3 * np.arange(len(ratios))
    if voice.pair_hz:
        out = np.stack(
            [
                osc.modal(
                    np.concatenate([frequency, frequency[:2] + side * voice.pair_hz]),
                    np.concatenate([level, level[:2] * 0.63]),
                    np.concatenate([ring, ring[:2]]),
                    np.concatenate([phase, phase[:2] + 0.4]),
                    frames,
                )
                for side in (-1, 1)
            ],
            axis=1,
        )
    else:
        out = osc.modal(frequency, level, ring, phase, frames)
    if voice.tremolo_db:
        out = _pan_tremolo(out, voice.tremolo_hz, voice.tremolo_db)
    out = (out.T * osc.attack(frames, max(12, int(voice.attack_s * SAMPLE_RATE)))).T
    return _knock(out, voice.knock, loudness, frames, rng)


def _knock(
    out: Sound,
    knock: tuple[float, float, float, float] | None,
    loudness: float,
    frames: int,
    rng: np.random.Generator,
) -> Sound:
    if knock is None:
        return out.astype(np.float32)
    low, high, tau, level = knock
    size = min(frames, int(tau * 8 * SAMPLE_RATE) + 48)
    burst = osc.noise(size, rng, osc.band(low, high)) * osc.decay(size, tau) * osc.attack(size, 16)
    burst *= np.float32(10 ** ((level + 6 * (loudness - 0.7)) / 20) * np.abs(out).max())
    out = out.astype(np.float32)
    out[:size] += _like(out[:size], osc.taper(burst))
    return out


def _pan_tremolo(out: Sound, rate: float, depth_db: float) -> Sound:
    t = np.arange(len(out)) / SAMPLE_RATE
    swing = depth_db * np.sin(2 * np.pi * rate * t) / 40
    both = out if out.ndim == 2 else np.repeat(out[:, None], 2, axis=1)
    return (both * np.stack([10**swing, 10**-swing], axis=1)).astype(np.float32)


@play.register
def _plucked(
    voice: Plucked, pitch: int, loudness: float, frames: int, rng: np.random.Generator
) -> Sound:
    base = osc.hertz(pitch)
    count = int(np.clip(osc.TOP_HZ / base, 1, 48))
    h = np.arange(1.0, count + 1)
    stretch = np.sqrt(1 + voice.stiffness * h * h)
    bright = voice.bright_hz * 2 ** (2.6 * (loudness - 0.5)) * 2 ** ((pitch - 60) / 24)
    x = voice.position * (1.15 - 0.3 * loudness)
    level = np.abs(np.sin(np.pi * h * x)) * h**-voice.roll
    level = level * osc.low_pass(h * base / bright, 0.6, 12)
    if voice.contact_ms:
        level = level * osc.strike(h * base, voice.contact_ms * 1e-3 * 1.5 ** (1 - 2 * loudness))
    level = level * osc.peaks(h * base, voice.body)
    ring = voice.t60_s * 2 ** (-(pitch - 52) / voice.halving)
    t60 = ring / (1 + voice.damping * h * h)
    scatter = rng.uniform(-1, 1, count) * 0.35
    out = np.zeros(frames, np.float32)
    for string in range(voice.strings):
        side = 0.0 if voice.strings == 1 else 2 * string / (voice.strings - 1) - 1
        tuned = base * h * stretch * 2 ** (voice.detune_cents * side / 1200)
        out += osc.modal(tuned, level, t60, np.pi / 2 * (h % 2) + scatter, frames)
        if voice.late_t60_s:  # the strings of a piano fall out of step and then ring on, softer
            slow = t60 * voice.late_t60_s / voice.t60_s
            out += osc.modal(tuned * 1.0002, level * 0.12, slow, scatter + string, frames)
    if voice.scoop_cents:
        out = _scooped(out, voice.scoop_cents)
    out *= osc.attack(frames, max(16, int(voice.attack_s * SAMPLE_RATE)))
    return _knock(out, voice.nail, loudness, frames, rng)


def _scooped(out: Sound, cents: float) -> Sound:
    """A string pulled to its pitch: read along a warped time axis."""
    t = np.arange(len(out)) / SAMPLE_RATE
    speed = 2 ** (cents * np.exp(-t / 0.05) / 1200)
    return np.interp(np.cumsum(speed) - speed[0], np.arange(len(out)), out).astype(np.float32)


@play.register
def _fm(voice: Fm, pitch: int, loudness: float, frames: int, rng: np.random.Generator) -> Sound:
    base = osc.hertz(pitch)
    t = np.arange(frames) / SAMPLE_RATE
    ring = voice.t60_s * 2 ** (-(pitch - 60) / voice.halving)
    envelope = voice.sustain + (1 - voice.sustain) * np.exp(-6.9078 * t / ring)
    drift = 0.0
    if voice.drift_cents:
        drift = voice.drift_cents * 0.00058 * np.sin(2 * np.pi * (0.45 * t + rng.random())) * 0.35
    sides = (-1.0, 1.0) if voice.spread_cents else (0.0,)
    channels = []
    for side in sides:
        tuned = base * 2 ** (side * voice.spread_cents / 1200)
        out = np.zeros(frames)
        for carrier, modulator, index, tau, level in voice.pairs:
            strength = index * ((1 - voice.velocity_index) + voice.velocity_index * loudness**1.6)
            strength *= 2 ** (-(pitch - 60) / 24)
            room = (0.46 * SAMPLE_RATE - tuned * carrier) / (tuned * modulator)
            if room < 3.7:
                strength = 0.0
            elif osc.side_bands(strength) > room:
                strength = max(0.0, (room - 3.7) / 1.35)
            turns = 2 * np.pi * (tuned * carrier * t)
            turns = turns + 2 * np.pi * tuned * drift
            bend = strength * np.exp(-t / tau) * np.sin(2 * np.pi * tuned * modulator * t)
            out += 10 ** (level / 20) * np.sin(turns + bend)
        channels.append(out)
    out = np.stack(channels, axis=1) if len(channels) > 1 else channels[0]
    out = (out.T * envelope).T
    if voice.asymmetry:
        out = out + voice.asymmetry * loudness * (out * out)
    cut = min(voice.low_pass_hz * 2 ** (loudness - 0.7), 20_000.0)
    out = osc.shaped(
        out.astype(np.float32),
        lambda f: osc.low_pass(f / cut, 0.6, 12) / np.sqrt(1 + (35 / f) ** 8),
    )
    if voice.tremolo_db:
        out = _pan_tremolo(out, voice.tremolo_hz, voice.tremolo_db)
    return (out.T * osc.attack(frames, max(24, int(voice.attack_s * SAMPLE_RATE)))).T


@play.register
def _glide(
    voice: Glide, pitch: int, loudness: float, frames: int, rng: np.random.Generator
) -> Sound:
    base = voice.fixed_hz or osc.hertz(pitch)
    t = np.arange(frames) / SAMPLE_RATE
    extra = base * (2 ** (voice.semitones / 12) - 1)
    turns = base * t + extra * voice.glide_s * (1 - np.exp(-t / voice.glide_s))
    out = np.sin(2 * np.pi * turns) * np.exp(-t / voice.tau_s)
    drive = voice.drive * (0.7 + 0.5 * loudness)
    out = np.tanh(drive * out) / np.tanh(drive)
    if voice.rumble_db > -100:
        low = osc.noise(frames, rng, osc.band(30, 220, -4)) * osc.decay(frames, voice.tau_s * 0.5)
        out = out + low * 10 ** (voice.rumble_db / 20)
    if voice.click_db > -100:
        size = min(frames, 480)
        click = osc.noise(size, rng, osc.band(800, 5000)) * osc.decay(size, 0.002)
        out[:size] += osc.taper(click * osc.attack(size, 12)) * 10 ** (voice.click_db / 20)
    return (out * osc.attack(frames, max(24, int(voice.attack_s * SAMPLE_RATE)))).astype(np.float32)


@play.register
def _bed(voice: Bed, pitch: int, loudness: float, frames: int, rng: np.random.Generator) -> Sound:
    def colour(f: Curve) -> Curve:
        gain = osc.band(voice.low_hz, voice.high_hz, voice.tilt)(f)
        for semitones in voice.tuned:
            centre = osc.hertz(pitch + semitones)
            away = voice.resonance_q * (f / centre - centre / f)
            gain = gain * 0.9 + 40.0 * (centre / 110.0) ** -0.5 / np.sqrt(1 + away * away)
        return gain

    out = osc.noise(frames, rng, colour, channels=2)
    t = np.arange(frames) / SAMPLE_RATE
    if voice.sway_db:
        for side in (0, 1):
            turn = 2 * np.pi * (voice.sway_hz * t + 0.21 * side)
            out[:, side] *= 10 ** (voice.sway_db * np.sin(turn) / 40)
    if voice.events_per_s:
        out += _events(voice, frames, rng)
    return (out.T * osc.attack(frames, int(voice.attack_s * SAMPLE_RATE) + 24)).T


def _events(voice: Bed, frames: int, rng: np.random.Generator) -> Sound:
    """Crackle or drops: short tones of random pitch, level and side."""
    out = np.zeros((frames, 2), np.float32)
    size = int(voice.event_tau_s * 7 * SAMPLE_RATE) + 24
    if frames <= size:
        return out
    t = np.arange(size) / SAMPLE_RATE
    envelope = np.exp(-t / voice.event_tau_s) * osc.attack(size, 6)
    low, high = np.log(voice.event_band[0]), np.log(voice.event_band[1])
    for start in rng.integers(0, frames - size, rng.poisson(voice.events_per_s * frames / 48_000)):
        frequency = np.exp(rng.uniform(low, high))
        level = min(rng.exponential(1.0), 3.0) * 10 ** ((voice.event_db - 12) / 20)
        drop = np.sin(2 * np.pi * frequency * t) * envelope * level
        pan = rng.uniform(0.15, 0.85)
        out[start : start + size, 0] += drop * (1 - pan)
        out[start : start + size, 1] += drop * pan
    return out


@play.register
def _rise(voice: Rise, pitch: int, loudness: float, frames: int, rng: np.random.Generator) -> Sound:
    """Noise through a band whose centre travels, in overlapping windows of a tenth of a second."""
    window = 9600
    out = np.zeros((frames + 2 * window, 2), np.float32)
    fade = np.hanning(2 * window + 1)[:-1].astype(np.float32)[:, None]
    for start in range(0, frames + window, window):
        along = min(start / max(frames, 1), 1.0)
        centre = voice.start_hz * (voice.end_hz / voice.start_hz) ** along
        piece = osc.noise(2 * window, rng, osc.band(centre * 0.7, centre * 1.5), channels=2)
        out[start : start + 2 * window] += (piece * fade)[: len(out) - start]
    out = out[window : window + frames]
    along = np.arange(frames) / max(frames, 1)
    if voice.tone_semitones:
        cents = 100 * voice.tone_semitones * np.arange(frames // STEP + 2) * STEP / max(frames, 1)
        phase = osc.bent_phase(osc.hertz(pitch), frames, 0.0, cents, STEP)
        h = np.arange(1.0, 25)
        tone = osc.read(osc.tables((1 / h)[None, :], 512), phase, STEP)
        out += 0.4 * tone[:, None]
    if voice.pulse_hz:
        out = (out.T * (0.55 + 0.45 * np.sin(2 * np.pi * voice.pulse_hz * along * 2))).T
    slope = along if not voice.reverse else 1 - along
    out = (out.T * 10 ** (voice.growth_db * (slope - 1) / 20)).T
    return (out.T * osc.attack(frames, 480)).T.astype(np.float32)
