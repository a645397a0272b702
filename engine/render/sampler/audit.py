"""Hears every program of a font once and writes down what is wrong with it.

A font is made by many hands: some programs are silent where others play, some are out of tune, some
are looped so shortly that a long note flutters. What is found is kept with the converted font, and
who casts instruments reads it there.
"""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from engine.render.sampler.library import Library, Program
from engine.render.sampler.player import Player
from engine.render.sampler.zones import DRUMS
from engine.sound.loudness import momentary_lufs

SAMPLE_RATE = 48_000
REFERENCE_LUFS, REFERENCE_VELOCITY = -20.0, 100
KIT_PEAK_DB = -9.0
LOWEST, HIGHEST, STEP = 24, 108, 4
MIDDLE, TUNED = range(45, 78, 8), range(53, 78, 8)  # keys whose loudness and pitch are measured
NOTE_S, GLANCE_S, LONG_S = 1.0, 0.3, 3.0
SILENT_DB = -60.0
MOST_CENTS = 18.0  # ensembles and pianos stretch and beat; this is where it is heard as wrong
STRUCK = frozenset((47, *range(112, 128)))  # of no pitch, or of one that is not in the partials
MOST_SPREAD_DB = 12.0
LEAST_VELOCITY_DB, LEAST_BRIGHTER = 8.0, 1.15
SHORT_LOOP_S = (0.08, 0.9)
LOOP_DB = 1.5
Sound = NDArray[np.floating]


def audit(library: Library) -> dict[int, Program]:
    """Every program (0-127) and kit (128 + kit) of the font by number."""
    player = Player(library)
    numbers = player.desk.programs
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        found = pool.map(lambda number: _heard(player, number), numbers)
        return dict(zip(numbers, found, strict=True))


def _heard(player: Player, number: int) -> Program:
    return _kit(player, number) if number >= DRUMS else _program(player, number)


def _program(player: Player, program: int) -> Program:
    low, high = player.desk.keys(program)
    keys = [
        key
        for key in range(max(low, LOWEST), min(high, HIGHEST) + 1, STEP)
        if _peak_db(player.note(program, key, REFERENCE_VELOCITY, _frames(GLANCE_S))) > SILENT_DB
    ]
    if not keys:
        return Program(trim_db=0.0, low=low, high=high, marks=("silent",))
    middle = _near(MIDDLE, keys)
    levels = [
        momentary_lufs(player.note(program, key, REFERENCE_VELOCITY, _frames(NOTE_S)))
        for key in middle
    ]
    cents = 0.0
    if program not in STRUCK:
        cents = float(np.median([_off(player, program, key) for key in _near(TUNED, keys)]))
    loop_db = max(_flutter(player, program, key) for key in (middle[0], middle[-1]))
    velocity_db, brighter = _dynamics(player, program, middle[len(middle) // 2])
    spread = max(levels) - min(levels)
    marks = {
        "out of tune": abs(cents) > MOST_CENTS,
        "short loop": loop_db > LOOP_DB,
        "flat velocity": velocity_db < LEAST_VELOCITY_DB and brighter < LEAST_BRIGHTER,
        "uneven": spread > MOST_SPREAD_DB,
    }
    return Program(
        trim_db=round(REFERENCE_LUFS - float(np.median(levels)), 2),
        low=low if keys[0] < LOWEST + STEP else keys[0],
        high=min(high, keys[-1] + STEP - 1),
        marks=tuple(mark for mark, wrong in marks.items() if wrong),
        cents=round(cents, 1),
        loop_db=round(loop_db, 2),
        velocity_db=round(velocity_db, 1),
        spread_db=round(spread, 1),
    )


def _kit(player: Player, kit: int) -> Program:
    low, high = player.desk.keys(kit)
    peaks = [
        _peak_db(player.note(kit, key, REFERENCE_VELOCITY, _frames(GLANCE_S)))
        for key in range(max(low, LOWEST), min(high, HIGHEST) + 1)
    ]
    sounding = [peak for peak in peaks if peak > SILENT_DB]
    if not sounding:
        return Program(trim_db=0.0, low=low, high=high, marks=("silent",))
    trim = KIT_PEAK_DB - float(np.median(sounding))
    return Program(trim_db=round(trim, 2), low=low, high=high)


def _near(wanted: Iterable[int], keys: list[int]) -> list[int]:
    """The keys nearest to the wanted ones, each once."""
    return sorted({min(keys, key=lambda key: abs(key - one)) for one in wanted})


def _off(player: Player, program: int, key: int) -> float:
    """Cents between the note and its nearest partial, from the first four; 0 for what has none."""
    sound = player.note(program, key, REFERENCE_VELOCITY, _frames(NOTE_S))
    mono = sound[SAMPLE_RATE // 8 :].sum(axis=1)
    size = 1 << 16
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)).astype(np.float32), size))
    base = 440 * 2 ** ((key - 69) / 12) * size / SAMPLE_RATE
    found = []
    for harmonic in (1, 2, 3, 4):
        first = int(base * harmonic * 2 ** (-70 / 1200))
        last = int(base * harmonic * 2 ** (70 / 1200)) + 2
        if last >= len(spectrum) - 1:
            break
        at = first + int(np.argmax(spectrum[first:last]))
        a, b, c = (float(np.log(spectrum[at + i] + 1e-12)) for i in (-1, 0, 1))
        bend = a - 2 * b + c
        peak = at + (float(np.clip(0.5 * (a - c) / bend, -0.5, 0.5)) if bend else 0.0)
        found.append((float(spectrum[at]), 1200 * float(np.log2(peak / (base * harmonic)))))
    if not found or max(found)[0] < 0.2 * float(spectrum.max(initial=0)):
        return 0.0
    return max(found)[1]


