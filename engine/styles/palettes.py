"""Which sound of ours plays where a score names a General MIDI program.

Sampled General MIDI is at its best in strings, winds, brass and pianos, and at its weakest where
records are made with synthesisers, amplifiers and old samplers; and of guzheng, pipa, erhu and dizi
it has only relatives. So every style has a palette: programs, or whole roles, that our own patches
play even in front of a bank. What no palette names is the bank's, or its stand-in's without one.
"""

from msgspec import Struct

from engine.contracts import PartPlan

NAMED: dict[str, str] = {
    "erhu": "erhu_bow", "dizi": "dizi_air", "xiao": "xiao_air", "guzheng": "zheng_ks",
    "pipa": "pipa_ks", "yangqin": "yangqin_modal",
}  # fmt: skip
"""Instrument families that are ours whoever asks for them."""

WRITTEN_AS: dict[str, int] = {
    "erhu": 110, "dizi": 73, "xiao": 77, "guzheng": 107, "pipa": 106, "yangqin": 15,
}  # fmt: skip
"""The program that stands for each of them in a MIDI file."""

STANDS_FOR: dict[str, dict[int, str]] = {
    "chinese_traditional": {
        40: "erhu", 41: "erhu", 110: "erhu", 72: "dizi", 73: "dizi", 74: "dizi",
        75: "xiao", 77: "xiao", 46: "guzheng", 107: "guzheng", 15: "yangqin",
        105: "pipa", 106: "pipa",
    },
}  # fmt: skip
"""What a program means where a style's sheet names it for want of a better one."""

ALWAYS: dict[int, str] = {
    16: "organ", 17: "organ", 18: "organ",
    28: "guitar_muted", 29: "guitar_drive", 30: "guitar_heavy", 31: "guitar_drive",
    36: "bass_slap", 37: "bass_slap", 38: "bass_saw", 39: "bass_fm",
    106: "pipa_ks", 107: "zheng_ks",
}  # fmt: skip
"""Programs that no bank of ours plays well enough."""


SOLO: dict[str, str] = {"guitar_heavy": "guitar_lead", "guitar_muted": "guitar_clean"}
"""What a guitarist turns to for a melody."""


_MELODIC = frozenset({"lead", "counter", "harmony"})


class Palette(Struct, frozen=True, kw_only=True):
    """A style's sounds: by program, and by role for whatever program stands there."""

    programs: dict[int, str] = {}
    roles: dict[str, str] = {}


_LEADS = {80: "lead_square", 81: "lead_saw", 84: "lead_saw", 85: "lead_soft", 87: "lead_saw"}
_KEYS = {4: "ep_tine", 5: "ep_tine", 7: "clavinet"}
_MALLETS = {9: "glock", 10: "toy_bell", 11: "vibes", 12: "marimba", 14: "bell_modal"}

PALETTES: dict[str, Palette] = {
    "chinese_traditional": Palette(programs={
        110: "erhu_bow", 75: "xiao_air", 77: "xiao_air", 78: "xiao_air", 107: "zheng_ks",
        15: "yangqin_modal", 105: "pipa_ks", 106: "pipa_ks", 24: "lute_ks", 25: "lute_ks",
    }),
    "lofi": Palette(programs={
        **_KEYS, **_MALLETS, **_LEADS, 0: "felt_piano", 1: "felt_piano", 2: "ep_tine",
        24: "nylon_ks", 25: "nylon_ks", 26: "guitar_jazz", 27: "guitar_clean", 28: "guitar_clean",
        32: "bass_upright", 33: "bass_finger", 34: "bass_finger", 35: "bass_finger",
        48: "pad_strings", 49: "pad_strings", 52: "pad_choir", 53: "pad_choir",
    }),
    "chiptune": Palette(roles={
        "lead": "pulse50", "comp": "pulse12", "harmony": "pulse25", "counter": "pulse25",
        "pad": "tri_chip", "bass": "tri_chip",
    }),
    "house_edm": Palette(programs={
        **_KEYS, **_MALLETS, **_LEADS, 16: "organ", 17: "organ", 50: "pad_poly", 51: "pad_poly",
        48: "pad_strings", 49: "pad_strings", 62: "supersaw", 63: "supersaw",
        32: "bass_saw", 33: "bass_saw", 34: "bass_saw",
    }),
    "synthwave": Palette(programs={
        **_KEYS, **_MALLETS, **_LEADS, 0: "ep_tine", 2: "ep_tine", 26: "guitar_clean",
        27: "guitar_clean", 48: "pad_poly", 49: "pad_poly", 50: "pad_poly", 51: "pad_poly",
        52: "pad_choir", 61: "brass", 62: "pad_poly", 63: "pad_poly",
        32: "bass_saw", 33: "bass_saw", 34: "bass_saw",
    }),
    "trap_hiphop": Palette(programs={
        **_KEYS, **_MALLETS, **_LEADS, 38: "bass_808", 39: "bass_808", 33: "bass_808",
        62: "supersaw", 63: "supersaw", 52: "pad_choir",
    }),
    "metal": Palette(programs={
        24: "nylon_ks", 25: "steel_ks", 26: "guitar_clean", 27: "guitar_clean",
        28: "guitar_heavy", 29: "guitar_heavy", 30: "guitar_heavy", 31: "guitar_drive",
        33: "bass_drive", 34: "bass_drive", 35: "bass_drive", 19: "church_organ",
        **_LEADS,
    }),
    "rock": Palette(programs={
        26: "guitar_clean", 27: "guitar_clean", 28: "guitar_muted", 34: "bass_drive", **_LEADS,
    }),
    "funk_corporate": Palette(programs={
        **_KEYS, 26: "guitar_clean", 27: "guitar_clean", 28: "guitar_muted", 29: "guitar_clean",
        62: "brass", **_LEADS,
    }),
    "country": Palette(programs={26: "guitar_clean", 27: "guitar_clean"}),
    "jazz_trio": Palette(programs={26: "guitar_jazz"}),
    "bossa": Palette(programs={26: "guitar_jazz", 4: "ep_tine"}),
    "meditation": Palette(programs={77: "xiao_air", 75: "xiao_air", 108: "kalimba"}),
    "dark_ambient": Palette(programs={77: "xiao_air", **_MALLETS}),
    "horror": Palette(programs={10: "toy_bell"}),
}  # fmt: skip


KITS: dict[str, str] = {
    "chinese_traditional": "kit_cn", "lofi": "kit_lofi", "chiptune": "kit_chip",
    "house_edm": "kit_909", "synthwave": "kit_80s", "trap_hiphop": "kit_808",
    "cinematic_tension": "kit_cinema", "orchestral_epic": "kit_cinema", "horror": "kit_cinema",
    "dark_ambient": "kit_cinema", "meditation": "kit_soft", "metal": "kit_acoustic",
}  # fmt: skip
"""Drums that are a style's own; the other styles play what their sheet's kit number means."""


def kit(style: str, part: PartPlan) -> str | None:
    """The kit of ours that is named for a drum part or belongs to its style."""
    return part.patch if part.patch is not None else KITS.get(style)


def own(style: str, part: PartPlan) -> str | None:
    """The patch of ours that plays a pitched part in a style; None where the bank may."""
    if part.patch is not None:
        return part.patch
    if part.family in NAMED:
        return NAMED[part.family]
    palette = PALETTES.get(style, Palette())
    chosen = palette.programs.get(part.program) or palette.roles.get(part.role)
    chosen = chosen or ALWAYS.get(part.program)
    return SOLO.get(chosen or "", chosen) if part.role in _MELODIC else chosen
