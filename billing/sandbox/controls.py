"""The switches under ``/sandbox/``, in JSON: faults, clock, banks, cards."""

import ipaddress
from typing import Any

import httpx
import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from billing.sandbox.errors import Refused
from billing.sandbox.faults import KINDS, Fault
from billing.sandbox.limits import Rates
from billing.sandbox.shop import OPERATIONS, Shop
from billing.sandbox.webhooks import Deliveries


class Advance(Struct, kw_only=True, forbid_unknown_fields=True):
    """Where the clock goes: to a moment, or on by so many seconds."""

    to: float | None = None
    by_s: float | None = None


class Disputed(Struct, kw_only=True, forbid_unknown_fields=True):
    """A charge or payment intent that a bank takes back."""

    payment: str
    amount: int | None = None
    reason: str = "fraudulent"


class Decided(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the bank decides: won or lost."""

    status: str


class Card(Struct, kw_only=True, forbid_unknown_fields=True):
    """A test card's number or id."""

    number: str = "4242424242424242"


class Paid(Struct, kw_only=True, forbid_unknown_fields=True):
    """Whether money that was to come later came."""

    paid: bool = True


class Again(Struct, kw_only=True, forbid_unknown_fields=True):
    """Events to send once more; what waits is sent with them."""

    again: tuple[str, ...] = ()


def only_here(request: Request[Any, Any, Any]) -> None:
    """Refuse callers from elsewhere."""
    client = request.scope.get("client")
    if client is not None and not ipaddress.ip_address(client[0]).is_loopback:
        raise Refused(403, None, "The sandbox answers this machine only")


def _refused(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    assert isinstance(error, Refused)
    body = {"error": {"message": error.message, "code": error.code, "param": error.param}}
    return Response(body, status_code=error.status)


def _wrong(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    return Response({"error": {"message": str(error)}}, status_code=400)


def _http(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    assert isinstance(error, HTTPException)
    return Response({"error": {"message": error.detail}}, status_code=error.status_code)


PROBLEMS: Any = {
    Refused: _refused, ValueError: _wrong, msgspec.ValidationError: _wrong, HTTPException: _http,
}  # fmt: skip


def routes(shop: Shop, letters: Deliveries) -> list[HTTPRouteHandler]:
    """The switches of one shop."""

    @get("/sandbox", sync_to_thread=False)
    def about() -> dict[str, Any]:
        return {
            "sandbox": True,
            "notice": "No money moves here.",
            "supported": [f"{method} {path}" for method, path in sorted(OPERATIONS)],
        }

    @get("/sandbox/faults", sync_to_thread=False)
    def faults() -> dict[str, Any]:
        return {"on": shop.faults.on, "struck": shop.faults.struck, "kinds": KINDS}

    @post("/sandbox/faults", status_code=200)
    async def set_faults(request: Request[Any, Any, Any]) -> dict[str, Any]:
        asked = await _object(request)
        seed = asked.pop("seed", None)
        switches = {name: msgspec.convert(one, Fault) for name, one in asked.items()}
        if seed is not None:
            shop.faults.reseed(msgspec.convert(seed, int))
        shop.faults.clear()
        for name, one in switches.items():
            shop.faults.set(name, **msgspec.structs.asdict(one))
        return {"on": shop.faults.on}

    @post("/sandbox/limits", status_code=200)
    async def set_limits(request: Request[Any, Any, Any]) -> Rates:
        shop.limits.rates = msgspec.convert(await _object(request), Rates)
        return shop.limits.rates

    @get("/sandbox/clock", sync_to_thread=False)
    def clock() -> dict[str, float]:
        return {"now": shop.clock.now(), "lead_s": shop.clock.lead_s}

    @post("/sandbox/clock", status_code=200)
    async def advance(request: Request[Any, Any, Any]) -> dict[str, float]:
        asked = msgspec.convert(await _object(request), Advance)
        if (asked.to is None) is (asked.by_s is None):
            raise ValueError("give one of to (unix seconds) and by_s (seconds)")
        to = asked.to if asked.to is not None else shop.clock.now() + (asked.by_s or 0.0)
        shop.clock.advance(to)
        shop.commit()
        return {"now": shop.clock.now(), "lead_s": shop.clock.lead_s}

    @post("/sandbox/disputes", status_code=200)
    async def dispute(request: Request[Any, Any, Any]) -> dict[str, Any]:
        asked = msgspec.convert(await _object(request), Disputed)
        return shop.dispute(asked.payment, amount=asked.amount, reason=asked.reason)

    @post("/sandbox/disputes/{dispute_id:str}", status_code=200)
    async def decide(request: Request[Any, Any, Any], dispute_id: FromPath[str]) -> dict[str, Any]:
        return shop.decide(dispute_id, msgspec.convert(await _object(request), Decided).status)

    @post("/sandbox/customers/{customer:str}/card", status_code=200)
    async def card(request: Request[Any, Any, Any], customer: FromPath[str]) -> dict[str, Any]:
        return shop.give_card(customer, msgspec.convert(await _object(request), Card).number)

    @post("/sandbox/checkout/{session:str}/settle", status_code=200)
    async def settle(request: Request[Any, Any, Any], session: FromPath[str]) -> dict[str, Any]:
        return shop.settle(session, paid=msgspec.convert(await _object(request), Paid).paid)

    @get("/sandbox/deliveries", sync_to_thread=False)
    def deliveries() -> dict[str, int]:
        return {"waiting": len(shop.untold(thin=False)), "thin": len(shop.untold(thin=True))}

    @post("/sandbox/deliver", status_code=200)
    async def deliver(request: Request[Any, Any, Any]) -> dict[str, int]:
        for event in msgspec.convert(await _object(request), Again).again:
            shop.tell_again(event)
        async with httpx.AsyncClient(timeout=10) as client:
            return {"accepted": await letters.deliver(client)}

    return [about, faults, set_faults, set_limits, clock, advance, dispute, decide, card, settle,
            deliveries, deliver]  # fmt: skip


async def _object(request: Request[Any, Any, Any]) -> dict[str, Any]:
    only_here(request)
    try:
        found = msgspec.json.decode(await request.body() or b"{}")
    except msgspec.DecodeError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("the body is not a JSON object")
    return found
