"""Singing voices: who bows or blows plays a line, not notes.

A phrase is one tone whose pitch, level and spectrum move without a gap: slides, late vibrato,
changes of bow and tongue happen inside it. Notes that overlap are several players. What a tone is
made of says its voice (`bowed`, `blown`); how it moves is the same for all of them.
"""

import zlib
from functools import lru_cache
from itertools import pairwise

import numpy as np
from msgspec import Struct, structs

from engine.render.strokes import Stroke
from engine.render.synth import oscillators as osc
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound
from engine.render.synth.patches.patch import Patch
from engine.render.synth.singing import Line
from engine.render.synth.wavetables import pitched_turn, read, tables
from engine.sound.filters import blank

STEP = 960  # frames between two spectra: 20 ms
LEVEL_STEP = 480  # frames between two values of a part's level
KNOT = 240  # frames between two values of pitch and level
REFERENCE_LUFS = -20.0
_REFERENCE_PRESS = 100 / 127
_JOIN_S = 0.06  # who overlaps the note before by no more than this goes on from it
_CHANGE_S = 0.014  # from one finger to the next
_BEFORE = 0.4  # share of a slide that lies before its note
_NOISE_FRAMES = 1 << 17
_PITCHES = np.arange(20.0, 116.0, 0.5)


class _Motion(Struct, frozen=True, kw_only=True):
    """A phrase every `KNOT` frames: semitones, amplitude, and how hard it is bowed or blown."""

    pitch: Curve
    level: Curve
    press: Curve
    begins: tuple[int, ...]  # frames at which a slur speaks


def play_line(
    name: str, patch: Patch, strokes: list[Stroke], frames: int, level: Curve | None = None
) -> Sound:
    """A part as (frames, 2), a note struck at 100 at -20 LUFS.

    ``level`` is the part's own rise and fall in dB every `LEVEL_STEP` frames; it is heard in the
    colour of the tone as well.
    """
    out = blank(frames)
    for line in _players(strokes, patch):
        for phrase in _phrases(line, patch):
            if phrase[0].onset >= frames:
                continue
            sound = sung(name, patch, phrase, level)
            end = min(frames, phrase[0].onset + len(sound))
            out[phrase[0].onset : end] += sound[: end - phrase[0].onset, None]
    return out


def sung(name: str, patch: Patch, phrase: list[Stroke], level: Curve | None = None) -> Sound:
    """One phrase of one player, mono, from its first onset to where it has died away."""
    first = phrase[0]
    rng = np.random.default_rng([zlib.crc32(name.encode()), first.onset, first.pitch, len(phrase)])
    end = max(one.onset + one.frames for one in phrase) - first.onset
    frames = end + int(7 * patch.voice.fade_s * SAMPLE_RATE) + STEP
    motion = _motion(patch, phrase, frames, rng)
    if level is not None:
        motion = _shaped(motion, level, first.onset)
    trimmed = motion.level * 10 ** (_trim_db(patch.voice, motion.pitch) / 20)
    sound = tone(patch.voice, motion, trimmed, frames, rng)
    return osc.taper(sound)


# --- who plays what -------------------------------------------------------------------------------


def _players(strokes: list[Stroke], patch: Patch) -> list[list[Stroke]]:
    """Lines of one note at a time; the highest of a chord goes on with the first player's line."""
    lines: list[list[Stroke]] = []
    for stroke in sorted(strokes, key=lambda one: (one.onset, -one.pitch)):
        stroke = _inside(stroke, patch)
        free = [line for line in lines if _ended(line[-1], stroke)]
        if free:
            nearest = min(free, key=lambda line: (abs(line[-1].pitch - stroke.pitch) > 12,))
            nearest.append(stroke)
        else:
            lines.append([stroke])
    return lines


def _inside(stroke: Stroke, patch: Patch) -> Stroke:
    pitch = stroke.pitch
    while pitch < patch.low:
        pitch += 12
    while pitch > patch.high:
        pitch -= 12
    return stroke if pitch == stroke.pitch else structs.replace(stroke, pitch=pitch)


