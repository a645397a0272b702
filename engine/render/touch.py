"""Touch: how hard each note of a part is struck by hands that are never the same twice.

The arranger writes the velocities that the music asks for; hands spread them a little further, as
wide as in people's playing, and never strike one key twice running with the same force.
"""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.contracts import Plan
from engine.score import Note, bar_ticks, beat_ticks

Figures = NDArray[np.floating]
SPREAD = 10.5  # standard deviation of a part's velocities that hands reach for
WIDEST = 13.0
MOST_WIDENED = 2.4
TOGETHER = 45  # ticks within which notes are one stroke
_JITTER = 4.0
_FIRST_BEAT, _THIRD_BEAT, _OFF_BEAT = 3.0, 1.5, -2.0
_TOP, _INNER = 3.0, -4.0
_FEWEST = 6  # notes of which a spread can be told
_SOFTEST = 8


def dice(seed: int, role: str, what: str, notes: Sequence[Note]) -> Figures:
    """A number from 0 to 1 for every note, told by the note alone: others may come and go."""
    key = np.uint64(zlib.crc32(f"{seed % 2**63}/{role}/{what}".encode()))
    start = np.array([note.start for note in notes], np.int64).astype(np.uint64)
    pitch = np.array([note.pitch for note in notes], np.uint64)
    x = (start << np.uint64(8)) + pitch + (key << np.uint64(32))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(seed: int, role: str, what: str, notes: Sequence[Note]) -> Figures:
    """A standard normal number for every note, told by the note alone."""
    one = dice(seed, role, f"{what}/1", notes)
    two = dice(seed, role, f"{what}/2", notes)
    return np.sqrt(-2 * np.log(1 - one)) * np.cos(2 * np.pi * two)


def touched(notes: Sequence[Note], plan: Plan, role: str, seed: int) -> list[int]:
    """The velocities of a part under human hands, in the order of its notes."""
    written = np.array([note.velocity for note in notes], float)
    if not len(written):
        return []
    force = written + _accents(notes, plan) + _voicing(notes)
    force += _JITTER * normals(seed, role, "touch", notes)
    if len(written) >= _FEWEST:
        away = force - force.mean()
        spread = max(float(away.std()), 1e-6)
        by = min(SPREAD / spread, MOST_WIDENED) if spread < SPREAD else min(1.0, WIDEST / spread)
        force = written.mean() + away * by
    return _unlike(notes, np.clip(np.rint(force), _SOFTEST, 127).astype(int).tolist())


def _accents(notes: Sequence[Note], plan: Plan) -> Figures:
    """The meter: its first beat, the middle of the bar, and what lies between the eighths."""
    bar, beat = bar_ticks(plan.meter), beat_ticks(plan.meter)
    inside = np.array([note.start for note in notes]) + TOGETHER
    first = inside % bar < 2 * TOGETHER
    third = (inside % bar - bar // 2) % bar < 2 * TOGETHER
    off = (inside % (beat // 2)) >= 2 * TOGETHER
    return _FIRST_BEAT * first + _THIRD_BEAT * third * (plan.meter == "4/4") + _OFF_BEAT * off


def _voicing(notes: Sequence[Note]) -> Figures:
    """The top note of a chord sings, the inner ones step back."""
    found = np.zeros(len(notes))
    for chord in clusters(notes):
        if len(chord) > 2:
            ordered = sorted(chord, key=lambda at: notes[at].pitch)
            found[ordered[-1]] = _TOP
            found[ordered[1:-1]] = _INNER
    return found


def clusters(notes: Sequence[Note]) -> list[list[int]]:
    """Places of the notes struck together, stroke by stroke in order of time."""
    groups: list[list[int]] = []
    for at in sorted(range(len(notes)), key=lambda one: (notes[one].start, notes[one].pitch)):
        if groups and notes[at].start - notes[groups[-1][0]].start <= TOGETHER:
            groups[-1].append(at)
        else:
            groups.append([at])
    return groups


def _unlike(notes: Sequence[Note], force: list[int]) -> list[int]:
    """No key twice running with the same force."""
    last: dict[int, int] = {}
    for at in sorted(range(len(notes)), key=lambda one: (notes[one].start, notes[one].pitch)):
        if force[at] == last.get(notes[at].pitch):
            force[at] += 2 if force[at] < 120 else -2
        last[notes[at].pitch] = force[at]
    return force
