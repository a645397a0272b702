"""A take on paper, as it is kept: what is needed to play it again in another shape.

A rendition that is asked for in a year plays these notes, whatever has become of the model by then.
"""

import msgspec
from msgspec import Struct

from engine.errors import EngineError
from engine.score import Line, Score
from engine.studio.takes import Take

MEDIA_TYPE = "application/vnd.cuesmith.manuscript+msgpack"


class Unreadable(EngineError):
    """A stored manuscript that is none."""


class Manuscript(Struct, frozen=True, kw_only=True):
    """The notes of a take: ``lines`` as they were composed, ``score`` as they are played."""

    seed: int
    score: Score
    lines: tuple[Line, ...] = ()


def manuscript(take: Take) -> Manuscript:
    """What is kept of a take."""
    return Manuscript(seed=take.seed, score=take.score, lines=take.lines)


def written(kept: Manuscript) -> bytes:
    """The manuscript as it is stored."""
    return msgspec.msgpack.encode(kept)


def read(content: bytes) -> Manuscript:
    """The manuscript that was stored; `Unreadable` where it is something else."""
    try:
        return msgspec.msgpack.decode(content, type=Manuscript)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"this is no manuscript of ours: {error}") from None
