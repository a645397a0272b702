"""Families of cabin sounds over HTTP."""

from litestar import Response, get, post
from litestar.params import FromPath

from api import logs
from api.answers import answer, raw
from api.arrival import trace_of
from api.briefs.contracts import BriefQuery, BriefsQuery
from api.entrance import AnyRequest, body, empty_body, enter, idempotency_key, preferred_wait, query
from api.errors import (
    AlreadyTerminal,
    IdempotencyInProgress,
    IdempotencyKeyRequired,
    IdempotencyMismatch,
    NotFound,
    QueueFull,
    QuoteExpired,
    QuoteMismatch,
)
from api.families import service
from api.families.contracts import FamilyList, FamilyQuote, FamilyView
from api.keys.idempotency import once
from api.operations import promises
from api.shop import shop_of
from billing.errors import AccountFrozen, BudgetExceeded, InsufficientTokens
from engine.contracts import FamilyBrief
from engine.errors import BriefRefused, NotYetAvailable


@post(
    "/v1/families/quotes",
    opt=promises(
        name="create_family_quote", tag="families", scope="read", body=FamilyBrief,
        answers={200: FamilyQuote},
        summary="The price of a family, binding for fifteen minutes; charges nothing",
        refuses=(BriefRefused, NotYetAvailable),
    ),
)  # fmt: skip
async def create_family_quote(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    family = await body(request, FamilyBrief)
    return answer(await service.quote(shop_of(request), caller, family))


@post(
    "/v1/families",
    opt=promises(
        name="create_family", tag="families", scope="briefs", body=FamilyBrief, location=True,
        answers={200: FamilyView, 202: FamilyView}, headers=("Idempotency-Key", "Prefer"),
        summary="A family of cabin sounds: set the tokens aside and hand it to the studio",
        refuses=(
            BriefRefused, NotYetAvailable, IdempotencyKeyRequired, IdempotencyMismatch,
            IdempotencyInProgress, InsufficientTokens, AccountFrozen, BudgetExceeded,
            QuoteExpired, QuoteMismatch, QueueFull,
        ),
    ),
)  # fmt: skip
async def create_family(request: AnyRequest) -> Response[bytes]:
    """202 while the studio works; 200 where ``Prefer: wait`` was long enough to see the end."""
    caller, shop = await enter(request), shop_of(request)
    key = idempotency_key(request)
    family = await body(request, FamilyBrief)
    named = once(caller, "create_family", key, family)
    accepted = await service.submit(shop, caller, family, named, trace_of(request))
    logs.also(family=accepted.brief)
    kept, wait, replayed = accepted.answer, preferred_wait(request), accepted.replayed
    if wait:
        view = await service.read(shop, caller, accepted.brief, wait)
        if view.finished_at is not None:
            return answer(view, location=kept.location, waited=wait, replayed=replayed)
    return raw(
        kept.body, status=kept.status, location=kept.location, waited=wait, replayed=replayed
    )


@get(
    "/v1/families",
    opt=promises(
        name="list_families", tag="families", scope="read", query=BriefsQuery,
        answers={200: FamilyList}, summary="The account's families, newest first",
    ),
)  # fmt: skip
async def list_families(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.page(shop_of(request), caller, query(request, BriefsQuery)))


@get(
    "/v1/families/{family:str}",
    opt=promises(
        name="read_family", tag="families", scope="read", query=BriefQuery, headers=("Prefer",),
        answers={200: FamilyView}, refuses=(NotFound,),
        summary="A family and its candidates; `wait` holds the answer back until it has ended",
    ),
)  # fmt: skip
async def read_family(request: AnyRequest, family: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    asked, preferred = query(request, BriefQuery).wait, preferred_wait(request)
    wait = asked if asked is not None else preferred or 0
    view = await service.read(shop_of(request), caller, family, wait)
    return answer(view, waited=preferred if asked is None else None)


@post(
    "/v1/families/{family:str}/cancel",
    opt=promises(
        name="cancel_family", tag="families", scope="briefs", answers={200: FamilyView},
        refuses=(NotFound, AlreadyTerminal),
        summary="Stop a family; what was delivered stays, the rest of the hold is given back",
    ),
)  # fmt: skip
async def cancel_family(request: AnyRequest, family: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    await empty_body(request)
    return answer(await service.cancel(shop_of(request), caller, family))


ROUTES = [create_family_quote, create_family, list_families, read_family, cancel_family]
