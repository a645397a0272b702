"""Quotes and briefs over HTTP."""

from litestar import Response, get, post
from litestar.params import FromPath

from api import logs
from api.answers import answer, raw
from api.arrival import trace_of
from api.briefs import service
from api.briefs.contracts import (
    BriefList,
    BriefQuery,
    BriefsQuery,
    BriefView,
    Capabilities,
    NewBrief,
    Quote,
)
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
from api.keys.idempotency import once
from api.operations import promises
from api.shop import shop_of
from billing.errors import AccountFrozen, BudgetExceeded, InsufficientTokens
from engine.errors import BriefRefused, NotYetAvailable


@get(
    "/v1/capabilities",
    opt=promises(
        name="read_capabilities", tag="briefs", scope="read", answers={200: Capabilities},
        summary="What this key may ask for, what it costs and what is left of its limits",
    ),
)  # fmt: skip
async def read_capabilities(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.capabilities(shop_of(request), caller))


@post(
    "/v1/quotes",
    opt=promises(
        name="create_quote", tag="briefs", scope="read", body=NewBrief, answers={200: Quote},
        summary="The price of a brief, binding for fifteen minutes; charges nothing",
        refuses=(BriefRefused, NotYetAvailable),
    ),
)  # fmt: skip
async def create_quote(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    brief = await body(request, NewBrief)
    return answer(await service.quote(shop_of(request), caller, brief))


@post(
    "/v1/briefs",
    opt=promises(
        name="create_brief", tag="briefs", scope="briefs", body=NewBrief, location=True,
        answers={200: BriefView, 202: BriefView}, headers=("Idempotency-Key", "Prefer"),
        summary="Set the tokens aside and hand the brief to the studio",
        refuses=(
            BriefRefused, NotYetAvailable, IdempotencyKeyRequired, IdempotencyMismatch,
            IdempotencyInProgress, InsufficientTokens, AccountFrozen, BudgetExceeded,
            QuoteExpired, QuoteMismatch, QueueFull,
        ),
    ),
)  # fmt: skip
async def create_brief(request: AnyRequest) -> Response[bytes]:
    """202 while the studio works; 200 where ``Prefer: wait`` was long enough to see the end."""
    caller, shop = await enter(request), shop_of(request)
    key = idempotency_key(request)
    brief = await body(request, NewBrief)
    named = once(caller, "create_brief", key, brief)
    accepted = await service.submit(shop, caller, brief, named, trace_of(request))
    logs.also(brief=accepted.brief)
    kept, wait, replayed = accepted.answer, preferred_wait(request), accepted.replayed
    if wait:
        view = await service.read(shop, caller, accepted.brief, wait)
        if view.finished_at is not None:
            return answer(view, location=kept.location, waited=wait, replayed=replayed)
    return raw(
        kept.body, status=kept.status, location=kept.location, waited=wait, replayed=replayed
    )


@get(
    "/v1/briefs",
    opt=promises(
        name="list_briefs", tag="briefs", scope="read", query=BriefsQuery,
        answers={200: BriefList}, summary="The account's briefs, newest first",
    ),
)  # fmt: skip
async def list_briefs(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.page(shop_of(request), caller, query(request, BriefsQuery)))


@get(
    "/v1/briefs/{brief:str}",
    opt=promises(
        name="read_brief", tag="briefs", scope="read", query=BriefQuery, headers=("Prefer",),
        answers={200: BriefView}, refuses=(NotFound,),
        summary="A brief and its candidates; `wait` holds the answer back until it has ended",
    ),
)  # fmt: skip
async def read_brief(request: AnyRequest, brief: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    asked, preferred = query(request, BriefQuery).wait, preferred_wait(request)
    wait = asked if asked is not None else preferred or 0
    view = await service.read(shop_of(request), caller, brief, wait)
    return answer(view, waited=preferred if asked is None else None)


@post(
    "/v1/briefs/{brief:str}/cancel",
    opt=promises(
        name="cancel_brief", tag="briefs", scope="briefs", answers={200: BriefView},
        refuses=(NotFound, AlreadyTerminal),
        summary="Stop a brief; what was delivered stays, the rest of the hold is given back",
    ),
)  # fmt: skip
async def cancel_brief(request: AnyRequest, brief: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    await empty_body(request)
    return answer(await service.cancel(shop_of(request), caller, brief))


ROUTES = [read_capabilities, create_quote, create_brief, list_briefs, read_brief, cancel_brief]
