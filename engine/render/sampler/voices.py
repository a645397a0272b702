"""From a note to voices: which zones answer a key, and what each of them is told to do.

Modulators are worked out for the key and the velocity of the note, with controllers where a player
leaves them (SoundFont 2.04, 8.2 and 9.5). How velocity moves the level is kept apart: it is a gain,
so one rendered note serves every velocity that plays the same recordings.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from msgspec import Struct

from engine.render.sampler import generators as g
from engine.render.sampler.envelopes import Envelope, Wave
from engine.render.sampler.library import Library
from engine.render.sampler.pitching import SAMPLE_RATE, Filter

# Authors set attenuation by the ear of the EMU8000, which takes four tenths of what is written;
# every player follows it.
HARDWARE_ATTENUATION = 0.4
OPEN_HZ = 17_000.0  # a filter without resonance above this is no filter
# Velocities that share a brightness: up to which, and which one stands for them. Levels are exact.
LAYERS = ((31, 22), (55, 45), (79, 68), (103, 92), (127, 116))
CUTOFFS = (1500, 13_500)
PITCHES = (-9600, 6000)  # cents from the recording; above five octaves nothing is heard
_CONTROLLERS = {7: 100, 8: 64, 10: 64, 11: 127}


class Voice(Struct, frozen=True, cache_hash=True):
    """One zone as one key plays it. Hashable: two equal voices sound the same.

    ``start`` to ``end`` are frames of the library's recordings, the loop lies between them; it is
    ``loop`` "" for none, "held" for ever, "left" until the key is let go. ``pan`` is -1 to 1.
    """

    start: int
    end: int
    loop_start: int
    loop_end: int
    loop: str
    step: float
    cutoff: int  # cents over 8.176 Hz
    resonance_db: float
    attenuation_db: float
    pan: float
    volume: Envelope
    shape: Envelope
    vibrato: Wave
    swing: Wave
    vibrato_cents: int
    swing_cents: int
    shape_cents: int
    swing_cutoff: int
    shape_cutoff: int
    swing_db: float
    exclusive: int


class Answer(Struct, frozen=True, cache_hash=True):
    """A voice, and the decibels that the stroke's velocity takes off it."""

    voice: Voice
    softer_db: float


class Desk:
    """Finds the voices of a program's notes, and remembers them."""

    def __init__(self, library: Library) -> None:
        self._library = library
        programs = library.zones["program"]
        self._zones = {
            int(program): np.flatnonzero(programs == program) for program in np.unique(programs)
        }
        self.answers = lru_cache(maxsize=1 << 15)(self._answers)
        self._told = lru_cache(maxsize=1 << 15)(self._evaluated)

    @property
    def programs(self) -> list[int]:
        """All programs there are, kits from 128 on."""
        return sorted(self._zones)

    def keys(self, program: int) -> tuple[int, int]:
        """The lowest and the highest key that any zone answers."""
        rows = self._library.zones[self._zones[program]]
        return int(rows["low_key"].min()), int(rows["high_key"].max())

    def nearest(self, program: int, key: int, velocity: int) -> tuple[Answer, ...]:
        """The voices of a stroke, of its nearest neighbour where the font has a hole in that place:
        a note beside the one on paper is wrong, but none at all is worse."""
        answers = self.answers(program, key, velocity)
        if answers or program not in self._zones:
            return answers
        low, high = self.keys(program)
        # An octave first, then whatever is near; its own velocity first, then the usual one.
        away = sorted(range(low, high + 1), key=lambda one: ((one - key) % 12 > 0, abs(one - key)))
        for near, force in ((one, force) for force in (velocity, 100) for one in (key, *away)):
            answers = self.answers(program, near, force)
            if answers:
                return answers
        return ()

    def _answers(self, program: int, key: int, velocity: int) -> tuple[Answer, ...]:
        """The voices that sound for a stroke; none where the program does not reach."""
        numbers = self._zones.get(program)
        if numbers is None:
            return ()
        rows = self._library.zones[numbers]
        sounding = (rows["low_key"] <= key) & (key <= rows["high_key"])
        sounding &= (rows["low_velocity"] <= velocity) & (velocity <= rows["high_velocity"])
        near = next(stands for top, stands in LAYERS if velocity <= top)
        answers = []
        for zone in numbers[sounding].tolist():
            voice = self._told(zone, key, near)
            if voice is not None:
                answers.append(Answer(voice, self._softer(zone, key, velocity)))
        return tuple(answers)

    def _modulators(self, zone: int) -> list[tuple[int, int, int, int]]:
        row = self._library.zones[zone]
        first = int(row["first_modulator"])
        return self._library.modulators[first : first + int(row["modulators"])].tolist()

    def _softer(self, zone: int, key: int, velocity: int) -> float:
        fixed = int(self._library.generators[zone, g.VELOCITY_OVERRIDE])
        heard = fixed if 0 < fixed < 128 else velocity
        centibels = sum(
            amount * _source(source, key, heard) * _source(by, key, heard, 1.0)
            for source, target, amount, by in self._modulators(zone)
            if target == g.ATTENUATION and _of_velocity(source, by)
        )
        return float(np.clip(centibels / 10, -24.0, 144.0))

    def _evaluated(self, zone: int, key: int, velocity: int) -> Voice | None:
        """The zone's voice, or None where its offsets leave nothing of the sample."""
        values = self._library.generators[zone].astype(float)
        if 0 <= values[g.KEY_OVERRIDE] < 128:
            key = int(values[g.KEY_OVERRIDE])
        if 0 < values[g.VELOCITY_OVERRIDE] < 128:
            velocity = int(values[g.VELOCITY_OVERRIDE])
        for source, target, amount, by in self._modulators(zone):
            if target == g.ATTENUATION and _of_velocity(source, by):
                continue
            values[target] += (
                amount * _source(source, key, velocity) * _source(by, key, velocity, 1.0)
            )
        return _voice(values, self._library.samples[self._library.zones["sample"][zone]], key)


