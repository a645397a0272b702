"""Instrument families: which General MIDI programs and patches may answer to which name.

A name in ``require`` or ``forbid`` is a role group (`engine.contracts.ROLE_GROUPS`) or a family of
this table. Families overlap on purpose: a violin is also strings.
"""

from engine.contracts import ROLE_GROUPS, PartPlan

DRUMS_FAMILY = "drums"

FAMILIES: dict[str, frozenset[int]] = {
    "piano": frozenset(range(4)),
    "electric_piano": frozenset((4, 5)),
    "keys": frozenset((*range(8), *range(16, 21))),
    "harpsichord": frozenset((6,)),
    "clavinet": frozenset((7,)),
    "celesta": frozenset((8,)),
    "music_box": frozenset((10,)),
    "vibraphone": frozenset((11,)),
    "marimba": frozenset((12,)),
    "mallets": frozenset((9, 11, 12, 13)),
    "bells": frozenset((8, 9, 10, 14, 112)),
    "dulcimer": frozenset((15,)),
    "organ": frozenset(range(16, 21)),
    "accordion": frozenset((21, 23)),
    "harmonica": frozenset((22,)),
    "guitar": frozenset(range(24, 32)),
    "acoustic_guitar": frozenset((24, 25)),
    "electric_guitar": frozenset(range(26, 32)),
    "double_bass": frozenset((32, 43)),
    "bass_guitar": frozenset(range(33, 38)),
    "synth_bass": frozenset((38, 39)),
    "strings": frozenset((*range(40, 46), *range(48, 52), 110)),
    "violin": frozenset((40, 110)),
    "viola": frozenset((41,)),
    "cello": frozenset((42,)),
    "harp": frozenset((46,)),
    "timpani": frozenset((47,)),
    "choir": frozenset((52, 53, 54, 91)),
    "brass": frozenset(range(56, 64)),
    "trumpet": frozenset((56, 59)),
    "trombone": frozenset((57,)),
    "horn": frozenset((60,)),
    "saxophone": frozenset(range(64, 68)),
    "woodwinds": frozenset(range(64, 80)),
    "oboe": frozenset((68,)),
    "bassoon": frozenset((70,)),
    "clarinet": frozenset((71,)),
    "flute": frozenset((72, 73, 74)),
    "synth": frozenset((38, 39, 50, 51, 62, 63, *range(80, 104))),
    "banjo": frozenset((105,)),
    "ukulele": frozenset((24,)),
    "sitar": frozenset((104,)),
    "guzheng": frozenset((107,)),
    "pipa": frozenset((106,)),
    "dizi": frozenset((72, 73, 75, 77)),
    "erhu": frozenset((110,)),
    "yangqin": frozenset((15,)),
    "bagpipe": frozenset((109,)),
    "percussion": frozenset(range(112, 120)),
}
"""Family -> General MIDI programs (0-127); Chinese instruments name the program standing in."""

_PATCH_FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Our own patches, by the beginning of their name.
    ("felt_piano", ("piano", "keys")),
    ("ep_", ("electric_piano", "keys")),
    ("nylon_", ("guitar", "acoustic_guitar")),
    ("koto_", ("guzheng",)),
    ("dizi_", ("dizi", "flute", "woodwinds")),
    ("pad_choir", ("choir",)),
    ("pad_strings", ("strings",)),
    ("bass_", ("synth_bass", "synth")),
    ("toy_bell", ("bells", "music_box")),
    ("bell_", ("bells",)),
    ("bowl_", ("bells",)),
    ("chime_", ("bells",)),
    ("kit_", (DRUMS_FAMILY,)),
)
_SYNTH_PATCHES = (
    "lead_",
    "pad_",
    "arp_",
    "pluck_",
    "stab_",
    "super",
    "chip_",
    "pulse",
    "tri_",
    "theremin",
    "drone_",
)

VOCALS = "vocals"
"""Understood so that it can be refused or forbidden; nothing here sings words."""

ACCEPTED: tuple[str, ...] = (*ROLE_GROUPS, *sorted(FAMILIES))


def answers_to(part: PartPlan, name: str) -> bool:
    """Whether a part counts as ``name``, a role group or a family, for require and forbid."""
    if name in (part.group, part.family):
        return True
    if part.group == "drums":
        return name == "percussion"
    if part.patch is not None:
        return name in families_of_patch(part.patch) or part.program in FAMILIES.get(name, ())
    return part.program in FAMILIES.get(name, ())


def families_of_patch(patch: str) -> tuple[str, ...]:
    """Families that one of our own synthesiser patches answers to."""
    for beginning, families in _PATCH_FAMILIES:
        if patch.startswith(beginning):
            return families
    return ("synth",) if patch.startswith(_SYNTH_PATCHES) else ()


# Programs stand in for these; a listener would not call the sound by their name unasked.
_STOOD_IN_FOR = frozenset(("ukulele", "erhu", "dizi", "yangqin"))


def family_of(program: int, patch: str | None = None) -> str:
    """The narrowest family name that a listener would use for a sound."""
    if patch is not None and (own := families_of_patch(patch)):
        return own[0]
    named = [
        name
        for name, programs in FAMILIES.items()
        if program in programs and name not in _STOOD_IN_FOR
    ]
    return min(named, key=lambda name: len(FAMILIES[name]), default="synth")


def covers(wide: str, narrow: str) -> bool:
    """Whether everything that answers to ``narrow`` also answers to ``wide``."""
    if wide == narrow:
        return True
    return wide in FAMILIES and narrow in FAMILIES and FAMILIES[narrow] <= FAMILIES[wide]
