"""The switches under ``/sandbox/``, in JSON: faults, clock, banks, cards."""

import ipaddress
from typing import Any, TypeVar

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

_Body = TypeVar("_Body")
Asking = Request[Any, Any, Any]


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


def only_here(request: Asking) -> None:
    """Refuse callers from elsewhere."""
    client = request.scope.get("client")
    if client is not None and not ipaddress.ip_address(client[0]).is_loopback:
        raise Refused(403, None, "The sandbox answers this machine only")


def _refused(_: Asking, error: Exception) -> Response[Any]:
    assert isinstance(error, Refused)
    body = {"error": {"message": error.message, "code": error.code, "param": error.param}}
    return Response(body, status_code=error.status)


def _wrong(_: Asking, error: Exception) -> Response[Any]:
    return Response({"error": {"message": str(error)}}, status_code=400)


def _http(_: Asking, error: Exception) -> Response[Any]:
    assert isinstance(error, HTTPException)
    return Response({"error": {"message": error.detail}}, status_code=error.status_code)


PROBLEMS: Any = {
    Refused: _refused, ValueError: _wrong, msgspec.ValidationError: _wrong, HTTPException: _http,
}  # fmt: skip


def routes(shop: Shop, letters: Deliveries) -> list[HTTPRouteHandler]:
    """The switches of one shop."""
    return [*_about(shop), *_faults(shop), *_clock(shop), *_banks(shop), *_letters(shop, letters)]


def _about(shop: Shop) -> list[HTTPRouteHandler]:
    @get("/sandbox", sync_to_thread=False)
    def about() -> dict[str, Any]:
        return {
            "sandbox": True,
            "notice": "No money moves here.",
            "now": shop.clock.now(),
            "supported": [f"{method} {path}" for method, path in sorted(OPERATIONS)],
        }

    return [about]


def _faults(shop: Shop) -> list[HTTPRouteHandler]:
    @get("/sandbox/faults", sync_to_thread=False)
    def shown() -> dict[str, Any]:
        return {"on": shop.faults.on, "struck": shop.faults.struck, "kinds": KINDS}

    @post("/sandbox/faults", status_code=200)
    async def switch(request: Asking) -> dict[str, Any]:
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
    async def limit(request: Asking) -> Rates:
        shop.limits.rates = await _asked(request, Rates)
        return shop.limits.rates

    return [shown, switch, limit]


def _clock(shop: Shop) -> list[HTTPRouteHandler]:
    @get("/sandbox/clock", sync_to_thread=False)
    def shown() -> dict[str, float]:
        return {"now": shop.clock.now(), "lead_s": shop.clock.lead_s}

    @post("/sandbox/clock", status_code=200)
    async def advance(request: Asking) -> dict[str, float]:
        asked = await _asked(request, Advance)
        if (asked.to is None) is (asked.by_s is None):
            raise ValueError("give one of to (unix seconds) and by_s (seconds)")
        to = asked.to if asked.to is not None else shop.clock.now() + (asked.by_s or 0.0)
        shop.clock.advance(to)
        shop.commit()
        return {"now": shop.clock.now(), "lead_s": shop.clock.lead_s}

    return [shown, advance]


def _banks(shop: Shop) -> list[HTTPRouteHandler]:
    @post("/sandbox/disputes", status_code=200)
    async def dispute(request: Asking) -> dict[str, Any]:
        asked = await _asked(request, Disputed)
        return shop.dispute(asked.payment, amount=asked.amount, reason=asked.reason)

    @post("/sandbox/disputes/{dispute_id:str}", status_code=200)
    async def decide(request: Asking, dispute_id: FromPath[str]) -> dict[str, Any]:
        return shop.decide(dispute_id, (await _asked(request, Decided)).status)

    @post("/sandbox/customers/{customer:str}/card", status_code=200)
    async def card(request: Asking, customer: FromPath[str]) -> dict[str, Any]:
        return shop.give_card(customer, (await _asked(request, Card)).number)

    @post("/sandbox/checkout/{session:str}/settle", status_code=200)
    async def settle(request: Asking, session: FromPath[str]) -> dict[str, Any]:
        return shop.settle(session, paid=(await _asked(request, Paid)).paid)

    return [dispute, decide, card, settle]


def _letters(shop: Shop, letters: Deliveries) -> list[HTTPRouteHandler]:
    @get("/sandbox/deliveries", sync_to_thread=False)
    def waiting() -> dict[str, int]:
        return {"waiting": len(shop.untold(thin=False)), "thin": len(shop.untold(thin=True))}

    @post("/sandbox/deliver", status_code=200)
    async def deliver(request: Asking) -> dict[str, int]:
        for event in (await _asked(request, Again)).again:
            shop.tell_again(event)
        async with httpx.AsyncClient(timeout=10) as client:
            return {"accepted": await letters.deliver(client)}

    return [waiting, deliver]


async def _asked(request: Asking, kind: type[_Body]) -> _Body:
    return msgspec.convert(await _object(request), kind)


async def _object(request: Asking) -> dict[str, Any]:
    only_here(request)
    try:
        found = msgspec.json.decode(await request.body() or b"{}")
    except msgspec.DecodeError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("the body is not a JSON object")
    return found
