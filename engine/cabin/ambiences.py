"""Ambiences that go round: charging, sleep, and the hum of driving (§6.8-6.9).

Each is made of layers that are the same in every channel (tones) and layers that each channel has
of its own (noise), so that a cabin's corners are not one loudspeaker.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.cabin import rounds
from engine.cabin.character import Character
from engine.cabin.voices import Tone, note
from engine.contracts import ResolvedFunction

Sound = NDArray[np.floating]
CHARGING_BELLS = (5 / 48, 13 / 48, 22 / 48, 31 / 48, 41 / 48)
BREATH_S, WAVE_S = 6.0, 96 / 9
HUM_ORDERS: tuple[tuple[float, float, float], ...] = (
    (1, -6, 0), (1.5, -16, -6), (2, -8, -2), (3, -14, -5), (4, -20, -8), (6, -28, -14),
    (8.01, -36, -22),
)  # fmt: skip
"""Orders of the shaft, their level in dB at coast and at full torque."""
ROLL_HZ = 0.25  # how far left and right of a paired order lie apart


class Bed(Struct, frozen=True, kw_only=True):
    """One loop: ``common`` (frames,) in every channel, ``own`` (channels, frames) in each."""

    common: Sound
    own: Sound

    @property
    def mono(self) -> Sound:
        return self.common + self.own[0]


def shaft_hz(speed_kmh: float) -> float:
    """The first order of the virtual shaft."""
    return 48.0 * 2 ** (min(speed_kmh, 160.0) / 90)


def ambience(one: ResolvedFunction, character: Character, rate: int, channels: int) -> Bed:
    """The loop of an ambience, exactly ``one.frames`` long, in as many channels."""
    if one.function == "charging":
        bed = _charging(one, character, rate, channels)
    elif one.function == "sleep":
        bed = _sleep(one, character, rate, channels)
    else:
        bed = _hum(one, character, rate, channels)
    if one.band_hz is None:
        return bed
    return Bed(
        common=rounds.windowed(bed.common, rate, *one.band_hz),
        own=np.stack([rounds.windowed(side, rate, *one.band_hz) for side in bed.own]),
    )


def parameters() -> dict[str, object]:
    """What a car's own synthesiser needs to make the hum at any speed and torque."""
    return {
        "first_order_hz": "48 * 2 ** (speed_kmh / 90), at most 160 km/h",
        "orders": [
            {"order": order, "coast_db": coast, "full_db": full}
            for order, coast, full in HUM_ORDERS
        ],
        "gain": "coast + (full - coast) * abs(torque) ** 0.7",
        "low_pass_hz": "500 + 1900 * torque",
        "level_dba": "cabin noise - 6 + 4 * abs(torque); silent below 3 km/h, faded in 0.8 s",
        "regeneration": {"orders_2_and_4_db": 2, "cents": -40, "low_pass_hz": 900},
        "playback_rate": [0.91, 1.09],
    }


def _pitch(character: Character, low: float, band: tuple[float, float] | None) -> float:
    """The tonic above ``low`` hertz, and above the window's lower edge."""
    pitch = 440.0 * 2 ** ((character.tonic - 9) / 12)
    least = max(low, band[0] * 1.05) if band is not None else low
    return pitch * 2.0 ** np.ceil(np.log2(least / pitch))


def _charging(one: ResolvedFunction, character: Character, rate: int, channels: int) -> Bed:
    """A breathing pad of tonic, fifth and ninth, and five soft bells."""
    frames, seconds = one.frames, one.frames / rate
    root = _pitch(character, 65.0, one.band_hz)
    dice = np.random.default_rng([character.seed, character.take, 606])
    breath = rounds.sway(frames, max(1, round(seconds / BREATH_S)), 3.0)
    pad = np.zeros(frames)
    # Just intervals: their common overtones fall together, so nothing beats.
    for step, level_db in ((1.0, 0.0), (1.5, -3.0), (2.25, -7.0)):
        for overtone in (1, 2, 3, 4, 6):
            pitch = root * step * overtone
            if pitch > 1_400:
                continue
            gain = 10 ** ((level_db - 5.0 * np.log2(overtone) - _soft(pitch, 900)) / 20)
            slow = rounds.sway(frames, int(dice.integers(1, 5)), 3.0, dice.uniform(0, 6.28))
            pad += gain * slow * rounds.tone(pitch, frames, rate, dice.uniform(0, 6.28))
    pad *= breath / float(np.sqrt(np.mean(pad**2)))
    f = rounds.frequencies(frames, rate)
    chord = [root * step * octave for step in (1, 1.5, 2.25) for octave in (1, 2, 4)]
    shape = rounds.resonances(f, chord, 60.0) * rounds.colour(f, -3, 60, 900)
    own = np.stack(
        [
            0.28 * breath * rounds.noise_bed(frames, shape, _corner(character, at, 607))
            for at in range(channels)
        ]
    )
    return Bed(common=pad + _bells(one, character, rate), own=own)


