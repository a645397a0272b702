"""Bent notes: strings pressed up to their pitch and shaken, leads and basses that glide."""

import numpy as np
from msgspec import structs

from engine.render.strokes import Stroke
from engine.render.synth import player
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound
from engine.render.synth.patches import PATCHES, Patch
from engine.render.synth.voices import Plucked

VIBRATO_HZ, VIBRATO_DELAY_S, VIBRATO_RISE_S = 4.6, 0.16, 0.25
_STEP = 48  # frames between two values of a bend


def play_bent(name: str, strokes: list[Stroke], frames: int) -> Sound:
    """A part on one of our patches, (frames, 2); its plain notes are the player's.

    A bent note is the plain one read along a warped time axis. It ends at its own pitch, so its
    body rings where it belongs; only during the bend it is shifted with the note.
    """
    patch = PATCHES[name]
    if not isinstance(patch.voice, Plucked):  # synthesisers shake by themselves
        strokes = [structs.replace(one, vibrato=0.0) for one in strokes]
    out = player.play_part(name, [one for one in strokes if not _bent(one)], frames)
    for stroke in strokes:
        if _bent(stroke) and stroke.onset < frames:
            note = warped(_straight(name, patch, stroke), _cents(patch, stroke))
            end = min(frames, stroke.onset + len(note))
            out[stroke.onset : end] += note[: end - stroke.onset]
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


def warped(sound: Sound, cents: Curve) -> Sound:
    """The sound, (frames, 2), at a speed that follows ``cents`` given every `_STEP` frames."""
    knots = np.arange(len(cents)) * _STEP
    speed = 2.0 ** (cents / 1200)
    passed = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2) * _STEP])
    place = np.interp(np.arange(len(sound)), knots, passed) + 1
    padded = np.pad(sound, ((1, 4), (0, 0)))
    np.minimum(place, len(padded) - 3.001, out=place)
    at = place.astype(np.int64)
    x = (place - at).astype(np.float32)[:, None]
    before, here, after, beyond = (padded[at + step] for step in (-1, 0, 1, 2))
    slope, next_slope = (after - before) / 2, (beyond - here) / 2
    square = -2 * slope - next_slope + 3 * (after - here)
    cube = slope + next_slope - 2 * (after - here)
    return ((cube * x + square) * x + slope) * x + here
