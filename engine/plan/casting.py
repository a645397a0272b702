"""Casting: who plays which role, within what the brief requires and forbids."""

from msgspec import structs

from engine.contracts import PartPlan, Resolved, RoleGroup
from engine.styles.sheet import Role, Style
from engine.styles.sounds import DRUM_KITS, PATCHES, PROGRAMS
from engine.words.instruments import FAMILIES, answers_to

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
_PANS = {"lead": 0, "comp": -25, "harmony": 30, "pad": 0, "counter": 22, "bass": 0, "drums": 0,
         "fx": 0}  # fmt: skip


def palettes(style: Style) -> int:
    """How many different lead colours the style's sheet offers, stand-ins included."""
    return max(5, len(_colours(style, style.roles["lead"])))


def cast(style: Style, resolved: Resolved, palette: int, register: int) -> tuple[PartPlan, ...]:
    """The players of one candidate. Required families sound, forbidden ones never do."""
    parts: list[PartPlan] = []
    for role in style.roles.values():
        if role.name not in GROUPS or (role.optional and not _wanted(role, resolved)):
            continue
        lead = next((part.name for part in parts if part.role == "lead"), "")
        beside = lead if role.name in ("comp", "counter") and len(_colours(style, role)) > 1 else ""
        part = _part(style, role, resolved, palette, register, beside)
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
    style: Style, role: Role, resolved: Resolved, palette: int, register: int, beside: str
) -> PartPlan | None:
    group = GROUPS[role.name]
    if group in resolved.forbid or role.name in resolved.forbid:
        return None
    if role.name == "drums":
        return _drums(style, role, resolved)
    colours = _colours(style, role)
    stand_ins = [(program, None) for program in _STAND_INS[role.name]]
    if role.name == "lead" and len(colours) < 4 and style.id not in _SOLO:
        known = {program for program, _ in colours}
        colours = [*colours, *(one for one in stand_ins if one[0] not in known)][:5]
    turn = palette if role.name in ("lead", "comp", "counter") else palette // 2
    turned = colours[turn % len(colours) :] + colours[: turn % len(colours)] if colours else []
    for program, patch in [*turned, *stand_ins]:
        part = _player(style, role, program, patch, register)
        if (
            part.name == beside and style.id not in _SOLO
        ):  # a melody over its own colour is one instrument, not two
            continue
        if not any(answers_to(part, name) for name in resolved.forbid):
            return part
    return None


def _colours(style: Style, role: Role) -> list[tuple[int, str | None]]:
    """Programs and patches in the sheet's order; electronic styles prefer their patches."""
    if role.name == "fx":
        return [(122, patch) for patch in role.patches if patch in _FX_PATCHES]
    programs = role.programs or (0,)
    sampled = [(program, None) for program in programs]
    own = [(programs[min(at, len(programs) - 1)], patch) for at, patch in enumerate(role.patches)]
    if style.id in ELECTRONIC:
        return [*own, *sampled] if own else sampled  # type: ignore[list-item]
    return sampled  # type: ignore[return-value]


def _player(style: Style, role: Role, program: int, patch: str | None, register: int) -> PartPlan:
    low, high = role.low, role.high
    if role.name == "lead" and high - low >= 20:
        shift = 3 * register
        low, high = low + max(0, shift), high + min(0, shift)
    pan = style.mix.pan.get(role.name, _PANS[role.name])
    name = PATCHES.get(patch or "", PROGRAMS[program])
    return PartPlan(
        role=role.name, group=GROUPS[role.name], name=name, family=family_of(program, patch),
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


def family_of(program: int, patch: str | None) -> str:
    """The narrowest family name that a listener would use."""
    named = [name for name, programs in FAMILIES.items() if program in programs]
    if patch is not None and patch.startswith(("lead_", "pad_", "pulse", "super", "arp_", "tri_")):
        return "synth"
    return min(named, key=lambda name: len(FAMILIES[name]), default="synth")


def _with_required(style: Style, parts: list[PartPlan], resolved: Resolved) -> list[PartPlan]:
    """Give each required family a player: the role that suits it, recast."""
    for name in resolved.require:
        if name in GROUPS.values() or name in GROUPS or name == "drums":
            continue
        if any(answers_to(part, name) and part.role in ("lead", "comp", "bass", "pad")
               for part in parts):  # fmt: skip
            continue
        programs = sorted(FAMILIES.get(name, ()))
        if not programs:
            continue
        parts = _recast(style, parts, name, programs)
    return parts


def _recast(style: Style, parts: list[PartPlan], name: str, programs: list[int]) -> list[PartPlan]:
    low = name in ("double_bass", "bass_guitar", "synth_bass")
    sustained = name in ("strings", "choir", "organ")
    order = ("bass",) if low else ("pad", "comp", "lead") if sustained else ("comp", "lead", "pad")
    if name in ("flute", "violin", "erhu", "dizi", "saxophone", "trumpet", "oboe", "clarinet",
                "cello", "woodwinds", "brass", "horn"):  # fmt: skip
        order = ("lead", "counter", "comp")
    taken = next((role for role in order for part in parts if part.role == role), None)
    if taken is None:
        role = style.roles.get(order[0]) or style.roles["lead"]
        return [*parts, _player(style, role, programs[0], None, 0)]
    role = style.roles[taken]
    preferred = next((one for one in role.programs if one in programs), programs[0])
    new = _player(style, role, preferred, None, 0)
    return [new if part.role == taken else part for part in parts]


def _apart(parts: list[PartPlan]) -> list[PartPlan]:
    return sorted(parts, key=lambda part: list(GROUPS).index(part.role))
