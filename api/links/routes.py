"""Files by a signed link, without a key."""

import re

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from api import crowd, files
from api.entrance import AnyRequest, query
from api.errors import LinkExpired, NotFound, RangeNotSatisfiable
from api.links import service
from api.links.contracts import TicketQuery
from api.operations import IDS, File, promises
from api.shop import shop_of

ANY = File(
    media_types=(
        "audio/wav", "audio/flac", "audio/mpeg", "audio/ogg", "audio/midi", "application/zip",
        "application/c2pa",
    )
)  # fmt: skip
_NAME = re.compile(IDS["file"])


@get(
    "/files/{file:str}",
    opt=promises(
        name="fetch_file", tag="links", query=TicketQuery, headers=("Range", "If-None-Match"),
        answers={200: ANY, 206: ANY, 304: None},
        refuses=(NotFound, LinkExpired, RangeNotSatisfiable),
        summary="A file by a link that was given out with `link=true`; needs no key",
    ),
)  # fmt: skip
async def fetch_file(request: AnyRequest, file: FromPath[str]) -> Response[bytes] | Stream:
    ticket = query(request, TicketQuery).ticket
    if _NAME.fullmatch(file) is None:
        raise NotFound("there is no such file")
    asset = service.redeem(shop_of(request), ticket, file)
    crowd.KEY.set(ticket)
    return await files.send(request, shop_of(request).shelf, asset, file)


ROUTES = [fetch_file]
