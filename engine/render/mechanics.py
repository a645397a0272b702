"""What a piano has beside the body of its strings: partials above 4 kHz, hammers, keys and dampers.

A font small enough to be fetched keeps little of it: above 4 kHz its piano lies 10 to 30 dB under
a close microphone's. What is added here is made note by note. Partials stand where stiffness puts
them and are the brighter the harder a key is struck. Hammers, keys and felt lie 35 to 60 dB under
the note, as they do on records; nearer on a piano with a strip of felt before its strings, which is
recorded from so close for their sake.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from engine.render.notes import NOTES, add, falling
from engine.render.strokes import Stroke
from engine.render.synth import oscillators as osc
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound

_NOTE = 0.1  # RMS of a note struck at 100
_VARIANTS = 3  # knocks that take turns
_FROM_HZ, _SPLIT_HZ = 3000.0, 6500.0  # under the first the strings have what they need
_AIR_HZ = 15_000.0  # and above this the air takes it
_PLACES, _MEAN = np.log2([3000.0, 4000.0, 8000.0, 16_000.0]), 72
_T60_S, _STEEPER = 1.9, 1.4  # at 4 kHz, and shorter with this power of the frequency
_DAMPED_S = 0.045
_TOGETHER_S = 0.03
_SHORTEST_S = 0.08  # a shorter note's damper is not heard beside the next hammer


class _Band(NamedTuple):
    """Partials that grow together: hertz, decibels a step of velocity, seconds until they end."""

    low_hz: float
    high_hz: float
    harder_db: float
    seconds: float


# Felt hardens as it hits harder, so the highest grow most (Askenfelt and Jansson, 1993).
_BANDS = (
    _Band(0.8 * _FROM_HZ, _SPLIT_HZ, 0.17, 1.6),
    _Band(_SPLIT_HZ, osc.TOP_HZ, 0.29, 0.9),
)


class Action(Struct, frozen=True, kw_only=True):
    """A kind of piano. Decibels re a note struck at 100."""

    name: str
    partials_db: tuple[float, ...]  # octaves around `_PLACES` at velocity `_MEAN`, as they begin
    knock_db: float  # of its first milliseconds
    knock_harder_db: float  # a step of velocity
    click: tuple[float, float, float]  # where the knock's noise lies: hertz, hertz, dB an octave
    felt_db: float
    felt: tuple[float, float, float]
    stiffness: float = 1.0  # of its strings, re a piano's


GRAND = Action(
    name="grand_action",
    partials_db=(-34.0, -30.0, -40.0, -48.0),
    knock_db=-48.0,
    knock_harder_db=0.22,
    click=(1500.0, 15_000.0, -1.5),
    felt_db=-50.0,
    felt=(180.0, 3500.0, -4.0),
)
FELT = Action(
    name="felt_action",
    partials_db=(-43.0, -43.0, -50.0, -57.0),
    knock_db=-45.0,
    knock_harder_db=0.16,
    click=(1200.0, 15_000.0, -3.0),
    felt_db=-46.0,
    felt=(180.0, 12_000.0, -3.0),
)
FINGERS = Action(
    name="finger_action",
    partials_db=(-40.0, -38.0, -50.0, -64.0),
    knock_db=-42.0,
    knock_harder_db=0.2,
    click=(1500.0, 15_000.0, -1.5),
    felt_db=-60.0,
    felt=(400.0, 6000.0, -3.0),
    stiffness=0.1,
)
PROGRAMS: dict[int, Action] = {0: GRAND, 1: GRAND, 24: FINGERS, 46: FINGERS}
"""The bank's pianos, and what fingers pluck: nylon guitar and harp."""
PATCHES: dict[str, Action] = {"piano_grand": GRAND, "felt_piano": FELT}
"""Ours."""


def add_mechanics(out: Sound, strokes: Sequence[Stroke], action: Action) -> None:
    """Add to a piano's part (frames, 2), whose notes struck at 100 are at -20 LUFS, in place."""
    inside = [stroke for stroke in strokes if stroke.onset < len(out)]
    for number, stroke in enumerate(inside):
        for place, band in enumerate(_BANDS):
            key = ("partials", action.name, stroke.pitch, place)
            partials = NOTES.played(key, partial(_partials, action, stroke.pitch, band))
            hard = 10 ** (band.harder_db * (stroke.velocity - _MEAN) / 20)
            sides, fall = _sides(stroke.pitch, hard), falling(_DAMPED_S)
            add(out, partials, stroke.onset, sides, let_go=stroke.frames, fall=fall)
        variant = number % _VARIANTS
        knock = NOTES.played(("knock", action.name, variant), partial(_knock, action, variant))
        hard = 10 ** (action.knock_harder_db * (stroke.velocity - 100) / 20)
        add(out, knock, stroke.onset, _sides(stroke.pitch, hard))
    for number, (onset, level) in enumerate(_lifts(inside)):
        if onset < len(out):
            variant = number % _VARIANTS
            felt = NOTES.played(("felt", action.name, variant), partial(_felt, action, variant))
            add(out, felt, onset, level)