def _bells(one: ResolvedFunction, character: Character, rate: int) -> Sound:
    """Five notes of the family's pitches, softly struck, ringing over the seam."""
    dice = np.random.default_rng([character.seed, character.take, 608])
    bell = Tone(table=character.table.shaded(-6), attack_ms=60, decay_ms=4_000,
                band_hz=one.band_hz)  # fmt: skip
    length = min(round(4.5 * rate), one.frames)
    base = 60 + (character.tonic - 60) % 12
    events = []
    for index, at in enumerate(CHARGING_BELLS):
        degree = character.motif.degrees[index % len(character.motif.degrees)]
        midi = base + degree - (12 if degree > 12 else 0) + 12 * int(dice.integers(0, 2))
        events.append((round(at * one.frames), 1.4 * note(bell, midi, 0.3, length, rate)))
    return rounds.strewn(events, one.frames)


def _sleep(one: ResolvedFunction, character: Character, rate: int, channels: int) -> Bed:
    """Soft surf of brown noise over two still tones; nothing begins, nothing is bright."""
    frames, seconds = one.frames, one.frames / rate
    root = _pitch(character, 65.0, one.band_hz)
    f = rounds.frequencies(frames, rate)
    shape = rounds.colour(f, -4, 60, 700) * rounds.colour(f, 0, None, 1_500, order=4)
    surf = rounds.waves(frames, max(1, round(seconds / WAVE_S)), 3.6)
    own = np.stack(
        [
            surf * rounds.noise_bed(frames, shape, _corner(character, at, 609))
            for at in range(channels)
        ]
    )
    pad = np.zeros(frames)
    for step, level_db in ((1.0, 0.0), (1.5, -4.0), (2.0, -8.0), (3.0, -14.0)):
        pad += 10 ** (level_db / 20) * rounds.tone(root * step, frames, rate, step)
    pad *= 10 ** (-12 / 20) / float(np.sqrt(np.mean(pad**2)))
    return Bed(common=pad, own=own)


def _hum(one: ResolvedFunction, character: Character, rate: int, channels: int) -> Bed:
    """The orders of a shaft at one speed, coasting, and the air that goes with it.

    Left and right of the middle orders lie a quarter of a hertz apart and roll slowly; the mono
    file has them once and stands still.
    """
    frames = one.frames
    first = shaft_hz(one.speed_kmh)
    dice = np.random.default_rng([character.seed, 610])
    phases = dice.uniform(0, 6.28, len(HUM_ORDERS))
    common = np.zeros(frames)
    paired = np.zeros((channels, frames))
    for (order, coast_db, _), phase in zip(HUM_ORDERS, phases, strict=True):
        pitch = first * order
        gain = 10 ** ((coast_db - _soft(pitch, 500)) / 20)
        if not 2 <= order <= 4 or channels == 1:
            common += gain * rounds.tone(pitch, frames, rate, phase)
            continue
        for at in range(channels):
            aside = (ROLL_HZ / 2) * (1 if at % 2 == 0 else -1)
            paired[at] += gain * rounds.tone(pitch + aside, frames, rate, phase)
    f = rounds.frequencies(frames, rate)
    shape = rounds.colour(f, -3, 300, 1_200)
    level = 10 ** (-18 / 20) * 10 ** (-6 / 20)
    own = np.stack(
        [
            level * rounds.noise_bed(frames, shape, _corner(character, at, 611 + one.speed_kmh))
            for at in range(channels)
        ]
    )
    return Bed(common=common, own=paired + own)


def _soft(pitch: float, corner: float) -> float:
    """Decibels that a low-pass of 12 dB an octave takes from a tone."""
    return float(10 * np.log10(1 + (pitch / corner) ** 4))


def _corner(character: Character, channel: int, place: int) -> np.random.Generator:
    return np.random.default_rng([character.seed, character.take, place, channel])
