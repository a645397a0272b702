"""Catalogue runs over HTTP: upload, look, license, account for, download."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from api import logs
from api.answers import answer, raw
from api.arrival import trace_of
from api.batches import package, picks, service, statements
from api.batches.contracts import (
    MOST_BYTES,
    Batch,
    BatchLine,
    BatchList,
    BatchQuote,
    NewPicks,
    PackageQuery,
    Picks,
    QuoteQuery,
    Result,
    ResultsQuery,
    UploadQuery,
)
from api.batches.statements import BatchSheetQuery, BatchStatement
from api.batches.unpacking import PIECE, Unpacking, Upload
from api.entrance import (
    AnyRequest,
    Page,
    body,
    empty_body,
    enter,
    idempotency_key,
    query,
)
from api.errors import (
    AlreadyTerminal,
    BatchRefused,
    BodyTooLarge,
    IdempotencyInProgress,
    IdempotencyKeyRequired,
    IdempotencyMismatch,
    NotFound,
    OverMaxTokens,
    QueueFull,
    UnsupportedMediaType,
    UploadsBusy,
)
from api.keys.idempotency import once
from api.operations import File, promises
from api.shop import shop_of
from api.usage.contracts import SheetQuery
from api.usage.routes import form_of
from api.usage.statements import paged_only_in_json
from billing.connections import lent
from billing.errors import AccountFrozen, BudgetExceeded, InsufficientTokens
from billing.statements import sheets

JSON_LINES = ("application/jsonl", "application/x-ndjson")
LINES = File(media_types=JSON_LINES[:1])
SHEET = File(media_types=tuple(sheets.MEDIA_TYPES.values()))
ZIP = File(media_types=("application/zip",))
_UPLOAD = (
    "The body is JSON lines (`application/jsonl` or `application/x-ndjson`, in UTF-8): one brief a "
    "line, as of POST /v1/briefs, with a `reference` of yours where you want one. At most 10,000 "
    "lines, each of at most 256 kB, together of at most 32 MB; `Content-Encoding: gzip` is taken. "
    "Every line costs the batch price. All lines are looked at before anything is held: where any "
    "is wrong, up to a hundred mistakes are named, each with its `line` and with a pointer "
    "`/lines/<n>/…`, and nothing was held."
)


@post(
    "/v1/batches/quotes", request_max_body_size=MOST_BYTES,
    opt=promises(
        name="create_batch_quote", tag="batches", scope="read", body=BatchLine, lines=True,
        query=QuoteQuery, answers={200: BatchQuote}, about=_UPLOAD,
        refuses=(BatchRefused, BodyTooLarge, UploadsBusy),
        summary="What an upload would cost; looks at every line and holds nothing",
    ),
)  # fmt: skip
async def create_batch_quote(request: AnyRequest) -> Response[bytes]:
    caller, shop = await enter(request), shop_of(request)
    asked = query(request, QuoteQuery)
    with shop.uploads.one(caller.account):
        upload = await _upload(request)
        return answer(await service.quote(shop, caller, upload, asked.deadline_s))


@post(
    "/v1/batches", request_max_body_size=MOST_BYTES,
    opt=promises(
        name="create_batch", tag="batches", scope="briefs", body=BatchLine, lines=True,
        query=UploadQuery, answers={200: Batch, 202: Batch}, location=True,
        headers=("Idempotency-Key",), about=_UPLOAD
        + " The same lines uploaded before are answered with their batch (200), unless `again` "
        "says otherwise or that batch was canceled.",
        refuses=(
            BatchRefused, BodyTooLarge, UploadsBusy, IdempotencyKeyRequired, IdempotencyMismatch,
            IdempotencyInProgress, InsufficientTokens, AccountFrozen, BudgetExceeded,
            OverMaxTokens, QueueFull,
        ),
        summary="A catalogue at once: up to 10,000 briefs, held as a whole and made by and by",
    ),
)  # fmt: skip
async def create_batch(request: AnyRequest) -> Response[bytes]:
    caller, shop = await enter(request), shop_of(request)
    asked, key = query(request, UploadQuery), idempotency_key(request)
    with shop.uploads.one(caller.account):
        upload = await _upload(request)
        said = f"{upload.sha256} {msgspec.json.encode(asked).decode()}"
        named = once(caller, "create_batch", key, said)
        accepted = await service.submit(shop, caller, upload, asked, named, trace_of(request))
    logs.also(batch=accepted.batch)
    kept = accepted.answer
    return raw(kept.body, status=kept.status, location=kept.location, replayed=accepted.replayed)


@get(
    "/v1/batches",
    opt=promises(
        name="list_batches", tag="batches", scope="read", query=Page, answers={200: BatchList},
        summary="The account's batches, newest first",
    ),
)  # fmt: skip
async def list_batches(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    asked = query(request, Page)
    return answer(await service.page(shop_of(request), caller, asked.cursor, asked.limit))


@get(
    "/v1/batches/{batch:str}",
    opt=promises(
        name="read_batch", tag="batches", scope="read", answers={200: Batch},
        refuses=(NotFound,), summary="A batch: how far it is, what it has cost, when it will end",
    ),
)  # fmt: skip
async def read_batch(request: AnyRequest, batch: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.view(shop_of(request), caller, batch))


@get(
    "/v1/batches/{batch:str}/results",
    opt=promises(
        name="list_batch_results", tag="batches", scope="read", query=ResultsQuery,
        answers={200: LINES}, refuses=(NotFound,),
        about="One line for every line of the upload, in its order, as it stands: "
        "`line`, `reference`, `brief`, `status`, `finished_at`, `tokens`, `failure` and its "
        "`candidates`. Without `limit` all of them are sent; with it a page, and the header "
        '`Link` with `rel="next"` leads to the next one. `status` leaves the others out.',
        summary="What has become of every line, also while others are still made",
    ),
)  # fmt: skip
async def list_batch_results(request: AnyRequest, batch: FromPath[str]) -> Response[bytes] | Stream:
    caller, shop = await enter(request), shop_of(request)
    asked = query(request, ResultsQuery)
    if asked.limit is None:
        async with lent(shop.pool) as conn:
            await service.last_line(conn, caller, batch)
        after = service.line_after(asked.cursor)
        found = service.all_results(shop.pool, batch, asked, after)
        return _streamed(request, _jsonl(found), LINES.media_types[0], f"{batch}.jsonl")
    shown, more = await service.results(shop, caller, batch, asked)
    headers = {}
    if more is not None:
        status = f"&status={asked.status}" if asked.status else ""
        here = f"{shop.settings.public_url}/v1/batches/{batch}/results"
        headers["link"] = f'<{here}?limit={asked.limit}&cursor={more}{status}>; rel="next"'
    return Response(_encoded(shown), media_type=LINES.media_types[0], headers=headers)


@post(
    "/v1/batches/{batch:str}/cancel",
    opt=promises(
        name="cancel_batch", tag="batches", scope="briefs", answers={200: Batch},
        refuses=(NotFound, AlreadyTerminal),
        summary="Stop a batch; what was delivered stays, all else is given back",
    ),
)  # fmt: skip
async def cancel_batch(request: AnyRequest, batch: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    await empty_body(request)
    return answer(await service.cancel(shop_of(request), caller, batch))


@post(
    "/v1/batches/{batch:str}/picks",
    opt=promises(
        name="pick_batch", tag="batches", scope="briefs", body=NewPicks, answers={200: Picks},
        refuses=(NotFound, InsufficientTokens, AccountFrozen, BudgetExceeded),
        about="Of each of up to a hundred lines the best candidate is licensed, unless one of "
        "theirs is already; so a repeat licenses nothing twice. Each license is paid for by "
        "itself: `stopped` says why no more of them were.",
        summary="License the best candidate of many briefs",
    ),
)  # fmt: skip
async def pick_batch(request: AnyRequest, batch: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    asked = await body(request, NewPicks)
    return answer(await picks.pick(shop_of(request), caller, batch, asked))


@get(
    "/v1/batches/{batch:str}/statement",
    opt=promises(
        name="read_batch_statement", tag="batches", scope="read", query=BatchSheetQuery,
        answers={200: (BatchStatement, SHEET)}, refuses=(NotFound,), about=statements.ABOUT,
        summary="What a batch has cost, line by line, as the ledger has it",
    ),
)  # fmt: skip
async def read_batch_statement(
    request: AnyRequest, batch: FromPath[str]
) -> Response[bytes] | Stream:
    caller, shop = await enter(request), shop_of(request)
    asked = query(request, BatchSheetQuery)
    form = form_of(request, SheetQuery(format=asked.format))
    if form is None:
        return answer(await statements.statement(shop, caller, batch, asked))
    paged_only_in_json(SheetQuery(limit=asked.limit, cursor=asked.cursor))
    async with lent(shop.pool) as conn:
        last = await service.last_line(conn, caller, batch)
    pieces = statements.sheet(shop.pool, batch, last, form)
    return _streamed(request, pieces, sheets.MEDIA_TYPES[form], f"{batch}.{form}")


@get(
    "/v1/batches/{batch:str}/package",
    opt=promises(
        name="download_batch", tag="batches", scope="read", query=PackageQuery,
        answers={200: ZIP}, refuses=(NotFound,),
        about="An archive with a folder for every licensed track (`00017-your-reference/`): its "
        "master, or with `files=all` all its files, and its certificate; and `manifest.json` and "
        "`manifest.csv`, which say of every line of the upload what has become of it. "
        "`files=manifest` has those alone.",
        summary="Everything of a batch that is licensed, in one archive",
    ),
)  # fmt: skip
async def download_batch(request: AnyRequest, batch: FromPath[str]) -> Response[bytes] | Stream:
    caller, shop = await enter(request), shop_of(request)
    asked = query(request, PackageQuery)
    async with lent(shop.pool) as conn:
        last = await service.last_line(conn, caller, batch)
    pieces = package.package(shop, caller.account, batch, last, asked.files)
    return _streamed(request, pieces, ZIP.media_types[0], f"{batch}.zip")


async def _upload(request: AnyRequest) -> Upload:
    """The lines of the body, unpacked and counted as they arrive."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in JSON_LINES:
        raise UnsupportedMediaType(
            "send one brief a line, as `Content-Type: application/jsonl`; archives are not taken, "
            "gzip is, with `Content-Encoding: gzip`"
        )
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("gzip", "identity"):
        raise UnsupportedMediaType("the Content-Encoding may be gzip, or none")
    unpacking = Unpacking(gzipped=encoding == "gzip")
    async for piece in request.stream():
        if encoding == "gzip" or len(piece) > PIECE:
            await asyncio.to_thread(unpacking.feed, piece)
        else:
            unpacking.feed(piece)
    return await asyncio.to_thread(unpacking.end)


def _streamed(
    request: AnyRequest, pieces: AsyncIterator[bytes], kind: str, name: str
) -> Response[bytes] | Stream:
    headers = {"content-disposition": f'attachment; filename="cuesmith-{name}"'}
    if request.scope["state"]["method"] == "HEAD":
        return Response(b"", media_type=kind, headers=headers)
    return Stream(pieces, media_type=kind, headers=headers)


async def _jsonl(found: AsyncIterator[list[Result]]) -> AsyncIterator[bytes]:
    async for some in found:
        yield _encoded(some)


def _encoded(some: list[Result]) -> bytes:
    return b"".join(msgspec.json.encode(one) + b"\n" for one in some)


ROUTES = [
    create_batch_quote, create_batch, list_batches, read_batch, list_batch_results, cancel_batch,
    pick_batch, read_batch_statement, download_batch,
]  # fmt: skip
