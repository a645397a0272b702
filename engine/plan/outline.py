"""A plan as its client reads it, and back: nothing of a plan is lost on the way out and in.

What an outline does not say follows from it by rule: how a style swings, which program stands
beside a patch, how long the last chord rings in a file of a given length.
"""

from collections.abc import Iterable, Iterator
from math import gcd
from typing import cast

from engine import styles
from engine.contracts import (
    Chord,
    Hit,
    Outline,
    OutlinePart,
    OutlineSection,
    PartPlan,
    Plan,
    Resolved,
    Role,
    Section,
)
from engine.plan import chime
from engine.plan.casting import GROUPS, family_of
from engine.score import TICKS_PER_QUARTER, bar_ticks, seconds_per_tick
from engine.styles import harmony, sounds
from engine.styles.sheet import Style
from engine.words.tonality import parse, printed

HIT_GRID = TICKS_PER_QUARTER // 4
"""Ticks: the band accents on sixteenths, so a hit given in milliseconds falls on the nearest."""

AGAIN, BAR_LINE = "%", " | "


def outline(plan: Plan, duration_ms: int, take: int) -> Outline:
    """What a client may read and edit; ``take`` says whose notes these are."""
    return Outline(
        style=plan.style,
        kind=plan.kind,
        duration_ms=duration_ms,
        tempo=plan.tempo,
        meter=plan.meter,
        tonality=printed(plan.tonic, plan.mode),
        sections=tuple(_section_out(plan, section) for section in plan.sections),
        parts=tuple(_part_out(part) for part in plan.parts),
        contour=plan.contour,
        ending=plan.ending,
        hits=tuple(Hit(at_ms=_milliseconds(plan, tick)) for tick in plan.hits),
        texture=plan.texture,
        planner=plan.planner,
        take=take,
    )


def bind(given: Outline, resolved: Resolved) -> Plan:
    """The plan that an outline stands for; ``resolved`` has the exact length of the file.

    The outline has passed `engine.words.outline.check`.
    """
    style = styles.load(resolved.style)
    home = parse(given.tonality)
    assert home is not None, "words let only known tonalities through"
    bars = sum(section.bars for section in given.sections)
    ring = ring_ticks(resolved, bars, given.tempo)
    plain = given.kind == "chime"
    return Plan(
        style=resolved.style,
        kind=given.kind,
        tempo=given.tempo,
        meter=given.meter,
        bars=bars,
        tonic=home.tonic,
        mode=home.mode,
        sections=tuple(_sections_in(given)),
        chords=_chords_in(given, home.tonic, ring),
        parts=tuple(_part_in(style, given.kind, part) for part in given.parts),
        contour=given.contour,
        swing=0.5 if plain else style.swing,
        swing_unit=16 if plain or style.swing_unit == 16 else 8,
        ending=given.ending,
        hits=tuple(_ticks(given, hit.at_ms) for hit in given.hits),
        ring_ticks=ring,
        texture=given.texture,
        planner=given.planner,
    )


def ring_ticks(resolved: Resolved, bars: int, tempo: float) -> int:
    """Ticks that are left for the last chord to ring after the last bar; none in a loop."""
    if resolved.kind == "loop":
        return 0
    seconds = resolved.duration_frames / resolved.delivery.sample_rate
    ticks = round(seconds / seconds_per_tick(tempo, resolved.meter))
    return max(0, ticks - bars * bar_ticks(resolved.meter))


# --- sections and players -------------------------------------------------------------------------


def _section_out(plan: Plan, section: Section) -> OutlineSection:
    return OutlineSection(
        name=section.name,
        bars=section.bars,
        energy=section.energy,
        roles=cast("tuple[Role, ...]", section.roles),
        chords=BAR_LINE.join(_bars_out(plan, section)),
        like=section.like,
        variation=section.variation,
        patterns=section.patterns,
    )


def _sections_in(given: Outline) -> Iterator[Section]:
    bar = 0
    for section in given.sections:
        yield Section(
            name=section.name,
            bar=bar,
            bars=section.bars,
            energy=section.energy,
            roles=section.roles,
            like=section.like,
            variation=section.variation,
            patterns=section.patterns,
        )
        bar += section.bars


def _part_out(part: PartPlan) -> OutlinePart:
    return OutlinePart(
        role=cast(Role, part.role),
        instrument=sounds.name_of(part.program, part.patch, drums=part.role == "drums"),
        low=part.low,
        high=part.high,
        velocity=part.velocity,
        pan=part.pan,
    )


