"""A single sound drawn, measured and drawn again until it is what its function must be.

Attack and decay are brought into the limits asked for; a courtesy sound that would read as an
alarm, or is too bright, plays softer partials. What cannot be mended so is left to the judge.
"""

import numpy as np
from msgspec import Struct, structs

from engine.cabin import hearing
from engine.cabin.character import Character
from engine.cabin.sounds import Correction, Sound, sound
from engine.cabin.voices import hertz
from engine.cabin.writing import Note, written
from engine.contracts import CabinFunction, ResolvedFunction

ROUNDS = 4  # of bringing attack and decay into their limits
MOST_PASSES = {0: 1, 1: 1, 2: 2, 3: 3, 4: 4}
"""Of the four criteria of an alarm, how many a class may meet."""
MOST_PEAK_TO_TOTAL = 0.45
MOST_CENTROID_HZ = 1_600.0
LEAST_ATTACK_MS = 4.0
CLICKS: tuple[CabinFunction, ...] = ("indicator",)
_MENDING = (
    Correction(),
    Correction(shade_db=-4),
    Correction(shade_db=-4, plain=True),
    Correction(decay=1.2, shade_db=-6, plain=True),
    Correction(shade_db=-10, plain=True),
    Correction(decay=0.8, shade_db=-10, plain=True),
    Correction(decay=1.3, shade_db=-14, plain=True),
    Correction(shade_db=-18, plain=True),
)


class Draft(Struct, frozen=True, kw_only=True):
    """A sound before its level is set: notes, mono audio with a peak of 1, and its correction."""

    one: ResolvedFunction
    notes: tuple[Note, ...]
    audio: Sound
    correction: Correction


def made(
    one: ResolvedFunction,
    character: Character,
    base_hz: tuple[float, float],
    functions: tuple[CabinFunction, ...],
    rate: int,
) -> Draft:
    """The sound of one function of a family."""
    notes = written(one, character, base_hz, functions)
    best, fewest = None, 99
    for mending in _MENDING:
        draft = _in_limits(one, notes, character, rate, mending)
        faults = alarms(one, notes, draft.audio, rate)
        if faults < fewest:
            best, fewest = draft, faults
        if faults == 0:
            break
    assert best is not None, "at least one is drawn"
    return best


def alarms(one: ResolvedFunction, notes: tuple[Note, ...], audio: Sound, rate: int) -> int:
    """How many rules of its class a sound breaks."""
    if one.urgency == 4:
        return 0
    found = hearing.urgency(audio, rate, base_of(notes))
    faults = int(sum(found.passes) > MOST_PASSES[one.urgency])
    faults += int(hearing.share_db(audio, rate, 4_000, rate / 2) > brightest_db(one))
    if one.urgency == 0 and one.function not in CLICKS:
        faults += int(found.peak_to_total > MOST_PEAK_TO_TOTAL)
        faults += int(hearing.centroid_hz(audio, rate) > MOST_CENTROID_HZ)
    return faults


def base_of(notes: tuple[Note, ...]) -> float:
    """The lowest notated fundamental."""
    return min(hertz(midi) for _, midi, _ in notes)


def brightest_db(one: ResolvedFunction) -> float:
    """The most energy above 4 kHz against the whole."""
    if one.function in CLICKS:
        return -15.0
    return -10.0 if one.urgency == 4 else -20.0


def attack_of(notes: tuple[Note, ...], audio: Sound, rate: int) -> float:
    until = notes[1][0] if len(notes) > 1 else len(audio) * 1000 / rate
    return hearing.attack_ms(audio, rate, until)


def decay_of(notes: tuple[Note, ...], audio: Sound, rate: int) -> float | None:
    return hearing.decay_ms(audio, rate, notes[-1][0])


def _in_limits(
    one: ResolvedFunction, notes: tuple[Note, ...], character: Character, rate: int,
    correction: Correction,
) -> Draft:  # fmt: skip
    """The sound with its attack and decay where they were asked for, as near as a few tries get."""
    audio = sound(one, notes, character, rate, correction)
    for _ in range(ROUNDS):
        attack = _missed(one.attack_ms, attack_of(notes, audio, rate))
        decay = _missed(one.decay_ms, decay_of(notes, audio, rate))
        if attack == decay == 1.0:
            break
        correction = structs.replace(
            correction, attack=correction.attack * attack, decay=correction.decay * decay
        )
        audio = sound(one, notes, character, rate, correction)
    return Draft(one=one, notes=notes, audio=audio, correction=correction)


def _missed(span: tuple[float, float] | None, measured: float | None) -> float:
    """By how much to stretch what lies outside its limits."""
    if span is None or measured is None or span[0] <= measured <= span[1]:
        return 1.0
    wanted = min(max(measured, span[0] + 0.2 * (span[1] - span[0])), span[1] * 0.92)
    return float(np.clip(wanted / max(measured, 0.1), 0.4, 2.5))
