"""Plans over HTTP."""

from litestar import Response, get, post
from litestar.params import FromPath

from api import logs
from api.answers import answer
from api.arrival import trace_of
from api.briefs.contracts import NewBrief
from api.entrance import AnyRequest, body, enter, preferred_wait, query
from api.errors import NotFound, QueueFull
from api.operations import promises
from api.plans import service
from api.plans.contracts import Plans, PlansQuery
from api.shop import shop_of
from engine.errors import BriefRefused, NotYetAvailable


@post(
    "/v1/plans",
    opt=promises(
        name="create_plans", tag="plans", scope="briefs", body=NewBrief, location=True,
        answers={200: Plans, 202: Plans}, headers=("Prefer",), rate="plans",
        summary="The plans that a brief may become, to be edited and sent back; charges nothing",
        refuses=(BriefRefused, NotYetAvailable, QueueFull),
    ),
)  # fmt: skip
async def create_plans(request: AnyRequest) -> Response[bytes]:
    """202 while the studio plans; 200 where ``Prefer: wait`` was long enough to see the end."""
    caller, shop = await enter(request), shop_of(request)
    brief = await body(request, NewBrief)
    plans = await service.ask(shop, caller, brief, trace_of(request))
    logs.also(plans=plans.id)
    wait = preferred_wait(request)
    if wait:
        plans = await service.read(shop, caller, plans.id, wait)
    status = 200 if service.is_over(plans) else 202
    return answer(plans, status=status, location=f"/v1/plans/{plans.id}", waited=wait)


@get(
    "/v1/plans/{plan:str}",
    opt=promises(
        name="read_plans", tag="plans", scope="read", query=PlansQuery, headers=("Prefer",),
        answers={200: Plans}, refuses=(NotFound,),
        summary="Plans that were asked for; `wait` holds the answer back until they are there",
    ),
)  # fmt: skip
async def read_plans(request: AnyRequest, plan: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    asked, preferred = query(request, PlansQuery).wait, preferred_wait(request)
    wait = asked if asked is not None else preferred or 0
    plans = await service.read(shop_of(request), caller, plan, wait)
    return answer(plans, waited=preferred if asked is None else None)


ROUTES = [create_plans, read_plans]
