"""Single sounds: a function's notes, air and room at the rate of the delivery, to the frame."""

from typing import get_args

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from engine.cabin.character import WARNING, WOOD, Character, Table
from engine.cabin.voices import Tone, breath, closed, grains, in_room, note, room
from engine.cabin.writing import BURST_MS, Note
from engine.contracts import CabinFunction, ResolvedFunction

Sound = NDArray[np.floating]
ROOM_DB = -13.0
LEAST_IN_WINDOW_MS = 2.5  # a click is as wide as it is short
DARK_DB = -7.0
"""A sound that closes or brings bad news plays the darker sibling of the family's partials."""


class Recipe(Struct, frozen=True, kw_only=True):
    """How a function uses the family's voice: envelope in ms, shade, and its air."""

    attack_ms: float
    decay_ms: float
    hold_ms: float = 0.0
    shade_db: float = 0.0
    table: Table | None = None  # None: the family's own
    air_hz: tuple[float, float] | None = None
    air_db: float = -30.0
    air_ms: float = 100.0
    swells: bool = False
    strikes: bool = True  # whether a strike begins its notes
    rooms: bool = True  # whether it stands in the family's room


RECIPES: dict[CabinFunction, Recipe] = {
    "welcome": Recipe(attack_ms=30, decay_ms=1500, air_hz=(400, 3_600), air_ms=1200, swells=True),
    "farewell": Recipe(
        attack_ms=36, decay_ms=1400, air_hz=(300, 2_500), air_db=-32, air_ms=1400, swells=True
    ),
    "door_open": Recipe(attack_ms=12, decay_ms=700, air_hz=(300, 3_000), air_db=-24, air_ms=220),
    "door_close": Recipe(
        attack_ms=12, decay_ms=640, shade_db=DARK_DB, air_hz=(110, 400), air_db=-14, air_ms=90
    ),
    "unlock": Recipe(attack_ms=8, decay_ms=290, air_hz=(1_500, 3_600), air_db=-22, air_ms=18),
    "lock": Recipe(attack_ms=8, decay_ms=280, air_hz=(1_500, 3_600), air_db=-20, air_ms=18),
    "charge_start": Recipe(attack_ms=20, decay_ms=800, air_hz=(500, 3_600), air_db=-28, air_ms=700),
    "seat_belt": Recipe(attack_ms=10, decay_ms=380, hold_ms=20),
    "low_battery": Recipe(attack_ms=15, decay_ms=500, hold_ms=30, shade_db=DARK_DB),
    "notify": Recipe(attack_ms=9, decay_ms=450),
    "warn": Recipe(
        attack_ms=6, decay_ms=9000, hold_ms=100, table=WARNING, strikes=False, rooms=False
    ),
    "indicator": Recipe(
        attack_ms=0.6, decay_ms=30, table=WOOD, air_hz=(2_000, 3_600), air_db=-14, air_ms=8,
        strikes=False, rooms=False,
    ),
}  # fmt: skip

_STEADY: tuple[CabinFunction, ...] = ("warn", "indicator")
_NOTE_MS = {"indicator": 60.0, "seat_belt": 430.0}
_QUICKEST_MS = {"indicator": 0.3, "warn": 5.2, "lock": 7.2, "unlock": 7.2}
_SLOWEST_MS = {"warn": 9.0}


class Correction(Struct, frozen=True, kw_only=True):
    """What a sound is drawn again with where its measurements missed."""

    attack: float = 1.0
    decay: float = 1.0
    shade_db: float = 0.0  # of the partials above the first
    plain: bool = False  # without what makes its end restless: layers, glides, grains


