"""What a client asks for, and what that was understood to mean."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Kind = Literal["bed", "loop", "sting", "chime", "ambience"]
Quality = Literal["draft", "standard", "best"]
Marking = Literal["eu", "cn", "closed_loop"]
BriefLane = Literal["interactive", "batch"]
Meter = Literal["4/4", "3/4", "6/8", "12/8"]
RoleGroup = Literal["drums", "bass", "chords", "pads", "lead", "counter", "fx"]
Territory = Annotated[str, Meta(min_length=2, max_length=64)]

SampleRate = Literal[44100, 48000, 96000]
BitDepth = Literal[16, 24, 32]
"""Of an integer, 16 and 24; of a floating-point number, 32."""
Channels = Literal[1, 2, 4, 6]
"""Mono; left and right; FL FR RL RR; FL FR C LFE RL RR."""
SoundFormat = Literal["wav", "flac", "mp3", "ogg"]

ROLE_GROUPS: tuple[RoleGroup, ...] = ("drums", "bass", "chords", "pads", "lead", "counter", "fx")

DEADLINES_S: dict[BriefLane, int] = {"interactive": 600, "batch": 86_400}
"""How long a brief may take that does not say so."""

SeedNumber = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Word = Annotated[str, Meta(min_length=1, max_length=64)]


class Instruments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Role groups or instrument families that must sound, and those that must not."""

    require: Annotated[tuple[Word, ...], Meta(max_length=16)] = ()
    forbid: Annotated[tuple[Word, ...], Meta(max_length=16)] = ()


class Delivery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file a client wants: format, loudness and ceiling."""

    sample_rate: SampleRate = 48000
    bit_depth: BitDepth = 24
    channels: Channels = 2
    lufs: Annotated[float, Meta(ge=-36, le=-8)] | None = None
    true_peak_dbtp: Annotated[float, Meta(ge=-9, le=-0.1)] = -1.0


class Rights(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the license shall grant."""

    catalog_resale: bool = True
    exclusive: bool = False
    territory: Territory = "world"


class Hit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A moment in a picture that the music must meet."""

    at_ms: Annotated[int, Meta(ge=0, le=600_000)]


SectionName = Annotated[str, Meta(pattern=r"^(i|[A-D]|br|e)'{0,3}$")]
"""A letter of the form: ``i`` intro, ``A``-``D``, ``br`` break, ``e`` ending; a prime varies."""
Role = Literal["lead", "comp", "bass", "pad", "counter", "harmony", "drums", "fx"]
Ending = Literal["ring", "button", "open", "fade", "turnaround"]


class SectionBrief(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section that the form must have; what is left open is planned."""

    name: SectionName
    bars: Annotated[int, Meta(ge=1, le=64)] | None = None
    energy: Annotated[float, Meta(ge=0, le=1)] | None = None


class OutlinePart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A player of an outline: a role and what it is played on.

    ``instrument`` is a General MIDI name ("Grand piano"), a drum kit ("Jazz kit") or one of our
    patches by its id ("ep_tine"); all are listed in `engine.styles.sounds`.
    """

    role: Role
    instrument: Annotated[str, Meta(min_length=1, max_length=40)]
    low: Annotated[int, Meta(ge=0, le=127)]  # MIDI pitch
    high: Annotated[int, Meta(ge=0, le=127)]
    velocity: tuple[Annotated[int, Meta(ge=1, le=127)], Annotated[int, Meta(ge=1, le=127)]]
    pan: Annotated[int, Meta(ge=-100, le=100)] = 0


class OutlineSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of an outline.

    ``chords`` has one entry per bar between bars "|", chords that share a bar apart by spaces and
    ``%`` for the bar before again: ``"i | bVI | bIII bVII | %"``. ``like`` is the index of an
    earlier section that this one repeats or varies, by ``variation`` 0 (the same) to 3 (far).
    """

    name: SectionName
    bars: Annotated[int, Meta(ge=1, le=400)]
    energy: Annotated[int, Meta(ge=1, le=7)]
    roles: Annotated[tuple[Role, ...], Meta(max_length=8)]
    chords: Annotated[str, Meta(min_length=1, max_length=8000)]
    like: Annotated[int, Meta(ge=0, le=400)] | None = None
    variation: Annotated[int, Meta(ge=0, le=3)] = 0
    patterns: Annotated[tuple[Annotated[str, Meta(max_length=40)], ...], Meta(max_length=8)] = ()