def _part_in(style: Style, kind: str, part: OutlinePart) -> PartPlan:
    sound = sounds.read(part.instrument, styles.patches())
    assert sound is not None, "words let only known instruments through"
    bells = dict(chime.BELLS) | dict(chime.PADS)
    drums = part.role == "drums"
    if sound.program is not None:
        program = sound.program
    elif sound.kit is not None:
        program = sound.kit
    elif kind == "chime" and sound.patch in bells:
        program = bells[sound.patch]
    else:
        program = _beside(style, part.role, sound.patch or "")
    return PartPlan(
        role=part.role,
        group=GROUPS[part.role],
        name=_called(program, sound.patch, drums=drums),
        family=_family(kind, part.role, program, sound.patch),
        program=program,
        patch=sound.patch,
        low=part.low,
        high=part.high,
        velocity=part.velocity,
        pan=part.pan,
    )


def _called(program: int, patch: str | None, *, drums: bool) -> str:
    if drums:
        return sounds.DRUM_KITS.get(program, "Drums")
    return sounds.PATCHES.get(patch or "", sounds.PROGRAMS[program])


def _family(kind: str, role: str, program: int, patch: str | None) -> str:
    if role == "drums":
        return "drums"
    if kind == "chime":
        return "bells" if role == "lead" else "synth"
    return family_of(program, patch)


def _beside(style: Style, role: str, patch: str) -> int:
    """The program that stands beside a patch: of the style's role, else of any that names it."""
    if role == "fx":
        return 122
    if role == "drums":
        kits = style.roles["drums"].kits if "drums" in style.roles else ()
        return kits[0] if kits else 0
    own = [style.roles[role]] if role in style.roles else []
    others = (one for name in styles.names() for one in styles.load(name).roles.values())
    for one in [*own, *style.roles.values(), *others]:
        if patch in one.patches:
            programs = one.programs or (0,)
            return programs[min(one.patches.index(patch), len(programs) - 1)]
    return 0


# --- chords ---------------------------------------------------------------------------------------


def _bars_out(plan: Plan, section: Section) -> Iterator[str]:
    """Each bar of a section: its chords at equal shares of the bar, or ``%`` for the same again."""
    bar = bar_ticks(plan.meter)
    before = ""
    for number in range(section.bar, section.bar + section.bars):
        text = " ".join(_shares(plan.chords, number * bar, bar))
        yield AGAIN if text == before else text
        before = text


def _shares(chords: tuple[Chord, ...], start: int, length: int) -> list[str]:
    """The symbols of one bar on the coarsest equal division that has all its changes."""
    inside = [one for one in chords if one.at < start + length and one.at + one.length > start]
    share = length
    for chord in inside:
        share = gcd(share, max(0, chord.at - start))
    places = range(start, start + length, share)
    return [next(one.symbol for one in reversed(inside) if one.at <= place) for place in places]


def _chords_in(given: Outline, tonic: int, ring: int) -> tuple[Chord, ...]:
    """Chords as they change: one that is written again inside its section is held."""
    bar = bar_ticks(given.meter)
    chords: list[Chord] = []
    first = 0
    for section in given.sections:
        held: list[Chord] = []
        for number, symbols in enumerate(bars_of(section.chords)):
            share = bar // len(symbols)
            for place, symbol in enumerate(symbols):
                at = (first + number) * bar + place * share
                held = held_on(held, chord_of(symbol, at, share, tonic))
        chords += held
        first += section.bars
    last = chords[-1]
    chords[-1] = lasting(last, last.length + ring)
    return tuple(chords)


def bars_of(chords: str) -> Iterable[tuple[str, ...]]:
    """The symbols of each bar of a section's chords, ``%`` replaced by what it repeats."""
    before: tuple[str, ...] = ()
    for bar in chords.split("|"):
        symbols = tuple(bar.split())
        before = before if symbols == (AGAIN,) else symbols
        yield before


def chord_of(symbol: str, at: int, length: int, tonic: int) -> Chord:
    """A chord of the sheets' notation on a tonic."""
    read = harmony.read(symbol)
    return Chord(
        at=at,
        length=length,
        symbol=symbol,
        root=(read.root + tonic) % 12,
        bass=(read.bass + tonic) % 12,
        pitches=tuple((pitch + tonic) % 12 for pitch in read.pitches),
    )


def held_on(chords: list[Chord], after: Chord) -> list[Chord]:
    """Chords of a section with one more; the same again is one chord that lasts longer."""
    if chords and chords[-1].symbol == after.symbol:
        return [*chords[:-1], lasting(chords[-1], chords[-1].length + after.length)]
    return [*chords, after]


def lasting(chord: Chord, length: int) -> Chord:
    """The same chord for so many ticks."""
    return Chord(
        at=chord.at,
        length=length,
        symbol=chord.symbol,
        root=chord.root,
        bass=chord.bass,
        pitches=chord.pitches,
    )


# --- hits -----------------------------------------------------------------------------------------


def _milliseconds(plan: Plan, tick: int) -> int:
    return round(tick * seconds_per_tick(plan.tempo, plan.meter) * 1000)


def _ticks(given: Outline, at_ms: int) -> int:
    ticks = at_ms / 1000 / seconds_per_tick(given.tempo, given.meter)
    return HIT_GRID * round(ticks / HIT_GRID)
