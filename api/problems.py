"""The single table that turns a refusal into HTTP: RFC 9457, one shape for everything.

A refusal (the client can act) is answered with its sentence. A fault (we must act) is logged once
and answered without its reasons.
"""

from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException
from msgspec import UNSET, Struct, UnsetType, structs

from api import errors as door
from api.arrival import with_head
from api.validation import MOST_REASONS
from billing import errors as till
from engine import errors as studio
from engine.errors import Reason
from engine.stock.places import ObjectDamaged, ObjectMissing, StoreUnreachable

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class FieldProblem(Struct, frozen=True, kw_only=True):
    """One thing wrong with one field; ``limit`` says what would be accepted.

    ``pointer`` is a JSON pointer into the body; what is wrong with the query or a header is named
    ``/query/<name>`` or ``/header/<name>``, and what is wrong with the n-th ``line`` of an upload
    ``/lines/<n>`` and then what it is within the line.
    """

    pointer: str
    code: str
    detail: str
    limit: Any = None
    line: int | UnsetType = UNSET


class Problem(Struct, frozen=True, kw_only=True):
    """Why a request was not carried out. Nothing was charged for it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    retryable: bool
    errors: tuple[FieldProblem, ...] = ()
    needed: int | UnsetType = UNSET
    available: int | UnsetType = UNSET
    topup_url: str | UnsetType = UNSET


class Kind(Struct, frozen=True, kw_only=True):
    """What all refusals of one class have in common. ``retryable``: the same request may pass
    later without being changed."""

    status: int
    code: str
    title: str
    retryable: bool = False


def _kind(status: int, code: str, title: str, *, retryable: bool = False) -> Kind:
    return Kind(status=status, code=code, title=title, retryable=retryable)


_UNAVAILABLE = _kind(503, "unavailable", "Something we stand on does not answer", retryable=True)
_BUDGET = _kind(402, "budget_exceeded", "More than max_tokens or a monthly budget allows")
INTERNAL = _kind(500, "internal", "Something went wrong on our side", retryable=True)
_OVERLOADED = _kind(503, "overloaded", "Too many requests at once", retryable=True)
_QUEUE_FULL = _kind(429, "queue_full", "Too much is unfinished", retryable=True)
_AMOUNT = _kind(422, "amount_too_large", "More would go back than came in")

TABLE: dict[type[Exception], Kind] = {
    door.InvalidJson: _kind(400, "invalid_json", "The body is not JSON"),
    door.IdempotencyKeyRequired: _kind(
        400, "idempotency_key_required", "This call needs an Idempotency-Key"
    ),
    till.BadSignature: _kind(400, "bad_signature", "The signature does not match"),
    door.InvalidKey: _kind(401, "invalid_api_key", "No valid API key"),
    door.KeyRevoked: _kind(401, "key_revoked", "The API key is no longer valid"),
    till.InsufficientTokens: _kind(402, "insufficient_tokens", "Not enough tokens"),
    till.AccountFrozen: _kind(402, "account_frozen", "The account is frozen"),
    till.BudgetExceeded: _BUDGET,
    door.OverMaxTokens: _BUDGET,
    door.ScopeMissing: _kind(403, "scope_missing", "The key may not do this"),
    door.NotFound: _kind(404, "not_found", "There is no such thing"),
    till.UnknownAccount: _kind(404, "not_found", "There is no such account"),
    till.UnknownPayment: _kind(404, "not_found", "There is no such payment"),
    till.UnknownInvoice: _kind(404, "not_found", "There is no such invoice"),
    door.IdempotencyInProgress: _kind(
        409, "idempotency_in_progress", "The same request is still running", retryable=True
    ),
    door.AlreadyTerminal: _kind(409, "already_terminal", "It has ended"),
    door.NotRenderable: _kind(409, "not_renderable", "The track cannot be played again"),
    door.RenditionFailed: _kind(409, "rendition_failed", "The rendition could not be made"),
    door.TooManyEndpoints: _kind(409, "too_many_endpoints", "The account has too many endpoints"),
    door.EndpointDisabled: _kind(409, "endpoint_disabled", "The endpoint is disabled"),
    door.TooManyBudgets: _kind(409, "too_many_budgets", "The account has too many budgets"),
    door.PostpaidAccount: _kind(409, "postpaid_account", "The account pays by invoice"),
    door.PrepaidAccount: _kind(409, "prepaid_account", "The account pays with packs"),
    door.NoCustomer: _kind(409, "no_customer", "The account has never paid"),
    door.NoSubscription: _kind(409, "no_subscription", "Nothing is invoiced yet", retryable=True),
    till.HoldClosed: _kind(409, "hold_closed", "The tokens are no longer set aside"),
    till.HoldOpen: _kind(409, "hold_open", "The tokens are still set aside"),
    till.OverQuote: _kind(409, "over_quote", "This would exceed the quote"),
    till.Mismatch: _kind(409, "mismatch", "It was asked for otherwise before"),
    door.QuoteExpired: _kind(410, "quote_expired", "The quote has expired"),
    door.LinkExpired: _kind(410, "link_expired", "The link has expired"),
    door.CandidateExpired: _kind(410, "candidate_expired", "The candidate has expired"),
    door.LicensedElsewhere: _kind(409, "licensed_elsewhere", "Licensed to somebody else"),
    door.UnsupportedMediaType: _kind(415, "unsupported_media_type", "The body must be JSON"),
    door.RangeNotSatisfiable: _kind(416, "range_not_satisfiable", "There are no such bytes"),
    door.BodyTooLarge: _kind(413, "payload_too_large", "The body is too large"),
    door.ValidationFailed: _kind(422, "validation_failed", "The request is not valid"),
    door.BatchRefused: _kind(422, "validation_failed", "Lines of the upload are not valid"),
    door.IdempotencyMismatch: _kind(
        422, "idempotency_mismatch", "The Idempotency-Key was used for another request"
    ),
    door.QuoteMismatch: _kind(422, "quote_mismatch", "The quote is for another brief"),
    till.RefundTooLarge: _AMOUNT,
    till.CreditTooLarge: _AMOUNT,
    studio.BriefRefused: _kind(422, "validation_failed", "The brief cannot be carried out"),
    studio.NotYetAvailable: _kind(422, "not_yet_available", "Not available yet"),
    door.RateLimited: _kind(429, "rate_limited", "Too many requests", retryable=True),
    door.QueueFull: _QUEUE_FULL,
    door.StudiosBusy: _QUEUE_FULL,
    door.TooManyStreams: _kind(429, "too_many_streams", "Too many open streams", retryable=True),
    door.BodyTooSlow: _kind(408, "request_timeout", "The body came too slowly", retryable=True),
    door.Overcrowded: _OVERLOADED,
    door.UploadsBusy: _OVERLOADED,
    door.Unready: _UNAVAILABLE,
    till.StripeUnavailable: _UNAVAILABLE,
    till.StripeRefused: _UNAVAILABLE,
    till.NotYet: _UNAVAILABLE,
    till.WrongStripeMode: INTERNAL,
    studio.ModelMissing: _UNAVAILABLE,
    studio.BankMissing: _UNAVAILABLE,
    studio.LeaseLost: _UNAVAILABLE,
    studio.Stopped: _UNAVAILABLE,
    studio.DeviceLost: _UNAVAILABLE,
    studio.DeviceLost: _UNAVAILABLE,
    asyncpg.PostgresConnectionError: _UNAVAILABLE,
    asyncpg.InsufficientResourcesError: _UNAVAILABLE,  # connections, disk or memory
    asyncpg.ReadOnlySQLTransactionError: _UNAVAILABLE,  # the server is recovering, or a standby
    asyncpg.LockNotAvailableError: _UNAVAILABLE,
    asyncpg.TransactionRollbackError: _UNAVAILABLE,  # two were in each other's way
    asyncpg.PostgresSystemError: _UNAVAILABLE,
    asyncpg.OperatorInterventionError: _UNAVAILABLE,  # the server is stopping or starting
    asyncpg.InterfaceError: _UNAVAILABLE,
    asyncpg.InternalClientError: _UNAVAILABLE,  # its connection was ended between two messages
    StoreUnreachable: _UNAVAILABLE,
    ObjectMissing: _UNAVAILABLE,
    ObjectDamaged: _UNAVAILABLE,
    OSError: _UNAVAILABLE,  # no socket, no route, no answer in time
}

# What Litestar itself refuses, before one of our handlers is reached.
_HTTP: dict[int, Kind] = {
    400: _kind(400, "bad_request", "The request cannot be read"),
    404: _kind(404, "not_found", "There is no such thing"),
    405: _kind(405, "method_not_allowed", "This address does not take this method"),
    413: _kind(413, "payload_too_large", "The body is too large"),
}


def kind_of(error: Exception | type[Exception]) -> Kind:
    """What a refusal is in HTTP; `INTERNAL` for what is not in the table."""
    lineage = (error if isinstance(error, type) else type(error)).__mro__
    return next((TABLE[one] for one in lineage if one in TABLE), INTERNAL)


def kinds() -> dict[str, Kind]:
    """Every code a problem can have, once."""
    found = {kind.code: kind for kind in (*_HTTP.values(), *TABLE.values(), INTERNAL)}
    return dict(sorted(found.items()))


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Any exception as problem+json."""
    if isinstance(error, HTTPException):
        return _refused_by_framework(request, error)
    kind = kind_of(error)
    if kind.status >= 500 and not isinstance(error, door.DoorError):
        log.error("request.fault", code=kind.code, exc_info=error)
        detail = "the request was not carried out; it may be tried again"
    else:
        detail = _detail(error)
    return _response(request, kind, detail, _fields(error), _headers(error), _money(request, error))


