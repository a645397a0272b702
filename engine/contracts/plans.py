"""The plan: decided before a note is."""

from typing import Literal

from msgspec import Struct

from engine.contracts.briefs import Ending, Kind, Meter, RoleGroup


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
