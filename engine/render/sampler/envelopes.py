"""Envelopes and slow waves of a voice, as SoundFont 2.04 (8.1.2) defines them."""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.render.sampler.pitching import SAMPLE_RATE

Curve = NDArray[np.float32]
INSTANT = -11_990  # timecents at and below which a time is none
LEAST_ATTACK_S = 0.0005  # less would click
LEAST_RELEASE_S = 0.06  # for 100 dB: a cut of 5 ms to -9 dB, which does not click
FULL_DB = 100.0  # what a decay or a release falls in its whole time
SILENT_DB = 72.0
CLOSE = 480
DB_PER_OCTAVE = 20 * float(np.log10(2))
AT_ONCE = 240  # frames in which a filter that opens is not heard to open


class Envelope(Struct, frozen=True, cache_hash=True):
    """Times in seconds; ``decay_s`` and ``release_s`` are for the whole 100 dB.

    ``sustain`` is what remains of the height after the decay, in decibels below it for a volume,
    0 to 1 for the one that shapes pitch and filter.
    """

    delay_s: float
    attack_s: float
    hold_s: float
    decay_s: float
    sustain: float
    release_s: float

    @classmethod
    def told(cls, six: np.ndarray, key_hold: float, key_decay: float, key: int) -> "Envelope":
        """From the six generators of an envelope and what the key does to its times."""
        delay, attack, hold, decay, sustain, release = six[:6]
        return cls(
            delay_s=_seconds(delay),
            attack_s=_seconds(attack),
            hold_s=_seconds(hold, (60 - key) * key_hold),
            decay_s=_seconds(decay, (60 - key) * key_decay),
            sustain=round(float(np.clip(sustain, 0, 1000)) / 10, 2),
            release_s=_seconds(release),
        )

    @property
    def held_s(self) -> float:
        """When the decay begins."""
        return self.delay_s + max(self.attack_s, LEAST_ATTACK_S) + self.hold_s

    @property
    def settled_s(self) -> float:
        """When the sustain is reached."""
        return self.held_s + self.decay_s * self.sustain / FULL_DB

    @property
    def fall_db(self) -> float:
        """How fast it is let go, decibels per frame."""
        return FULL_DB / (max(self.release_s, LEAST_RELEASE_S) * SAMPLE_RATE)

    @property
    def longest(self) -> float:
        """Frames until a note that is held has died away by itself; endless where it sustains."""
        if self.sustain < SILENT_DB:
            return np.inf
        return (self.held_s + self.decay_s * SILENT_DB / FULL_DB) * SAMPLE_RATE


class Wave(Struct, frozen=True, cache_hash=True):
    """A triangle that begins at nought after a delay: seconds, hertz."""

    delay_s: float
    hertz: float

    @classmethod
    def told(cls, delay: float, rate: float) -> "Wave":
        """From its two generators."""
        return cls(
            _seconds(delay), round(8.1758 * 2 ** (float(np.clip(rate, -16_000, 4500)) / 1200), 4)
        )

    def curve(self, frames: int) -> Curve:
        """-1 to 1, (frames,)."""
        wave = time(frames) * np.float32(self.hertz / SAMPLE_RATE)
        wave -= np.float32(self.delay_s * self.hertz)
        before = int(np.searchsorted(wave, 0.0))
        wave += np.float32(0.25)
        wave -= np.floor(wave)
        wave -= np.float32(0.5)
        np.abs(wave, out=wave)
        wave *= np.float32(-4)
        wave += np.float32(1)
        wave[:before] = 0
        return wave


def time(frames: int) -> Curve:
    """0, 1, 2 …: (frames,) float32, read-only; one for all that need a prefix of it."""
    return _ramp(1 << max(frames - 1, 1 << 16).bit_length())[:frames]


@lru_cache(maxsize=4)
def _ramp(frames: int) -> Curve:
    ramp = np.arange(frames, dtype=np.float32)
    ramp.flags.writeable = False
    return ramp


def volume(envelope: Envelope, frames: int) -> Curve:
    """The level of a held note, 0 to 1: a straight attack, then straight in decibels."""
    level = np.empty(frames, np.float32)
    delay = min(round(envelope.delay_s * SAMPLE_RATE), frames)
    attack = max(1, round(max(envelope.attack_s, LEAST_ATTACK_S) * SAMPLE_RATE))
    level[:delay] = 0
    up = min(attack, frames - delay)
    level[delay : delay + up] = np.arange(1, up + 1, dtype=np.float32) / np.float32(attack)
    level[delay + up :] = 1
    start = round(envelope.held_s * SAMPLE_RATE)
    if start < frames and envelope.sustain:
        slope = _slope_db(envelope)
        settled = min(int(envelope.sustain / slope) + 1, frames - start)
        level[start : start + settled] *= np.exp2(
            time(settled) * np.float32(-slope / DB_PER_OCTAVE)
        )
        level[start + settled :] = 10 ** (-envelope.sustain / 20)
    return level


