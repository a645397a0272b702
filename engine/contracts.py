"""What the client, the gateway and the studio say to each other. Plain data, no behaviour.

Units: ``*_ms`` milliseconds, ``bpm`` beats per minute (the beat is a quarter in x/4 and a dotted
quarter in 6/8 and 12/8), energy 0-1 in briefs and 1-7 in plans, pitch as MIDI number, time inside a
plan in ticks (480 to the quarter, see `engine.score`).
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Kind = Literal["bed", "loop", "sting", "chime", "ambience"]
Quality = Literal["draft", "standard", "best"]
Marking = Literal["eu", "cn", "closed_loop"]
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
    deadline_s: Annotated[int, Meta(ge=10, le=86_400)] = 600
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


# --- the plan: decided before a note is -----------------------------------------------------------


class Chord(Struct, frozen=True, kw_only=True):
    """One harmony held for a while. ``pitches`` are pitch classes 0-11, root first."""

    at: int  # ticks from the beginning
    length: int  # ticks
    symbol: str  # in the style bible's notation, e.g. "bVImaj7" or "V/3"
    root: int  # pitch class
    bass: int  # pitch class
    pitches: tuple[int, ...]


class Section(Struct, frozen=True, kw_only=True):
    """A stretch of the form. ``like`` is the index of the section it repeats or varies."""

    name: str  # i A B C br e …; a prime marks a variation
    bar: int  # first bar, from 0
    bars: int
    energy: int  # 1-7
    roles: tuple[str, ...]  # the roles that sound: lead comp bass pad counter harmony drums fx
    like: int | None = None
    variation: int = 0  # 0 the same, 3 far
    patterns: tuple[
        str, ...
    ] = ()  # groove and cell names in force, e.g. groove.mid, bass.high, comp.2


class PartPlan(Struct, frozen=True, kw_only=True):
    """Who plays: a role, an instrument, its range and its place in the room."""

    role: str  # lead comp bass pad counter harmony drums fx
    group: RoleGroup
    name: str  # what people call it, e.g. "Electric piano"
    family: str  # instrument family used by require and forbid, e.g. "piano", "strings"
    program: int  # General MIDI 0-127, or the kit number for drums
    patch: str | None = None  # our own synthesiser's patch, preferred where the style says so
    low: int = 0  # MIDI pitch
    high: int = 127
    velocity: tuple[int, int] = (40, 100)
    pan: int = 0  # -100 … 100


class Plan(Struct, frozen=True, kw_only=True):
    """What will be written: form, tempo, tonality, harmony, energy and instrumentation."""

    style: str
    kind: Kind
    tempo: float  # beats per minute, see the module's first lines
    meter: Meter
    bars: int
    tonic: int  # pitch class
    mode: str  # major minor dorian …
    sections: tuple[Section, ...]
    chords: tuple[Chord, ...]
    parts: tuple[PartPlan, ...]
    contour: str = ""  # the seed of the lead, in the style bible's notation
    swing: float = 0.5
    swing_unit: Literal[8, 16] = 16
    ending: Ending = "ring"  # turnaround in loops
    hits: tuple[int, ...] = ()  # ticks at which the whole band accents, in order
    ring_ticks: int = 0  # ticks the last chord may ring after the last bar
    texture: str = ""  # how this candidate differs on purpose
    planner: str = "template"  # sampled | template | given (the client's own)


# --- what the studio hands back -------------------------------------------------------------------


class Measured(Struct, frozen=True, kw_only=True):
    """One constraint: what was asked, what the finished thing measures, and whether it holds."""

    name: str
    asked: Any = None
    measured: Any = None
    passed: bool = msgspec.field(name="pass", default=True)
    detail: str = ""


class Rewrite(Struct, frozen=True, kw_only=True):
    """A bar that the panel had written again."""

    bar: int
    reason: str
    tries: int


class RetractedTake(Struct, frozen=True, kw_only=True):
    """A take that was not offered, and why. Never charged."""

    take: int
    reason: str


class Asset(Struct, frozen=True, kw_only=True):
    """A stored file. ``name`` is what it is for: master, midi, stem.drums …"""

    name: str
    sha256: str
    bytes: int
    media_type: str


class Made(Struct, frozen=True, kw_only=True):
    """A candidate as the studio delivers it."""

    number: int  # 1 … n in rank order
    take: int
    seed: int
    rating: float  # 0-1, the panel's own
    resolved: Resolved
    plan: Plan
    outline: Outline | None = None  # the plan as the client may edit it and send it back
    measured: tuple[Measured, ...]
    rewrites: tuple[Rewrite, ...] = ()
    peaks: tuple[float, ...] = ()  # waveform, 4 a second, 0-1
    assets: tuple[Asset, ...] = ()
    provenance: dict[str, Any] = {}
    timings_s: dict[str, float] = {}


# --- other shapes of a licensed track -------------------------------------------------------------

Version = Literal[
    "master",
    "stems",
    "layers",
    "cut",
    "sting",
    "underscore",
    "no_drums",
    "transition",
    "loop_parts",
]
"""``loop_parts`` are the intro before a loop, the loop's first pass and its tail, each a file."""
Profile = Literal["unity", "godot", "wwise", "fmod", "harvest", "automotive"]
"""For whom a package is laid out: a game engine, a catalogue, a car."""


class RenditionOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shape that a track is wanted in. What is left open stays as it was delivered.

    With a ``profile`` the answer is one archive that holds what such a customer needs; ``version``
    then plays no part.
    """

    version: Version = "master"
    profile: Profile | None = None
    duration_ms: Annotated[int, Meta(ge=500, le=600_000)] | None = None  # of a cut or a sting
    stems: Annotated[tuple[Word, ...], Meta(max_length=16)] = ("all",)
    format: SoundFormat = "wav"
    sample_rate: SampleRate | None = None
    bit_depth: BitDepth | None = None
    channels: Channels | None = None
    lufs: Annotated[float, Meta(ge=-36, le=-8)] | None = None
    true_peak_dbtp: Annotated[float, Meta(ge=-9, le=-0.1)] | None = None


class Marker(Struct, frozen=True, kw_only=True):
    """A named place in a file."""

    frame: int
    name: str


class SoundFile(Struct, frozen=True, kw_only=True):
    """What is known of one sound file, for a list, a manifest or a catalogue row.

    ``name`` is unique in its track: ``master``, ``stem.drums``, ``layer-2``, ``cut-30s``, ``tail``,
    ``door_open``. ``entry`` and ``exit`` are the frames where the music itself begins and ends;
    what lies outside is a pickup or a ring. ``loop`` are the first and the last frame that are
    repeated, both included. ``parent`` names the file this one was made from.
    """

    name: str
    version: str
    media_type: str
    sample_rate: int
    channels: int
    bit_depth: int
    frames: int
    entry: int = 0
    exit: int = 0
    loop: tuple[int, int] | None = None
    tempo: float | None = None
    meter: Meter | None = None
    bars: int | None = None
    lufs: float | None = None
    true_peak_dbtp: float | None = None
    markers: tuple[Marker, ...] = ()
    parent: str | None = None
    facts: dict[str, Any] = {}


class Party(Struct, frozen=True, kw_only=True):
    """Somebody who holds a share of a work. ``share`` in percent."""

    name: str
    share: float = 100.0
    society: str = ""
    ipi: str = ""


class TrackFacts(Struct, frozen=True, kw_only=True):
    """What a catalogue, a manifest or a tag says of a whole track, beside its files.

    The texts are the client's; ``isrc`` stays empty until the client has one. ``originality`` is
    what was measured of it when it was made.
    """

    track: str
    title: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    genre: str = ""
    kind: Kind = "bed"
    tempo: float | None = None
    meter: Meter | None = None
    tonality: str | None = None  # "D minor"
    instruments: tuple[str, ...] = ()
    composers: tuple[Party, ...] = ()
    publishers: tuple[Party, ...] = ()
    library: str = ""
    album: str = ""
    album_code: str = ""
    album_description: str = ""
    release_date: str = ""  # YYYY-MM-DD
    isrc: str = ""
    license: str = ""
    originality: dict[str, Any] = {}


class Rendered(Struct, frozen=True, kw_only=True):
    """A rendition as the studio delivers it: its files, each described; an archive is described by
    the files inside."""

    order: RenditionOrder
    sounds: tuple[SoundFile, ...]
    assets: tuple[Asset, ...] = ()
    timings_s: dict[str, float] = {}


# --- families: the sounds of a car ---------------------------------------------------------------

CabinFunction = Literal[
    "welcome",
    "farewell",
    "door_open",
    "door_close",
    "lock",
    "unlock",
    "charge_start",
    "seat_belt",
    "low_battery",
    "notify",
    "warn",
    "indicator",
    "charging",
    "sleep",
    "drive",
]
"""What a sound in a car tells; ``charging``, ``sleep`` and ``drive`` are ambiences that loop."""
Axis = Annotated[float, Meta(ge=-1, le=1)]
SpanMs = tuple[Annotated[float, Meta(ge=0, le=60_000)], Annotated[float, Meta(ge=0, le=60_000)]]


class Brand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A brand's character on six axes; -1 is the opposite of the name, 0 is neither."""

    warm: Axis = 0.0  # -1 cool
    futuristic: Axis = 0.0  # -1 classic
    sporty: Axis = 0.0  # -1 calm
    rich: Axis = 0.0  # -1 minimal
    electronic: Axis = 0.0  # -1 natural
    serious: Axis = 0.0  # -1 playful


class FunctionLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the sound of a function must keep to, all of it measured on the finished file.

    ``band_hz`` holds 98 % of the energy. ``attack_ms`` is the shortest and the longest rise from
    10 to 90 %, ``decay_ms`` the same of the time to fall by 60 dB. ``peak_dbfs`` is a ceiling,
    ``loudness_lufs`` is met: the loudest 400 ms, of shorter files the loudest 125 ms in dB(A).
    """

    duration_ms: Annotated[int, Meta(ge=1, le=86_400_000)] | None = None
    band_hz: (
        tuple[Annotated[float, Meta(ge=20, le=20_000)], Annotated[float, Meta(ge=20, le=20_000)]]
        | None
    ) = None
    attack_ms: SpanMs | None = None
    decay_ms: SpanMs | None = None
    peak_dbfs: Annotated[float, Meta(ge=-60, le=0)] | None = None
    loudness_lufs: Annotated[float, Meta(ge=-70, le=0)] | None = None


class FamilyBrief(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A brand character and the functions of a car that shall sound like it.

    ``brand`` maps the axes of `Brand`; ``limits`` maps functions, or ``all``, to what must hold.
    Both are read by `engine.words.family`, which says what would be accepted.
    """

    brand: Annotated[dict[Word, Axis], Meta(max_length=16)] = {}
    tonic: Word | None = None
    functions: Annotated[tuple[Word, ...], Meta(max_length=32)] = ()
    limits: Annotated[dict[Word, FunctionLimits], Meta(max_length=32)] = {}
    delivery: Delivery = Delivery()
    candidates: Annotated[int, Meta(ge=1, le=10)] = 3
    seed: SeedNumber | None = None
    marking: Marking = "eu"
    rights: Rights = Rights()
    quote: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    max_tokens: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    deadline_s: Annotated[int, Meta(ge=10, le=86_400)] = 600
    project: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    customer_ref: Annotated[str, Meta(max_length=128)] | None = None
    metadata: Annotated[
        dict[Annotated[str, Meta(max_length=64)], MetadataValue], Meta(max_length=32)
    ] = {}


class ResolvedFunction(Struct, frozen=True, kw_only=True):
    """One sound of a family, with nothing left open.

    ``name`` is unique in the family and names its file: the function, and for the hum of driving
    its speed (``drive_040``). ``frames`` is the exact length at the delivery's rate. The spans and
    the band are None where nothing was asked. ``asked`` names the limits that the client gave.
    """

    name: str
    function: CabinFunction
    urgency: int  # 0 courtesy, 1 information, 2 attention, 3 caution, 4 warning
    duration_ms: int
    frames: int
    loop: bool = False
    speed_kmh: int = 0  # at which it must be heard; of the hum, the speed it is for
    band_hz: tuple[float, float] | None = None
    attack_ms: tuple[float, float] | None = None
    decay_ms: tuple[float, float] | None = None
    peak_dbfs: float
    loudness_lufs: float
    asked: tuple[str, ...] = ()


class ResolvedFamily(Struct, frozen=True, kw_only=True):
    """What a family's brief means: one tonic, one character, and every sound to the frame."""

    brand: Brand
    tonic: str  # "D", "F#"
    functions: tuple[ResolvedFunction, ...]
    candidates: int
    seed: int
    delivery: Delivery
    marking: Marking = "eu"
    rights: Rights = Rights()
    deadline_s: int = 600
    defaults: tuple[str, ...] = ()

    @property
    def duration_ms(self) -> int:
        """All sounds of one candidate, one behind the other."""
        return sum(one.duration_ms for one in self.functions)


class FamilyMember(Struct, frozen=True, kw_only=True):
    """One sound of a family as the studio delivers it. ``notes`` are (ms, MIDI pitch, velocity)."""

    name: str
    function: CabinFunction
    duration_ms: int
    frames: int
    notes: tuple[tuple[float, int, float], ...] = ()
    measured: tuple[Measured, ...]
    facts: dict[str, Any] = {}
    peaks: tuple[float, ...] = ()  # waveform, 0-1
    assets: tuple[Asset, ...] = ()


class FamilyMade(Struct, frozen=True, kw_only=True):
    """A family as the studio delivers it: one candidate.

    ``measured`` is what holds between its sounds; ``distances`` compares the single ones pairwise,
    in the order of ``compared``.
    """

    number: int  # 1 … n in rank order
    take: int
    seed: int
    rating: float  # 0-1
    resolved: ResolvedFamily
    character: dict[str, Any]  # what all its sounds share
    members: tuple[FamilyMember, ...]
    measured: tuple[Measured, ...] = ()
    compared: tuple[str, ...] = ()
    distances: tuple[tuple[float, ...], ...] = ()
    assets: tuple[Asset, ...] = ()
    provenance: dict[str, Any] = {}
    timings_s: dict[str, float] = {}


class Failed(Struct, frozen=True, kw_only=True):
    """Why a brief could not be filled, or not fully."""

    code: str
    detail: str
