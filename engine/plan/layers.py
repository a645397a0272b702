"""Layers: who sounds in a section and which patterns they play, by the style's ladder.

Two candidates may share a lead instrument and still be told apart by its company: alone, answered
by a counter-melody, or in two voices. The same holds for the accompaniment and its cell.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, structs

from engine.contracts import Section
from engine.plan.form import Block
from engine.styles.sheet import CompNote, Style
from engine.styles.sounds import BED_NOISES, RISES

Company = Literal["ladder", "alone", "answered", "doubled"]
COMPANIES: tuple[Company, ...] = ("ladder", "answered", "doubled", "alone")
_ROLE_ORDER = ("lead", "comp", "bass", "pad", "counter", "harmony", "drums", "fx")
LEAD_FROM = 4  # a short piece does not wait longer for its melody
COMPANY_FROM = 3
_CONTRASTING = "BD"  # letters whose accompaniment plays another cell than the theme's


class Texture(Struct, frozen=True, kw_only=True):
    """How a candidate uses its players."""

    comp: int  # how far its comping cells are moved along from the sheet's own
    company: Company


def sections(
    style: Style,
    letters: Sequence[Block],
    rungs: Sequence[int],
    playing: frozenset[str],
    texture: Texture,
) -> tuple[Section, ...]:
    """The form with its players: every section's roles and patterns at its rung."""
    body = sorted((rung for block, rung in zip(letters, rungs, strict=True)
                   if block.name[0] in "ABCD"), reverse=True)  # fmt: skip
    # The melody is heard at least twice, so it enters at the second fullest section at the latest.
    latest = body[1] if len(body) > 1 else max(rungs)
    lead_from = min(_lead_rung(style), LEAD_FROM, latest)
    made: list[Section] = []
    bar = 0
    first: dict[str, int] = {}
    for at, (block, rung) in enumerate(zip(letters, rungs, strict=True)):
        again = block.name[0] in first
        roles, patterns = _voices(style, rung, playing, lead_from, texture, block, again)
        like = first.get(block.name[0]) if block.name[0] in "ABCD" else None
        made.append(
            Section(
                name=block.name, bar=bar, bars=block.bars, energy=rung, roles=roles, like=like,
                variation=min(3, block.name.count("'")) if like is not None else 0,
                patterns=patterns,
            )
        )  # fmt: skip
        if block.name[0] in "ABCD":
            first.setdefault(block.name[0], at)
        bar += block.bars
    return tuple(made)


