"""A candidate as its client hears and judges it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from engine.contracts import (
    FamilyMade,
    Made,
    Measured,
    Outline,
    Resolved,
    ResolvedFamily,
    Rewrite,
)

Status = Literal["ready", "picked", "expired"]
AudioFormat = Literal["mp3", "wav"]


class Shared(Struct, frozen=True, kw_only=True):
    """The longest run of notes, in any key and at any tempo, that also stands elsewhere.

    ``longest_run`` counts its notes; 0 where no run has five different intervals or more, because
    scales, trills and repeated notes are nobody's. ``limit`` is the length from which a take is
    retracted, null where none is for that reason alone.
    """

    longest_run: int
    distinct_intervals: int
    limit: int | None = None


class Originality(Struct, frozen=True, kw_only=True):
    """What a candidate shared when it was made; a license's certificate repeats it.

    ``training``: with any work the composer learned from. ``delivered``: its melodies with any
    piece licensed by another account. ``brief``: its melodies with those of the candidates before
    it. Null where it was not measured.
    """

    training: Shared
    delivered: Shared | None = None
    brief: Shared | None = None


class Member(Struct, frozen=True, kw_only=True):
    """One sound of a family: what it tells, how it measures, and where it can be heard."""

    name: str
    function: str
    duration_ms: int
    frames: int
    passed: bool
    measured: tuple[Measured, ...]
    facts: dict[str, Any]
    peaks: tuple[float, ...]
    audio: dict[str, str]


class CandidateFamily(Struct, frozen=True, kw_only=True):
    """What a candidate of a family is: a character, its sounds, and how far apart they are.

    ``distances`` compares the sounds that sound once pairwise, in the order of ``compared``.
    """

    resolved: ResolvedFamily
    character: dict[str, Any]
    members: tuple[Member, ...]
    compared: tuple[str, ...]
    distances: tuple[tuple[float, ...], ...]


class Candidate(Struct, frozen=True, kw_only=True):
    """A take good enough to offer, with every constraint as it measures.

    ``license_tokens`` is what a pick costs, ``exclusive_tokens`` what one with ``exclusive`` costs;
    null where the price list sells none.
    ``plan`` can be edited and sent back as a brief's ``plan``: with the same seed, a section that
    is as it was keeps its notes. It is null for candidates made before plans could be read.
    ``audio`` maps a format to where its evaluation copy is; ``peaks`` is the waveform, four values
    a second from 0 to 1. ``originality`` is null for candidates made before it was measured.

    Of a family ``brief`` is the family's id, ``family`` says what it is, each of its sounds has an
    ``audio`` of its own, ``measured`` is what holds between them, and ``resolved`` and ``plan`` are
    null.
    """

    id: str
    brief: str
    number: int
    status: Status
    tokens: int
    license_tokens: int
    exclusive_tokens: int | None
    rating: float
    passed: bool
    measured: tuple[Measured, ...]
    rewrites: tuple[Rewrite, ...]
    plan: Outline | None
    resolved: Resolved | None
    family: CandidateFamily | None
    peaks: tuple[float, ...]
    originality: Originality | None
    provenance: dict[str, Any]
    timings_s: dict[str, float]
    audio: dict[str, str]
    license: str | None
    ready_at: datetime
    expires_at: datetime


class AudioQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which evaluation copy: MP3, or the full WAV; of a family the sound of which function.

    ``link``: answer with an address that needs no key instead of the file itself.
    """

    format: AudioFormat = "mp3"
    function: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")] | None = None
    link: bool = False


class CandidateRow(Struct, frozen=True, kw_only=True):
    """A candidate as it is kept, with its brief's seed as the client knows it."""

    id: str
    brief: str
    number: int
    made: Made | FamilyMade
    tokens: int
    license_tokens: int
    price_book: str
    seed: int
    license: str | None
    expired: bool
    ready_at: datetime
    expires_at: datetime