def _flutter(player: Player, program: int, key: int) -> float:
    """How deep a long note swings each time its loop comes round, decibels; 0 where the loop is
    not between 80 and 900 ms: longer ones are not noticed, shorter ones are the tone itself."""
    rounds = [
        (one.voice.loop_end - one.voice.loop_start) / one.voice.step / SAMPLE_RATE
        for one in player.desk.answers(program, key, REFERENCE_VELOCITY)
        if one.voice.loop
    ]
    rounds = [one for one in rounds if SHORT_LOOP_S[0] <= one <= SHORT_LOOP_S[1]]
    if not rounds:
        return 0.0
    sound = player.note(program, key, REFERENCE_VELOCITY, _frames(LONG_S))[SAMPLE_RATE:]
    level = 10 * np.log10(np.square(sound).sum(axis=1).reshape(-1, 480).mean(axis=1) + 1e-12)
    if level.max() < SILENT_DB:
        return 0.0
    time = np.arange(len(level))
    level -= np.polyval(np.polyfit(time, level, 2), time)
    places = np.mod(time / 100 / rounds[0], 1.0) * 8
    folded = [float(level[places.astype(int) == part].mean()) for part in range(8)]
    return max(folded) - min(folded)


def _dynamics(player: Player, program: int, key: int) -> tuple[float, float]:
    """Decibels between velocities 40 and 120, and how much higher the centre of the spectrum."""
    soft, loud = (player.note(program, key, velocity, _frames(NOTE_S)) for velocity in (40, 120))
    centres = []
    for sound in (soft, loud):
        spectrum = np.abs(np.fft.rfft(sound.sum(axis=1))) ** 2
        centres.append(
            float((spectrum * np.arange(len(spectrum))).sum() / (spectrum.sum() + 1e-12))
        )
    gained = _db(float(np.sqrt(np.mean(loud**2)))) - _db(float(np.sqrt(np.mean(soft**2))))
    return gained, centres[1] / max(centres[0], 1e-9)


def _frames(seconds: float) -> int:
    return int(seconds * SAMPLE_RATE)


def _peak_db(sound: Sound) -> float:
    return _db(float(np.abs(sound).max(initial=0)))


def _db(amplitude: float) -> float:
    return 20 * float(np.log10(amplitude + 1e-9))
