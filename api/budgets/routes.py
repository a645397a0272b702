"""Caps over HTTP."""

from litestar import Response, delete, get, put

from api.answers import answer
from api.budgets import service
from api.budgets.contracts import BudgetList, BudgetQuery, BudgetView, Lifted, NewBudget
from api.entrance import AnyRequest, body, enter, query
from api.errors import TooManyBudgets
from api.operations import promises
from api.shop import shop_of


@get(
    "/v1/budgets",
    opt=promises(
        name="list_budgets", tag="money", scope="billing", answers={200: BudgetList},
        summary="The account's caps, with what this month has spent and holds of them",
    ),
)  # fmt: skip
async def list_budgets(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.page(shop_of(request), caller))


@put(
    "/v1/budgets",
    opt=promises(
        name="set_budget", tag="money", scope="billing", body=NewBudget,
        answers={200: BudgetView}, refuses=(TooManyBudgets,),
        summary="Cap what a key or a project may spend in a month; a repeat changes nothing",
    ),
)  # fmt: skip
async def set_budget(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    wanted = await body(request, NewBudget)
    return answer(await service.set_cap(shop_of(request), caller, wanted))


@delete(
    "/v1/budgets",
    status_code=200,
    opt=promises(
        name="lift_budget", tag="money", scope="billing", query=BudgetQuery,
        answers={200: Lifted}, summary="Lift a cap; a repeat changes nothing",
    ),
)  # fmt: skip
async def lift_budget(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.lift(shop_of(request), caller, query(request, BudgetQuery)))


ROUTES = [list_budgets, set_budget, lift_budget]
