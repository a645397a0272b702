"""API keys over HTTP."""

from litestar import Response, delete, get, post
from litestar.params import FromPath

from api.answers import answer
from api.entrance import AnyRequest, body, enter
from api.errors import NotFound
from api.keys import service
from api.keys.contracts import CreatedKey, Key, KeyList, NewKey
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
    caller = await enter(request)
    return answer(await service.revoke(shop_of(request).pool, caller.account, key))


ROUTES = [list_keys, create_key, revoke_key]
