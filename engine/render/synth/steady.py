"""Sounds that could go on for ever: pads, choirs, organs and beds.

What an ensemble does while it is held is made once, as a wheel of some seconds that joins its own
beginning to the sample: every voice completes whole cycles, whole vibratos and whole drifts in it.
A note is the wheel from a place of its own on, under the envelope of the patch. So a note of a
minute costs no more than one of a second, and no two notes are alike.

Where the filter moves, wheels are made for cutoffs some semitones apart and crossfaded: they are in
phase, so only the strength of their harmonics is blended, within a decibel of what the filter does.
"""

import zlib
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.render.notes import NOTES
from engine.render.synth import oscillators as osc
from engine.render.synth import subtractive, textures
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound
from engine.render.synth.subtractive import STEP
from engine.render.synth.voices import Bed, Osc, Subtractive

OCTAVES = 0.8  # between the cutoffs of two wheels
STRETCH = 60 * STEP
ENSEMBLE = 4  # voices from which on a vibrato is nobody's own and may be there from the start
# Wheels last so many times STEP from these pitches on: detuned voices beat more slowly below.
_TURNS = ((0, 380), (45, 290), (63, 240))
_CHOICES = 40  # lengths to choose from, so that the pitch completes whole cycles
_GOLDEN = 0.6180339887
_PIECE = 8192
_ONE_THREAD = 1 << 16
_HOP = SAMPLE_RATE // 10
_HEARD = 12  # hops from the onset in which a note is judged
_EVENED = 0.9  # how far, in decibels of decibels, a note is brought to the mean
_SEAM = 480  # frames over which the breath's end is laid over its beginning


def goes_on(voice: object) -> bool:
    """Whether a voice's held sound is a wheel: nothing in it happens only once but its attack."""
    if isinstance(voice, Bed):
        return True
    if not isinstance(voice, Subtractive) or voice.chip or voice.drive or voice.scoop_cents:
        return False
    most = max(one.voices for one in voice.oscillators)
    shaken = voice.vibrato_cents > 0 and most < ENSEMBLE
    struck = voice.spread == 0 and voice.attack_s < 0.1  # a bass, whose notes begin alike
    return most > 1 and voice.sustain >= 0.7 and not (voice.chiff_db or shaken or struck)


class Held(Struct, frozen=True):
    """A note to be held: which patch and voice, pitch, loudness 0-1, and the how-manyth it is."""

    name: str
    voice: Subtractive | Bed
    pitch: int
    loudness: float
    number: int


def stretches(note: Held, frames: int) -> Iterator[tuple[int, Sound]]:
    """The held note piece by piece: where each begins, and its sound, (n,) or (n, 2)."""
    place = _place(note)
    rows = _rows(note, frames, place)
    envelope = _envelope(note.voice)
    slope = getattr(note.voice, "slope", 12)
    wheels = _wheels(note, rows)
    start = int(place * next(iter(wheels.values())).shape[1])
    for at in range(0, frames, STRETCH):
        until = min(at + STRETCH, frames)
        piece = _blended(wheels, rows, slope, start, at, until)
        if at < len(envelope):
            shape = envelope[at:until]
            if len(shape) < until - at:
                shape = np.pad(shape, (0, until - at - len(shape)), mode="edge")
            piece = piece * shape
        elif envelope[-1] != 1.0:
            piece = piece * envelope[-1]
        yield at, piece.T if len(piece) > 1 else piece[0]


def evened(note: Held) -> float:
    """The gain that brings the note near the level of all notes of its wheel.

    Voices in unison beat, so a note that begins where they meet would stand out by some decibels.
    """
    settled, began = 0, 0
    if isinstance(note.voice, Subtractive):
        octaves = note.voice.velocity_octaves * (note.loudness - 0.63)
        settled = round(octaves / OCTAVES)
        if note.voice.sweep_octaves:
            rows = _rows(note, int((1.2 + note.voice.attack_s) * SAMPLE_RATE), _place(note))
            began = round(float(rows.mean()))
        else:
            began = settled
    usual, here = (_loudest_of(note, row) for row in (settled, began))
    loudest = here[int(_place(note) * len(here))]
    return float((usual.mean(dtype=np.float64) / loudest) ** (_EVENED / 2))


def _loudest_of(note: Held, row: int) -> Sound:
    pitch = note.pitch if _has_pitch(note.voice) else 0
    key = ("loudest", note.name, pitch, row)
    return NOTES.played(key, lambda: _loudest(_wheels(note, np.array([row]))[row]))


