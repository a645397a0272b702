"""Guitar amplifiers: a whole part goes through one, so that a chord's strings distort together.

What makes a sampled guitar sound like a toy is that each note is driven by itself. Here strings are
added first, driven oversampled, and boxed by a loudspeaker that passes 80 Hz to 5 kHz; a rhythm
guitar is two takes, one on each side.
"""

import zlib
from functools import lru_cache

import numpy as np
from msgspec import Struct, structs

from engine.render.strokes import Stroke
from engine.render.synth import bends
from engine.render.synth.oscillators import SAMPLE_RATE, Sound
from engine.render.synth.patches import PATCHES
from engine.render.synth.valves import Curve, amplified
from engine.sound.filters import Band, blank
from engine.sound.loudness import momentary_lufs

REFERENCE_LUFS = -20.0
PALM_S = 0.1  # notes shorter than this are palm mutes
AGAIN_S = 0.005  # standard deviation of the second take's onsets
_STRING = 10.0  # brings strings struck at 100 to an RMS near 1


class Amp(Struct, frozen=True, kw_only=True):
    """An amplifier and its box; ``drive`` multiplies strings whose RMS at 100 is near 1."""

    drive: float
    box: tuple[Band, ...]
    asymmetry: float = 0.0  # of the valves: even harmonics
    clean: float = 0.0  # share of the strings that goes around the amplifier
    palm: str = ""  # the patch of notes too short to ring: the hand lies on the strings
    takes: int = 1  # two are played apart, one for each side
    over: int = 2  # oversampling while driven: what is high and driven hard needs four


AMPS: dict[str, Amp] = {
    "guitar_heavy": Amp(
        drive=14.0, asymmetry=0.12, palm="guitar_palm", takes=2,
        box=(Band("high_pass", 85), Band("peak", 120, 3, 1.2), Band("peak", 420, -4, 1.0),
             Band("peak", 2400, 4, 1.1), Band("low_pass", 4600, 0, 0.54),
             Band("low_pass", 4600, 0, 1.31)),
    ),
    "guitar_lead": Amp(
        drive=10.0, asymmetry=0.15, over=4,
        box=(Band("high_pass", 110), Band("peak", 500, -2, 1.0), Band("peak", 1800, 3, 0.9),
             Band("low_pass", 4400, 0, 0.54), Band("low_pass", 4400, 0, 1.31)),
    ),
    "guitar_drive": Amp(
        drive=7.0, asymmetry=0.2, palm="guitar_palm", over=4,
        box=(Band("high_pass", 85), Band("peak", 350, -2, 1.0), Band("peak", 2600, 4, 1.0),
             Band("low_pass", 4800, 0, 0.54), Band("low_pass", 4800, 0, 1.31)),
    ),
    "guitar_muted": Amp(
        drive=1.6, asymmetry=0.1, clean=0.2,
        box=(Band("high_pass", 90), Band("peak", 2400, 3, 0.9), Band("low_pass", 4800)),
    ),
    "guitar_clean": Amp(
        drive=1.2, asymmetry=0.15, clean=0.3,
        box=(Band("high_pass", 85), Band("peak", 400, -2, 0.9), Band("peak", 2800, 4, 0.8),
             Band("low_pass", 5200)),
    ),
    "guitar_jazz": Amp(
        drive=0.9, asymmetry=0.2, clean=0.2,
        box=(Band("high_pass", 75), Band("peak", 220, 2, 0.9), Band("low_pass", 3200)),
    ),
    "bass_drive": Amp(
        drive=3.5, asymmetry=0.15, clean=0.55,
        box=(Band("high_pass", 38), Band("peak", 1600, 3, 0.8), Band("low_pass", 4200)),
    ),
}  # fmt: skip
"""Patches that are heard through an amplifier."""


def play_amplified(name: str, strokes: list[Stroke], frames: int) -> Sound:
    """A part on an electric guitar or bass, (frames, 2), a chord struck at 100 at -20 LUFS."""
    amp, gain, out = AMPS[name], _makeup(name), blank(frames)
    _amplified(amp, gain, _strings(name, amp, strokes, frames), out[:, 0])
    if amp.takes == 2:
        _amplified(amp, gain, _strings(name, amp, _again(name, strokes), frames), out[:, 1])
    else:
        out[:, 1] = out[:, 0]
    return out


def _strings(name: str, amp: Amp, strokes: list[Stroke], frames: int) -> Sound:
    """What the pick-up hears, mono: strings have no sides. Short notes are damped by the hand."""
    out = blank(frames)
    short = PALM_S * SAMPLE_RATE if amp.palm else 0
    damped = [one for one in strokes if one.frames < short]
    bends.play_bent(name, [one for one in strokes if one.frames >= short], frames, out)
    if damped:
        bends.play_bent(amp.palm, damped, frames, out)
    return out[:, 0]


def _again(name: str, strokes: list[Stroke]) -> list[Stroke]:
    """The part played a second time: nobody strikes twice at quite the same moment."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), len(strokes)])
    late = np.clip(rng.normal(0.0, AGAIN_S, len(strokes)), -2 * AGAIN_S, 2 * AGAIN_S)
    softer = np.clip(rng.normal(0.0, 3.0, len(strokes)), -6, 6)
    return [
        structs.replace(one, onset=max(0, one.onset + round(at * SAMPLE_RATE)),
                 velocity=int(np.clip(one.velocity + by, 1, 127)))
        for one, at, by in zip(strokes, late, softer, strict=True)
    ][::-1]  # fmt: skip


def _amplified(amp: Amp, gain: float, strings: Sound, out: Sound) -> None:
    """Mono strings through the amplifier and its box into ``out``."""
    curve = Curve(amp.drive * _STRING, amp.asymmetry, amp.clean * _STRING, gain)
    amplified(strings, curve, amp.over, amp.box, out)


@lru_cache(maxsize=32)
def _makeup(name: str) -> float:
    """The gain that brings a fifth struck at 100 to -20 LUFS."""
    amp, frames = AMPS[name], SAMPLE_RATE
    low = max(PATCHES[name].low, 40 if amp.takes == 2 else 28)
    strokes = [Stroke(0, frames, pitch, 100) for pitch in (low, low + 7)]
    sound = np.empty(frames, np.float32)
    _amplified(amp, 1.0, _strings(name, amp, strokes, frames), sound)
    return float(10 ** ((REFERENCE_LUFS - momentary_lufs(sound)) / 20))
