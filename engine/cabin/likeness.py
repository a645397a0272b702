"""How far apart the sounds of a family are, and how much of one family they are (§6.7)."""

from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.cabin.hearing import centroid_hz
from engine.cabin.voices import hertz
from engine.cabin.writing import Note

Sound = NDArray[np.floating]
APART, APART_CLASSES, APART_WARNING = 1.0, 1.3, 2.3
FIXED_SHARE = 0.5
_LENGTH = 12  # of a vector
ALIKE = 0.20
"""The widest distance of timbres inside a family; another family's lies at 0.35 or more."""


class Event(Struct, frozen=True, kw_only=True):
    """A sound as people tell it from others: length, height, notes, steps, rhythm, brightness."""

    name: str
    urgency: int
    vector: tuple[float, ...]
    fixed: bool = False  # whether its length was the client's choice


def event(
    name: str,
    urgency: int,
    sound: Sound,
    rate: int,
    notes: tuple[Note, ...],
    *,
    fixed: bool = False,
) -> Event:
    pitches = [hertz(midi) for _, midi, _ in notes]
    steps = [after - before for (_, before, _), (_, after, _) in pairwise(notes)][:4]
    distances = [after - before for (before, *_), (after, *_) in pairwise(notes)][:4]
    vector = (
        float(np.log2(len(sound) / rate)),
        float(1.5 * np.log2(np.mean(pitches) / 500)),
        0.5 * len(notes),
        *(one / 5 for one in (steps + [0] * 4)[:4]),
        *(one / 200 for one in (distances + [0.0] * 4)[:4]),
        float(np.log2(centroid_hz(sound, rate) / 1_000)),
    )
    return Event(
        name=name, urgency=urgency, vector=tuple(round(one, 4) for one in vector), fixed=fixed
    )


def distances(events: list[Event]) -> NDArray[np.floating]:
    """(sounds, sounds) Euclidean distances."""
    vectors = np.asarray([one.vector for one in events]).reshape(len(events), _LENGTH)
    return np.sqrt(((vectors[:, None, :] - vectors[None, :, :]) ** 2).sum(axis=2))


def needed(one: Event, other: Event) -> float:
    """How far two sounds must be apart: less where a client's lengths take a part of that away."""
    share = FIXED_SHARE if one.fixed or other.fixed else 1.0
    if one.urgency == other.urgency:
        return APART * share
    return share * (APART_WARNING if 4 in (one.urgency, other.urgency) else APART_CLASSES)


def too_close(events: list[Event]) -> list[tuple[str, str, float]]:
    """The pairs that people would take for one another."""
    apart = distances(events)
    return [
        (one.name, other.name, round(float(apart[i, j]), 3))
        for i, one in enumerate(events)
        for j, other in enumerate(events)
        if i < j and apart[i, j] < needed(one, other)
    ]
