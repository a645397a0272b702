"""What a brief means at the door: words resolved, under a seed that is its account's own."""

import hashlib
import hmac
import secrets
from typing import TypeVar

from msgspec import structs

from api.errors import ValidationFailed
from engine.contracts import Brief, FamilyBrief, Resolved, ResolvedFamily
from engine.errors import Reason
from engine.words import resolve
from engine.words.family import resolve_family

T = TypeVar("T", Brief, FamilyBrief)

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
    return resolve(brief, _working_seed(account, brief.seed or 0))


def with_seed(brief: T) -> T:
    """The same brief with a seed, drawn where the client gave none."""
    return brief if brief.seed is not None else structs.replace(brief, seed=secrets.randbits(53))


def _refuse_silence(brief: Brief) -> None:
    """A brief that says nothing of the music would be charged for our own taste."""
    if brief.prompt or any(getattr(brief, field) for field in SAYS_SOMETHING):
        return
    detail = "say what you want: words in prompt, or at least one of the fields in limit"
    raise ValidationFailed([Reason("/prompt", "nothing_asked", detail, list(SAYS_SOMETHING))])


def _working_seed(account: str, seed: int) -> int:
    digest = hmac.digest(account.encode(), b"seed:%d" % seed, hashlib.sha256)
    return int.from_bytes(digest[:8], "big") >> 11
