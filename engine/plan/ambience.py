"""An ambience by rule: one harmony that never moves, textures over it, bells far apart."""

import random

from engine.contracts import Chord, PartPlan, Plan, Resolved, Section
from engine.score import bar_ticks
from engine.styles import ambiences
from engine.styles.ambiences import TEXTURES, Ground
from engine.words.instruments import answers_to
from engine.words.tonality import parse

BAR_S = 4.0  # about as long is a bar, which nobody hears
TONICS = (2, 9, 4, 7, 0)
_MINOR = frozenset({"sad", "dark", "tense", "melancholic", "epic", "mysterious"})


def draw(resolved: Resolved, dice: random.Random, count: int) -> list[Plan]:
    """``count`` ambiences over different chords, exactly as long as asked."""
    named = parse(resolved.tonality) if resolved.tonality else None
    dark = bool(set(resolved.moods) & _MINOR)
    mode = named.mode if named else "minor" if dark else "major"
    home = dice.randrange(len(TONICS))
    turn = dice.randrange(5)
    plans = []
    for at in range(count):
        tonic = named.tonic if named else TONICS[(home + at) % len(TONICS)]
        plans.append(_plan(resolved, tonic, mode, turn + at))
    return plans


def _plan(resolved: Resolved, tonic: int, mode: str, turn: int) -> Plan:
    seconds = resolved.duration_frames / resolved.delivery.sample_rate
    bars = max(1, round(seconds / BAR_S))
    ground = ambiences.ground(resolved.style)
    degrees = ground.degrees[turn % len(ground.degrees)]
    pitches = tuple(dict.fromkeys((tonic + degree) % 12 for degree in degrees))
    chord = Chord(
        at=0, length=bars * bar_ticks("4/4"), symbol="I" if mode != "minor" else "i", root=tonic,
        bass=tonic, pitches=pitches,
    )  # fmt: skip
    parts = tuple(
        part
        for part in _players(resolved, ground, turn)
        if not any(answers_to(part, name) for name in resolved.forbid)
    )
    roles = tuple(dict.fromkeys(part.role for part in parts))
    return Plan(
        style=resolved.style, kind="ambience", tempo=60.0 * 4 * bars / seconds, meter="4/4",
        bars=bars, tonic=tonic, mode=mode, chords=(chord,), parts=parts, ending="turnaround",
        sections=(Section(name="A", bar=0, bars=bars, energy=2, roles=roles),),
        contour=" ".join(str(degree) for degree in degrees),
        texture=" and ".join(part.name for part in parts), planner="template",
    )  # fmt: skip


def _players(resolved: Resolved, ground: Ground, turn: int) -> list[PartPlan]:
    """Textures that were asked for; tones unless nature alone was."""
    asked = [name for name in resolved.require if name in TEXTURES]
    tones = not asked or _musical(resolved)
    textures = asked or list(ground.textures)
    if not tones and not textures:
        tones = True
    players = [_texture(name) for name in textures]
    if tones:
        players += _tones(resolved, ground, turn)
    return players


def _musical(resolved: Resolved) -> bool:
    """Whether more than a texture was asked for: a style, a mood, a tonality, a player."""
    chosen = not any(one.startswith("style ") for one in resolved.defaults)
    players = set(resolved.require) & set(ambiences.PLAYERS)
    return bool(chosen or resolved.tonality or resolved.moods or players)


def _tones(resolved: Resolved, ground: Ground, turn: int) -> list[PartPlan]:
    low = ground.low
    players = [
        PartPlan(role="pad", group="pads", name=ground.name, family="synth", program=89,
                 patch=ground.patch, low=low, high=low + 36, velocity=(60, 80)),
        PartPlan(role="bass", group="bass", name="Low drone", family="synth", program=89,
                 patch="air_drone", low=low - 24, high=low, velocity=(50, 60)),
    ]  # fmt: skip
    bells = ground.bells if turn % 2 == 0 else not ground.bells and turn % 3 == 0
    if bells or {"bells", "lead"} & set(resolved.require):
        players.append(
            PartPlan(role="lead", group="lead", name="Far bells", family="bells", program=14,
                     patch="bowl_modal", low=low + 12, high=low + 43, velocity=(30, 55))
        )  # fmt: skip
    return players


def _texture(name: str) -> PartPlan:
    # Nature has no pitch, so its part stands on one that means nothing.
    return PartPlan(role="fx", group="fx", name=TEXTURES[name], family=name, program=122,
                    patch=f"bed_{name}", low=0, high=127, velocity=(64, 64))  # fmt: skip
