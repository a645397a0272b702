"""Balance, ledger, usage and top-ups over HTTP."""

from litestar import Response, get, post
from litestar.params import FromPath

from api.answers import answer, raw
from api.entrance import (
    AnyRequest,
    Page,
    body,
    enter,
    idempotency_key,
    preferred_wait,
    query,
)
from api.errors import (
    IdempotencyInProgress,
    IdempotencyKeyRequired,
    IdempotencyMismatch,
    NotFound,
    PostpaidAccount,
)
from api.keys.idempotency import once
from api.operations import promises
from api.shop import shop_of
from api.usage import service
from api.usage.contracts import (
    AccountBalance,
    LedgerPage,
    LedgerQuery,
    NewTopup,
    Topup,
    TopupList,
    Usage,
    UsageQuery,
)


@get(
    "/v1/balance",
    opt=promises(
        name="read_balance", tag="money", scope="read", answers={200: AccountBalance},
        summary="What the account has, what is set aside, what it may spend",
    ),
)  # fmt: skip
async def read_balance(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.balance(shop_of(request), caller))


@get(
    "/v1/ledger",
    opt=promises(
        name="list_ledger", tag="money", scope="read", query=LedgerQuery,
        answers={200: LedgerPage}, summary="Every transfer of tokens, oldest first",
    ),
)  # fmt: skip
async def list_ledger(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    asked = query(request, LedgerQuery)
    return answer(await service.lines(shop_of(request), caller, asked.cursor, asked.limit))


@get(
    "/v1/usage",
    opt=promises(
        name="read_usage", tag="money", scope="read", query=UsageQuery, answers={200: Usage},
        summary="A period's statement: opening, what was spent on what, closing",
    ),
)  # fmt: skip
async def read_usage(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.usage(shop_of(request), caller, query(request, UsageQuery)))


@post(
    "/v1/topups",
    opt=promises(
        name="create_topup", tag="money", scope="billing", body=NewTopup, location=True,
        headers=("Idempotency-Key", "Prefer"), answers={200: Topup, 202: Topup},
        refuses=(
            PostpaidAccount, IdempotencyKeyRequired, IdempotencyMismatch, IdempotencyInProgress,
        ),
        summary="Buy a pack of tokens through Stripe Checkout",
    ),
)  # fmt: skip
async def create_topup(request: AnyRequest) -> Response[bytes]:
    """202 until the Checkout link is there; 200 where ``Prefer: wait`` was long enough for it."""
    caller, shop = await enter(request), shop_of(request)
    key = idempotency_key(request)
    wanted = await body(request, NewTopup)
    named = once(caller, "create_topup", key, wanted)
    topup, kept = await service.start_topup(shop, caller, wanted, named)
    wait = preferred_wait(request)
    if wait:
        view = await service.read_topup(shop, caller, topup, wait)
        if view.status != "requested":
            return answer(view, location=kept.location)
    return raw(kept.body, status=kept.status, location=kept.location)


@get(
    "/v1/topups",
    opt=promises(
        name="list_topups", tag="money", scope="read", query=Page, answers={200: TopupList},
        summary="The account's top-ups, newest first",
    ),
)  # fmt: skip
async def list_topups(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    asked = query(request, Page)
    return answer(await service.topups(shop_of(request), caller, asked.cursor, asked.limit))


@get(
    "/v1/topups/{topup:str}",
    opt=promises(
        name="read_topup", tag="money", scope="read", headers=("Prefer",), answers={200: Topup},
        refuses=(NotFound,), summary="A top-up, with its Checkout link once Stripe has made it",
    ),
)  # fmt: skip
async def read_topup(request: AnyRequest, topup: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    wait = preferred_wait(request) or 0
    return answer(await service.read_topup(shop_of(request), caller, topup, wait))


ROUTES = [read_balance, list_ledger, read_usage, create_topup, list_topups, read_topup]
