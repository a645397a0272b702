"""Manners: what a kind of player does to a note, as one readable table.

The figures are of playing practice (slides and vibrato by instrument, swells by breath and bow);
what belongs to timing is in the score already.
"""

from msgspec import Struct

from engine.contracts import PartPlan
from engine.styles import palettes

PEDALLED = frozenset(
    {"solo_piano", "orchestral_tender", "meditation", "dark_ambient", "acoustic_folk",
     "cinematic_tension", "waltz_ballroom"}
)  # fmt: skip
"""Styles in which a piano's right pedal is held through each chord."""


class Manner(Struct, frozen=True, kw_only=True):
    """A kind of player. Odds are shares of the notes that could have it."""

    human: bool = True  # struck by hands: velocities differ as hands differ
    joins: float = 0.0  # odds that a note goes on into the next one without a new attack
    gap_s: float = 0.09  # silence over which notes may still be joined
    overlap_s: float = 0.0  # how far such a note lasts into the next one
    slides: tuple[float, float] = (0.0, 0.0)  # odds between steps, and between thirds to fourths
    slide_most: float = 5.0  # semitones
    slide_s: float = 0.09
    scoops: float = 0.0  # odds at the beginning of a phrase
    scoop: float = -0.6  # semitones
    scoop_s: float = 0.1
    graces: float = 0.0  # odds at the beginning of a phrase
    presses: float = 0.0  # odds that a string is pressed up to its pitch after it is plucked
    vibrato: float = 0.0  # cents
    vibrato_from_s: float = 0.35  # no shorter note is shaken
    rolls: float = 0.0  # odds that a long note is plucked over and over
    roll_hz: float = 12.0
    roll_beats: float = 2.0
    arc_db: float = 0.0  # of a phrase
    swell_db: float = 0.0  # of a note of two beats and more
    pedal: bool = False


MANNERS: dict[str, Manner] = {
    "machine": Manner(human=False),
    "pad": Manner(human=False, swell_db=1.6),
    "piano": Manner(pedal=True),
    "keys": Manner(),
    "organ": Manner(human=False),  # a key of an organ knows no force
    "bellows": Manner(joins=0.7, overlap_s=0.02, arc_db=2.5, swell_db=2.0),
    "bagpipe": Manner(human=False, joins=0.9, overlap_s=0.02),
    "guitar": Manner(),
    "plucked": Manner(),
    "bass": Manner(),
    "gliding bass": Manner(human=False, joins=0.35, gap_s=0.02, slides=(1.0, 1.0), slide_most=12,
                           slide_s=0.1),
    "acid bass": Manner(human=False, joins=0.2, gap_s=0.02, slides=(0.5, 0.8), slide_most=12,
                        slide_s=0.055),
    "lead": Manner(human=False, joins=0.5, gap_s=0.06, slides=(0.8, 0.9), slide_most=12,
                   slide_s=0.045, swell_db=1.2),
    "lead guitar": Manner(presses=0.22, scoop_s=0.12, vibrato=32, vibrato_from_s=0.45),
    "erhu": Manner(joins=0.75, slides=(0.3, 0.6), slide_s=0.09, scoops=0.4, graces=0.15,
                   vibrato=40, arc_db=3.0, swell_db=3.0),
    "dizi": Manner(joins=0.6, slides=(0.12, 0.15), slide_s=0.08, scoops=0.1, graces=0.2,
                   vibrato=10, arc_db=2.0, swell_db=2.0),
    "xiao": Manner(joins=0.7, slides=(0.15, 0.2), slide_s=0.11, scoops=0.25, vibrato=12,
                   vibrato_from_s=0.8, arc_db=3.0, swell_db=3.0),
    "guzheng": Manner(presses=0.18, scoop_s=0.1, vibrato=28, vibrato_from_s=0.6, rolls=0.5),
    "pipa": Manner(presses=0.12, scoop_s=0.09, vibrato=20, vibrato_from_s=0.5, rolls=0.8,
                   roll_hz=13.0, roll_beats=1.0),
    "wind": Manner(joins=0.7, overlap_s=0.03, scoops=0.15, scoop=-0.4, scoop_s=0.06, vibrato=12,
                   arc_db=3.0, swell_db=2.5),
    "bow": Manner(joins=0.7, overlap_s=0.035, slides=(0.0, 0.15), slide_s=0.07, scoops=0.1,
                  vibrato=15, arc_db=3.0, swell_db=3.0),
    "brass": Manner(joins=0.5, overlap_s=0.025, arc_db=2.5, swell_db=2.5),
    "section": Manner(joins=0.9, overlap_s=0.04, arc_db=2.5, swell_db=2.5),
}  # fmt: skip

_PATCHES: tuple[tuple[str, str], ...] = (
    ("erhu_", "erhu"), ("dizi_", "dizi"), ("xiao_", "xiao"), ("zheng_", "guzheng"),
    ("pipa_", "pipa"), ("guitar_lead", "lead guitar"), ("guitar_drive", "lead guitar"),
    ("guitar_", "guitar"), ("felt_", "piano"), ("piano_", "piano"), ("ep_", "keys"),
    ("bass_808", "gliding bass"), ("bass_saw", "acid bass"), ("bass_upright", "bass"),
    ("bass_finger", "bass"), ("bass_slap", "bass"), ("bass_drive", "bass"), ("lead_", "lead"),
    ("theremin", "lead"),
    ("nylon_", "guitar"), ("steel_", "guitar"), ("lute_", "plucked"), ("koto_", "plucked"),
    ("yangqin", "plucked"), ("harp_", "plucked"), ("vibes", "keys"), ("marimba", "keys"),
    ("bell", "keys"), ("toy_", "keys"), ("celesta", "keys"), ("glock", "keys"),
    ("kalimba", "plucked"), ("organ", "organ"), ("church_", "organ"), ("clavinet", "keys"),
    ("pad_", "pad"), ("drone_", "pad"),
)  # fmt: skip
_PROGRAMS: tuple[tuple[range, str], ...] = (
    (range(4), "piano"), (range(4, 16), "keys"), (range(16, 20), "organ"),
    (range(20, 22), "bellows"), (range(22, 23), "wind"), (range(23, 24), "bellows"),
    (range(24, 32), "guitar"),
    (range(32, 40), "bass"), (range(40, 44), "bow"), (range(44, 45), "section"),
    (range(45, 48), "plucked"), (range(48, 55), "section"), (range(55, 62), "brass"),
    (range(62, 64), "machine"), (range(64, 80), "wind"), (range(80, 88), "lead"),
    (range(88, 104), "pad"), (range(104, 109), "plucked"), (range(109, 110), "bagpipe"),
    (range(110, 111), "bow"), (range(111, 112), "wind"),
    (range(112, 128), "keys"),
)  # fmt: skip


def manner_of(part: PartPlan, style: str) -> tuple[str, Manner]:
    """The kind of player of a pitched part in a style, and what that kind does."""
    if part.role == "fx":
        return "machine", MANNERS["machine"]
    patch = palettes.own(style, part)
    if patch is not None:
        kind = next((kind for name, kind in _PATCHES if patch.startswith(name)), "machine")
    else:
        kind = next((kind for programs, kind in _PROGRAMS if part.program in programs), "keys")
    return kind, MANNERS[kind]