def _ended(before: Stroke, stroke: Stroke) -> bool:
    over = before.onset + before.frames - stroke.onset
    return stroke.onset > before.onset and over <= _JOIN_S * SAMPLE_RATE


def _phrases(line: list[Stroke], patch: Patch) -> list[list[Stroke]]:
    """The line cut where it rests long enough for the tone to have died away."""
    rest = int(6 * patch.voice.fade_s * SAMPLE_RATE)
    phrases = [[line[0]]]
    for before, stroke in pairwise(line):
        if stroke.onset - (before.onset + before.frames) > rest:
            phrases.append([])
        phrases[-1].append(stroke)
    return phrases


# --- how it moves ---------------------------------------------------------------------------------


def _motion(patch: Patch, phrase: list[Stroke], frames: int, rng: np.random.Generator) -> _Motion:
    voice, begin = patch.voice, phrase[0].onset
    time = np.arange((frames // STEP + 2) * STEP // KNOT + 1) * (KNOT / SAMPLE_RATE)
    level, press = np.zeros(len(time)), np.full(len(time), 0.5)
    begins = []
    for slur in _slurs(phrase):
        amplitude, pressed = _slur(patch, slur, begin, time)
        press = np.where(amplitude >= level, pressed, press)
        level = np.maximum(level, amplitude)
        begins.append(slur[0].onset - begin)
    swing, depth = _vibrato(voice, phrase, begin, time, rng)
    cents = depth * swing + _drift(voice, time, rng) + _fall(voice, phrase[-1], begin, time)
    level *= 10 ** (voice.vibrato_db * (depth / voice.vibrato_full) * swing / 40)
    pitch = _pitches(phrase, begin, time) + cents / 100
    return _Motion(pitch=pitch, level=level, press=press, begins=tuple(begins))


def _slurs(phrase: list[Stroke]) -> list[list[Stroke]]:
    slurs = [[phrase[0]]]
    for stroke in phrase[1:]:
        if stroke.legato:
            slurs[-1].append(stroke)
        else:
            slurs.append([stroke])
    return slurs


def _slur(patch: Patch, slur: list[Stroke], begin: int, time: Curve) -> tuple[Curve, Curve]:
    """Amplitude and pressure of notes under one bow: one attack, one end, a dip between them."""
    voice = patch.voice
    starts = np.array([one.onset - begin for one in slur]) / SAMPLE_RATE
    end = (max(one.onset + one.frames for one in slur) - begin) / SAMPLE_RATE
    decibels = np.array([_gain_db(one.velocity, patch.dynamics_db) for one in slur])
    presses = np.array([one.velocity / 127 for one in slur])
    at = np.clip(np.searchsorted(starts, time, side="right") - 1, 0, None)
    sounding = _eased(decibels[at], 5)
    for start in starts[1:]:
        sounding = sounding - voice.dip_db * np.exp(-(((time - start) / 0.016) ** 2))
    attack = voice.accent_s if slur[0].articulation == "accent" else voice.attack_s
    since = np.maximum(time - starts[0], 0.0)
    rise = np.minimum((1 - np.exp(-3 * since / attack)) / (1 - np.exp(-3.0)), 1.0)
    fall = np.exp(-np.maximum(time - end, 0.0) / voice.fade_s)
    amplitude = 10 ** (sounding / 20) * rise * fall
    return amplitude, _eased(presses[at], 5) * (0.7 + 0.3 * rise) * (0.5 + 0.5 * fall)


def _gain_db(velocity: int, dynamics_db: float) -> float:
    """0 at velocity 100; ``dynamics_db`` lies between the softest note and the loudest."""
    soft, reference = 1 - min(velocity, 127) / 127, 1 - 100 / 127
    return float(-dynamics_db * (soft**1.2 - reference**1.2))


def _eased(curve: Curve, knots: int) -> Curve:
    """Steps turned into short slopes."""
    kernel = np.hanning(2 * knots + 1)[1:-1]
    padded = np.pad(curve, knots - 1, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), "valid")


def _pitches(phrase: list[Stroke], begin: int, time: Curve) -> Curve:
    """Semitones: every note where it is fingered, and how it is reached."""
    pitch = np.full(len(time), float(phrase[0].pitch))
    for before, stroke in zip([None, *phrase], phrase, strict=False):
        start = (stroke.onset - begin) / SAMPLE_RATE
        slide, lasts = stroke.slide, stroke.slide_frames / SAMPLE_RATE
        if stroke.legato and before is not None:
            slide = slide or float(before.pitch - stroke.pitch)
            lasts = max(lasts, _CHANGE_S)
            start -= _BEFORE * lasts
        along = np.clip((time - start) / max(lasts, 1e-3), 0.0, 1.0)
        arrived = along * along * (3 - 2 * along)
        here = stroke.pitch + slide * (1 - arrived)
        pitch = np.where(time >= start, here, pitch)
    return pitch


def _vibrato(
    voice: Line, phrase: list[Stroke], begin: int, time: Curve, rng: np.random.Generator
) -> tuple[Curve, Curve]:
    """A swing between -1 and 1 that wanders in its rate, and its depth in cents."""
    depth = np.zeros(len(time))
    for stroke in phrase:
        start = (stroke.onset - begin) / SAMPLE_RATE
        end = start + stroke.frames / SAMPLE_RATE
        grown = np.clip((time - start - voice.vibrato_delay_s) / voice.vibrato_rise_s, 0.0, 1.0)
        depth = np.where((time >= start) & (time < end), stroke.vibrato * grown, depth)
    marks = np.arange(0.0, time[-1] + 1.0, 0.5)
    wander = np.interp(time, marks, rng.normal(0.0, 0.04, len(marks)))
    turns = np.cumsum(voice.vibrato_hz * (1 + wander)) * (KNOT / SAMPLE_RATE)
    return np.sin(2 * np.pi * (turns + rng.random())), _eased(depth, 8)


def _drift(voice: Line, time: Curve, rng: np.random.Generator) -> Curve:
    rate, turn = 0.3 + 0.5 * rng.random(2), rng.random(2)
    slow = np.sin(2 * np.pi * (rate[0] * time + turn[0]))
    quick = np.sin(2 * np.pi * (2.3 * rate[1] * time + turn[1]))
    return voice.drift_cents * (0.6 * slow + 0.4 * quick)


def _fall(voice: Line, last: Stroke, begin: int, time: Curve) -> Curve:
    """Breath that runs out takes the pitch with it, at the end of what was long."""
    end = (last.onset + last.frames - begin) / SAMPLE_RATE
    if not voice.fall_cents or last.frames < 0.5 * SAMPLE_RATE:
        return np.zeros(len(time))
    return -voice.fall_cents * np.clip((time - end + 0.2) / 0.3, 0.0, 1.0) ** 2


def _shaped(motion: _Motion, level: Curve, onset: int) -> _Motion:
    """The motion under the part's level curve."""
    place = (onset + np.arange(len(motion.level)) * KNOT) / LEVEL_STEP
    decibels = np.interp(place, np.arange(len(level)), level)
    return _Motion(
        pitch=motion.pitch,
        level=motion.level * 10 ** (decibels / 20),
        press=np.clip(motion.press + decibels / 30, 0.05, 1.0),
        begins=motion.begins,
    )


# --- how it sounds --------------------------------------------------------------------------------


def tone(
    voice: Line, motion: _Motion, level: Curve, frames: int, rng: np.random.Generator
) -> Sound:
    """The tone of a motion, mono, at ``level`` (amplitude every `KNOT` frames)."""
    hertz = 440.0 * 2 ** ((motion.pitch - 69) / 12)
    each = STEP // KNOT
    amplitudes = _spectra(voice, hertz[::each], motion.press[::each])
    cycles = tables(amplitudes, 512 if amplitudes.shape[1] <= 48 else 1024)
    turn = pitched_turn(hertz, frames, 0.0, KNOT)
    sound = read(cycles, turn, np.arange(float(len(cycles))), STEP)
    strength = np.sqrt((amplitudes**2).sum(axis=1) / 2) * 10 ** (voice.noise_db / 20)
    air = _air(voice, frames, motion.begins, rng) * voice.gate(turn)
    air *= ramped(strength.astype(np.float32), STEP, frames)
    sound += air
    sound *= ramped(level.astype(np.float32), KNOT, frames)
    return sound


def ramped(values: Curve, step: int, frames: int) -> Curve:
    """A curve of ``frames`` drawn straight from one value to the next, ``step`` frames apart, that
    stays at the last one; float32."""
    steps = -(-frames // step)
    knots = np.pad(values[: steps + 1], (0, max(0, steps + 1 - len(values))), "edge")
    return osc.between_knots(knots, frames, step)


def _spectra(voice: Line, hertz: Curve, press: Curve) -> Curve:
    """Amplitudes of the harmonics under the top of our band, (moments, harmonics)."""
    count = int(np.clip(osc.TOP_HZ / hertz.min(), 2, 128))
    places = hertz[:, None] * np.arange(1.0, count + 1)
    below = np.clip((osc.TOP_HZ - places) / 1500.0, 0.0, 1.0)
    return voice.spectrum(hertz, press, count) * below


def _air(voice: Line, frames: int, begins: tuple[int, ...], rng: np.random.Generator) -> Sound:
    """Noise of the voice's band, RMS 1, louder where a slur begins."""
    noise = _noise(voice.noise_band)
    start = int(rng.integers(_NOISE_FRAMES))
    air = np.take(noise, np.arange(start, start + frames), mode="wrap")
    if voice.chiff_db:
        extra = 10 ** (voice.chiff_db / 20) - 1
        fade = osc.decay(min(frames, int(6 * voice.chiff_s * SAMPLE_RATE)), voice.chiff_s) * extra
        for begin in begins:
            piece = air[begin : begin + len(fade)]
            piece *= 1 + fade[: len(piece)]
    return air


@lru_cache(maxsize=32)
def _noise(band: tuple[float, float, float]) -> Sound:
    rng = np.random.default_rng([71, *(round(10 * abs(one)) for one in band)])
    return osc.noise(_NOISE_FRAMES, rng, osc.band(*band))


def _trim_db(voice: Line, pitch: Curve) -> Curve:
    """Decibels that bring a tone struck at 100 to `REFERENCE_LUFS` at each pitch."""
    return REFERENCE_LUFS - np.interp(pitch, _PITCHES, _loudness(voice))


@lru_cache(maxsize=64)
def _loudness(voice: Line) -> Curve:
    """LUFS of the steady tone at `_PITCHES`, both channels alike, before any trim."""
    hertz = 440.0 * 2 ** ((_PITCHES - 69) / 12)
    power = np.empty(len(hertz))
    for at, one in enumerate(hertz):
        amplitudes = _spectra(voice, one[None], np.full(1, _REFERENCE_PRESS))[0]
        heard = amplitudes * _weighted(one * np.arange(1.0, len(amplitudes) + 1))
        power[at] = (heard**2).sum()  # half of it in each of two channels
    return -0.691 + 10 * np.log10(power)


def _weighted(hertz: Curve) -> Curve:
    """Gain of the loudness meter's weighting, ITU-R BS.1770: a shelf of 4 dB and a high-pass."""
    x = 1j * hertz / 1681.97
    shelf = (1.58486 * x * x + 1.25872 * x / 0.70718 + 1) / (x * x + x / 0.70718 + 1)
    y = 1j * hertz / 38.1355
    return np.abs(shelf * (y * y) / (y * y + y / 0.50033 + 1))
