"""What operators and passers-by ask: is it well, which keys sign."""

import asyncio

from litestar import Response, get
from msgspec import Struct

from api.answers import answer
from api.entrance import AnyRequest, Nothing, query
from api.errors import NotFound
from api.licenses import service as licenses
from api.licenses.signing import KeySet
from api.operations import File, promises
from api.shop import shop_of
from billing.connections import lent

PEM = File(media_types=("application/pem-certificate-chain",))
ANSWERS_WITHIN_S = 2.0
"""A database that takes longer is not ready for a client's request either."""


class Health(Struct, frozen=True, kw_only=True):
    """``status`` is always "ok"; when something is not, the answer is a problem."""

    status: str = "ok"


@get(
    "/healthz",
    opt=promises(name="read_health", tag="operations", answers={200: Health},
                 summary="The process runs"),
)  # fmt: skip
async def read_health(request: AnyRequest) -> Response[bytes]:
    query(request, Nothing)
    return answer(Health())


@get(
    "/readyz",
    opt=promises(name="read_readiness", tag="operations", answers={200: Health},
                 summary="The process can do its work: the database answers"),
)  # fmt: skip
async def read_readiness(request: AnyRequest) -> Response[bytes]:
    query(request, Nothing)
    async with asyncio.timeout(ANSWERS_WITHIN_S), lent(shop_of(request).pool) as conn:
        await conn.fetchval("select 1")
    return answer(Health())


@get(
    "/.well-known/jwks.json",
    opt=promises(name="list_signing_keys", tag="licenses", answers={200: KeySet},
                 summary="Every key that certificates were ever signed with"),
)  # fmt: skip
async def list_signing_keys(request: AnyRequest) -> Response[bytes]:
    query(request, Nothing)
    return answer(await licenses.key_set(shop_of(request).pool))


@get(
    "/.well-known/content-credentials.pem",
    opt=promises(name="read_marks_root", tag="licenses", answers={200: PEM}, refuses=(NotFound,),
                 summary="The certificate to trust when checking our files' content credentials"),
)  # fmt: skip
async def read_marks_root(request: AnyRequest) -> Response[bytes]:
    query(request, Nothing)
    root = shop_of(request).settings.marks_root
    if not root:
        raise NotFound("this deployment signs no files")
    return Response(root.encode(), media_type=PEM.media_types[0])


ROUTES = [read_health, read_readiness, list_signing_keys, read_marks_root]
