"""Casting: who plays which role, within what the brief requires and forbids."""

from functools import cache

from msgspec import structs

from engine import styles
from engine.contracts import PartPlan, Resolved, RoleGroup
from engine.styles import ranges
from engine.styles.palettes import NAMED, STANDS_FOR, WRITTEN_AS
from engine.styles.sheet import Role, Style
from engine.styles.sounds import DRUM_KITS, PATCHES, PROGRAMS, called
from engine.words.instruments import FAMILIES, answers_to, family_of

GROUPS: dict[str, RoleGroup] = {
    "lead": "lead", "comp": "chords", "bass": "bass", "pad": "pads", "counter": "counter",
    "harmony": "chords", "drums": "drums", "fx": "fx",
}  # fmt: skip
# Styles whose sound is electronic: our own patch plays, where the sheet names one.
ELECTRONIC = frozenset(
    {"lofi", "synthwave", "house_edm", "trap_hiphop", "chiptune", "dark_ambient", "meditation",
     "cinematic_tension", "horror"}
)  # fmt: skip
_SOLO = frozenset({"solo_piano"})  # one instrument is the style; register and texture differ
_FX_PATCHES = ("riser", "rev_swell", "downer", "impact", "vinyl", "wind", "rain", "sub_drop")
# What may take a role when the sheet's own colours are forbidden, or a family is required.
_STAND_INS: dict[str, tuple[int, ...]] = {
    "lead": (73, 40, 4, 11, 24, 80, 68, 0, 56, 65, 10), "comp": (0, 24, 4, 46, 11, 90, 48),
    "bass": (33, 32, 38, 43), "pad": (89, 48, 52, 95), "counter": (42, 60, 71, 11, 24),
    "harmony": (48, 0, 24, 61), "fx": (), "drums": (),
}  # fmt: skip
# Neighbours of a sheet's colour: what the same player might pick up, or a listener take for it.
_KIN: dict[int, tuple[int, ...]] = {
    0: (1, 4, 2), 4: (5, 0, 11), 7: (4, 28), 10: (9, 8, 14), 11: (12, 4, 9), 12: (11, 13),
    14: (9, 11, 10), 15: (46, 107), 16: (17, 18), 21: (22, 23), 22: (21, 73), 24: (25, 26, 46),
    25: (24, 27, 46), 26: (27, 24, 11), 27: (26, 25, 28), 28: (27, 29), 29: (30, 27, 81),
    30: (29, 28, 48), 40: (110, 41, 73), 41: (42, 40), 42: (41, 70, 43), 44: (48, 49),
    45: (46, 12, 48), 46: (24, 15, 45), 48: (49, 40, 60), 49: (48, 89), 52: (53, 91),
    60: (61, 56, 57), 61: (60, 56, 66), 66: (65, 64), 68: (71, 73, 69), 71: (68, 70, 73),
    73: (75, 74, 72, 68), 74: (73, 72), 75: (77, 73), 77: (75, 73), 80: (81, 87), 81: (80, 84, 87),
    84: (81, 80), 90: (88, 89, 95), 96: (98, 99), 99: (96, 88), 106: (105, 107, 24),
    107: (46, 15, 106), 108: (10, 11, 12), 110: (40, 73),
}  # fmt: skip
_PATCH_KIN: dict[str, tuple[str, ...]] = {
    "pulse25": ("pulse12", "tri_chip"), "pulse50": ("tri_chip",),
    "pulse12": ("pulse50", "tri_chip"),
}  # fmt: skip
_LOW = frozenset({"double_bass", "bass_guitar", "synth_bass"})
_SUSTAINED = frozenset({"strings", "choir", "organ", "accordion", "bagpipe"})
_SINGING = frozenset(
    {"flute", "violin", "viola", "cello", "erhu", "dizi", "saxophone", "trumpet", "trombone",
     "oboe", "clarinet", "bassoon", "woodwinds", "brass", "horn", "harmonica"}
)  # fmt: skip
WIDE = 10  # lead or comping colours that are enough to tell ten candidates apart
Colour = tuple[int, str | None]  # a program and the patch that plays in its place
_PANS = {"lead": 0, "comp": -25, "harmony": 30, "pad": 0, "counter": 22, "bass": 0, "drums": 0,
         "fx": 0}  # fmt: skip


def leads(style: Style) -> int:
    """How many different lead colours a style has, near relatives included."""
    return len(_wide(style, style.roles["lead"]))


