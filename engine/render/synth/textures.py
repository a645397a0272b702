"""Noise that moves: beds of wind, rain and vinyl, and sweeps up and down."""

import numpy as np

from engine.render.synth import oscillators as osc
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound
from engine.render.synth.voices import Bed, Rise
from engine.render.synth.wavetables import add_read, bent_turn, tables

# A bed goes round after 8.2 s; what it says in that time is too much to be known again.
BED_FRAMES = 3 << 17
_WINDOW = 8192
_STEP = 480


def bed(voice: Bed, pitch: int, rng: np.random.Generator) -> Sound:
    """A texture that joins its own beginning, without its attack: (`BED_FRAMES`, 2)."""

    def colour(f: Curve) -> Curve:
        gain = osc.band(voice.low_hz, voice.high_hz, voice.tilt)(f)
        for semitones in voice.tuned:
            centre = osc.hertz(pitch + semitones)
            away = voice.resonance_q * (f / centre - centre / f)
            gain = gain * 0.9 + 40.0 * (centre / 110.0) ** -0.5 / np.sqrt(1 + away * away)
        return gain

    out = osc.circular_noise(BED_FRAMES, rng, colour, channels=2)
    if voice.sway_db:
        turns = max(1, round(voice.sway_hz * BED_FRAMES / SAMPLE_RATE))
        along = np.arange(BED_FRAMES // 96 + 1) / (BED_FRAMES // 96)
        for side in (0, 1):
            sway = np.sin(2 * np.pi * (turns * along + 0.21 * side))
            out[side] *= osc.between_knots(10 ** (voice.sway_db * sway / 40), BED_FRAMES, 96)
    if voice.events_per_s:
        _scatter_events(voice, out, rng)
    return out.T


def _scatter_events(voice: Bed, out: Sound, rng: np.random.Generator) -> None:
    """Crackle or drops: short tones of random pitch, level and side, round the wheel."""
    frames = out.shape[1]
    size = int(voice.event_tau_s * 7 * SAMPLE_RATE) + 24
    envelope = osc.risen(osc.decay(size, voice.event_tau_s), 6)
    low, high = np.log(voice.event_band[0]), np.log(voice.event_band[1])
    count = int(rng.poisson(voice.events_per_s * frames / SAMPLE_RATE))
    starts = rng.integers(0, frames - size, count)
    frequency = np.exp(rng.uniform(low, high, count))
    level = np.minimum(rng.exponential(1.0, count), 3.0) * 10 ** ((voice.event_db - 12) / 20)
    pan = rng.uniform(0.15, 0.85, count)
    radians = (2 * np.pi / SAMPLE_RATE) * np.arange(size)
    for start, hertz, loud, place in zip(starts, frequency, level, pan, strict=True):
        drop = np.sin((hertz * radians).astype(np.float32)) * envelope
        out[0, start : start + size] += drop * np.float32(loud * (1 - place))
        out[1, start : start + size] += drop * np.float32(loud * place)


def rise(voice: Rise, pitch: int, frames: int, rng: np.random.Generator) -> Sound:
    """Noise through a band whose centre travels, in overlapping windows of a sixth of a second,
    and a tone that travels with it: (frames, 2)."""
    out = _travelling(voice, frames, rng)
    if voice.tone_semitones:
        cents = 100 * voice.tone_semitones * np.arange(frames // _STEP + 2) * _STEP / max(frames, 1)
        turn = bent_turn(osc.hertz(pitch), frames, 0.0, cents, _STEP)
        h = np.arange(1.0, 25)
        add_read(out, (0.4, 0.4), tables((1 / h)[None, :], 512), turn)
    knots = np.minimum(np.arange(frames // _STEP + 2) * _STEP / max(frames, 1), 1.0)
    slope = knots if not voice.reverse else 1 - knots
    level = 10 ** (voice.growth_db * (slope - 1) / 20)
    if voice.pulse_hz:
        level = level * (0.55 + 0.45 * np.sin(2 * np.pi * voice.pulse_hz * knots * 2))
    out *= osc.between_knots(level, frames, _STEP)
    return osc.risen(out.T, 480)


def _travelling(voice: Rise, frames: int, rng: np.random.Generator) -> Sound:
    fade = np.hanning(2 * _WINDOW + 1)[:-1].astype(np.float32)
    out = np.zeros((2, frames + 3 * _WINDOW), np.float32)
    for start in range(0, frames + _WINDOW, _WINDOW):
        along = min(start / max(frames, 1), 1.0)
        centre = voice.start_hz * (voice.end_hz / voice.start_hz) ** along
        band = osc.band(centre * 0.7, centre * 1.5)
        piece = osc.circular_noise(2 * _WINDOW, rng, band, channels=2)
        out[:, start : start + 2 * _WINDOW] += piece * fade
    return np.ascontiguousarray(out[:, _WINDOW : _WINDOW + frames])
