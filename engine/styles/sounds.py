"""What people call the instruments: General MIDI programs, drum kits and our own patches."""

from collections.abc import Collection
from functools import cache

from msgspec import Struct

from engine.styles.palettes import NAMED, WRITTEN_AS

PROGRAMS: tuple[str, ...] = tuple(
    """Grand piano|Bright piano|Electric grand|Honky-tonk piano|Electric piano|FM electric piano|
Harpsichord|Clavinet|Celesta|Glockenspiel|Music box|Vibraphone|Marimba|Xylophone|Tubular bells|
Dulcimer|Drawbar organ|Percussive organ|Rock organ|Church organ|Reed organ|Accordion|Harmonica|
Bandoneon|Nylon guitar|Steel guitar|Jazz guitar|Clean guitar|Muted guitar|Overdriven guitar|
Distorted guitar|Guitar harmonics|Double bass|Finger bass|Picked bass|Fretless bass|Slap bass|
Slap bass 2|Synth bass|Synth bass 2|Violin|Viola|Cello|Contrabass|Tremolo strings|
Pizzicato strings|Harp|Timpani|String ensemble|Slow strings|Synth strings|Synth strings 2|
Choir aahs|Voice oohs|Synth choir|Orchestra hit|Trumpet|Trombone|Tuba|Muted trumpet|French horns|
Brass section|Synth brass|Synth brass 2|Soprano sax|Alto sax|Tenor sax|Baritone sax|Oboe|
English horn|Bassoon|Clarinet|Piccolo|Flute|Recorder|Pan flute|Blown bottle|Shakuhachi|Whistle|
Ocarina|Square lead|Saw lead|Calliope lead|Chiff lead|Charang lead|Voice lead|Fifths lead|
Bass lead|New age pad|Warm pad|Polysynth pad|Choir pad|Bowed pad|Metallic pad|Halo pad|Sweep pad|
Rain|Soundtrack|Crystal|Atmosphere|Brightness|Goblins|Echoes|Sci-fi|Sitar|Banjo|Shamisen|Koto|
Kalimba|Bagpipe|Fiddle|Shanai|Tinkle bell|Agogo|Steel drums|Woodblock|Taiko|Melodic tom|
Synth drum|Reverse cymbal|Fret noise|Breath noise|Seashore|Bird|Telephone|Helicopter|Applause|
Gunshot""".replace("\n", "").split("|")
)
DRUM_KITS: dict[int, str] = {
    0: "Drum kit", 8: "Room kit", 16: "Power kit", 24: "Electronic kit", 25: "Analogue kit",
    32: "Jazz kit", 40: "Brush kit", 48: "Orchestral percussion",
}  # fmt: skip
PATCHES: dict[str, str] = {
    "felt_piano": "Felt piano", "ep_tine": "Tine piano", "ep_reed": "Reed piano",
    "toy_bell": "Toy bells", "pluck_soft": "Soft pluck", "pluck_glass": "Glass pluck",
    "arp_saw": "Saw arpeggio", "bell_fm": "FM bells", "bell_modal": "Bells",
    "bowl_modal": "Singing bowls", "chime_modal": "Chimes", "pad_warm": "Warm pad",
    "pad_glass": "Glass pad", "pad_dark": "Dark pad", "pad_choir": "Choir pad",
    "pad_poly": "Poly pad", "pad_strings": "String pad", "pad_grain": "Granular pad",
    "drone_sub": "Sub drone", "drone_bow": "Bowed drone", "drone_metal": "Metal drone",
    "drone_breath": "Breath drone", "lead_saw": "Saw lead", "lead_square": "Square lead",
    "lead_soft": "Soft lead", "lead_sine": "Sine lead", "supersaw": "Supersaw",
    "bass_sub": "Sub bass", "bass_saw": "Saw bass", "bass_pluck": "Plucked bass",
    "bass_fm": "FM bass", "bass_reese": "Reese bass", "bass_808": "808 bass",
    "pulse12": "Thin pulse", "pulse25": "Pulse lead", "pulse50": "Square wave",
    "tri_chip": "Triangle wave", "theremin": "Theremin",
    "erhu_bow": "Erhu", "dizi_air": "Dizi", "xiao_air": "Xiao", "zheng_ks": "Guzheng",
    "pipa_ks": "Pipa", "yangqin_modal": "Yangqin",
    "guitar_heavy": "Heavy guitar", "guitar_lead": "Lead guitar", "guitar_drive": "Driven guitar",
    "bass_drive": "Driven bass",
}  # fmt: skip

EFFECTS: frozenset[str] = frozenset(
    ("riser", "downer", "impact", "braam", "rev_swell", "vinyl", "rain", "wind", "heartbeat",
     "scrape", "sub_drop")
)  # fmt: skip
"""Patches that are no instrument: only the fx role plays them."""

BED_NOISES: frozenset[str] = frozenset(("vinyl", "rain", "wind"))
"""Effects that lie under the music."""
RISES: frozenset[str] = frozenset(("riser", "rev_swell"))
"""Effects that lead into what comes."""

_EFFECT_PROGRAMS = range(119, 128)
_KIT_PATCHES = "kit_"


class Sound(Struct, frozen=True, kw_only=True):
    """What an instrument's name means: a General MIDI program, a drum kit, or a patch of ours.

    ``family`` is told where the program only stands for an instrument of ours, as for an erhu.
    """

    program: int | None = None
    kit: int | None = None
    patch: str | None = None
    family: str | None = None

    def suits(self, role: str) -> bool:
        """Whether a role can be played on it: drums on kits, effects on effects, the rest on
        instruments."""
        drums = self.kit is not None or (self.patch or "").startswith(_KIT_PATCHES)
        effect = self.patch in EFFECTS or self.program in _EFFECT_PROGRAMS
        if role == "drums":
            return drums
        return effect if role == "fx" else not (drums or effect)


def read(name: str, patches: Collection[str]) -> Sound | None:
    """An instrument by its name, or None; ``patches`` are the ids that the sheets name.

    Names are read as they are written first, because "Rain" is a program and "rain" a patch.
    """
    if name in patches or name in PATCHES:
        return Sound(patch=name)
    return _exact(name) or _folded().get(name.casefold())


def suiting(role: str, patches: Collection[str]) -> list[str]:
    """The names on which a role can be played."""
    known = [*PROGRAMS, *DRUM_KITS.values(), *sorted({*patches, *PATCHES})]
    return [name for name in known if (sound := read(name, patches)) and sound.suits(role)]


def name_of(program: int, patch: str | None, *, drums: bool, family: str = "") -> str:
    """The name that `read` reads back."""
    if patch is not None:
        return patch
    if family in NAMED:
        return called(family)
    return DRUM_KITS.get(program, DRUM_KITS[0]) if drums else PROGRAMS[program]


def called(family: str) -> str:
    """What people call an instrument of ours that a program stands for."""
    return PATCHES[NAMED[family]]


def _exact(name: str) -> Sound | None:
    if name in PROGRAMS:
        return Sound(program=PROGRAMS.index(name))
    return next((Sound(kit=kit) for kit, one in DRUM_KITS.items() if one == name), None)


@cache
def _folded() -> dict[str, Sound]:
    """Every name of a program, a kit or a patch in small letters."""
    return {
        **{name.casefold(): Sound(patch=patch) for patch, name in PATCHES.items()},
        **{called(one).casefold(): Sound(program=WRITTEN_AS[one], family=one) for one in NAMED},
        **{name.casefold(): Sound(program=number) for number, name in enumerate(PROGRAMS)},
        **{name.casefold(): Sound(kit=kit) for kit, name in DRUM_KITS.items()},
    }
