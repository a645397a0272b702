"""Oscillators through a moving low-pass: bands are limited and filters baked into wave tables."""

import numpy as np

from engine.render.synth import oscillators as osc
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound
from engine.render.synth.voices import Osc, Subtractive
from engine.render.synth.wavetables import Turn, add_read, bent_turn, steady_turn, tables

STEP = 480  # frames between two values of anything that moves slowly: 10 ms
LOWEST_HZ, HIGHEST_HZ = 40.0, 20_000.0  # of a cutoff
# How many tables lie in an octave of the cutoff's way. Between two of them the harmonics are
# crossfaded, which a steep or resonant filter shows first: 0.13 dB at most.
TABLES_PER_OCTAVE = 4


def subtractive(
    voice: Subtractive, pitch: int, loudness: float, frames: int, rng: np.random.Generator
) -> Sound:
    """A held note, (frames,) or, with ``spread``, (frames, 2)."""
    time = np.arange(frames // STEP + 2) * (STEP / SAMPLE_RATE)
    cutoff = _cutoff(voice, pitch, loudness, time, rng)
    places, rows = _places(voice, cutoff)
    out = np.zeros((2 if voice.spread > 0 else 1, frames), np.float32)
    for oscillator in voice.oscillators:
        base = base_hertz(pitch, oscillator)
        cycles = cycles_of(voice, oscillator, base, places, places.max())
        for cents, pan in unison(oscillator, voice.spread):
            frequency = base * 2 ** (cents / 1200)
            turn = _turn(voice, frequency, frames, time, rng, free=oscillator.voices > 1)
            levels = sides(pan, stereo=voice.spread > 0)
            add_read(out, levels, cycles, turn, rows, STEP)
    if voice.drive > 0:
        ceiling = np.abs(out).max() + 1e-9
        out *= np.float32(voice.drive / ceiling)
        np.tanh(out, out=out)
        out *= np.float32(ceiling / np.tanh(voice.drive))
        for channel in out:
            _unbias(channel)
    out = _finish(voice, out, rng)
    return out.T if len(out) > 1 else out[0]


def _unbias(tone: Sound) -> None:
    """Take away what a drive adds below 10 Hz: the mean over a tenth of a second, frame by frame.

    A drive bends one side of a wave more than the other, and how much changes as voices beat.
    """
    blocks = len(tone) // STEP
    if blocks < 2:
        tone -= tone.mean()
        return
    means = tone[: blocks * STEP].reshape(blocks, STEP).mean(axis=1)
    window = np.hanning(12)[1:-1]
    smooth = np.convolve(np.pad(means, 5, mode="edge"), window / window.sum(), "valid")
    # Ten blocks' middle is where one begins: there is a value for every beginning, and one beyond.
    knots = np.append(smooth, smooth[-1])
    tone -= osc.between_knots(knots, blocks * STEP + STEP, STEP)[: len(tone)]


def base_hertz(pitch: int, oscillator: Osc) -> float:
    """The oscillator's frequency at a pitch, octaves down where it would leave the band."""
    base = osc.hertz(pitch + oscillator.semitones)
    while base > osc.TOP_HZ / 2:
        base /= 2
    return base


def settled_octaves(voice: Subtractive, pitch: int, loudness: float) -> float:
    """Where the cutoff stands re ``cutoff_hz`` when nothing moves it any more."""
    return voice.keytrack * (pitch - 60) / 12 + voice.velocity_octaves * (loudness - 0.63)


def env_octaves(voice: Subtractive, time: Curve) -> Curve:
    """How far the envelope opens the filter, in octaves."""
    rise = 1 - np.exp(-3 * time / voice.env_rise_s) if voice.env_rise_s else 1.0
    return voice.env_octaves * rise * np.exp(-time / voice.env_tau_s)


def _cutoff(
    voice: Subtractive, pitch: int, loudness: float, time: Curve, rng: np.random.Generator
) -> Curve:
    """The cutoff's way, log2 of hertz."""
    octaves = np.full(len(time), settled_octaves(voice, pitch, loudness))
    if voice.env_octaves:
        octaves += env_octaves(voice, time)
    if voice.sweep_octaves:
        turn = 2 * np.pi * (voice.sweep_hz * time + rng.random())
        octaves += voice.sweep_octaves * np.sin(turn)
    return bounded(np.log2(voice.cutoff_hz) + octaves)


def bounded(octaves: Curve) -> Curve:
    """Cutoffs, log2 of hertz, kept to what a filter can be set to."""
    return np.clip(octaves, np.log2(LOWEST_HZ), np.log2(HIGHEST_HZ))


def _places(voice: Subtractive, cutoff: Curve) -> tuple[Curve, Curve | None]:
    """The cutoffs for which tables are made, in hertz, and between which of them the way lies."""
    low, high = float(cutoff.min()), float(cutoff.max())
    if high - low < 1e-6:
        return 2.0 ** cutoff[:1], None
    dense = TABLES_PER_OCTAVE * (2 if voice.q > 1.1 or voice.slope == 24 else 1)
    last = int(np.ceil((high - low) * dense))
    return 2.0 ** np.linspace(low, high, last + 1), (cutoff - low) * (last / (high - low))


def cycles_of(
    voice: Subtractive, oscillator: Osc, base: float, cutoff: Curve, highest: float
) -> Sound:
    """One cycle for every cutoff, at the level of one of the oscillator's voices.

    ``highest`` is the highest cutoff of the note: it says how many harmonics matter.
    """
    amplitudes = partials(voice, oscillator, base, cutoff, highest)
    count = amplitudes.shape[1]
    return tables(amplitudes, 512 if count < 48 else 1024 if count < 128 else 2048)


def partials(
    voice: Subtractive, oscillator: Osc, base: float, cutoff: Curve, highest: float
) -> Curve:
    """Amplitudes of the harmonics behind the filter: (cutoffs, harmonics)."""
    reach = min(osc.TOP_HZ, highest * (10.0 if voice.slope == 24 else 40.0))
    count = int(np.clip(reach / base, 1, 480))
    h = np.arange(1.0, count + 1)
    shape = osc.SHAPES[oscillator.shape](h)
    if voice.formants:
        shape = shape * osc.peaks(h * base, voice.formants)
    shape *= 10 ** (oscillator.level_db / 20) / np.sqrt(oscillator.voices)
    return shape * osc.low_pass(h * base / cutoff[:, None], voice.q, voice.slope)


def unison(oscillator: Osc, spread: float) -> list[tuple[float, float]]:
    """Cents and place (-1 to 1) of every voice."""
    if oscillator.voices == 1:
        return [(0.0, 0.0)]
    x = np.linspace(-1, 1, oscillator.voices)
    cents = oscillator.detune_cents * np.sign(x) * np.abs(x) ** 1.4
    sides = np.where(np.arange(oscillator.voices) % 2 == 0, -1, 1) * np.abs(x)
    return [(float(c), float(s) * spread) for c, s in zip(cents, sides, strict=True)]


def sides(pan: float, *, stereo: bool) -> tuple[np.float32, ...]:
    """The level of a voice in each channel, 1 in the middle."""
    if not stereo:
        return (np.float32(1.0),)
    angle = (pan + 1) * np.pi / 4
    return np.float32(np.cos(angle) * 1.4142), np.float32(np.sin(angle) * 1.4142)


def _turn(
    voice: Subtractive,
    frequency: float,
    frames: int,
    time: Curve,
    rng: np.random.Generator,
    *,
    free: bool,
) -> Turn:
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
        return steady_turn(frequency, frames, start)
    return bent_turn(frequency, frames, start, cents, STEP)


def _finish(voice: Subtractive, tone: Sound, rng: np.random.Generator) -> Sound:
    """Breath, envelope, tremolo and the click of the key, into (channels, frames)."""
    frames = tone.shape[1]
    if voice.breath_db > -100:
        tone += _breath(voice, tone, rng)
    envelope = amplitude(voice, frames)
    if voice.tremolo_db:
        knots = np.arange(frames // 48 + 2) / 1000
        depth = voice.tremolo_db * np.clip((knots - 0.25) / 0.4, 0, 1)
        swing = 10 ** (depth * np.sin(2 * np.pi * voice.tremolo_hz * knots) / 40)
        envelope = envelope * osc.between_knots(swing, frames, 48)
    tone *= envelope
    if voice.click_db > -100:
        click = key_click(voice, rng)
        size = min(frames, len(click))
        tone[:, :size] += click[:size]
    return tone


def key_click(voice: Subtractive, rng: np.random.Generator) -> Sound:
    """The contact of a key, 12 ms, mono."""
    size = int(0.012 * SAMPLE_RATE)
    click = osc.noise(size, rng, osc.band(1800, 7000)) * osc.decay(size, 0.0025)
    return osc.risen(click, 12) * np.float32(10 ** (voice.click_db / 20))


def _breath(voice: Subtractive, tone: Sound, rng: np.random.Generator) -> Sound:
    low, high = voice.breath_band
    frames = tone.shape[1]
    level = np.sqrt(np.mean(tone * tone, dtype=np.float64)) * 10 ** (voice.breath_db / 20)
    air = osc.air(frames, rng, low, high, -3.0) * np.float32(level)
    if voice.chiff_db:
        chiff = osc.decay(min(frames, int(0.3 * SAMPLE_RATE)), 0.03)
        air[: len(chiff)] *= 1 + np.float32(10 ** (voice.chiff_db / 20) - 1) * chiff
    return air


def amplitude(voice: Subtractive, frames: int) -> Sound:
    """The envelope of a held note."""
    if voice.chip:
        return _stepped(voice, frames)
    tau = max(voice.attack_s / 3, 1e-4)
    curve = np.full(frames, np.float32(voice.sustain))
    late = min(int(np.ceil(voice.attack_s * SAMPLE_RATE)), frames)
    curve[:late] = 1.0
    if voice.sustain < 1.0:
        fall = osc.decay(min(frames - late, int(12 * voice.decay_s * SAMPLE_RATE)), voice.decay_s)
        fall *= np.float32(1 - voice.sustain)
        # The fall counts from the end of the attack, which lies between two frames.
        fall *= np.float32(np.exp((voice.attack_s * SAMPLE_RATE - late) / SAMPLE_RATE
                                  / voice.decay_s))  # fmt: skip
        curve[late : late + len(fall)] += fall
    curve[:late] *= (1 - osc.decay(late, tau)) / np.float32(1 - np.exp(-3.0))
    # A cosine over the first half millisecond takes the corner off the exponential.
    return osc.risen(curve, 24)


def _stepped(voice: Subtractive, frames: int) -> Sound:
    """Sixty steps a second, sixteen levels, as the consoles had it."""
    ticks = np.arange(frames // 800 + 2) / 60
    level = voice.sustain + (1 - voice.sustain) * np.exp(-ticks / voice.decay_s)
    level = np.round(level * 15) / 15
    curve = np.repeat(level, 800)[:frames].astype(np.float32)
    # Each step is rounded off over a millisecond.
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(48) + 0.5) / 48)).astype(np.float32)
    for tick in np.flatnonzero(np.diff(level)):
        at = (int(tick) + 1) * 800 - 24
        piece = curve[at : at + 48]
        piece[:] = level[tick] + (level[tick + 1] - level[tick]) * ramp[: len(piece)]
    return osc.risen(curve, 24)
