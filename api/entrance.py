"""From a request to values that are valid: who calls, which thing, which parameters, which body.

Nothing behind this file checks twice. Refusals come in one order: key, rate, scope, address,
parameters, body.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, TypeVar

from litestar import Request
from msgspec import Meta, Struct

from api import crowd, logs, validation
from api.arrival import header
from api.errors import (
    IdempotencyKeyRequired,
    NotFound,
    RateLimited,
    ScopeMissing,
    UnsupportedMediaType,
    ValidationFailed,
)
from api.keys import service as keys
from api.keys.contracts import Caller
from api.keys.limits import Limiter
from api.operations import IDS, operation_of
from api.shop import shop_of
from engine.errors import Reason

AnyRequest = Request[Any, Any, Any]
T = TypeVar("T", bound=Struct)

LONGEST_WAIT_S = 60
_IDS = {name: re.compile(pattern) for name, pattern in IDS.items()}
_WAIT = re.compile(r'(?:^|[,;\s])wait\s*=\s*"?([0-9]{1,9})"?(?=$|[,;\s])')
_IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")

Limit = Annotated[int, Meta(ge=1, le=100)]
Cursor = Annotated[str, Meta(min_length=1, max_length=200)]
Wait = Annotated[int, Meta(ge=0, le=LONGEST_WAIT_S)]


class Page(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page of a list: so many, after the cursor of the page before."""

    limit: Limit = 20
    cursor: Cursor | None = None


class Nothing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No parameters, or an empty body."""


class Place(Struct, frozen=True, kw_only=True):
    """Where a page ends: lists run from new to old, ties by id."""

    created_at: datetime
    id: str


async def enter(request: AnyRequest) -> Caller:
    """The caller, if it may make this call now."""
    shop, operation = shop_of(request), operation_of(request)
    caller = await keys.admit(
        shop.register, shop.settings.pepper, header(request.scope, b"authorization")
    )
    logs.also(account=caller.account)
    crowd.KEY.set(caller.key)
    of_plans = (shop.plan_limiter,) if operation.rate == "plans" else ()
    _count(request.scope, (shop.limiter, *of_plans), caller.key)
    if operation.scope is not None and not caller.may(operation.scope):
        raise ScopeMissing(operation.scope)
    for name, value in request.scope["path_params"].items():
        if _IDS[name].fullmatch(value) is None:
            raise NotFound(f"there is no {name} {value[:64]!r}")
    if operation.query is None:
        query(request, Nothing)
    return caller


def _count(scope: Any, limiters: Sequence[Limiter], key: str) -> None:
    """Count the request; every answer, also a refusal, says what is left of the key's rates."""
    left: list[bytes] = []
    try:
        for limiter in limiters:
            left.append(limiter.take(key))  # noqa: PERF401 - up to one that refuses
    except RateLimited as refusal:
        left.append(limiters[len(left)].said(0, refusal.retry_after_s))
        raise
    finally:
        scope["state"]["headers"] = (
            (b"ratelimit-policy", b", ".join([one.policy for one in limiters])),
            (b"ratelimit", b", ".join(left)),
        )


def query(request: AnyRequest, shape: type[T]) -> T:
    """The query parameters; unknown and repeated ones are refused."""
    if not request.scope["query_string"]:
        return _unasked(shape)
    sent: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in sent:
            raise ValidationFailed(
                [Reason(f"/query/{name}", "repeated", f"{name} is given more than once")]
            )
        sent[name] = value
    return validation.parameters(sent, shape)


@cache
def _unasked(shape: type[T]) -> T:
    """Most requests have no query; what that means is the same each time."""
    return validation.parameters({}, shape)


async def body(request: AnyRequest, shape: type[T]) -> T:
    """The JSON body as ``shape``; every wrong field is named where that can be known."""
    media_type = (header(request.scope, b"content-type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType("send the body as `Content-Type: application/json`")
    return validation.document(await request.body(), shape)


async def empty_body(request: AnyRequest) -> None:
    """Refuse a body where the call takes none; ``{}`` is let through."""
    raw = await request.body()
    if raw.strip():
        validation.document(raw, Nothing)


def idempotency_key(request: AnyRequest) -> str:
    """The name under which this request happens once."""
    key = header(request.scope, b"idempotency-key")
    if key is None:
        raise IdempotencyKeyRequired("send an Idempotency-Key header, for example a UUID")
    if _IDEMPOTENCY_KEY.fullmatch(key) is None:
        raise IdempotencyKeyRequired(
            "the Idempotency-Key must be 1 to 255 visible ASCII characters, for example a UUID"
        )
    return key


def preferred_wait(request: AnyRequest) -> int | None:
    """Seconds of ``Prefer: wait=n``, at most 60; a preference that cannot be read is ignored."""
    found = _WAIT.search(header(request.scope, b"prefer") or "")
    return None if found is None else min(int(found[1]), LONGEST_WAIT_S)


def place(cursor: str | None) -> Place | None:
    """Where a list goes on."""
    if cursor is None:
        return None
    try:
        created, _, row = _unpacked(cursor).partition(" ")
        if not re.fullmatch(r"[0-9A-Za-z_]{1,80}", row):
            raise ValueError(row)
        return Place(created_at=datetime.fromtimestamp(int(created) / 1e6, UTC), id=row)
    except (ValueError, OverflowError, OSError) as error:
        raise bad_cursor() from error


def cursor_after(created_at: datetime, row: str) -> str:
    """The cursor of a page that ends with this row."""
    micros = int(created_at.timestamp()) * 1_000_000 + created_at.microsecond
    return _packed(f"{micros} {row}")


def number_after(cursor: str | None) -> int:
    """Where a numbered list goes on; 0 is its beginning."""
    if cursor is None:
        return 0
    try:
        number = int(_unpacked(cursor))
    except ValueError as error:
        raise bad_cursor() from error
    if not 0 <= number < 2**63:
        raise bad_cursor()
    return number


def number_cursor(number: int) -> str:
    """The cursor of a page that ends with this number."""
    return _packed(str(number))


def bad_cursor() -> ValidationFailed:
    """The cursor is not one of ours."""
    detail = "the cursor is not one we gave; leave it out to begin at the beginning"
    return ValidationFailed([Reason("/query/cursor", "bad_cursor", detail)])


def _packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _unpacked(cursor: str) -> str:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return raw.decode("ascii")
    except (binascii.Error, UnicodeError) as error:
        raise ValueError(cursor) from error
