"""A plan as its client reads it, and back: nothing of a plan is lost on the way out and in.

What an outline does not say follows from it by rule: how a style swings, which program stands
beside a patch, how long the last chord rings in a file of a given length.
"""

from collections.abc import Iterator
from typing import cast

from engine import styles
from engine.contracts import (
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
from engine.plan.casting import GROUPS
from engine.plan.chords import BAR_LINE, bars_out, chords_in
from engine.plan.hits import GRID, MOMENT
from engine.score import bar_ticks, seconds_per_tick
from engine.styles import palettes, sounds
from engine.styles.sheet import Style
from engine.words.instruments import family_of
from engine.words.tonality import parse, printed


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
        chords=chords_in(given, home.tonic, ring),
        parts=tuple(_part_in(style, given.kind, part) for part in given.parts),
        contour=given.contour,
        swing=0.5 if plain else style.swing,
        swing_unit=16 if plain or style.swing_unit == 16 else 8,
        ending=given.ending,
        hits=tuple(_hits_in(given, bars * bar_ticks(given.meter) + ring)),
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
        chords=BAR_LINE.join(bars_out(plan, section)),
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
        instrument=sounds.name_of(
            part.program, part.patch, drums=part.role == "drums", family=part.family
        ),
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
    family = sound.family or _family(kind, part.role, program, sound.patch)
    ours = sound.patch is None and family in palettes.NAMED
    return PartPlan(
        role=part.role,
        group=GROUPS[part.role],
        name=sounds.called(family) if ours else _called(program, sound.patch, drums=drums),
        family=family,
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


# --- hits -----------------------------------------------------------------------------------------


def _milliseconds(plan: Plan, tick: int) -> int:
    return round(tick * seconds_per_tick(plan.tempo, plan.meter) * 1000)


def _hits_in(given: Outline, end: int) -> Iterator[int]:
    """The ticks of the hits, each once and all before the end."""
    tick_ms = seconds_per_tick(given.tempo, given.meter) * 1000
    before = -1
    for hit in given.hits:
        tick = min(MOMENT * round(hit.at_ms / tick_ms / MOMENT), (end - 1) // GRID * GRID)
        if tick > before:
            yield tick
        before = tick
