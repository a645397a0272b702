"""Whether the sounds of a family are one family, and still each its own (§6.2, §6.7)."""

from itertools import combinations

import numpy as np
import soxr
from msgspec import Struct

from engine.cabin.character import Character
from engine.cabin.confusion import RATE as NOISE_RATE
from engine.cabin.confusion import recognised
from engine.cabin.judging import Finished
from engine.cabin.likeness import ALIKE, Event, distances, event, needed, too_close
from engine.cabin.sounds import Correction, voice
from engine.cabin.timbre import profile, unlike
from engine.cabin.writing import CLOSES, SIGNATURE_SHARE, carries_signature
from engine.contracts import CabinFunction, Measured

RECOGNISED, RECOGNISED_EACH = 0.95, 0.8
"""Of all trials together, and of each sound's own; a warning is never taken for another."""
PAIR_LENGTH, PAIR_LU = 0.15, 1.0
_OWN_TABLE: tuple[CabinFunction, ...] = ("warn", "indicator")
_NO_LINE: tuple[CabinFunction, ...] = ("warn", "indicator", "seat_belt")


class Member(Struct, frozen=True, kw_only=True):
    """A finished single sound and what it was drawn with."""

    finished: Finished
    correction: Correction
    loudness: float

    @property
    def event(self) -> Event:
        sound = self.finished
        return event(
            sound.one.name, sound.one.urgency, sound.audio, sound.rate, sound.notes,
            fixed="duration_ms" in sound.one.asked,
        )  # fmt: skip


def matrix(members: list[Member]) -> tuple[tuple[float, ...], ...]:
    """How far apart all single sounds are, pairwise."""
    if not members:
        return ()
    apart = distances([one.event for one in members])
    return tuple(tuple(round(float(value), 3) for value in row) for row in apart)


def bonds(members: list[Member], character: Character) -> tuple[Measured, ...]:
    """What holds between the sounds, but for the noise of driving."""
    return (
        _distinct(members),
        _alike(members, character),
        _signature(members, character),
        *_pairs(members),
    )


def in_noise(members: list[Member], seed: int) -> Measured:
    """Whether each is taken for itself in the noise of driving, over 20 noises."""
    sounds = {
        one.finished.one.name: np.asarray(
            soxr.resample(one.finished.audio, one.finished.rate, NOISE_RATE), np.float64
        )
        for one in members
    }
    urgencies = {one.finished.one.name: one.finished.one.urgency for one in members}
    found = recognised(sounds, urgencies, seed)
    warned = all(share == 1.0 for name, share in found.items() if urgencies[name] == 4)
    together = float(np.mean(list(found.values())))
    passed = warned and together >= RECOGNISED and min(found.values()) >= RECOGNISED_EACH
    return Measured(
        name="recognised_in_noise", asked=RECOGNISED, measured=found, passed=passed,
        detail="share of 20 noises at 60 km/h in which it is nearest to itself",
    )  # fmt: skip


def _distinct(members: list[Member]) -> Measured:
    events = [one.event for one in members]
    close = too_close(events)
    apart = distances(events) if len(events) > 1 else np.zeros((1, 1))
    pairs = [
        (float(apart[i, j]) - needed(events[i], events[j]), events[i].name, events[j].name, i, j)
        for i, j in combinations(range(len(events)), 2)
    ]
    if not pairs:
        return Measured(name="distinct", asked=1.0, detail="one sound alone")
    _, one, other, i, j = min(pairs)
    said = "; ".join(f"{a} and {b} are {d:.2f} apart" for a, b, d in close)
    return Measured(
        name="distinct", asked=round(needed(events[i], events[j]), 2),
        measured=round(float(apart[i, j]), 3), passed=not close,
        detail=said or f"nearest to what is needed: {one} and {other}",
    )  # fmt: skip


def _alike(members: list[Member], character: Character) -> Measured:
    heard = {
        one.finished.one.name: profile(voice(one.finished.one, character, one.correction))
        for one in members
        if one.finished.one.function not in _OWN_TABLE and one.finished.one.band_hz is None
    }
    found = [(unlike(heard[a], heard[b]), a, b) for a, b in combinations(heard, 2)]
    widest = max(found, default=(0.0, "", ""))
    return Measured(
        name="timbre", asked=ALIKE, measured=round(widest[0], 3), passed=bool(widest[0] <= ALIKE),
        detail=f"widest: {widest[1]} and {widest[2]}" if found else "too few to compare",
    )  # fmt: skip


def _signature(members: list[Member], character: Character) -> Measured:
    """Interval, octaves aside, that the melodic sounds share."""
    lines = {
        one.finished.one.name: tuple(midi for _, midi, _ in one.finished.notes)
        for one in members
        if one.finished.one.function not in _NO_LINE
    }
    carrying = [
        name for name, line in lines.items() if carries_signature(line, character.motif.signature)
    ]
    found = len(carrying) / len(lines) if lines else 1.0
    return Measured(
        name="signature", asked=SIGNATURE_SHARE, measured=round(found, 3),
        passed=found >= SIGNATURE_SHARE,
        detail=f"{character.motif.signature} semitones in {', '.join(carrying) or 'none'}",
    )  # fmt: skip


def _pairs(members: list[Member]) -> list[Measured]:
    """Opening and closing: the same notes backwards, as long, as loud."""
    by_function = {one.finished.one.function: one for one in members}
    return [
        mirrored(by_function[opening], by_function[closing])
        for closing, opening in CLOSES.items()
        if opening in by_function and closing in by_function
    ]


def mirrored(opening: Member, closing: Member) -> Measured:
    """Whether a pair is one: retrograde, length within 15 %, level within 1 dB."""
    first, second = opening.finished, closing.finished
    backwards = _line(second)[::-1] == _line(first)
    rising = _line(first)[-1] > _line(first)[0]
    longer = second.one.frames / first.one.frames
    louder = closing.loudness - opening.loudness
    asked = set(first.one.asked) | set(second.one.asked)
    # Lengths and levels that the client chose are not ours to judge.
    as_long = abs(longer - 1) <= PAIR_LENGTH or "duration_ms" in asked
    as_loud = abs(louder) <= PAIR_LU or "loudness_lufs" in asked or _both_ways(first, second)
    return Measured(
        name=f"mirrored.{first.one.name}.{second.one.name}",
        asked={"retrograde": True, "length": PAIR_LENGTH, "level_lu": PAIR_LU},
        measured={"retrograde": backwards, "opens_upwards": rising,
                  "length": round(longer - 1, 3), "level_lu": round(louder, 2)},
        passed=bool(backwards and rising and as_long and as_loud),
    )  # fmt: skip


def _both_ways(first: Finished, second: Finished) -> bool:
    """Whether one of the two is so short that its level is measured in another way."""
    return (len(first.audio) < 0.4 * first.rate) != (len(second.audio) < 0.4 * second.rate)


def _line(sound: Finished) -> tuple[int, ...]:
    """Pitches in order, repeated ones once."""
    pitches = [midi for _, midi, _ in sound.notes]
    return tuple(midi for at, midi in enumerate(pitches) if at == 0 or midi != pitches[at - 1])