def voice(
    one: ResolvedFunction, character: Character, correction: "Correction | None" = None
) -> Tone:
    """The voice of a function as this family has it."""
    correction = correction or Correction()
    recipe = RECIPES[one.function]
    steady = one.function in _STEADY
    attack_ms = recipe.attack_ms * (1.0 if steady else character.attack)
    attack_ms = max(attack_ms, _QUICKEST_MS.get(one.function, 8.0))
    decay_ms = recipe.decay_ms * (1.0 if steady else character.decay)
    if one.band_hz is not None:
        attack_ms = max(attack_ms, LEAST_IN_WINDOW_MS)
    if one.attack_ms is not None:
        attack_ms = _inside(attack_ms * RISE, one.attack_ms) / RISE
    if one.decay_ms is not None:
        decay_ms = _inside(decay_ms, one.decay_ms)
    table = recipe.table or character.table.shaded(recipe.shade_db + correction.shade_db)
    return Tone(
        table=table,
        attack_ms=attack_ms * correction.attack,
        hold_ms=recipe.hold_ms,
        decay_ms=decay_ms * correction.decay,
        glide_cents=0.0 if steady or correction.plain else character.glide_cents,
        modulation=0.0 if steady or correction.plain else character.modulation,
        band_hz=one.band_hz,
    )


_PLACES: tuple[CabinFunction, ...] = get_args(CabinFunction)
RISE = 0.59
"""Of a raised cosine, the share from 10 to 90 %."""


def _inside(value: float, span: tuple[float, float]) -> float:
    """The value, or the nearest that leaves the ends of the span some way off."""
    low, high = span
    reserve = min(0.15 * (high - low), 0.12 * high)
    return min(max(value, low + reserve), high - reserve)


def sound(
    one: ResolvedFunction,
    notes: tuple[Note, ...],
    character: Character,
    rate: int,
    correction: "Correction | None" = None,
) -> Sound:
    """The finished mono sound, (frames,), its peak at 1; it begins and ends on zero."""
    tone = voice(one, character, correction)
    plain = correction is not None and correction.plain
    recipe = RECIPES[one.function]
    dice = np.random.default_rng([character.seed, character.take, 604, _PLACES.index(one.function)])
    out = np.zeros(one.frames)
    for index, (at_ms, midi, velocity) in enumerate(notes):
        start = round(at_ms * rate / 1000)
        length = _length(one, index, notes, rate, start)
        if length < 8:
            continue
        shaped = _fitted(tone, one, length * 1000 / rate)
        if index + 1 < len(notes) and one.function not in _NOTE_MS and one.function != "warn":
            shaped = _giving_way(
                shaped, notes[index + 1][0] - at_ms, asked=one.decay_ms is not None
            )
        for layer in _layers(one, character, shaped, dice)[: 1 if plain else 3]:
            piece = note(layer.tone, midi + layer.semitones, velocity, length, rate)
            out[start : start + length] += layer.gain * piece
        if recipe.strikes and one.attack_ms is None:
            _strike(out, one, character, start, length, rate, velocity, dice)
    loudest = float(np.abs(out).max(initial=1e-9))
    if recipe.air_hz is not None:
        out += loudest * _air(one, character, recipe, notes, rate, dice)
    if recipe.rooms:
        answer = room(character.room_s, rate, character.seed + character.take, one.band_hz)
        grain = 0.0 if plain else character.grain
        out = in_room(grains(out, rate, grain, dice), answer, ROOM_DB)
    out[0] = 0.0
    out = closed(out, rate, min(12.0, one.duration_ms / 10))
    return out / float(np.abs(out).max(initial=1e-9))


def _length(
    one: ResolvedFunction, index: int, notes: tuple[Note, ...], rate: int, start: int
) -> int:
    """Frames of a note: bursts and knocks have their own, everything else rings to the end."""
    rest = one.frames - start
    if one.function == "warn":
        return min(rest, round(BURST_MS * rate / 1000))
    if one.function == "seat_belt" and index + 1 < len(notes):
        return min(rest, round(notes[index + 1][0] * rate / 1000) - start)
    if one.function in _NOTE_MS:
        return min(rest, round(_NOTE_MS[one.function] * rate / 1000))
    return rest


