"""Wheels: what an ensemble does while it is held, in some seconds that join their own beginning.

Every voice completes whole cycles, whole vibratos and whole drifts in a wheel. Where the filter
moves, wheels are made for cutoffs some semitones apart: they are in phase, so only the strength of
their harmonics differs.
"""

import zlib

import numpy as np
from msgspec import Struct

from engine.render.notes import NOTES
from engine.render.synth import oscillators as osc
from engine.render.synth import subtractive, textures
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound, Whole
from engine.render.synth.subtractive import STEP
from engine.render.synth.voices import Bed, Osc, Subtractive
from engine.render.synth.wavetables import round_turn
from engine.sound.compiled import compiled

OCTAVES = 0.8  # between the cutoffs of two wheels
# Wheels last so many times STEP from these pitches on: detuned voices beat more slowly below.
_TURNS = ((0, 380), (45, 290), (63, 240))
_CHOICES = 40  # lengths to choose from, so that the pitch completes whole cycles
_SEAM = 480  # frames over which the breath's end is laid over its beginning


def wheels(
    name: str, voice: Subtractive | Bed, pitch: int, first: int, last: int
) -> dict[int, Sound]:
    """The patch's wheels from one row to another, each (channels, frames), read-only."""
    pitch = pitched(voice, pitch)
    keys = {row: ("wheel", name, pitch, row) for row in range(first, last + 1)}
    found = {row: NOTES.get(key) for row, key in keys.items()}
    missing = [row for row, one in found.items() if one is None]
    if missing:
        rng = np.random.default_rng(zlib.crc32(f"{name}/{pitch}".encode()))
        made = _turned(voice, pitch, missing, rng)
        for row, one in zip(missing, made, strict=True):
            found[row] = NOTES.put(keys[row], one)
    return {row: np.atleast_2d(one.T) for row, one in found.items() if one is not None}


def pitched(voice: Subtractive | Bed, pitch: int) -> int:
    """The pitch for which a wheel is made: all notes of a plain noise share one."""
    return pitch if isinstance(voice, Subtractive) or voice.tuned else 0


def _turned(
    voice: Subtractive | Bed, pitch: int, rows: list[int], rng: np.random.Generator
) -> list[Sound]:
    """A wheel for every row, (frames,) or (frames, 2), all with the same movements."""
    if isinstance(voice, Bed):
        return [textures.bed(voice, pitch, rng) for _ in rows]
    frames = _wheel_frames(pitch)
    cutoff = _cutoffs(voice, pitch, OCTAVES * np.asarray(rows))
    out = [np.zeros((2 if voice.spread > 0 else 1, frames), np.float32) for _ in rows]
    for oscillator in voice.oscillators:
        chorus = _chorus(voice, oscillator, pitch, cutoff, frames, rng)
        for cycle, wheel in zip(chorus.cycles, out, strict=True):
            _sing(cycle, chorus.knots, chorus.paces, chorus.sides, wheel)
    breath = _breath(voice, pitch, frames) if voice.breath_db > -100 else None
    tremolo = _tremolo(voice, frames) if voice.tremolo_db else None
    for wheel in out:
        if breath is not None:
            wheel += breath
        if tremolo is not None:
            wheel *= tremolo
    return [wheel.T if len(wheel) > 1 else wheel[0] for wheel in out]


def _cutoffs(voice: Subtractive, pitch: int, octaves: Curve) -> Curve:
    """Cutoffs in hertz, so many octaves from where the pitch's stands."""
    settled = np.log2(voice.cutoff_hz) + voice.keytrack * (pitch - 60) / 12
    return 2.0 ** subtractive.bounded(settled + octaves)


def _highest_cutoff(voice: Subtractive, pitch: int) -> float:
    """Of all notes of the pitch, so that a wheel is the same whichever are made beside it."""
    opened = max(voice.env_octaves, 0.0) + abs(voice.sweep_octaves)
    opened += 0.5 * abs(voice.velocity_octaves) + OCTAVES
    return float(_cutoffs(voice, pitch, np.array([opened]))[0])


class _Chorus(Struct, frozen=True):
    """The voices of one oscillator: a cycle for every cutoff, (cutoffs, size + 1), and of every
    voice the turn and its pace each `STEP` frames, and the level on each side."""

    cycles: Sound
    knots: Whole
    paces: Whole
    sides: Sound


def _chorus(
    voice: Subtractive,
    oscillator: Osc,
    pitch: int,
    cutoff: Curve,
    frames: int,
    rng: np.random.Generator,
) -> _Chorus:
    base = subtractive.base_hertz(pitch, oscillator)
    highest = _highest_cutoff(voice, pitch)
    cycles = subtractive.cycles_of(voice, oscillator, base, cutoff, highest)
    places = subtractive.unison(oscillator, voice.spread)
    turns = []
    for whole in _whole(oscillator, base, places, frames):
        bent = _movement(voice, frames, rng)
        turns.append(round_turn(whole, float(rng.random()), bent, STEP))
    sides = [subtractive.sides(pan, stereo=voice.spread > 0) for _, pan in places]
    return _Chorus(
        cycles=cycles,
        knots=np.stack([turn.knots for turn in turns]),
        paces=np.stack([turn.paces for turn in turns]),
        sides=np.array(sides, np.float32),
    )


@compiled(
    "const float32[:]", "const uint32[:, :]", "const uint32[:, :]", "const float32[:, :]",
    "float32[:, :]",
)  # fmt: skip
def _sing(cycle: Sound, knots: Whole, paces: Whole, sides: Sound, out: Sound) -> None:
    """Add voices that all read one cycle, ``size + 1`` points, to ``out``, (channels, frames)."""
    size = len(cycle) - 1
    to_point = np.float32(size / 2.0**32)
    shift = np.uint32(32)
    while size > 1:
        size >>= 1
        shift -= np.uint32(1)
    mask = np.uint32((np.uint32(1) << shift) - np.uint32(1))
    tone = np.empty(STEP, np.float32)
    for step in range(knots.shape[1]):
        for voice in range(len(knots)):
            knot, pace = knots[voice, step], paces[voice, step]
            for at in range(STEP):
                turn = np.uint32(knot + pace * np.uint32(at))
                index = turn >> shift
                here = cycle[index]
                between = np.float32(turn & mask) * to_point
                tone[at] = here + (cycle[index + np.uint32(1)] - here) * between
            for side in range(len(out)):
                level = sides[voice, side]
                piece = out[side, step * STEP : (step + 1) * STEP]
                for at in range(STEP):
                    piece[at] += tone[at] * level


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
