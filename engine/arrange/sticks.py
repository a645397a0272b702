"""A drummer's timing: each voice leans at each step as real drummers of the kind do, only closer.

The takes were recorded by people with a click in their ears and spread by some 15 ms; a listener
who checks our files against the grid accepts 10. So the habits are kept in their proportions and
brought nearer: what is early stays early, what is loose stays looser than the rest.
"""

from collections.abc import Iterable
from functools import cache

import numpy as np

from engine.arrange import grooves
from engine.arrange.drumming import KEYS, TOMS
from engine.score import Note
from engine.styles import clock
from engine.styles.sheet import Style

HABIT = 0.6  # share of the drummers' mean lateness that is played
HABIT_MOST_MS = 4.0
NOISE_MS = 2.0  # standard deviation of a stroke in a family of ordinary looseness
_COMMON = 0.9  # of the noise belongs to the moment, the rest to the hand or the foot
_LOUD = 0.3  # share of the drummers' own spread of velocity


class Sticks:
    """One drummer through one section."""

    def __init__(
        self, style: Style, meter: str, leans: dict[str, float], rng: np.random.Generator
    ) -> None:
        self._style, self._meter, self._leans, self._rng = style, meter, leans, rng
        self._family = grooves.family_of(style.id, style.sub)
        self._voices = voices_of(style)
        self._moment = float(rng.normal())

    def next_stroke(self) -> None:
        """Go on to the next moment, which is a little like the last one."""
        rho = max(0.0, self._family.neighbours)
        fresh = float(self._rng.normal())
        self._moment = rho * self._moment + (1 - rho**2) ** 0.5 * fresh

    def late(self, note: Note, inside: int, bar: int) -> float:
        """Milliseconds after the grid of a note ``inside`` ticks into a section's bar."""
        habit, spread = self._habit(note.pitch, inside, bar)
        own = _COMMON * self._moment + (1 - _COMMON**2) ** 0.5 * float(self._rng.normal())
        return habit + spread * own

    def loudness(self, note: Note, inside: int, bar: int) -> float:
        """Standard deviation of a note's velocity."""
        voice = self._family.voice(self._voices.get(note.pitch, "K"), note.pitch)
        if voice is None:
            return 3.0
        at = self._step(inside, bar)
        return float(np.clip(_LOUD * voice.velocity_spread[at], 1.5, 6.0))

    def _habit(self, pitch: int, inside: int, bar: int) -> tuple[float, float]:
        """Mean and standard deviation of lateness in ms."""
        name = self._voices.get(pitch, "K")
        voice = self._family.voice(name, pitch)
        if voice is None:
            return self._leans.get(name, 0.0), NOISE_MS
        at = self._step(inside, bar)
        mean = float(np.clip(HABIT * voice.late_ms[at], -HABIT_MOST_MS, HABIT_MOST_MS))
        spread = NOISE_MS * voice.spread_ms[at] / self._family.spread_ms
        return mean + self._leans.get(name, 0.0), spread

    def _step(self, inside: int, bar: int) -> int:
        return nearest_step(self._style.sub, self._meter, bar % 2, inside)


@cache
def nearest_step(sub: str, meter: str, bar: int, inside: int) -> int:
    """The table's step nearest to a place in a bar of a pattern."""
    nearest = min(clock.steps(sub, meter, bar), key=lambda step: abs(step.tick - inside))
    return grooves.step_of(nearest.source, sub)


def voices_of(style: Style) -> dict[int, str]:
    """Drum key → the voice that a style plays on it."""
    moved = style.roles["drums"].keys
    named = {**dict.fromkeys(TOMS, "T"), **_reversed(KEYS.items())}
    return {**named, **_reversed(moved.items())}


def _reversed(pairs: Iterable[tuple[str, int]]) -> dict[int, str]:
    return {key: voice for voice, key in pairs}
