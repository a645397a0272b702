"""What a font's presets say, worked out: every preset becomes a flat list of zones.

A zone is one recording with the keys and velocities that it answers to and all 61 generators as
they end up: the instrument's own over the instrument's global ones over the defaults, plus the
preset's (SoundFont 2.04, 9.4). Modulators follow 9.5: a zone's replaces one that is the same but
for its amount, a preset's is added.
"""

from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.errors import BankMissing
from engine.render.sampler import generators as g
from engine.render.sampler.soundfont import LEAST_RATE, MOST_RATE, ROM, SoundFont, Table

DRUMS = 128  # the bank of drum kits, and what is added to their number in our table
MOST_ZONES = 200_000
ZONE = np.dtype(
    [
        ("program", "<i4"), ("low_key", "<i4"), ("high_key", "<i4"), ("low_velocity", "<i4"),
        ("high_velocity", "<i4"), ("sample", "<i4"), ("first_modulator", "<i4"),
        ("modulators", "<i4"),
    ]
)  # fmt: skip
MODULATOR = np.dtype([("source", "<i4"), ("target", "<i4"), ("amount", "<i4"), ("by", "<i4")])
# What every voice does unless its font says otherwise (8.4), as far as notes alone can ask for it.
VELOCITY_TO_LEVEL, VELOCITY_TO_CUTOFF = (0x0502, g.ATTENUATION), (0x0102, g.CUTOFF)
_DEFAULTS = {(*VELOCITY_TO_LEVEL, 0): 960, (*VELOCITY_TO_CUTOFF, 0): -2400}
_INDICES = (g.INSTRUMENT, g.SAMPLE, g.KEYS, g.VELOCITIES)
# Generators that a preset may not add to (8.1.2): they choose, they do not measure.
_CHOICES = (
    g.START, g.END, g.LOOP_START, g.LOOP_END, g.START_COARSE, g.END_COARSE, g.LOOP_START_COARSE,
    g.LOOP_END_COARSE, g.KEY_OVERRIDE, g.VELOCITY_OVERRIDE, g.LOOPING, g.EXCLUSIVE, g.ROOT,
    *_INDICES,
)  # fmt: skip


class Zones(Struct, frozen=True, kw_only=True):
    """``zones`` (`ZONE`) by program, ``generators`` (zones, 61), ``modulators`` (`MODULATOR`)."""

    zones: Table
    generators: NDArray[np.int32]
    modulators: Table


class _Bag(Struct, frozen=True, kw_only=True):
    """One zone as a font lists it."""

    generators: dict[int, int]
    modulators: dict[tuple[int, int, int], int]
    keys: tuple[int, int]
    velocities: tuple[int, int]


_Row = tuple[tuple[int, ...], NDArray[np.int32], dict[tuple[int, int, int], int]]


def resolved(font: SoundFont) -> Zones:
    """All zones of General MIDI's programs (0-127) and drum kits (128 + kit)."""
    heads = font.tables[b"phdr"]
    rows: list[_Row] = []
    instruments: dict[int, list[_Bag]] = {}
    for number in np.lexsort((heads["program"][:-1], heads["bank"][:-1])):
        bank, program = int(heads["bank"][number]), int(heads["program"][number])
        if bank not in (0, DRUMS) or program > 127:
            continue
        for bag in _bags(font, b"phdr", int(number), g.INSTRUMENT):
            instrument = bag.generators[g.INSTRUMENT] & 0xFFFF
            if instrument not in instruments:
                instruments[instrument] = _instrument(font, instrument)
            rows += _joined(font, program + bank, bag, instruments[instrument])
            if len(rows) > MOST_ZONES:
                raise BankMissing(f"the sound font {font.name} has more than {MOST_ZONES:,} zones")
    if not rows:
        raise BankMissing(f"the sound font {font.name} has no playable instrument")
    return _packed(rows)


def _instrument(font: SoundFont, number: int) -> list[_Bag]:
    if number >= len(font.tables[b"inst"]) - 1:
        raise BankMissing(f"the sound font {font.name} is broken: it has no instrument {number}")
    return [
        bag
        for bag in _bags(font, b"inst", number, g.SAMPLE)
        if _usable(font, bag.generators[g.SAMPLE] & 0xFFFF)
    ]


