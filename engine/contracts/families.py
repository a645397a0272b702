"""Families: the sounds of a car."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from engine.contracts.briefs import Delivery, Marking, MetadataValue, Rights, SeedNumber, Word
from engine.contracts.results import Asset, Measured

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
