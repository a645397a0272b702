"""One voice's sound: its recording at the asked pitch, through its filter and its envelopes."""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.render.sampler import envelopes
from engine.render.sampler.envelopes import Envelope
from engine.render.sampler.pitching import SAMPLE_RATE, TAPS, pitched
from engine.render.sampler.voices import CUTOFFS, Voice, low_pass

CLOSE = 240  # frames that fade where a recording, or what is kept of a note, ends
MORPH_CENTS = 900  # between two filters that a moving corner is faded between
STILL_CENTS = 100  # a corner that moves less stands still
# What fonts ask for below this is not heard, and a bent note takes four times as long to make.
LEAST_BEND_CENTS, LEAST_SWING_DB = 6, 0.3
MOST_BEND_CENTS = 3600
VIBRATO_HERTZ, VIBRATO_DELAY_S, VIBRATO_GROWTH_S = 5.2, 0.3, 0.4
Sound = NDArray[np.float32]


class Manner(Struct, frozen=True):
    """What a player does to the pitch of a note: see `engine.render.strokes.Stroke`.

    A bound note is heard from ``slide_from`` on, so there its slide begins.
    """

    slide_cents: int = 0
    slide_frames: int = 0
    slide_from: int = 0
    vibrato_cents: int = 0

    @property
    def plain(self) -> bool:
        """Whether nothing is done."""
        return not (self.slide_cents and self.slide_frames) and not self.vibrato_cents


PLAIN = Manner()


def sung(
    recordings: NDArray[np.int16],
    voice: Voice,
    frames: int,
    manner: Manner = PLAIN,
    held: int | None = None,
) -> Sound:
    """A voice at full velocity, held for all of ``frames`` or until its recording ends: mono
    float32. ``held`` matters only to a loop that is left when the key is let go."""
    frames = _lasting(voice, frames)
    bend = _bend(voice, manner, frames)
    cutoff = _cutoff(voice, frames)
    if bend is None:
        wave = _unrolled(recordings, voice, frames * voice.step, held)
        sound = _filtered(wave, voice, voice.step, frames, cutoff)
    else:
        # Read twice as finely at an even pitch first; the bend then reads that unevenly.
        place = np.concatenate([[0.0], np.cumsum(np.exp2(bend[:-1].astype(float) / 1200))]) * 2
        fine = int(place[-1]) + 4
        wave = _unrolled(recordings, voice, fine * voice.step / 2, held)
        sound = _bent(_filtered(wave, voice, voice.step / 2, fine, None), place)
        if cutoff is not None:
            sound = _filtered(sound, voice, 1.0, frames, cutoff)
    level = np.float32(10 ** (-voice.attenuation_db / 20) / 32_768)
    sound *= _level(voice.volume, frames) * level
    if abs(voice.swing_db) >= LEAST_SWING_DB:
        swing = voice.swing.curve(frames) * np.float32(voice.swing_db / 20)
        sound *= np.exp2(swing * np.float32(np.log2(10)))
    close = min(CLOSE, frames)
    sound[-close:] *= _closing(close)
    return sound


def _lasting(voice: Voice, frames: int) -> int:
    """No longer than the recording and its envelope last."""
    if not voice.loop:
        frames = min(frames, int((voice.end - voice.start) / voice.step))
    return max(int(min(frames, voice.volume.longest + CLOSE)), 2)


