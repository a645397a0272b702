"""Notices over HTTP."""

from litestar import Response, get

from api.answers import answer
from api.entrance import AnyRequest, Page, enter, number_after, number_cursor, query
from api.notices.contracts import NoticePage
from api.operations import promises
from api.shop import shop_of
from billing import notices
from billing.connections import lent


@get(
    "/v1/notices",
    opt=promises(
        name="list_notices", tag="money", scope="read", query=Page, answers={200: NoticePage},
        summary="What the account was told: caps nearly spent, tokens that expire, failed invoices",
    ),
)  # fmt: skip
async def list_notices(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    asked = query(request, Page)
    async with lent(shop_of(request).pool) as conn:
        found = await notices.notices(
            conn, caller.account, number_after(asked.cursor), asked.limit + 1
        )
    shown = found[: asked.limit]
    more = number_cursor(shown[-1].id) if len(found) > asked.limit else None
    return answer(NoticePage(items=shown, next_cursor=more))


ROUTES = [list_notices]