def _fitted(tone: Tone, one: ResolvedFunction, room_ms: float) -> Tone:
    """A voice whose note fades away by itself before the file ends."""
    if one.function == "warn":
        return tone
    left = max(room_ms - tone.attack_ms - tone.hold_ms, 20.0)
    decay = tone.decay_ms if one.decay_ms is not None else min(tone.decay_ms, 0.97 * left)
    attack = tone.attack_ms if one.attack_ms is not None else min(tone.attack_ms, 0.2 * room_ms)
    return structs.replace(tone, decay_ms=decay, attack_ms=attack)


def _giving_way(tone: Tone, step_ms: float, *, asked: bool) -> Tone:
    """A note that others follow: gone before it can beat with the last one's end, but not so soon
    that a gap opens before the next one. A decay that was asked for is every note's."""
    if asked:
        return tone
    longest = 0.85 * tone.decay_ms if step_ms < 100 else tone.decay_ms
    return structs.replace(
        tone, decay_ms=max(0.55 * tone.decay_ms, min(4.0 * step_ms, max(longest, 250.0)))
    )


class _Layer(Struct, frozen=True, kw_only=True):
    tone: Tone
    semitones: int = 0
    gain: float = 1.0


def _layers(
    one: ResolvedFunction, character: Character, tone: Tone, dice: np.random.Generator
) -> list[_Layer]:
    """The voice itself, a second one beside it, and one an octave above, as rich as the brand."""
    if one.function in _STEADY:
        return [_Layer(tone=tone)]
    drift = float(dice.uniform(-1, 1)) * character.drift_cents
    first = structs.replace(tone, drift_cents=drift)
    out = [_Layer(tone=first)]
    if character.layers > 1:
        out.append(_Layer(tone=structs.replace(tone, drift_cents=drift + 4), gain=0.5))
    if character.layers > 2:
        slow = structs.replace(first, attack_ms=first.attack_ms * 1.5)
        out.append(_Layer(tone=slow, semitones=12, gain=0.12))
    return out


def _strike(
    out: Sound, one: ResolvedFunction, character: Character, start: int, length: int, rate: int,
    velocity: float, dice: np.random.Generator,
) -> None:  # fmt: skip
    """The touch that begins a note: the harder the shorter and the brighter."""
    high = min(max(0.75 / character.contact_ms * 1000, 400.0), 2_000.0)
    knock = breath(
        length, rate, (300, max(high, 450.0)), 4 + 4 * character.contact_ms, dice, edges=one.band_hz
    )
    out[start : start + length] += 10 ** (-27 / 20) * velocity * knock


def _air(
    one: ResolvedFunction, character: Character, recipe: Recipe, notes: tuple[Note, ...],
    rate: int, dice: np.random.Generator,
) -> Sound:  # fmt: skip
    """The function's noise against a peak of 1, coloured as all noise of the family is."""
    assert recipe.air_hz is not None, "only asked for where there is air"
    low, high = recipe.air_hz
    colour = (character.breath_hz / 1_200) ** 0.5
    band = (low * colour, min(high * colour, 3_800.0))
    level = recipe.air_db + (0.0 if one.function in _STEADY else character.breath_db)
    # Nothing may begin before an attack that was asked for has risen, nor press at a window's edge.
    swells = recipe.swells or one.attack_ms is not None
    level -= 6.0 if one.band_hz is not None else 0.0
    out = np.zeros(one.frames)
    starts = [at for at, *_ in notes] if one.function in ("indicator",) else [0.0]
    for at_ms in starts:
        start = round(at_ms * rate / 1000)
        length = min(recipe.air_ms, (one.frames - start) * 1000 / rate)
        out[start:] += breath(
            one.frames - start, rate, band, length, dice, swell=swells, edges=one.band_hz
        )
    return 10 ** (level / 20) * out