def _sides(pitch: int, level: float) -> tuple[float, float]:
    """Low strings to the left, as the player hears them."""
    angle = (1 + 0.3 * float(np.clip((pitch - 62) / 30, -1, 1))) * np.pi / 4
    return level * float(np.cos(angle)) * 2**0.5, level * float(np.sin(angle)) * 2**0.5


def _partials(action: Action, pitch: int, band: _Band) -> Sound:
    """A string's partials of one band at velocity `_MEAN`, (frames,)."""
    rng = np.random.default_rng([88, pitch])
    frequency = _stretched(pitch, action.stiffness)
    frequency = frequency[(frequency > _BANDS[0].low_hz) & (frequency < osc.TOP_HZ)]
    place = np.log2(frequency)
    octave = np.interp(place, _PLACES, action.partials_db)
    octave -= 24 * np.clip(np.log2(_FROM_HZ / frequency), 0, None)
    octave -= 12 * np.clip((frequency - _AIR_HZ) / (osc.TOP_HZ - _AIR_HZ), 0, None)
    octave += rng.uniform(-4, 4, len(frequency))  # where strings are struck, what they pull at
    # As many partials as lie in an octave share its power.
    near = np.searchsorted(place, place + 0.5) - np.searchsorted(place, place - 0.5)
    amplitude = _NOTE * np.sqrt(2 / np.maximum(near, 1)) * 10 ** (octave / 20)
    t60 = _T60_S * (frequency / 4000) ** -_STEEPER * 2 ** (-(pitch - 60) / 36)
    phase = rng.uniform(0, 2 * np.pi, len(frequency))
    inside = (frequency >= band.low_hz) & (frequency < band.high_hz)
    frames = int(band.seconds * SAMPLE_RATE)
    sound = osc.modal(frequency[inside], amplitude[inside], t60[inside], phase[inside], frames)
    return osc.taper(osc.risen(sound, 24), frames // 2)


def _stretched(pitch: int, share: float) -> Curve:
    """Partials of a string with a share of a piano's stiffness, by key after Rauhala and others
    (2007)."""
    stiffness = share * (np.exp(0.0926 * pitch - 13.64) + np.exp(-0.0847 * pitch - 5.82))
    h = np.arange(1.0, 200.0)
    return osc.hertz(pitch) * h * np.sqrt(1 + stiffness * h * h)


def _knock(action: Action, variant: int) -> Sound:
    """A hammer that meets a string at 100, (frames,): its shank, and the felt itself."""
    rng = np.random.default_rng([89, variant])
    size = int(0.06 * SAMPLE_RATE)
    click = osc.noise(size, rng, osc.band(*action.click)) * osc.decay(size, 0.004)
    wood = osc.noise(size, rng, osc.band(250, 1400, -3.0)) * osc.decay(size, 0.011)
    level = np.float32(_NOTE * 10 ** (action.knock_db / 20) * 2)
    return osc.taper(osc.risen((click + wood) * level, 24), 480)


def _felt(action: Action, variant: int) -> Sound:
    """Felt that comes down on a string, and the key that falls back, (frames,)."""
    rng = np.random.default_rng([90, variant])
    size = int(0.14 * SAMPLE_RATE)
    felt = osc.noise(size, rng, osc.band(*action.felt)) * osc.decay(size, 0.026)
    level = np.float32(_NOTE * 10 ** (action.felt_db / 20) * 2)
    return osc.taper(osc.risen(felt * level, 360), 960)


def _lifts(strokes: Sequence[Stroke]) -> list[tuple[int, float]]:
    """When dampers come down and how loud: strings that fall silent together are one foot's."""
    ends = sorted(
        stroke.onset + stroke.frames
        for stroke in strokes
        if stroke.frames > _SHORTEST_S * SAMPLE_RATE
    )
    found: list[list[int]] = []
    for end in ends:
        if found and end - found[-1][0] <= _TOGETHER_S * SAMPLE_RATE:
            found[-1].append(end)
        else:
            found.append([end])
    return [(group[0], min(len(group), 4) ** 0.5) for group in found]
