"""The console over HTTP. It is a page for people and no part of the API's document."""

from pathlib import PurePosixPath

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from api.answers import answer
from api.console import files, visit
from api.entrance import AnyRequest
from api.errors import NotFound
from api.operations import File, promises
from api.shop import shop_of

FILE = File(media_types=("text/html; charset=utf-8", "text/javascript", "text/css"))
_CONTAINED = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class Visit(Struct, frozen=True, kw_only=True):
    """The sandbox's own key."""

    key: str


@get(
    "/console",
    opt=promises(name="open_console", tag="console", answers={200: FILE},
                 summary="The console"),
)  # fmt: skip
async def open_console(request: AnyRequest) -> Response[bytes]:
    return _sent(request, "index.html")


@get(
    "/console/{page:path}",
    opt=promises(name="read_console_file", tag="console", answers={200: FILE, 304: None},
                 refuses=(NotFound,), summary="A file of the console"),
)  # fmt: skip
async def read_console_file(request: AnyRequest, page: FromPath[PurePosixPath]) -> Response[bytes]:
    return _sent(request, str(page).lstrip("/"))


@post(
    "/console/visit",
    opt=promises(name="visit_console", tag="console", answers={200: Visit}, refuses=(NotFound,),
                 summary="The sandbox's key, for a browser on the same machine"),
)  # fmt: skip
async def visit_console(request: AnyRequest) -> Response[bytes]:
    file = shop_of(request).settings.console_key_file
    key = visit.key_for(request.scope, request.headers, file)
    if key is None:
        raise NotFound("no key is given here; paste one of yours")
    return answer(Visit(key=key))


def _sent(request: AnyRequest, name: str) -> Response[bytes]:
    found = files.find(name)
    if found is None:
        raise NotFound(f"the console has no file {name[:64]!r}")
    headers = {
        "etag": found.etag, "cache-control": "no-cache", "vary": "accept-encoding",
        "content-security-policy": _CONTAINED, "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }  # fmt: skip
    if request.headers.get("if-none-match") == found.etag:
        return Response(b"", status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(found.zipped, media_type=found.media_type, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


ROUTES = [open_console, read_console_file, visit_console]
