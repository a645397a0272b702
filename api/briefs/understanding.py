"""What a brief means at the door: words resolved, under a seed that is its account's own."""

import hmac
import re
import secrets
from typing import TypeVar

from msgspec import structs

from api import composer
from api.errors import ValidationFailed
from engine.contracts import DEADLINES_S, Brief, FamilyBrief, Resolved, ResolvedFamily
from engine.errors import Reason
from engine.words import MODEL, resolve
from engine.words.family import resolve_family

T = TypeVar("T", Brief, FamilyBrief)

BATCH_LEAST_S = 4 * 3600
"""What wants to be made within fewer seconds pays for being made at once."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
SAYS_SOMETHING = (
    "kind", "style", "duration_ms", "bars", "bpm", "tonality", "meter", "energy", "sections",
    "hits", "plan",
)  # fmt: skip


def understood_family(account: str, family: FamilyBrief) -> ResolvedFamily:
    """What a family's brief means, under a seed of its account's own."""
    return resolve_family(family, _working_seed(account, family.seed or 0))


def understood(account: str, brief: Brief) -> Resolved:
    """What a brief means. Its seed is the working seed: nobody else's brief can have it, a repeat
    has it again. So plans and candidates of one account and seed belong together."""
    _refuse_silence(brief)
    _refuse_haste(brief)
    if engine_of(brief) is not None:
        brief = structs.replace(brief, model=MODEL)
    return resolve(brief, _working_seed(account, brief.seed or 0))


def engine_of(brief: Brief) -> str | None:
    """The engine that alone may make a brief, where it names one by its digest."""
    if _DIGEST.fullmatch(brief.model) is None:
        return None
    if brief.model != composer.digest():
        detail = "no model of this digest composes here; GET /v1/capabilities lists those that do"
        accepts = ["auto", MODEL, composer.digest()]
        raise ValidationFailed([Reason("/model", "unknown_model", detail, accepts)])
    return brief.model


def whole(brief: Brief) -> Brief:
    """The same brief with the seed and the deadline that it has where the client gave none."""
    deadline_s = brief.deadline_s or DEADLINES_S[brief.lane]
    seed = _drawn() if brief.seed is None else brief.seed
    return structs.replace(brief, seed=seed, deadline_s=deadline_s)


def with_seed(brief: T) -> T:
    """The same brief with a seed, drawn where the client gave none."""
    return brief if brief.seed is not None else structs.replace(brief, seed=_drawn())


def _drawn() -> int:
    return secrets.randbits(53)


def _refuse_silence(brief: Brief) -> None:
    """A brief that says nothing of the music would be charged for our own taste."""
    if brief.prompt or any(getattr(brief, field) for field in SAYS_SOMETHING):
        return
    detail = "say what you want: words in prompt, or at least one of the fields in limit"
    raise ValidationFailed([Reason("/prompt", "nothing_asked", detail, list(SAYS_SOMETHING))])


def _refuse_haste(brief: Brief) -> None:
    """Half the price is for work that may wait."""
    if brief.lane == "batch" and (brief.deadline_s or BATCH_LEAST_S) < BATCH_LEAST_S:
        detail = f"batch work may wait for {BATCH_LEAST_S} seconds at least; give it more time"
        raise ValidationFailed([Reason("/deadline_s", "too_short", detail, BATCH_LEAST_S)])


def _working_seed(account: str, seed: int) -> int:
    digest = hmac.digest(account.encode(), b"seed:%d" % seed, "sha256")
    return int.from_bytes(digest[:8], "big") >> 11
