"""From a voice to the sound of a held note, whatever the voice is made of.

A *held* note has its attack, decay and movement, but no release: that is put on when the note is
added to a part, so one kept note serves every shorter one. Loudness is 0-1 and moves the timbre
here; the level follows when the note is added.
"""

from functools import singledispatch
from typing import Any

import numpy as np

from engine.render.synth import oscillators as osc
from engine.render.synth import struck, subtractive, textures
from engine.render.synth.oscillators import SAMPLE_RATE, Sound
from engine.render.synth.voices import Bed, Fm, Glide, Modal, Plucked, Rise, Subtractive


@singledispatch
def play(voice: Any, pitch: int, loudness: float, frames: int, rng: np.random.Generator) -> Sound:
    """A held note of ``frames`` frames, mono or stereo, float32."""
    raise TypeError(f"no player for {type(voice).__name__}")


def varies(voice: Any) -> bool:
    """Whether two notes of a voice differ at all: a pure tone is the same every time."""
    if isinstance(voice, Subtractive):
        unison = any(one.voices > 1 for one in voice.oscillators)
        noisy = max(voice.breath_db, voice.click_db) > -100
        return bool(unison or noisy or voice.drift_cents)
    if isinstance(voice, Glide):
        return max(voice.rumble_db, voice.click_db) > -100
    return True


play.register(Subtractive, subtractive.subtractive)
play.register(Modal, struck.modal)
play.register(Plucked, struck.plucked)
play.register(Fm, struck.fm)
play.register(Glide, struck.glide)


@play.register
def _(voice: Bed, pitch: int, loudness: float, frames: int, rng: np.random.Generator) -> Sound:
    wheel = textures.bed(voice, pitch, rng).T
    laps = -(-frames // wheel.shape[1])
    out = np.tile(wheel, (1, laps))[:, :frames]
    return osc.risen(out.T, int(voice.attack_s * SAMPLE_RATE) + 24)


@play.register
def _(voice: Rise, pitch: int, loudness: float, frames: int, rng: np.random.Generator) -> Sound:
    return textures.rise(voice, pitch, frames, rng)