def _refused_by_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    kind = _HTTP.get(400 if _gone(error) else error.status_code)
    if kind is None:
        kind = INTERNAL if error.status_code >= 500 else _HTTP[400]
    if kind.status >= 500:
        log.error("request.fault", code=kind.code, exc_info=error)
    allowed = _allowed(error)
    details = {
        404: "there is nothing at this address",
        405: f"allowed here: {allowed}",
        413: "the body is larger than this call takes",
    }
    detail = details.get(kind.status, "the request cannot be read")
    return _response(request, kind, detail, (), {"allow": allowed} if allowed else {}, {})


def _gone(error: HTTPException) -> bool:
    """Whether the client left in the middle of its request, which is no fault of ours. Litestar
    says so by a sentence only."""
    return isinstance(error, InternalServerException) and "disconnected" in error.detail


def _allowed(error: HTTPException) -> str | None:
    allowed = next(
        (text for name, text in (error.headers or {}).items() if name.lower() == "allow"), None
    )
    if allowed is None:
        return None
    return ", ".join(sorted(with_head({method.strip() for method in allowed.split(",")})))


def _response(
    request: Request[Any, Any, Any],
    kind: Kind,
    detail: str,
    fields: tuple[FieldProblem, ...],
    headers: dict[str, str],
    money: dict[str, Any],
) -> Response[bytes]:
    state = request.scope["state"]
    state["refusal"] = kind.code
    problem = Problem(
        type=f"{request.app.state.public_url}/docs/errors#{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=kind.code,
        request_id=state.get("request_id", ""),
        retryable=kind.retryable,
        errors=fields,
        **money,
    )
    return Response(
        msgspec.json.encode(problem),
        status_code=kind.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def _detail(error: Exception) -> str:
    """What an exception says; of a plan with a thousand wrong chords only the beginning."""
    if not isinstance(error, (door.ValidationFailed, studio.BriefRefused)):
        return str(error)
    said = "; ".join(reason.detail for reason in error.reasons[:MOST_REASONS])
    more = len(error.reasons) - MOST_REASONS
    return f"{said}; and {more} more" if more > 0 else said


def _fields(error: Exception) -> tuple[FieldProblem, ...]:
    if isinstance(error, (door.ValidationFailed, studio.BriefRefused)):
        return tuple(_field(reason) for reason in error.reasons[:MOST_REASONS])
    if isinstance(error, door.BatchRefused):
        return tuple(map(_of_line, error.reasons))
    if isinstance(error, door.OverMaxTokens):
        return (_one("/max_tokens", "budget_exceeded", str(error), error.needed),)
    if isinstance(error, till.BudgetExceeded):
        at = "/project" if error.scope == "project" else "/header/authorization"
        return (_one(at, "budget_exceeded", str(error), error.cap),)
    if isinstance(error, (door.QuoteExpired, door.QuoteMismatch)):
        return (_one("/quote", kind_of(error).code, str(error)),)
    if isinstance(
        error,
        (door.IdempotencyKeyRequired, door.IdempotencyMismatch, door.IdempotencyInProgress),
    ):
        return (_one("/header/idempotency-key", kind_of(error).code, str(error)),)
    return ()


def _one(pointer: str, code: str, detail: str, limit: Any = None) -> FieldProblem:
    return FieldProblem(pointer=pointer, code=code, detail=detail, limit=limit)


def _field(reason: Reason) -> FieldProblem:
    return _one(reason.pointer, reason.code, reason.detail, reason.limit)


def _of_line(one: door.LineReason) -> FieldProblem:
    said = _field(one.reason)
    return structs.replace(said, pointer=f"/lines/{one.line}{said.pointer}", line=one.line)


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, door.RateLimited):
        return {"retry-after": str(max(1, round(error.retry_after_s + 0.5)))}
    if isinstance(error, (door.QueueFull, door.TooManyStreams)):
        return {"retry-after": str(error.retry_after_s)}
    if isinstance(error, door.IdempotencyInProgress):
        return {"retry-after": "1"}
    if isinstance(error, door.RangeNotSatisfiable):
        return {"content-range": f"bytes */{error.size}"}
    if isinstance(error, (door.InvalidKey, door.KeyRevoked)):
        return {"www-authenticate": "Bearer"}
    if isinstance(error, door.BodyTooSlow):
        return {"connection": "close"}
    if kind_of(error).status == 503:
        return {"retry-after": "2"}
    return {}


def _money(request: Request[Any, Any, Any], error: Exception) -> dict[str, Any]:
    if kind_of(error).status != 402:
        return {}
    link = f"{request.app.state.public_url}/v1/topups"
    return {
        "needed": getattr(error, "needed", 0),
        "available": getattr(error, "available", 0),
        "topup_url": link,
    }
