"""What is struck or plucked and then left to ring: modes, strings, phase modulation, drops."""

import numpy as np

from engine.render.synth import oscillators as osc
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound
from engine.render.synth.voices import Fm, Glide, Modal, Plucked
from engine.render.synth.wavetables import steady_turn

_MOST_PARTIALS = 48
_UNEVEN_DB = 0.4  # by which no mallet meets the bar twice at the same spot
_UNEVEN_INDEX = 0.04


def modal(
    voice: Modal, pitch: int, loudness: float, frames: int, rng: np.random.Generator
) -> Sound:
    """A struck body, (frames,), or (frames, 2) where its modes beat or it swings from side to
    side."""
    base = osc.hertz(pitch)
    if voice.fixed_drift_cents:
        base *= 2 ** (voice.fixed_drift_cents * (((pitch * 7919) % 17) / 8 - 1) / 1200)
    ratios = np.asarray(voice.ratios)
    frequency = base * ratios
    contact = voice.contact_ms * 1e-3 * 1.5 ** (1 - 2 * loudness)
    level = 10 ** (np.asarray(voice.levels_db) / 20) * osc.strike(frequency, contact)
    level /= osc.strike(frequency[:1], contact)[0]
    level *= 10 ** (-voice.soft_db * np.arange(len(ratios)) * (1 - loudness) / 20)
    level *= 10 ** (rng.uniform(-_UNEVEN_DB, _UNEVEN_DB, len(ratios)) / 20)
    ring = np.asarray(voice.t60_s) * 2 ** (-(pitch - 66) / voice.halving)
    phase = 1.3 * np.arange(len(ratios)) + rng.uniform(-0.3, 0.3, len(ratios))
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
            ]
        ).T
    else:
        out = osc.modal(frequency, level, ring, phase, frames)
    if voice.tremolo_db:
        out = _pan_tremolo(out, voice.tremolo_hz, voice.tremolo_db)
    osc.risen(out, max(12, int(voice.attack_s * SAMPLE_RATE)))
    return _knocked(out, voice.knock, loudness, rng)


def _knocked(
    out: Sound,
    knock: tuple[float, float, float, float] | None,
    loudness: float,
    rng: np.random.Generator,
) -> Sound:
    """The sound, written into, with the noise of what touched it."""
    if knock is None:
        return out
    low, high, tau, level = knock
    size = min(len(out), int(tau * 8 * SAMPLE_RATE) + 48)
    burst = osc.noise(size, rng, osc.band(low, high)) * osc.decay(size, tau)
    burst = osc.taper(osc.risen(burst, 16))
    burst *= np.float32(10 ** ((level + 6 * (loudness - 0.7)) / 20) * np.abs(out).max())
    out[:size] += burst if out.ndim == 1 else burst[:, None]
    return out


