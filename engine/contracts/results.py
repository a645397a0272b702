"""What the studio hands back, and why where it could not."""

from typing import Any

import msgspec
from msgspec import Struct

from engine.contracts.briefs import Outline, Resolved
from engine.contracts.plans import Plan


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
    """A take that was not offered, and why. Never charged.

    ``code`` says it in a word: weak on ``paper``, ``quotes`` a work that the composer learned from,
    ``shares`` a tune with a piece of another account, not good where it was ``heard``, misses a
    ``constraint``; empty for takes of before this was told.
    """

    take: int
    reason: str
    code: str = ""  # an older reader may meet words that it does not know


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


class Failed(Struct, frozen=True, kw_only=True):
    """Why a brief could not be filled, or not fully."""

    code: str
    detail: str