def _usable(font: SoundFont, sample: int) -> bool:
    heads = font.tables[b"shdr"]
    if sample >= len(heads) - 1:
        raise BankMissing(f"the sound font {font.name} is broken: it has no sample {sample}")
    head = heads[sample]
    apart = int(head["end"]) > int(head["start"])
    return apart and LEAST_RATE <= head["rate"] <= MOST_RATE and not int(head["type"]) & ROM


def _bags(font: SoundFont, table: bytes, number: int, names: int) -> list[_Bag]:
    """The zones of one preset or instrument that name what they play, with the global one in."""
    side = table[:1]
    bags = font.tables[side + b"bag"]
    heads = font.tables[table]["bag"]
    found: list[_Bag] = []
    shared: _Bag | None = None
    for at in range(int(heads[number]), min(int(heads[number + 1]), len(bags) - 1)):
        bag = _bag(font, side, at, shared)
        if names in bag.generators:
            found.append(bag)
        elif at == int(heads[number]):
            shared = bag
    return found


def _bag(font: SoundFont, side: bytes, at: int, shared: _Bag | None) -> _Bag:
    bags = font.tables[side + b"bag"]
    first, after = bags[at], bags[at + 1]
    values = dict(shared.generators) if shared else {}
    moved = dict(shared.modulators) if shared else {}
    keys, velocities = (shared.keys, shared.velocities) if shared else ((0, 127), (0, 127))
    for one in font.tables[side + b"gen"][int(first["generators"]) : int(after["generators"])]:
        kind, amount = int(one["kind"]), int(one["amount"])
        if kind == g.KEYS:
            keys = (amount & 0xFF, amount >> 8 & 0xFF)
        elif kind == g.VELOCITIES:
            velocities = (amount & 0xFF, amount >> 8 & 0xFF)
        elif kind < g.COUNT:
            values[kind] = amount
    for one in font.tables[side + b"mod"][int(first["modulators"]) : int(after["modulators"])]:
        source, target, by = int(one["source"]), int(one["target"]), int(one["by"])
        if target >= g.COUNT:
            continue
        if side == b"i" and (source, target) == VELOCITY_TO_CUTOFF:
            # 2.01 bent this default by a second source that 2.04 dropped: both mean the same one.
            by = 0
        moved[source, target, by] = int(one["amount"])
    return _Bag(generators=values, modulators=moved, keys=keys, velocities=velocities)


def _joined(font: SoundFont, program: int, preset: _Bag, instrument: list[_Bag]) -> list[_Row]:
    """The zones of one instrument as a preset's zone plays them."""
    rows: list[_Row] = []
    for bag in instrument:
        keys = max(preset.keys[0], bag.keys[0]), min(preset.keys[1], bag.keys[1])
        velocities = (
            max(preset.velocities[0], bag.velocities[0], 1),
            min(preset.velocities[1], bag.velocities[1]),
        )
        if keys[0] > keys[1] or velocities[0] > velocities[1]:
            continue
        values = np.array(g.DEFAULTS, np.int32)
        for kind, amount in bag.generators.items():
            values[kind] = amount
        for kind, amount in preset.generators.items():
            if kind not in _CHOICES:
                values[kind] += amount
        moved = {**_DEFAULTS, **bag.modulators}
        for kind, amount in preset.modulators.items():
            moved[kind] = moved.get(kind, 0) + amount
        sample = bag.generators[g.SAMPLE] & 0xFFFF
        rows.append(((program, *keys, *velocities, sample), values, moved))
    return rows


def _packed(rows: list[_Row]) -> Zones:
    zones = np.zeros(len(rows), ZONE)
    values = np.stack([row[1] for row in rows])
    moved = [
        [(source, target, amount, by) for (source, target, by), amount in row[2].items() if amount]
        for row in rows
    ]
    places = np.cumsum([0, *map(len, moved)])
    for at, (row, (first, after)) in enumerate(zip(rows, pairwise(places), strict=True)):
        zones[at] = (*row[0], int(first), int(after - first))
    modulators = np.array([one for many in moved for one in many], MODULATOR)
    return Zones(zones=zones, generators=values, modulators=modulators)