def _loudest(wheel: Sound) -> Sound:
    """The power of the loudest 400 ms of notes that begin at each tenth of a second."""
    hops = wheel.shape[1] // _HOP
    power = np.square(wheel[:, : hops * _HOP]).reshape(len(wheel), hops, _HOP).sum(axis=(0, 2))
    moments = np.convolve(np.resize(power, hops + _HEARD + 3), np.ones(4), "valid")
    return np.max([moments[at : at + hops] for at in range(_HEARD)], axis=0)


def _place(note: Held) -> float:
    """Where on its wheel a note begins, 0-1: each as far as can be from those before."""
    return _GOLDEN * (note.number + 1) % 1.0


def sound(note: Held, frames: int) -> Sound:
    """The held note in one piece, (frames,) or (frames, 2)."""
    pieces = [piece.T for _, piece in stretches(note, frames)]
    out = np.concatenate(pieces, axis=-1)
    if isinstance(note.voice, Subtractive) and note.voice.click_db > -100:
        click = key_click(note.name, note.voice)[:frames]
        out[..., : len(click)] += click
    return out.T


@lru_cache(maxsize=16)
def key_click(name: str, voice: Subtractive) -> Sound:
    """The contact of the key that begins the note, mono, read-only."""
    click = subtractive.key_click(voice, np.random.default_rng(zlib.crc32(name.encode())))
    click.flags.writeable = False
    return click


# --- the filter's way ----------------------------------------------------------------------------


