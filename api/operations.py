"""What each call promises: its scope, its parameters, its answers and its refusals.

An `Operation` rides on its route handler (``opt``). The entrance obeys it and the OpenAPI document
is written from it, so what is documented and what is done cannot drift apart.
"""

from typing import Any, Literal

from litestar import Request
from msgspec import Struct

from api.keys.contracts import Scope

IDS: dict[str, str] = {
    "batch": r"bat_[0-9a-f]{24}",
    "account": r"acc_[0-9a-f]{24}",
    "brief": r"brf_[0-9a-f]{24}",
    "plan": r"plan_[0-9a-f]{24}",
    "candidate": r"cand_[0-9a-f]{24}",
    "track": r"trk_[0-9a-f]{24}",
    "license": r"lic_[0-9a-f]{24}",
    "topup": r"top_[0-9a-f]{24}",
    "key": r"key_[0-9a-f]{24}",
    "invoice": r"in_[A-Za-z0-9_]{1,64}",
    "preview": r"prv_[0-9a-f]{24}",
    "portal": r"ptl_[0-9a-f]{24}",
    "rendition": r"rnd_[0-9a-f]{24}",
    "family": r"fam_[0-9a-f]{24}",
    "endpoint": r"we_[0-9a-f]{24}",
    "message": r"evt_[0-9a-f]{24}",
    "month": r"20[0-9]{2}-(0[1-9]|1[0-2])",
    "stem": r"[a-z][a-z0-9_]{0,31}",
    "page": r"(words|events|webhooks|errors|limits|prices|marks|reference|prices\.js)",
    "quickstart": r"(catalogue|games|cars)",
    "file": r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}",
}
"""Path parameters by name. Anything else under such a name is a 404, as if it did not exist."""

HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "Idempotency-Key": (
        {"type": "string", "pattern": "^[!-~]{1,255}$"},
        "A name of yours for this request; sent again, it happens once.",
    ),
    "Prefer": (
        {"type": "string"},
        "`wait=n`: hold the answer back for up to n seconds (at most 60) until the work is done. "
        "Other preferences are ignored.",
    ),
    "Range": (
        {"type": "string", "pattern": "^bytes=[0-9]{1,9}-$"},
        "One range of bytes; several are answered with the whole file.",
    ),
    "Last-Event-ID": (
        {"type": "string", "pattern": "^[0-9]{1,9}$"},
        "The `id` of the last event you have; what was told after it comes.",
    ),
    "If-None-Match": ({"type": "string", "pattern": '^"[0-9a-f]{64}"$'}, "The ETag you have."),
    "Stripe-Signature": (
        {"type": "string", "pattern": "^t=[0-9]{1,12},v1=[0-9a-f]{64}$"},
        "Stripe's signature of the body.",
    ),
}


class File(Struct, frozen=True, kw_only=True):
    """An answer that is bytes, not JSON."""

    media_types: tuple[str, ...]


class Operation(Struct, frozen=True, kw_only=True):
    """One call. ``answers`` maps a status to a Struct, a `File`, a tuple of them where the
    ``Accept`` header decides, or None for an empty body."""

    name: str
    summary: str
    tag: str
    answers: dict[int, Any]
    scope: Scope | None = None
    body: Any = None
    optional: bool = False
    """Whether the body may be left out."""
    lines: bool = False
    """Whether the body is many of these, one a line."""
    query: type[Struct] | None = None
    headers: tuple[str, ...] = ()
    refuses: tuple[type[Exception], ...] = ()
    rate: Literal["plans"] | None = None
    """A rate of this call's own, beside the key's."""
    location: bool = False
    """Whether 201 and 202 name what they made in a Location header."""
    streams: bool = False
    """Whether the answer stays open while there may be more to say."""
    about: str = ""
    """What the summary has no room for."""
    later: bool = False
    """Whether 202 says in Retry-After when to ask again."""


def promises(**facts: Any) -> dict[str, Any]:
    """The ``opt`` of a route handler that carries an `Operation`."""
    return {"operation": Operation(**facts)}


def operation_of(request: Request[Any, Any, Any]) -> Operation:
    """The operation a request has been routed to."""
    return request.route_handler.opt["operation"]