def comps(style: Style) -> int:
    """How many different comping colours a style has, near relatives included."""
    return len(_wide(style, style.roles["comp"]))


def cast(
    style: Style, resolved: Resolved, lead: int, comp: int, register: int
) -> tuple[PartPlan, ...]:
    """The players of one candidate: the ``lead``-th lead colour, the ``comp``-th comping colour,
    the lead's range moved by ``register`` (-1, 0, 1). Required families sound, forbidden ones
    never do."""
    turns = {"lead": lead, "counter": lead, "comp": comp}
    parts: list[PartPlan] = []
    for role in style.roles.values():
        if role.name not in GROUPS or (role.optional and not _wanted(role, resolved)):
            continue
        first = next((part.name for part in parts if part.role == "lead"), "")
        beside = first if role.name in ("comp", "counter") and len(_wide(style, role)) > 1 else ""
        turn = turns.get(role.name, lead // 2)
        part = _part(style, role, resolved, turn, register, beside)
        if part is not None:
            parts.append(_same_player(style, parts, part))
    parts = _with_required(style, parts, resolved)
    return tuple(_apart(parts))


def _same_player(style: Style, parts: list[PartPlan], part: PartPlan) -> PartPlan:
    """In a solo style both hands play one instrument: the lead's."""
    lead = next((one for one in parts if one.role == "lead"), None)
    if lead is None or style.id not in _SOLO or part.role not in ("comp", "bass", "counter"):
        return part
    return structs.replace(
        part, name=lead.name, family=lead.family, program=lead.program, patch=lead.patch
    )


def _wanted(role: Role, resolved: Resolved) -> bool:
    return GROUPS[role.name] in resolved.require or role.name in resolved.require


def _part(
    style: Style, role: Role, resolved: Resolved, turn: int, register: int, beside: str
) -> PartPlan | None:
    group = GROUPS[role.name]
    if group in resolved.forbid or role.name in resolved.forbid:
        return None
    if role.name == "drums":
        return _drums(style, role, resolved)
    colours = _wide(style, role)
    stand_ins = [(program, None) for program in _STAND_INS[role.name]]
    turned = colours[turn % len(colours) :] + colours[: turn % len(colours)] if colours else []
    for program, patch in [*turned, *stand_ins]:
        part = _player(style, role, program, patch, register)
        part = _asked_for(part, STANDS_FOR.get(style.id, {}).get(program, ""))
        # A melody over its own colour is one instrument, not two.
        if part.name == beside and style.id not in _SOLO:
            continue
        if not any(answers_to(part, name) for name in resolved.forbid):
            return part
    return None


@cache
def _wide_of(style_id: str, role_name: str) -> tuple[Colour, ...]:
    style = styles.load(style_id)
    role = style.roles[role_name]
    found = _colours(style, role)
    if role_name not in ("lead", "comp"):
        return tuple(found)
    if style_id in _SOLO:
        return (*found, *((role.programs[0], patch) for patch in role.patches))
    names = {_called(*colour) for colour in found}
    found = list({_called(*colour): colour for colour in reversed(found)}.values())[::-1]
    kin = [one for program, patch in list(found) for one in _kin(style, program, patch)]
    for colour in kin:
        if len(found) >= WIDE:
            break
        if _called(*colour) not in names:
            names.add(_called(*colour))
            found.append(colour)
    return tuple(found)


def _wide(style: Style, role: Role) -> list[Colour]:
    """A role's colours in the sheet's order, each sound once; lead and comp get near relatives
    of the sheet's own until there are enough to tell candidates apart."""
    return list(_wide_of(style.id, role.name))


def _kin(style: Style, program: int, patch: str | None) -> list[Colour]:
    if patch is not None:
        return [(_beside(style, one), one) for one in _PATCH_KIN.get(patch, ())]
    return [(one, None) for one in _KIN.get(program, ())]


def _beside(style: Style, patch: str) -> int:
    """The program that stands beside a patch in the first role of the sheet that names it."""
    for role in style.roles.values():
        if patch in role.patches:
            programs = role.programs or (0,)
            return programs[min(role.patches.index(patch), len(programs) - 1)]
    return 0


def _called(program: int, patch: str | None) -> str:
    return PATCHES.get(patch or "", PROGRAMS[program])


def _colours(style: Style, role: Role) -> list[Colour]:
    """Programs and patches in the sheet's order; electronic styles prefer their patches."""
    if role.name == "fx":
        return [(122, patch) for patch in role.patches if patch in _FX_PATCHES]
    programs = role.programs or (0,)
    sampled: list[Colour] = [(program, None) for program in programs]
    own: list[Colour] = [
        (programs[min(at, len(programs) - 1)], patch) for at, patch in enumerate(role.patches)
    ]
    if style.id in ELECTRONIC:
        return [*own, *sampled] if own else sampled
    return sampled


def _player(style: Style, role: Role, program: int, patch: str | None, register: int) -> PartPlan:
    low, high = role.low, role.high
    if role.name == "lead" and high - low >= 20:
        shift = 3 * register
        low, high = low + max(0, shift), high + min(0, shift)
    if patch is None:
        low, high = ranges.fitted(low, high, program)
    pan = style.mix.pan.get(role.name, _PANS[role.name])
    family = family_of(program, patch)
    ours = patch is None and family in NAMED
    name = called(family) if ours else _called(program, patch)
    return PartPlan(
        role=role.name, group=GROUPS[role.name], name=name, family=family,
        program=program, patch=patch, low=low, high=high, velocity=role.velocity, pan=pan,
    )  # fmt: skip


def _drums(style: Style, role: Role, resolved: Resolved) -> PartPlan | None:
    if "percussion" in resolved.forbid:
        return None
    kit = role.kits[0] if role.kits else 0
    electronic = style.id in ELECTRONIC and role.patches
    patch = next((one for one in role.patches if one.startswith("kit_")), None)
    return PartPlan(
        role="drums", group="drums", name=DRUM_KITS.get(kit, "Drums"), family="drums",
        program=kit, patch=patch if electronic else None, low=27, high=87,
        velocity=role.velocity, pan=0,
    )  # fmt: skip


def _with_required(style: Style, parts: list[PartPlan], resolved: Resolved) -> list[PartPlan]:
    """Give each required family a player: the role that suits it and that no other family has."""
    kept: set[str] = set()
    for name in resolved.require:
        if name in GROUPS.values() or name in GROUPS:
            continue
        answering = [part.role for part in parts if answers_to(part, name)]
        if answering:
            free = next((one for one in answering if one not in kept), "")
            parts = [_asked_for(part, name) if part.role == free else part for part in parts]
            kept.add(answering[0])
            continue
        programs = [
            program
            for program in sorted(FAMILIES.get(name, ()))
            if not resolved.forbid or not _forbidden(program, resolved)
        ]
        if not programs:
            continue
        role = _free_role(style, parts, name, kept)
        player = _player(style, role, _preferred(role, programs), None, 0)
        parts = [*(part for part in parts if part.role != role.name), _asked_for(player, name)]
        kept.add(role.name)
    return parts


def _asked_for(part: PartPlan, name: str) -> PartPlan:
    """The part under the name of an instrument that is ours, which a program only stands in for;
    under its program's own name where that is what was asked for."""
    if part.patch is not None:
        return part
    if name in NAMED:
        return structs.replace(part, name=called(name), family=name, program=WRITTEN_AS[name])
    plain = family_of(part.program)
    if part.family in NAMED and name == plain:
        return structs.replace(part, name=PROGRAMS[part.program], family=plain)
    return part


def _forbidden(program: int, resolved: Resolved) -> bool:
    """Whether a program answers to a family that must not sound."""
    return any(program in FAMILIES.get(name, ()) for name in resolved.forbid)


def _free_role(style: Style, parts: list[PartPlan], name: str, kept: set[str]) -> Role:
    """The role that a family is best heard in: one with a player first, then one without; where
    others have those, any pitched role that none of them has."""
    order = dict.fromkeys((*_roles_for(name), "counter", "harmony", "pad", "comp", "lead"))
    playing = [part.role for part in parts]
    free = [role for role in order if role in style.roles and role not in kept]
    chosen = next((role for role in free if role in playing), free[0] if free else "lead")
    return style.roles[chosen]


def _roles_for(name: str) -> tuple[str, ...]:
    if name in _LOW:
        return ("bass",)
    if name in _SUSTAINED:
        return ("pad", "harmony", "comp", "lead", "counter")
    if name in _SINGING:
        return ("lead", "counter", "harmony", "comp", "pad")
    return ("comp", "lead", "harmony", "pad", "counter")


def _preferred(role: Role, programs: list[int]) -> int:
    return next((one for one in role.programs if one in programs), programs[0])


def _apart(parts: list[PartPlan]) -> list[PartPlan]:
    return sorted(parts, key=lambda part: list(GROUPS).index(part.role))