def _voice(values: np.ndarray, sample: Any, key: int) -> Voice | None:
    v = values
    first, frames = int(sample["start"]), int(sample["frames"])
    start = _moved(0, v[g.START], v[g.START_COARSE], frames)
    end = _moved(frames, v[g.END], v[g.END_COARSE], frames)
    loop_start = _moved(int(sample["loop_start"]), v[g.LOOP_START], v[g.LOOP_START_COARSE], frames)
    loop_end = _moved(int(sample["loop_end"]), v[g.LOOP_END], v[g.LOOP_END_COARSE], frames)
    if end - start < 2:
        return None
    looping = {1: "held", 3: "left"}.get(int(v[g.LOOPING]) & 3, "")
    if not start <= loop_start <= loop_end - 2 or loop_end > end:
        looping = ""
    root = int(v[g.ROOT]) if 0 <= v[g.ROOT] < 128 else int(sample["root"])
    cents = (key - root) * v[g.KEY_TUNING] + 100 * v[g.COARSE_TUNE] + v[g.FINE_TUNE]
    cents = float(np.clip(cents + int(sample["correction"]), *PITCHES))
    return Voice(
        start=first + start,
        end=first + end,
        loop_start=first + loop_start,
        loop_end=first + loop_end,
        loop=looping,
        step=int(sample["rate"]) / SAMPLE_RATE * 2 ** (cents / 1200),
        cutoff=round(float(np.clip(v[g.CUTOFF], *CUTOFFS)) / 50) * 50,
        resonance_db=round(float(np.clip(v[g.RESONANCE], 0, 960)) / 10, 1),
        attenuation_db=float(np.clip(v[g.ATTENUATION] * HARDWARE_ATTENUATION, -96, 1440)) / 10,
        pan=float(np.clip(v[g.PAN], -500, 500)) / 500,
        volume=Envelope.told(v[g.DELAY : g.RELEASE + 1], v[g.KEY_HOLD], v[g.KEY_DECAY], key),
        shape=Envelope.told(
            v[g.MOD_DELAY : g.MOD_RELEASE + 1], v[g.KEY_MOD_HOLD], v[g.KEY_MOD_DECAY], key
        ),
        vibrato=Wave.told(v[g.VIBRATO_DELAY], v[g.VIBRATO_RATE]),
        swing=Wave.told(v[g.LFO_DELAY], v[g.LFO_RATE]),
        vibrato_cents=round(v[g.VIBRATO_PITCH]),
        swing_cents=round(v[g.LFO_PITCH]),
        shape_cents=round(v[g.ENVELOPE_PITCH]),
        swing_cutoff=round(v[g.LFO_CUTOFF]),
        shape_cutoff=round(v[g.ENVELOPE_CUTOFF]),
        swing_db=round(float(np.clip(v[g.LFO_LEVEL], -960, 960))) / 10,
        exclusive=max(0, int(v[g.EXCLUSIVE])),
    )


def _moved(place: int, fine: float, coarse: float, frames: int) -> int:
    return int(np.clip(place + round(fine) + 32_768 * round(coarse), 0, frames))


def low_pass(cutoff: float, resonance_db: float) -> Filter | None:
    """The filter of a corner in cents; None where it would change nothing that is heard."""
    hertz = 8.1758 * 2 ** (cutoff / 1200)
    if hertz >= OPEN_HZ and resonance_db < 3:
        return None
    return Filter(hertz, resonance_db)


def _of_velocity(source: int, by: int) -> bool:
    """Whether a modulator listens to the note's velocity."""
    return any(one & 0xFF == 2 for one in (source, by))


def _source(code: int, key: int, velocity: int, absent: float = 0.0) -> float:
    """The value of a modulator's source, 0 to 1 or -1 to 1, by its code (8.2)."""
    number, controller = code & 0x7F, bool(code & 0x80)
    if not code & 0xFF:
        return absent if absent else 1.0
    if controller:
        value = _CONTROLLERS.get(number, 0)
    else:
        value = {2: velocity, 3: key, 14: 64}.get(number, 0)
    along = (127 - value) / 127 if code & 0x100 else value / 127
    if code & 0x200:
        side = 2 * along - 1 if number != 14 else 0.0
        return float(np.sign(side)) * _curve(code >> 10, abs(side))
    return _curve(code >> 10, along)


def _curve(kind: int, x: float) -> float:
    """Linear, concave, convex or switch, from 0 to 1."""
    match kind:
        case 1:
            return _concave(x)
        case 2:
            return 1 - _concave(1 - x)
        case 3:
            return float(x >= 0.5)
    return x


def _concave(x: float) -> float:
    return min(1.0, -40 / 96 * float(np.log10(max(1 - x, 1e-9))))
