"""Bent notes: strings pressed up to their pitch and shaken, leads and basses that glide."""

import numpy as np
from msgspec import structs

from engine.render.strokes import Stroke
from engine.render.synth import player
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound
from engine.render.synth.patches import PATCHES, Patch
from engine.render.synth.voices import Plucked
from engine.sound.compiled import compiled

VIBRATO_HZ, VIBRATO_DELAY_S, VIBRATO_RISE_S = 4.6, 0.16, 0.25
_STEP = 48  # frames between two values of a bend


def play_bent(name: str, strokes: list[Stroke], frames: int, into: Sound | None = None) -> Sound:
    """A part on one of our patches, (frames, 2), or added ``into`` one; its plain notes are the
    player's.

    A bent note is the plain one read along a warped time axis. It ends at its own pitch, so its
    body rings where it belongs; only during the bend it is shifted with the note.
    """
    patch = PATCHES[name]
    if not isinstance(patch.voice, Plucked):  # synthesisers shake by themselves
        strokes = [structs.replace(one, vibrato=0.0) for one in strokes]
    out = player.play_part(name, [one for one in strokes if not _bent(one)], frames, into)
    for stroke in strokes:
        if _bent(stroke) and stroke.onset < frames:
            add_warped(out, stroke.onset, _straight(name, patch, stroke), _cents(patch, stroke))
    return out


def _bent(stroke: Stroke) -> bool:
    return bool(stroke.slide or stroke.vibrato)


def _straight(name: str, patch: Patch, stroke: Stroke) -> Sound:
    """The note by itself, from its onset until it has died away."""
    held = patch.longest_s if patch.rings else stroke.frames / SAMPLE_RATE + 5 * patch.release_s
    plain = Stroke(0, stroke.frames, stroke.pitch, stroke.velocity)
    return player.play_part(name, [plain], int(held * SAMPLE_RATE) + _STEP)


def _cents(patch: Patch, stroke: Stroke) -> Curve:
    """Cents above the note every `_STEP` frames. A finger can only pull a string sharp."""
    held = patch.longest_s if patch.rings else stroke.frames / SAMPLE_RATE + 5 * patch.release_s
    time = np.arange(int(held * SAMPLE_RATE) // _STEP + 3) * (_STEP / SAMPLE_RATE)
    along = np.clip(time / max(stroke.slide_frames / SAMPLE_RATE, 1e-3), 0.0, 1.0)
    bend = 100 * stroke.slide * (1 - along * along * (3 - 2 * along))
    grown = np.clip((time - VIBRATO_DELAY_S) / VIBRATO_RISE_S, 0.0, 1.0)
    shaken = 0.5 - 0.5 * np.cos(2 * np.pi * VIBRATO_HZ * (time - VIBRATO_DELAY_S))
    return bend + stroke.vibrato * grown * shaken


def add_warped(out: Sound, onset: int, sound: Sound, cents: Curve) -> None:
    """Add the sound, (frames, 2), at a speed that follows ``cents`` given every `_STEP` frames."""
    speed = 2.0 ** (cents / 1200)
    passed = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2) * _STEP])
    _warp(sound.T, passed, min(len(sound), len(out) - onset), out.T, onset)


@compiled("const float32[:, :]", "const float64[:]", "int64", "float32[:, :]", "int64")
def _warp(sound: Sound, passed: Curve, frames: int, out: Sound, onset: int) -> None:
    """Read the sound, (2, frames), where ``passed`` says for every `_STEP`th frame, along cubics
    through four of its frames."""
    last = sound.shape[1]
    for begin in range(0, frames, _STEP):
        place, rise = passed[begin // _STEP], passed[begin // _STEP + 1] - passed[begin // _STEP]
        for at in range(begin, min(begin + _STEP, frames)):
            here = place + rise * ((at - begin) / _STEP)
            one = int(here)
            x = np.float32(here - one)
            if one + 2 >= last:  # what lies beyond the sound's end is silence
                return
            for side in range(2):
                before = sound[side, max(one - 1, 0)] if one else np.float32(0.0)
                now, after, beyond = sound[side, one], sound[side, one + 1], sound[side, one + 2]
                slope = (after - before) * np.float32(0.5)
                next_slope = (beyond - now) * np.float32(0.5)
                square = np.float32(3.0) * (after - now) - np.float32(2.0) * slope - next_slope
                cube = slope + next_slope - np.float32(2.0) * (after - now)
                out[side, onset + at] += ((cube * x + square) * x + slope) * x + now
