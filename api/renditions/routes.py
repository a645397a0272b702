"""Renditions and packages over HTTP."""

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from api import files, logs
from api.answers import answer, raw
from api.arrival import trace_of
from api.entrance import AnyRequest, Page, body, enter, idempotency_key, preferred_wait, query
from api.errors import (
    IdempotencyInProgress,
    IdempotencyKeyRequired,
    IdempotencyMismatch,
    NotFound,
    NotRenderable,
    QueueFull,
    RangeNotSatisfiable,
    RenditionFailed,
)
from api.keys.idempotency import once
from api.links.contracts import FileQuery, Link
from api.operations import File, promises
from api.renditions import service
from api.renditions.contracts import (
    Ordered,
    PackageQuery,
    Rendition,
    RenditionList,
    RenditionQuery,
)
from api.shop import shop_of
from engine.contracts import RenditionOrder

SOUND = File(
    media_types=(
        "audio/wav", "audio/flac", "audio/mpeg", "audio/ogg", "audio/midi", "application/zip",
        "application/c2pa",
    )
)  # fmt: skip
ARCHIVE = File(media_types=("application/zip",))
RETRY_AFTER_S = 2


@post(
    "/v1/tracks/{track:str}/renditions",
    opt=promises(
        name="create_rendition", tag="renditions", scope="briefs", body=RenditionOrder,
        location=True, answers={200: Rendition, 202: Rendition},
        headers=("Idempotency-Key", "Prefer"),
        summary="A licensed track in another shape, free; the same order again is the same one",
        refuses=(
            NotFound, NotRenderable, IdempotencyKeyRequired, IdempotencyMismatch,
            IdempotencyInProgress, QueueFull,
        ),
    ),
)  # fmt: skip
async def create_rendition(request: AnyRequest, track: FromPath[str]) -> Response[bytes]:
    """202 while the studio plays; 200 where it is there already, or ``Prefer: wait`` was long
    enough to see the end."""
    caller, shop = await enter(request), shop_of(request)
    key = idempotency_key(request)
    wanted = await body(request, RenditionOrder)
    named = once(caller, "create_rendition", key, Ordered(track=track, order=wanted))
    accepted = await service.order(shop, caller, track, wanted, named, trace_of(request))
    logs.also(rendition=accepted.rendition)
    kept, wait, replayed = accepted.answer, preferred_wait(request), accepted.replayed
    if wait:
        view = await service.read(shop, caller, accepted.rendition, wait)
        if service.is_over(view):
            return answer(view, location=kept.location, waited=wait, replayed=replayed)
    return raw(
        kept.body, status=kept.status, location=kept.location, waited=wait, replayed=replayed
    )


@get(
    "/v1/tracks/{track:str}/renditions",
    opt=promises(
        name="list_renditions", tag="renditions", scope="read", query=Page,
        answers={200: RenditionList}, refuses=(NotFound,),
        summary="A track's renditions, newest first",
    ),
)  # fmt: skip
async def list_renditions(request: AnyRequest, track: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    asked = query(request, Page)
    shop = shop_of(request)
    return answer(await service.page(shop, caller, track, asked.cursor, asked.limit))


@get(
    "/v1/renditions/{rendition:str}",
    opt=promises(
        name="read_rendition", tag="renditions", scope="read", query=RenditionQuery,
        headers=("Prefer",), answers={200: Rendition}, refuses=(NotFound,),
        summary="A rendition and its files; `wait` holds the answer back until it has ended",
    ),
)  # fmt: skip
async def read_rendition(request: AnyRequest, rendition: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    asked, preferred = query(request, RenditionQuery).wait, preferred_wait(request)
    wait = asked if asked is not None else preferred or 0
    view = await service.read(shop_of(request), caller, rendition, wait)
    return answer(view, waited=preferred if asked is None else None)


@get(
    "/v1/renditions/{rendition:str}/files/{file:str}",
    opt=promises(
        name="download_rendition", tag="renditions", scope="read", query=FileQuery,
        headers=("Range", "If-None-Match"), answers={200: (Link, SOUND), 206: SOUND, 304: None},
        refuses=(NotFound, RangeNotSatisfiable), summary="One file of a rendition",
    ),
)  # fmt: skip
async def download_rendition(
    request: AnyRequest, rendition: FromPath[str], file: FromPath[str]
) -> Response[bytes] | Stream:
    caller, shop = await enter(request), shop_of(request)
    link = query(request, FileQuery).link
    asset = await service.file(shop, caller, rendition, file)
    return await files.give(request, asset, files.named(rendition, asset), link=link)


@get(
    "/v1/tracks/{track:str}/package",
    opt=promises(
        name="download_package", tag="renditions", scope="read", query=PackageQuery,
        headers=("Range", "If-None-Match"), location=True, later=True,
        answers={200: (Link, ARCHIVE), 202: Rendition, 206: ARCHIVE, 304: None},
        refuses=(
            NotFound, NotRenderable, RenditionFailed, QueueFull, RangeNotSatisfiable,
        ),
        summary="The track packed for an engine, a catalogue or a car; built when it is first "
        "asked for, with a key of the scope `briefs`",
    ),
)  # fmt: skip
async def download_package(request: AnyRequest, track: FromPath[str]) -> Response[bytes] | Stream:
    """The archive, or 202 and where to ask how far it is."""
    caller, shop = await enter(request), shop_of(request)
    asked = query(request, PackageQuery)
    found = await service.package(
        shop, caller, track, asked.profile, asked.wait or 0, trace_of(request)
    )
    if isinstance(found, Rendition):
        here = f"/v1/renditions/{found.id}"
        return answer(found, status=202, location=here, retry_after_s=RETRY_AFTER_S)
    return await files.give(request, found, f"{track}-{asked.profile}.zip", link=asked.link)


ROUTES = [
    create_rendition, list_renditions, read_rendition, download_rendition, download_package,
]  # fmt: skip
