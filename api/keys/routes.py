"""API keys over HTTP."""

from datetime import timedelta

from litestar import Response, delete, get, post
from litestar.params import FromPath

from api.answers import answer
from api.entrance import AnyRequest, body, enter
from api.errors import AlreadyTerminal, NotFound
from api.keys import service
from api.keys.contracts import CreatedKey, Key, KeyList, NewKey, Rotation
from api.operations import promises
from api.shop import shop_of


@get(
    "/v1/api_keys",
    opt=promises(
        name="list_keys", tag="keys", scope="admin", answers={200: KeyList},
        summary="All keys of the account, newest first; never their secrets",
    ),
)  # fmt: skip
async def list_keys(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    return answer(KeyList(items=await service.keys(shop_of(request).pool, caller.account)))


@post(
    "/v1/api_keys",
    opt=promises(
        name="create_key", tag="keys", scope="admin", body=NewKey, answers={201: CreatedKey},
        summary="A new key; its secret is shown this once",
    ),
)  # fmt: skip
async def create_key(request: AnyRequest) -> Response[bytes]:
    caller, shop = await enter(request), shop_of(request)
    wanted = await body(request, NewKey)
    key, secret = await service.issue(
        shop.pool, caller.account, wanted.name, wanted.scopes,
        pepper=shop.settings.pepper, expires_at=wanted.expires_at,
    )  # fmt: skip
    return answer(CreatedKey(key=key, secret=secret), status=201)


@delete(
    "/v1/api_keys/{key:str}",
    status_code=200,
    opt=promises(
        name="revoke_key", tag="keys", scope="admin", answers={200: Key}, refuses=(NotFound,),
        summary="End a key now; a repeat changes nothing",
    ),
)  # fmt: skip
async def revoke_key(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
    caller, shop = await enter(request), shop_of(request)
    revoked = await service.revoke(shop.pool, caller.account, key)
    shop.register.forget(key)  # other replicas hear of it; this one knows
    return answer(revoked)


@post(
    "/v1/api_keys/{key:str}/rotate",
    opt=promises(
        name="rotate_key", tag="keys", scope="admin", body=Rotation, answers={200: CreatedKey},
        refuses=(NotFound, AlreadyTerminal),
        summary="Another secret for a key, shown this once; the one before it works for a while",
        about="The key stays itself: its id, name, scopes, budgets and rate. Put the new secret "
        "where the old one is used within `overlap_s`; 0 ends every earlier secret at once. Each "
        "call makes another secret: where an answer was lost, rotate again.",
    ),
)  # fmt: skip
async def rotate_key(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
    caller, shop = await enter(request), shop_of(request)
    wanted = await body(request, Rotation)
    rotated, secret = await service.rotate(
        shop.pool, caller.account, key, timedelta(seconds=wanted.overlap_s),
        pepper=shop.settings.pepper,
    )  # fmt: skip
    shop.register.forget(key)
    return answer(CreatedKey(key=rotated, secret=secret))


ROUTES = [list_keys, create_key, revoke_key, rotate_key]