def _pan_tremolo(out: Sound, rate: float, depth_db: float) -> Sound:
    knots = np.arange(len(out) // 48 + 2) / 1000
    swing = depth_db * np.sin(2 * np.pi * rate * knots) / 40
    both = np.stack([out, out]) if out.ndim == 1 else out.T
    both[0] *= osc.between_knots(10**swing, len(out), 48)
    both[1] *= osc.between_knots(10**-swing, len(out), 48)
    return both.T


def plucked(
    voice: Plucked, pitch: int, loudness: float, frames: int, rng: np.random.Generator
) -> Sound:
    """A string, (frames,)."""
    base = osc.hertz(pitch)
    count = int(np.clip(osc.TOP_HZ / base, 1, _MOST_PARTIALS))
    h = np.arange(1.0, count + 1)
    level = _excited(voice, pitch, loudness, h * base, h)
    ring = voice.t60_s * 2 ** (-(pitch - 52) / voice.halving)
    t60 = ring / (1 + voice.damping * h * h)
    scatter = rng.uniform(-1, 1, count) * 0.35
    stretched = base * h * np.sqrt(1 + voice.stiffness * h * h)
    rows: list[tuple[Curve, Curve, Curve, Curve]] = []
    for string in range(voice.strings):
        side = 0.0 if voice.strings == 1 else 2 * string / (voice.strings - 1) - 1
        tuned = stretched * 2 ** (voice.detune_cents * side / 1200)
        rows.append((tuned, level, t60, np.pi / 2 * (h % 2) + scatter))
        if voice.late_t60_s:  # the strings of a piano fall out of step and then ring on, softer
            slow = t60 * voice.late_t60_s / voice.t60_s
            rows.append((tuned * 1.0002, level * 0.12, slow, scatter + string))
    frequency, amplitude, t60s, phase = (np.concatenate(one) for one in zip(*rows, strict=True))
    out = osc.modal(frequency, amplitude, t60s, phase, frames)
    if voice.scoop_cents:
        _scoop(out, voice.scoop_cents)
    osc.risen(out, max(16, int(voice.attack_s * SAMPLE_RATE)))
    return _knocked(out, voice.nail, loudness, rng)


def _excited(voice: Plucked, pitch: int, loudness: float, frequency: Curve, h: Curve) -> Curve:
    """How loud each harmonic begins: where, how hard and with what it was plucked, and the body."""
    bright = voice.bright_hz * 2 ** (2.6 * (loudness - 0.5)) * 2 ** ((pitch - 60) / 24)
    x = voice.position * (1.15 - 0.3 * loudness)
    level = np.abs(np.sin(np.pi * h * x)) * h**-voice.roll
    level = level * osc.low_pass(frequency / bright, 0.6, 12)
    if voice.contact_ms:
        level = level * osc.strike(frequency, voice.contact_ms * 1e-3 * 1.5 ** (1 - 2 * loudness))
    return level * osc.peaks(frequency, voice.body)


_SCOOP_TAU_S = 0.05


def _scoop(out: Sound, cents: float) -> None:
    """A string pulled to its pitch: its beginning is read along a warped time axis.

    The warp is over after nine time constants; from there on the string is what it was, because
    the axis has by then moved by a whole number of frames.
    """
    frames = min(len(out), int(9 * _SCOOP_TAU_S * SAMPLE_RATE))
    speed = 2 ** (cents * np.exp(-np.arange(frames) / (_SCOOP_TAU_S * SAMPLE_RATE)) / 1200)
    moved = np.cumsum(speed) - speed[0] - np.arange(frames)
    shift = int(np.round(moved[-1]))
    place = np.arange(frames) + moved + (shift - moved[-1])
    whole = np.arange(min(len(out), frames + abs(shift) + 2))
    began = np.interp(place, whole, out[whole]).astype(np.float32)
    if shift < 0:
        out[frames:] = out[frames + shift : len(out) + shift].copy()
    elif shift:
        out[frames:-shift] = out[frames + shift :].copy()
        out[-shift:] = 0
    out[:frames] = began


def fm(voice: Fm, pitch: int, loudness: float, frames: int, rng: np.random.Generator) -> Sound:
    """Pairs of sines of which one turns the other, (frames,) or (frames, 2)."""
    base = osc.hertz(pitch)
    ring = voice.t60_s * 2 ** (-(pitch - 60) / voice.halving)
    envelope = osc.falloff(frames, -6.9078 / (ring * SAMPLE_RATE))
    envelope *= np.float32(1 - voice.sustain)
    envelope += np.float32(voice.sustain)
    drift = None
    if voice.drift_cents:
        knots = np.arange(frames // 480 + 2) / 100
        swing = np.sin(2 * np.pi * (0.45 * knots + rng.random()))
        drift = osc.between_knots(voice.drift_cents * 0.00058 * 0.35 * swing, frames, 480)
    sides = (-1.0, 1.0) if voice.spread_cents else (0.0,)
    tuned = [base * 2 ** (side * voice.spread_cents / 1200) for side in sides]
    struck = loudness * (1 + float(rng.uniform(-_UNEVEN_INDEX, _UNEVEN_INDEX)))
    out = np.stack([_modulated(voice, pitch, struck, one, frames, drift) for one in tuned])
    out *= envelope
    if voice.asymmetry:
        out += np.float32(voice.asymmetry * loudness) * (out * out)
    cut = min(voice.low_pass_hz * 2 ** (loudness - 0.7), 20_000.0)
    out = osc.shaped(out.T, lambda f: osc.low_pass(f / cut, 0.6, 12) / np.sqrt(1 + (35 / f) ** 8))
    out = out if len(sides) > 1 else out[:, 0]
    if voice.tremolo_db:
        out = _pan_tremolo(out, voice.tremolo_hz, voice.tremolo_db)
    return osc.risen(out, max(24, int(voice.attack_s * SAMPLE_RATE)))


def _modulated(
    voice: Fm, pitch: int, loudness: float, tuned: float, frames: int, drift: Sound | None
) -> Sound:
    out = np.zeros(frames, np.float32)
    for carrier, modulator, index, tau, level in voice.pairs:
        strength = index * ((1 - voice.velocity_index) + voice.velocity_index * loudness**1.6)
        strength *= 2 ** (-(pitch - 60) / 24)
        room = (0.46 * SAMPLE_RATE - tuned * carrier) / (tuned * modulator)
        if room < 3.7:
            strength = 0.0
        elif osc.side_bands(strength) > room:
            strength = max(0.0, (room - 3.7) / 1.35)
        turned = steady_turn(tuned * carrier, frames, 0.0).radians()
        if drift is not None:
            turned += np.float32(2 * np.pi * tuned) * drift
        if strength:
            bend = np.sin(steady_turn(tuned * modulator, frames, 0.0).radians())
            bend *= osc.decay(frames, tau)
            bend *= np.float32(strength)
            turned += bend
        np.sin(turned, out=turned)
        turned *= np.float32(10 ** (level / 20))
        out += turned
    return out


def glide(
    voice: Glide, pitch: int, loudness: float, frames: int, rng: np.random.Generator
) -> Sound:
    """A driven sine that falls or rises to its pitch, (frames,)."""
    base = voice.fixed_hz or osc.hertz(pitch)
    extra = base * (2 ** (voice.semitones / 12) - 1)
    t = np.arange(frames) / SAMPLE_RATE
    cycles = base * t + extra * voice.glide_s * (1 - np.exp(-t / voice.glide_s))
    out = osc.sine(cycles)
    out *= osc.decay(frames, voice.tau_s)
    drive = np.float32(voice.drive * (0.7 + 0.5 * loudness))
    out = np.tanh(drive * out) / np.tanh(drive)
    if voice.rumble_db > -100:
        low = osc.noise(frames, rng, osc.band(30, 220, -4)) * osc.decay(frames, voice.tau_s * 0.5)
        out += low * np.float32(10 ** (voice.rumble_db / 20))
    if voice.click_db > -100:
        size = min(frames, 480)
        click = osc.noise(size, rng, osc.band(800, 5000)) * osc.decay(size, 0.002)
        out[:size] += osc.taper(osc.risen(click, 12)) * np.float32(10 ** (voice.click_db / 20))
    return osc.risen(out, max(24, int(voice.attack_s * SAMPLE_RATE)))