def with_all(made: Sequence[Section], roles: Sequence[str]) -> tuple[Section, ...]:
    """The sections with roles that must be heard: where none has them, the fuller half of the
    piece does."""
    sounding = {role for section in made for role in section.roles}
    missing = {role for role in roles if role not in sounding}
    if not missing:
        return tuple(made)
    rungs = sorted(section.energy for section in made if section.name[0] in "ABCD")
    least = rungs[len(rungs) // 2] if rungs else 0
    return tuple(
        structs.replace(
            section,
            roles=tuple(one for one in _ROLE_ORDER if one in {*section.roles, *missing}),
        )
        if section.energy >= least and (section.name[0] in "ABCD" or not rungs)
        else section
        for section in made
    )


def with_effects(made: Sequence[Section], patch: str | None) -> tuple[Section, ...]:
    """The sections with their effects: a bed of noise lies under all of them, since one that began
    in the middle would be heard as a fault; a rise that no rung names leads into the fullest."""
    sounding = [at for at, section in enumerate(made) if "fx" in section.roles]
    if patch in BED_NOISES and sounding:
        wanted = set(range(len(made)))
    elif patch in RISES and not sounding:
        fullest = max(range(len(made)), key=lambda at: (made[at].energy, made[at].bars))
        wanted = {fullest - 1} - {-1}
    else:
        return tuple(made)
    return tuple(
        structs.replace(section, roles=(*section.roles, "fx"))
        if at in wanted and "fx" not in section.roles
        else section
        for at, section in enumerate(made)
    )


def companies(style: Style, playing: frozenset[str]) -> tuple[Company, ...]:
    """The companies that these players can give a lead."""
    can = {"ladder": True, "alone": True, "answered": "counter" in playing,
           "doubled": "harmony" in playing and not _own_cell(style)}  # fmt: skip
    return tuple(one for one in COMPANIES if can[one])


def comp_textures(style: Style, sounding: Sequence[Section]) -> frozenset[tuple[str, int]]:
    """What the accompaniment of a piece is heard as: kinds of cell and how busy they are."""
    return frozenset(
        heard_as(style.comp[name])
        for section in sounding
        if "comp" in section.roles
        for name in section.patterns
        if name in style.comp
    )


def heard_as(cell: Sequence[CompNote]) -> tuple[str, int]:
    """A cell's way of playing (held, broken, struck, strummed …) and roughly how busy it is."""
    onsets = len({note.step for note in cell})
    busy = 0 if onsets <= 2 else 1 if onsets <= 5 else 2 if onsets <= 9 else 3
    ways = {note.way for note in cell} - {""}
    if ways:
        return ("tremolo" if "t" in ways else "rolled" if ways & {"r", "g"} else "strummed"), busy
    full = sum(note.voice in ("all", "hi") or "+" in note.voice for note in cell)
    if full * 2 < len(cell):
        return "broken", busy
    return ("held" if sum(note.length for note in cell) >= 8 * onsets else "struck"), busy


def _own_cell(style: Style) -> bool:
    """Whether the second colour plays a cell of its own, which is no second voice of the lead."""
    return any(name.startswith("harmony:") for rung in style.ladder for name in rung)


def _lead_rung(style: Style) -> int:
    return next((rung + 1 for rung, names in enumerate(style.ladder) if "lead" in names), 4)


def _voices(
    style: Style,
    rung: int,
    playing: frozenset[str],
    lead_from: int,
    texture: Texture,
    block: Block,
    again: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = set(style.ladder[rung - 1])
    if "drums" not in playing and rung < 7:  # energy comes from comping and bass instead
        names |= {one for one in style.ladder[rung] if one.startswith(("comp.", "bass."))}
        names = _one_bass(names)
    turn = texture.comp + (block.name[0] in _CONTRASTING)
    names = _moved(style, names, turn)
    roles = {one for one in names if one in playing}
    for role, pattern in (("comp", "comp."), ("bass", "bass."), ("drums", "groove.")):
        if any(one.startswith(pattern) for one in names):
            roles.add(role)
    body = not block.name.startswith(("i", "br"))
    if body and rung >= (COMPANY_FROM if block.name[0] == "e" else lead_from):
        roles.add("lead")
    roles = _in_company(roles, texture.company, again, body and rung >= COMPANY_FROM)
    if len(roles & playing) < 2:
        roles |= {"pad", "comp"}
    if "comp" in roles and not any(one.startswith("comp.") for one in names):
        names = _moved(style, names | {"comp.1"}, turn)
    roles &= playing
    order = tuple(role for role in _ROLE_ORDER if role in roles)
    return order, tuple(sorted(one for one in names if "." in one))


def _one_bass(names: set[str]) -> set[str]:
    """The busier of two bass cells."""
    basses = [one for one in ("bass.low", "bass.mid", "bass.high") if one in names]
    return names - set(basses[:-1])


def _moved(style: Style, names: set[str], by: int) -> set[str]:
    """Another texture for each candidate: the ladder's cell, moved along by its choice."""
    comps = sorted(one for one in names if one.startswith("comp."))
    if not comps:
        return names
    cells = sorted(style.comp)
    moved = cells[(cells.index(comps[-1]) + by) % len(cells)]
    return {one for one in names if not one.startswith("comp.")} | {moved}


def _in_company(roles: set[str], company: Company, again: bool, full: bool) -> set[str]:
    """The lead's company: never before its theme has been heard once."""
    if company == "alone":
        return roles - {"counter", "harmony"}
    if company == "answered":
        return (roles - {"harmony"}) | ({"counter"} if again and full else set())
    if company == "doubled":
        return (roles - {"counter"}) | ({"harmony"} if again and full else set())
    return roles
