"""Sending a file from the shelf: whole, from a byte on, or not at all when the client has it.

Files are named by what they contain, so an ETag is the digest and never goes stale.
"""

import re
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response
from litestar.response import Stream

from api.answers import answer
from api.candidates.shelf import Shelf
from api.errors import RangeNotSatisfiable
from api.links import service as links
from api.shop import shop_of
from engine.contracts import Asset

EXTENSIONS = {
    "audio/wav": ".wav", "audio/flac": ".flac", "audio/mpeg": ".mp3", "audio/ogg": ".ogg",
    "audio/midi": ".mid", "application/zip": ".zip", "application/c2pa": ".c2pa",
}  # fmt: skip
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


async def give(
    request: Request[Any, Any, Any], asset: Asset, name: str, *, link: bool
) -> Response[bytes] | Stream:
    """The file itself, or a link to it for those who cannot send a key."""
    shop = shop_of(request)
    if link:
        return answer(await links.link(shop, asset, name))
    return await send(request, shop.shelf, asset, name)


async def send(
    request: Request[Any, Any, Any], shelf: Shelf, asset: Asset, name: str, *, whole: bool = False
) -> Response[bytes] | Stream:
    """The file, or the one range of bytes that was asked for. ``name`` is what a browser saves.

    Several ranges, and ranges we cannot read, are answered with the whole file (RFC 9110 §14.2), as
    are all where ``whole`` says that parts of it mean nothing.
    """
    headers = {
        "etag": f'"{asset.sha256}"',
        "accept-ranges": "none" if whole else "bytes",
        "cache-control": "private, max-age=86400, immutable",
        "content-disposition": f'inline; filename="{name}"',
    }
    if request.headers.get("if-none-match") in (headers["etag"], "*"):
        return Response(b"", status_code=304, headers=headers)
    start, end = _span(None if whole else request.headers.get("range"), asset.bytes)
    partial = (start, end) != (0, asset.bytes)
    if partial:
        headers["content-range"] = f"bytes {start}-{end - 1}/{asset.bytes}"
    headers["content-length"] = str(end - start)
    status, kind = 206 if partial else 200, asset.media_type
    # A Response would add a second length, of the body that HEAD does not have.
    head = request.scope["state"]["method"] == "HEAD"
    chunks = _nothing() if head else await shelf.open(asset, start, end)
    return Stream(chunks, status_code=status, media_type=kind, headers=headers)


async def _nothing() -> AsyncIterator[bytes]:
    for nothing in ():
        yield nothing


def named(owner: str, asset: Asset) -> str:
    """What a browser saves a file as: whose it is, what it is, and its ending."""
    ending = EXTENSIONS.get(asset.media_type, "")
    return f"{owner}-{asset.name.removesuffix(ending)}{ending}"


def _span(asked: str | None, size: int) -> tuple[int, int]:
    """First byte and the one after the last."""
    found = _RANGE.fullmatch(asked.strip()) if asked else None
    if found is None or found.groups() == ("", ""):
        return 0, size
    first, last = found.groups()
    if not first:  # the last so many bytes
        if int(last) == 0:
            raise RangeNotSatisfiable(size)
        return max(0, size - int(last)), size
    start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= size or end <= start:
        raise RangeNotSatisfiable(size)
    return start, end