def _unrolled(
    recordings: NDArray[np.int16], voice: Voice, samples: float, held: int | None
) -> Sound:
    """The recording from its beginning on, its loop gone round as often as it takes."""
    needed = int(samples) + int(TAPS * max(1.0, voice.step)) + 2
    if not voice.loop or voice.start + needed <= voice.loop_end:
        return recordings[voice.start : min(voice.end, voice.start + needed)].astype(np.float32)
    head = recordings[voice.start : voice.loop_end]
    loop = recordings[voice.loop_start : voice.loop_end]
    rounds = -(-(needed - len(head)) // len(loop))
    rest = loop[:0]
    if voice.loop == "left" and held is not None:
        rounds = min(rounds, max(0, -int(-(held * voice.step - len(head)) // len(loop))))
        rest = recordings[voice.loop_end : voice.end]
    return np.concatenate([head, np.tile(loop, rounds), rest])[:needed].astype(np.float32)


def _filtered(wave: Sound, voice: Voice, step: float, frames: int, cutoff: Sound | None) -> Sound:
    """The wave at its pitch; ``cutoff`` is the corner in cents of every frame where it moves.

    A moving corner is a fade between fixed ones: two neighbours are less than an octave apart, so
    the fade passes through what lies between.
    """
    if cutoff is None:
        return pitched(wave, step, frames, low_pass(voice.cutoff, voice.resonance_db))
    low, high = float(cutoff.min()), float(cutoff.max())
    if high - low < STILL_CENTS:
        still = low_pass(round((low + high) / 2), voice.resonance_db)
        return pitched(wave, step, frames, still)
    steps = int(np.ceil((high - low) / MORPH_CENTS))
    nodes = np.linspace(low, high, steps + 1)
    out = np.zeros(frames, np.float32)
    for node in nodes:
        weight = 1 - np.abs(cutoff - np.float32(node)) * np.float32(steps / (high - low))
        np.maximum(weight, 0, out=weight)
        last = frames - int(np.argmax(weight[::-1] > 0))
        one = pitched(wave, step, last, low_pass(round(float(node)), voice.resonance_db))
        one *= weight[:last]
        out[:last] += one
    return out


def _cutoff(voice: Voice, frames: int) -> Sound | None:
    """Where the filter's corner goes, cents; None where nothing moves it."""
    if not voice.shape_cutoff and not voice.swing_cutoff:
        return None
    cents = np.full(frames, voice.cutoff, np.float32)
    if voice.shape_cutoff:
        cents += envelopes.shape(voice.shape, frames) * np.float32(voice.shape_cutoff)
    if voice.swing_cutoff:
        cents += voice.swing.curve(frames) * np.float32(voice.swing_cutoff)
    return np.clip(cents, *CUTOFFS, out=cents)


def _bend(voice: Voice, manner: Manner, frames: int) -> Sound | None:
    """Cents that the pitch is off at every frame; None where it stands still."""
    asked = (voice.vibrato_cents, voice.swing_cents, voice.shape_cents)
    if max(map(abs, asked)) < LEAST_BEND_CENTS and manner.plain:
        return None
    cents = np.zeros(frames, np.float32)
    if voice.vibrato_cents:
        cents += voice.vibrato.curve(frames) * np.float32(voice.vibrato_cents)
    if voice.swing_cents:
        cents += voice.swing.curve(frames) * np.float32(voice.swing_cents)
    if voice.shape_cents:
        cents += envelopes.shape(voice.shape, frames) * np.float32(voice.shape_cents)
    if manner.slide_cents and manner.slide_frames:
        along = envelopes.time(frames) - np.float32(manner.slide_from)
        along = np.clip(along * np.float32(1 / manner.slide_frames), 0, 1)
        cents += np.float32(manner.slide_cents) * (1 - along * along * (3 - 2 * along))
    if manner.vibrato_cents:
        time = envelopes.time(frames) * np.float32(1 / SAMPLE_RATE) - np.float32(VIBRATO_DELAY_S)
        depth = np.clip(time / VIBRATO_GROWTH_S, 0, 1) * manner.vibrato_cents
        cents += (depth * np.sin(2 * np.pi * VIBRATO_HERTZ * time)).astype(np.float32)
    return np.clip(cents, -MOST_BEND_CENTS, MOST_BEND_CENTS, out=cents)


def _bent(sound: Sound, place: NDArray[np.float64]) -> Sound:
    """``sound`` read at uneven places by cubic interpolation; it is finely sampled enough."""
    at = place.astype(np.intp)
    x = (place - at).astype(np.float32)
    padded = np.concatenate([np.zeros(1, np.float32), sound, np.zeros(2, np.float32)])
    a, b, c, d = (padded[at + offset] for offset in range(4))
    slope, bow = (c - a) * np.float32(0.5), a - 2.5 * b + 2 * c - np.float32(0.5) * d
    twist = np.float32(1.5) * (b - c) + np.float32(0.5) * (d - a)
    return (((twist * x + bow) * x + slope) * x + b).astype(np.float32)


@lru_cache(maxsize=32)
def _level(envelope: Envelope, frames: int) -> Sound:
    curve = envelopes.volume(envelope, frames)
    curve.flags.writeable = False
    return curve


def _closing(frames: int) -> Sound:
    along = (np.arange(frames) + 1) / frames
    return (0.5 + 0.5 * np.cos(np.pi * along)).astype(np.float32)