def _slope_db(envelope: Envelope) -> float:
    """How fast it decays, decibels per frame."""
    return FULL_DB / (max(envelope.decay_s, 1e-3) * SAMPLE_RATE)


def release(envelope: Envelope, held: int, most: int) -> Curve:
    """What a held note is multiplied with once it is let go after ``held`` frames, until silence.

    A release sets out from wherever the envelope is, so what the envelope would have gone on to do
    is taken back first. It is followed down to -72 dB and closed there, or left open after
    ``most`` frames.
    """
    fall = envelope.fall_db
    line = _line(fall, int(SILENT_DB / fall) + CLOSE)[:most]
    frames = len(line)
    begun = held / SAMPLE_RATE
    if begun < envelope.delay_s + max(envelope.attack_s, LEAST_ATTACK_S):
        return line * _not_risen(envelope, held, frames)
    # From here on both are straight lines in decibels: flat, falling, flat.
    first = round((envelope.held_s - begun) * SAMPLE_RATE)
    last = round((envelope.settled_s - begun) * SAMPLE_RATE)
    if first >= frames or last <= 0:
        return line
    slope = _slope_db(envelope)
    return line * _taken_back(slope, max(first, 0), min(last, frames), frames)


def _not_risen(envelope: Envelope, held: int, frames: int) -> Curve:
    """A held note's level when it is let go in its attack, over what it would rise to."""
    attack = max(1, round(max(envelope.attack_s, LEAST_ATTACK_S) * SAMPLE_RATE))
    reached = held - round(envelope.delay_s * SAMPLE_RATE)
    if reached <= 0:
        return np.zeros(frames, np.float32)
    if held + frames < envelope.held_s * SAMPLE_RATE:
        rising = time(frames) + np.float32(reached + 1)
        np.minimum(rising, np.float32(attack), out=rising)
        return np.divide(np.float32(reached), rising, out=rising)
    whole = volume(envelope, held + frames)
    return whole[held - 1] / np.maximum(whole[held:], np.float32(1e-6))


def _taken_back(slope: float, first: int, last: int, frames: int) -> Curve:
    """The inverse of a decay that lasts from one frame to another."""
    curve = np.empty(frames, np.float32)
    curve[:first] = 1
    np.multiply(time(last - first), np.float32(slope / DB_PER_OCTAVE), out=curve[first:last])
    np.exp2(curve[first:last], out=curve[first:last])
    curve[last:] = np.float32(2 ** ((last - first) * slope / DB_PER_OCTAVE))
    return curve


@lru_cache(maxsize=96)
def _line(fall: float, frames: int) -> Curve:
    """Straight down in decibels per frame, the end along a cosine to nought."""
    curve = np.exp2(time(frames) * np.float32(-fall / DB_PER_OCTAVE))
    close = min(CLOSE, frames)
    along = np.cos(np.pi * (np.arange(close) + 1) / close)
    curve[-close:] *= (0.5 + 0.5 * along).astype(np.float32)
    curve.flags.writeable = False
    return curve


def shape(envelope: Envelope, frames: int) -> Curve:
    """The other envelope, 0 to 1: a convex attack, then straight to its sustain."""
    delay = round(envelope.delay_s * SAMPLE_RATE)
    attack = round(envelope.attack_s * SAMPLE_RATE)
    curve = np.ones(frames, np.float32)
    if delay + attack > AT_ONCE:
        curve[:delay] = 0
        up = (time(min(attack, max(frames - delay, 0))) + 1) * np.float32(1 / max(attack, 1))
        rising = -40 / 96 * np.log10(np.maximum(1 - up, np.float32(1e-3)))
        curve[delay : delay + len(up)] = np.minimum(1, rising)
    start = delay + attack + round(envelope.hold_s * SAMPLE_RATE)
    if start < frames and envelope.sustain:
        decay = max(envelope.decay_s, 1e-3) * SAMPLE_RATE
        down = 1 - time(frames - start) * np.float32(1 / decay)
        curve[start:] = np.maximum(down, 1 - envelope.sustain / 100)
    return curve


def _seconds(timecents: float, more: float = 0.0) -> float:
    if timecents <= INSTANT:
        return 0.0
    return round(float(2 ** (np.clip(timecents + more, -12_000, 8000) / 1200)), 5)
