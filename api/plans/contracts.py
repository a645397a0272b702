"""Plans as their client sees them: asked for, made, edited, sent back."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from api.entrance import Wait
from engine.contracts import Failed, Outline, Resolved

Status = Literal["queued", "running", "ready", "failed"]


class Plans(Struct, frozen=True, kw_only=True):
    """What a brief may become, before a note is written.

    Each of ``plans`` is one that the studio would compose. Send it back as a brief's ``plan``, with
    the same ``seed``, edited or not: what it says is kept, and a section that is as it was keeps
    its notes. Kept until ``expires_at``.
    """

    id: str
    status: Status
    created_at: datetime
    expires_at: datetime
    seed: int
    resolved: Resolved
    queue_position: int
    plans: tuple[Outline, ...]
    failure: Failed | None
    url: str


class PlansQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``wait``: seconds to hold the answer back until the plans are there."""

    wait: Wait | None = None


class PlansRow(Struct, frozen=True, kw_only=True):
    """Plans as they are kept: who asked when, under which seed, and what was understood."""

    id: str
    account: str
    seed: int
    resolved: Resolved
    created_at: datetime
    expires_at: datetime
