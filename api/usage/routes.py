"""Balance, ledger, statements and top-ups over HTTP."""

from datetime import UTC, datetime

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

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
from api.keys.contracts import Caller
from api.keys.idempotency import once
from api.operations import File, promises
from api.shop import shop_of
from api.usage import period, service, statements
from api.usage.contracts import (
    AccountBalance,
    LedgerPage,
    LedgerQuery,
    MonthStatement,
    NewTopup,
    SheetQuery,
    Topup,
    TopupList,
    Usage,
    UsageQuery,
)
from billing.statements import sheets
from billing.statements.sheets import Form

SHEET = File(media_types=tuple(sheets.MEDIA_TYPES.values()))
_ACCEPTED: dict[str, Form | None] = {
    "text/csv": "csv", "application/jsonl": "jsonl", "application/x-ndjson": "jsonl",
    "application/json": None,
}  # fmt: skip


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
    return answer(await statements.ledger(shop_of(request), caller, asked.cursor, asked.limit))


@get(
    "/v1/usage",
    opt=promises(
        name="read_usage", tag="money", scope="read", query=UsageQuery,
        answers={200: (Usage, SHEET)}, about=sheets.ABOUT,
        summary="A period's statement: opening, what was spent on what, closing",
    ),
)  # fmt: skip
async def read_usage(request: AnyRequest) -> Response[bytes] | Stream:
    caller, shop = await enter(request), shop_of(request)
    asked = query(request, UsageQuery)
    form = form_of(request, asked)
    if form is None:
        return answer(await statements.usage(shop, caller, asked))
    since, until = period.asked_for(asked, datetime.now(UTC))
    return await _sheet(request, caller, asked, form, (since, until), f"{since:%Y-%m-%d}")


@get(
    "/v1/statements/{month:str}",
    opt=promises(
        name="read_statement", tag="money", scope="read", query=SheetQuery, refuses=(NotFound,),
        answers={200: (MonthStatement, SHEET)}, about=sheets.ABOUT,
        summary="A calendar month's statement, which the next month's goes on from",
    ),
)  # fmt: skip
async def read_statement(request: AnyRequest, month: FromPath[str]) -> Response[bytes] | Stream:
    caller, shop = await enter(request), shop_of(request)
    asked = query(request, SheetQuery)
    form = form_of(request, asked)
    if form is None:
        return answer(await statements.month(shop, caller, month, asked))
    since, until, _ = period.month(month, datetime.now(UTC))
    return await _sheet(request, caller, asked, form, (since, until), month)


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


def form_of(request: AnyRequest, asked: SheetQuery) -> Form | None:
    """The kind of sheet that ``format`` or the Accept header asks for; None for JSON."""
    if asked.format is not None:
        return None if asked.format == "json" else asked.format
    for part in request.headers.get("accept", "").split(","):
        media_type = part.partition(";")[0].strip().lower()
        if media_type in _ACCEPTED:
            return _ACCEPTED[media_type]
    return None


async def _sheet(
    request: AnyRequest,
    caller: Caller,
    asked: SheetQuery,
    form: Form,
    times: tuple[datetime, datetime],
    name: str,
) -> Response[bytes] | Stream:
    """A statement as a file to save, sent as it is read."""
    shop, columns = shop_of(request), statements.grouped(asked)
    statements.paged_only_in_json(asked)
    headers = {"content-disposition": f'attachment; filename="cuesmith-{name}.{form}"'}
    kind = sheets.MEDIA_TYPES[form]
    if request.scope["state"]["method"] == "HEAD":
        return Response(b"", media_type=kind, headers=headers)
    span = await statements.span_of(shop, caller.account, *times)
    pieces = statements.sheet(shop.pool, span, columns, form)
    return Stream(pieces, media_type=kind, headers=headers)


ROUTES = [
    read_balance, list_ledger, read_usage, read_statement, create_topup, list_topups, read_topup,
]  # fmt: skip