def _rows(note: Held, frames: int, place: float) -> Curve:
    """Between which wheels the note lies, every `STEP` frames; one value where nothing moves."""
    voice = note.voice
    if isinstance(voice, Bed):
        return np.zeros(1)
    octaves = np.array([voice.velocity_octaves * (note.loudness - 0.63)])
    if voice.env_octaves or voice.sweep_octaves:
        time = np.arange(frames // STEP + 2) * (STEP / SAMPLE_RATE)
        octaves = np.full(len(time), octaves[0])
        if voice.env_octaves:
            octaves += subtractive.env_octaves(voice, time)
        if voice.sweep_octaves:
            turn = voice.sweep_hz * time + (7 * place) % 1.0
            octaves += voice.sweep_octaves * np.sin(2 * np.pi * turn)
    return np.round(octaves / OCTAVES, 3)


def _blended(
    wheels: dict[int, Sound], rows: Curve, slope: int, start: int, at: int, until: int
) -> Sound:
    """A piece of the wheels, (channels, n), read-only where one wheel is all of it."""
    way = rows if len(rows) == 1 else rows[at // STEP : -(-until // STEP) + 1]
    low, high = float(way.min()), float(way.max())
    first, last = int(np.floor(low)), int(np.ceil(high))
    here = _cut(wheels[first], start + at, until - at)
    if first == last:
        return here
    if high - low < 0.01:
        blend = _cut(wheels[first + 1], start + at, until - at) - here
        blend *= _share(np.array([(low + high) / 2 - first]), slope)
        blend += here
        return blend
    place = osc.between_knots(way, until - at, STEP)
    if last - first == 1:
        blend = _cut(wheels[last], start + at, until - at) - here
        blend *= _share(place - np.float32(first), slope)
        blend += here
        return blend
    total = np.zeros((len(here), until - at), np.float32)
    below = np.floor(place)
    share = _share(place - below, slope)
    for row in range(first, last + 1):
        weight = np.where(below == row, 1 - share, 0) + np.where(below == row - 1, share, 0)
        total += _cut(wheels[row], start + at, until - at) * weight.astype(np.float32)
    return total


def _share(place: Curve, slope: int) -> Curve:
    """The share of the upper wheel: what is far above both cutoffs is then right to the decibel."""
    octave = np.float32(slope / 6.0 * OCTAVES)
    share = np.exp2(np.asarray(place, np.float32) * octave) - np.float32(1.0)
    return share / np.float32(2.0**octave - 1.0)


def _cut(wheel: Sound, first: int, count: int) -> Sound:
    first %= wheel.shape[1]
    if first + count <= wheel.shape[1]:
        return wheel[:, first : first + count]
    pieces, left = [wheel[:, first:]], count - (wheel.shape[1] - first)
    while left > 0:
        pieces.append(wheel[:, :left])
        left -= pieces[-1].shape[1]
    return np.concatenate(pieces, axis=1)


@lru_cache(maxsize=64)
def _envelope(voice: Subtractive | Bed) -> Sound:
    """The amplitude from the onset until it has settled at its last value; read-only."""
    if isinstance(voice, Bed):
        rise = int(voice.attack_s * SAMPLE_RATE) + 24
        curve = osc.attack(rise + 1, rise)
    else:
        settled = voice.attack_s + (8 * voice.decay_s if voice.sustain < 1 else 0.0)
        curve = subtractive.amplitude(voice, int(settled * SAMPLE_RATE) + 2)
        curve[-1] = voice.sustain
    curve.flags.writeable = False
    return curve


# --- wheels --------------------------------------------------------------------------------------


def _wheels(note: Held, rows: Curve) -> dict[int, Sound]:
    """The wheels that the note passes, by row; each (channels, frames)."""
    wanted = range(int(np.floor(rows.min())), int(np.ceil(rows.max())) + 1)
    pitch = note.pitch if _has_pitch(note.voice) else 0
    keys = {row: ("wheel", note.name, pitch, row) for row in wanted}
    found = {row: NOTES.get(key) for row, key in keys.items()}
    missing = [row for row, one in found.items() if one is None]
    if missing:
        rng = np.random.default_rng(zlib.crc32(f"{note.name}/{pitch}".encode()))
        made = _turned(note.voice, pitch, missing, rng)
        for row, one in zip(missing, made, strict=True):
            found[row] = NOTES.put(keys[row], one)
    return {row: np.atleast_2d(one.T) for row, one in found.items() if one is not None}


def _has_pitch(voice: Subtractive | Bed) -> bool:
    return isinstance(voice, Subtractive) or bool(voice.tuned)


def _turned(
    voice: Subtractive | Bed, pitch: int, rows: list[int], rng: np.random.Generator
) -> list[Sound]:
    """A wheel for every row, (frames,) or (frames, 2), all with the same movements."""
    if isinstance(voice, Bed):
        return [textures.bed(voice, pitch, rng) for _ in rows]
    frames = _wheel_frames(pitch)
    cutoff = _cutoffs(voice, pitch, OCTAVES * np.asarray(rows))
    channels = 2 if voice.spread > 0 else 1
    out = [np.zeros((channels, frames), np.float32) for _ in rows]
    chorus = [
        singer
        for oscillator in voice.oscillators
        for singer in _singers(voice, oscillator, pitch, cutoff, frames, rng)
    ]
    # A product of so many frames is always one thread's, so every machine rounds it alike.
    piece = min(_PIECE, _ONE_THREAD // len(chorus))
    for at in range(0, frames, piece):
        _sing(chorus, at, [wheel[:, at : at + piece] for wheel in out])
    breath = _breath(voice, pitch, frames) if voice.breath_db > -100 else None
    tremolo = _tremolo(voice, frames) if voice.tremolo_db else None
    for wheel in out:
        if breath is not None:
            wheel += breath
        if tremolo is not None:
            wheel *= tremolo
    return [wheel.T if channels == 2 else wheel[0] for wheel in out]


def _cutoffs(voice: Subtractive, pitch: int, octaves: Curve) -> Curve:
    """Cutoffs in hertz, so many octaves from where the pitch's stands."""
    settled = np.log2(voice.cutoff_hz) + voice.keytrack * (pitch - 60) / 12
    return 2.0 ** subtractive.bounded(settled + octaves)


def _highest_cutoff(voice: Subtractive, pitch: int) -> float:
    """Of all notes of the pitch, so that a wheel is the same whichever are made beside it."""
    opened = max(voice.env_octaves, 0.0) + abs(voice.sweep_octaves)
    opened += 0.5 * abs(voice.velocity_octaves) + OCTAVES
    return float(_cutoffs(voice, pitch, np.array([opened]))[0])


class _Singer(Struct, frozen=True):
    """One voice of the ensemble: its cycles for every cutoff, its way, its level on each side."""

    points: NDArray[np.complex64]
    turn: osc.Turn
    sides: tuple[np.float32, ...]


def _singers(
    voice: Subtractive,
    oscillator: Osc,
    pitch: int,
    cutoff: Curve,
    frames: int,
    rng: np.random.Generator,
) -> Iterator[_Singer]:
    base = subtractive.base_hertz(pitch, oscillator)
    highest = _highest_cutoff(voice, pitch)
    points = osc.with_steps(subtractive.cycles_of(voice, oscillator, base, cutoff, highest))
    places = subtractive.unison(oscillator, voice.spread)
    for (_, pan), whole in zip(places, _whole(oscillator, base, places, frames), strict=True):
        bent = _movement(voice, frames, rng)
        turn = osc.round_turn(whole, frames, float(rng.random()), bent, STEP)
        yield _Singer(points, turn, subtractive.sides(pan, stereo=voice.spread > 0))


def _sing(chorus: list[_Singer], at: int, out: list[Sound]) -> None:
    """A piece of every wheel, (channels, n), small enough to stay in the nearest cache."""
    size = out[0].shape[1]
    tones = np.empty((len(out), len(chorus), size), np.float32)
    for number, singer in enumerate(chorus):
        turn = singer.turn[at : at + size]
        index, between = osc.places(turn, singer.points.shape[1])
        for points, row in zip(singer.points, tones, strict=True):
            osc.fetch(points, index, between, row[number])
    sides = np.array([singer.sides for singer in chorus], np.float32).T
    for wheel, row in zip(out, tones, strict=True):
        wheel[:] = np.ascontiguousarray(sides) @ row


def _wheel_frames(pitch: int) -> int:
    """A length in which the note's own pitch completes whole cycles, to a hundredth of one."""
    shortest = [turns for lowest, turns in _TURNS if pitch >= lowest][-1]
    turns = np.arange(shortest, shortest + _CHOICES)
    cycles = osc.hertz(pitch) * turns * STEP / SAMPLE_RATE
    return int(turns[np.argmin(np.abs(cycles - np.round(cycles)))]) * STEP


def _whole(
    oscillator: Osc, base: float, places: list[tuple[float, float]], frames: int
) -> list[int]:
    """Cycles of each voice within the wheel, as near as can be to what was asked.

    No two voices are in step, for they would stay so, and as few pairs as possible are equally far
    apart, for they would beat together like a pulse.
    """
    asked = np.array([base * 2 ** (cents / 1200) * frames / SAMPLE_RATE for cents, _ in places])
    if len(asked) == 1:
        return [max(1, round(float(asked[0])))]
    ups = (np.arange(1 << len(asked))[:, None] >> np.arange(len(asked))) & 1
    tries = np.floor(asked).astype(int) + ups
    tries = np.maximum.accumulate(tries - np.arange(len(asked)), axis=1) + np.arange(len(asked))
    apart = np.abs(tries[:, :, None] - tries[:, None, :])
    one, two = np.triu_indices(len(asked), 1)
    gaps = np.sort(apart[:, one, two], axis=1)
    alike = (np.diff(gaps, axis=1) == 0).sum(axis=1)
    off = np.abs(tries - asked).sum(axis=1) / len(asked) + np.abs((tries - asked).mean(axis=1))
    return [max(1, int(one)) for one in tries[np.argmin(off + 0.25 * alike)]]


def _movement(voice: Subtractive, frames: int, rng: np.random.Generator) -> Curve:
    """Drift and vibrato of one voice in cents every `STEP` frames, in whole swings."""
    along = np.arange(frames // STEP + 1) / (frames // STEP)
    seconds = frames / SAMPLE_RATE
    cents = np.zeros(len(along))
    if voice.drift_cents:
        slow = max(1, round((0.35 + 0.4 * rng.random()) * seconds))
        quick = slow + max(1, round((0.5 + 0.5 * rng.random()) * seconds))
        turn = rng.random(2)
        cents += voice.drift_cents * 0.6 * np.sin(2 * np.pi * (slow * along + turn[0]))
        cents += voice.drift_cents * 0.4 * np.sin(2 * np.pi * (quick * along + turn[1]))
    if voice.vibrato_cents:
        rate = max(1, round(voice.vibrato_hz * (1 + 0.1 * (rng.random() - 0.5)) * seconds))
        cents += voice.vibrato_cents * np.sin(2 * np.pi * (rate * along + rng.random()))
    return cents


def _tremolo(voice: Subtractive, frames: int) -> Sound:
    turns = max(1, round(voice.tremolo_hz * frames / SAMPLE_RATE))
    along = np.arange(frames // 48 + 1) / (frames // 48)
    swing = 10 ** (voice.tremolo_db * np.sin(2 * np.pi * turns * along) / 40)
    return osc.between_knots(swing, frames, 48)


def _breath(voice: Subtractive, pitch: int, frames: int) -> Sound:
    """The bow or the air, the same on every wheel of a pitch, so far below its middle one."""
    power = 0.0
    for oscillator in voice.oscillators:
        base = subtractive.base_hertz(pitch, oscillator)
        cutoff = _cutoffs(voice, pitch, np.zeros(1))
        level = subtractive.partials(voice, oscillator, base, cutoff, _highest_cutoff(voice, pitch))
        power += oscillator.voices * float(np.sum(level * level)) / 2
    rng = np.random.default_rng([pitch, 3])
    air = osc.air(frames + _SEAM, rng, *voice.breath_band, -3.0)
    air *= np.float32(np.sqrt(power) * 10 ** (voice.breath_db / 20))
    along = (np.arange(_SEAM, dtype=np.float32) + 0.5) / _SEAM
    air[:_SEAM] = air[:_SEAM] * np.sqrt(along) + air[frames:] * np.sqrt(1 - along)
    return air[:frames]