class Outline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan as a client reads it, edits it and sends it back in a brief; there it binds.

    ``take`` says which take's notes belong to it: the same outline, seed and take give the same
    notes, and a section that is edited changes itself alone (and what is ``like`` it).
    """

    style: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: Kind
    duration_ms: Annotated[int, Meta(ge=200, le=600_000)]
    tempo: Annotated[float, Meta(ge=30, le=3000)]  # beats per minute; a chime's motif is one bar
    meter: Meter
    tonality: Annotated[str, Meta(min_length=1, max_length=40)]
    sections: Annotated[tuple[OutlineSection, ...], Meta(min_length=1, max_length=64)]
    parts: Annotated[tuple[OutlinePart, ...], Meta(min_length=1, max_length=8)]
    contour: Annotated[str, Meta(max_length=400)] = ""
    ending: Ending = "ring"
    hits: Annotated[tuple[Hit, ...], Meta(max_length=32)] = ()
    texture: Annotated[str, Meta(max_length=400)] = ""
    planner: Annotated[str, Meta(max_length=40)] = "given"
    take: Annotated[int, Meta(ge=1, le=1000)] = 1


EnergyPoint = tuple[Annotated[float, Meta(ge=0, le=1)], Annotated[float, Meta(ge=0, le=1)]]
MetadataValue = Annotated[str, Meta(max_length=512)]


class Brief(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the client asks for: words, or exact constraints, or both."""

    prompt: Annotated[str, Meta(max_length=4000)] = ""
    kind: Kind | None = None
    candidates: Annotated[int, Meta(ge=1, le=10)] = 4
    seed: SeedNumber | None = None
    quality: Quality = "standard"
    duration_ms: Annotated[int, Meta(ge=200, le=600_000)] | None = None
    bars: Annotated[int, Meta(ge=1, le=400)] | None = None
    bpm: Annotated[float, Meta(ge=30, le=300)] | None = None
    tonality: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    meter: Annotated[str, Meta(min_length=3, max_length=5)] | None = None
    style: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    instruments: Instruments = Instruments()
    energy: Annotated[tuple[EnergyPoint, ...], Meta(max_length=64)] | None = None
    sections: Annotated[tuple[SectionBrief, ...], Meta(max_length=64)] | None = None
    hits: Annotated[tuple[Hit, ...], Meta(max_length=32)] | None = None
    stems: Annotated[tuple[Word, ...], Meta(max_length=16)] = ()
    melody: Any = None
    plan: Outline | None = None
    limits: Any = None
    delivery: Delivery = Delivery()
    marking: Marking = "eu"
    rights: Rights = Rights()
    model: Annotated[str, Meta(min_length=1, max_length=64)] = "auto"
    quote: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    max_tokens: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    lane: BriefLane = "interactive"
    deadline_s: Annotated[int, Meta(ge=10, le=86_400)] | None = None
    project: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    customer_ref: Annotated[str, Meta(max_length=128)] | None = None
    metadata: Annotated[
        dict[Annotated[str, Meta(max_length=64)], MetadataValue], Meta(max_length=32)
    ] = {}


class Reading(Struct, frozen=True, kw_only=True):
    """One thing the words were understood to mean: these words set this field to this value."""

    field: str
    value: str
    words: str


class Resolved(Struct, frozen=True, kw_only=True):
    """What the brief means, with nothing left open that decides the price or the constraints.

    ``bpm`` is None when the plan may choose a tempo inside ``bpm_range`` that fits the length;
    it is never None for a loop. ``tonality`` is ``"F minor"`` style or None when open
    (``tonic`` + ``mode`` names: major minor dorian phrygian lydian mixolydian aeolian
    and the pentatonics). ``duration_ms`` is always the length of the finished file, rounded;
    ``duration_frames`` is the exact length at ``delivery.sample_rate``.
    """

    kind: Kind
    style: str
    candidates: int
    seed: int
    quality: Quality = "standard"
    duration_ms: int
    duration_frames: int
    bars: int | None = None
    bpm: float | None = None
    bpm_range: tuple[float, float]
    tonality: str | None = None
    meter: Meter = "4/4"
    moods: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    energy: tuple[tuple[float, float], ...] | None = None
    sections: tuple[SectionBrief, ...] = ()
    hits: tuple[int, ...] = ()  # ms from the beginning, in order
    ending: Ending | None = None  # None: the planner chooses
    plan: Outline | None = None  # binds: everything in it is kept
    stems: tuple[str, ...] = ()
    delivery: Delivery
    marking: Marking = "eu"
    rights: Rights = Rights()
    model: str = "auto"
    deadline_s: int = 600
    readings: tuple[Reading, ...] = ()
    ignored: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
