"""The one door to Stripe, through the official library, to the sandbox or to the real thing."""

from datetime import datetime
from typing import Any

import asyncpg
import httpx
import stripe
from stripe import HTTPXClient, StripeClient

from billing.connections import lent
from billing.contracts import Pack
from billing.errors import StripeRefused, StripeUnavailable
from billing.ledger.service import METERS
from billing.meters.contracts import Told, UsageEvent
from billing.settings import API_VERSION, BillingSettings

_PRODUCT = "cuesmith_tokens"
_PRICE = "cuesmith-token-v1"
_HOPELESS = frozenset(
    {"meter_event_customer_not_found", "archived_meter", "no_meter", "timestamp_too_far_in_past"}
)

CHECKOUT_EVENTS = frozenset(
    {"checkout.session.completed", "checkout.session.async_payment_succeeded",
     "checkout.session.async_payment_failed", "checkout.session.expired"}
)  # fmt: skip

PAGES_AT_MOST = 50
"""Of a hundred events each; a sweep that finds more goes on with the newest."""

SELECT_CUSTOMER = "select stripe_customer from billing.customers where account = $1"
INSERT_CUSTOMER = """
insert into billing.customers (account, stripe_customer) values ($1, $2)
on conflict (account) do nothing
"""


class StripeHTTP(HTTPXClient):
    """Stripe's async client as it should be: bytes as ``content``, and a transport for tests.

    The library sends ``data=<str>``, which httpx deprecates; ``_client_async`` is private, and a
    test fails when the library changes it.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        super().__init__(timeout=20)
        self._client_async = httpx.AsyncClient(transport=transport)

    async def request_async(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> Any:
        """Send one request the library prepared."""
        try:
            answer = await self._client_async.request(
                method, url, headers=headers, content=post_data, timeout=self._timeout
            )
        except Exception as error:
            self._handle_request_error(error)
            raise
        return answer.content, answer.status_code, answer.headers


class StripeDoor:
    """Customers, Checkout, meter events and their sums."""

    def __init__(self, client: StripeClient, pool: asyncpg.Pool) -> None:
        self._stripe, self._pool = client, pool
        self._meters: dict[str, str] = {}

    @classmethod
    def open(
        cls,
        settings: BillingSettings,
        pool: asyncpg.Pool,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> "StripeDoor":
        """The door the settings name; the real Stripe only when they say ``live``."""
        elsewhere: dict[str, Any] = {}
        if settings.url is not None:
            elsewhere["base_addresses"] = {"api": settings.url, "meter_events": settings.url}
        client = StripeClient(
            settings.key, http_client=StripeHTTP(transport), max_network_retries=2,
            stripe_version=API_VERSION, **elsewhere,
        )  # fmt: skip
        return cls(client, pool)

    async def ensure_setup(self) -> None:
        """The product, the two meters and the metered price; what is there stays."""
        known = await self._stripe.v1.billing.meters.list_async({"status": "active", "limit": 100})
        self._meters = {meter.event_name: meter.id for meter in known.data}
        for event_name in METERS.values():
            if event_name not in self._meters:
                meter = await self._stripe.v1.billing.meters.create_async(
                    {"display_name": event_name, "event_name": event_name,
                     "default_aggregation": {"formula": "sum"}},
                    {"idempotency_key": f"meter-{event_name}"},
                )  # fmt: skip
                self._meters[event_name] = meter.id
        prices = await self._stripe.v1.prices.list_async({"lookup_keys": [_PRICE]})
        if not prices.data:
            await self._create_price()

    async def ensure_customer(self, account: str, name: str) -> str:
        """The Stripe customer of an account, made at its first need."""
        async with lent(self._pool) as conn:
            known = await conn.fetchval(SELECT_CUSTOMER, account)
        if known is not None:
            return known
        try:
            made = await self._stripe.v1.customers.create_async(
                {"name": name, "metadata": {"account": account}},
                {"idempotency_key": f"customer-{account}"},
            )
        except stripe.StripeError as error:
            raise _unavailable(error) from error
        async with lent(self._pool) as conn:
            await conn.execute(INSERT_CUSTOMER, account, made.id)
            kept = await conn.fetchval(SELECT_CUSTOMER, account)
        assert kept is not None, "the row is there: the line above saw to it"
        return kept

    async def start_checkout(
        self, customer: str, account: str, topup: str, pack: Pack, success_url: str
    ) -> tuple[str, str]:
        """A Checkout session for one pack: its id and the address where the client pays."""
        try:
            session = await self._stripe.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "customer": customer,
                    "client_reference_id": topup,
                    "success_url": success_url,
                    "metadata": {"account": account, "topup": topup, "tokens": str(pack.tokens)},
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": pack.currency,
                                "unit_amount": pack.amount_minor,
                                "product_data": {"name": f"{pack.tokens} Cuesmith tokens"},
                            },
                        }
                    ],
                },
                {"idempotency_key": f"checkout-{topup}"},
            )
        except stripe.StripeError as error:
            raise _unavailable(error) from error
        if session.url is None:
            raise StripeUnavailable(f"Checkout session {session.id} came without an address")
        return session.id, session.url

    async def checkout_session(self, session: str) -> Any:
        """A Checkout session as Stripe knows it now."""
        try:
            return await self._stripe.v1.checkout.sessions.retrieve_async(session)
        except stripe.StripeError as error:
            raise _unavailable(error) from error

    async def events_since(self, since: datetime) -> list[Any]:
        """Events of the kinds we handle, newest first, for the sweep after missed webhooks."""
        asked: dict[str, Any] = {
            "created": {"gte": int(since.timestamp())}, "limit": 100,
            "types": sorted(CHECKOUT_EVENTS),
        }  # fmt: skip
        found: list[Any] = []
        for _ in range(PAGES_AT_MOST):
            page = await self._events(asked)
            found += page.data
            if not page.has_more:
                break
            asked["starting_after"] = found[-1].id
        return found

    async def _events(self, asked: Any) -> Any:
        try:
            return await self._stripe.v1.events.list_async(asked)
        except stripe.StripeError as error:
            raise _unavailable(error) from error

    async def tell(self, event: UsageEvent) -> Told:
        """Tell one capture to its meter; an identifier Stripe has seen counts as delivered."""
        try:
            if not self._meters:  # before its meter is there, Stripe refuses an event for good
                await self.ensure_setup()
        except stripe.StripeError as error:
            return Told(outcome="again", detail=str(error))
        try:
            customer = await self.ensure_customer(event.account, event.account)
            await self._stripe.v1.billing.meter_events.create_async(
                {
                    "event_name": event.event_name,
                    "identifier": event.identifier,
                    "timestamp": int(event.occurred_at.timestamp()),
                    "payload": {"stripe_customer_id": customer, "value": str(event.tokens)},
                }
            )
        except StripeUnavailable as error:
            return Told(outcome="again", detail=str(error))
        except stripe.RateLimitError as error:
            return Told(outcome="slow_down", detail=str(error))
        except stripe.InvalidRequestError as error:
            return _refused(error)
        except stripe.StripeError as error:
            return Told(outcome="again", detail=str(error))
        return Told(outcome="delivered")

    async def meter_total(
        self, account: str, event_name: str, since: datetime, until: datetime
    ) -> int:
        """Tokens Stripe has counted for an account; it counts some seconds behind."""
        if not self._meters:
            await self.ensure_setup()
        customer = await self.ensure_customer(account, account)
        begin = int(since.timestamp()) // 60 * 60
        end = -(-int(until.timestamp()) // 60) * 60
        found = await self._stripe.v1.billing.meters.event_summaries.list_async(
            self._meters[event_name],
            {"customer": customer, "start_time": begin, "end_time": end},
        )
        return int(sum(summary.aggregated_value for summary in found.data))

    async def _create_price(self) -> None:
        product = await self._stripe.v1.products.create_async(
            {"name": "Cuesmith tokens", "metadata": {"cuesmith": _PRODUCT}},
            {"idempotency_key": f"product-{_PRODUCT}"},
        )
        await self._stripe.v1.prices.create_async(
            {"product": product.id, "currency": "cny", "unit_amount": 30,
             "lookup_key": _PRICE,
             "recurring": {"interval": "month", "usage_type": "metered",
                           "meter": self._meters[METERS["postpaid"]]}},
            {"idempotency_key": f"price-{_PRICE}"},
        )  # fmt: skip


def _unavailable(error: stripe.StripeError) -> StripeUnavailable:
    if isinstance(error, stripe.InvalidRequestError):
        return StripeRefused(str(error))
    return StripeUnavailable(str(error))


def _refused(error: stripe.InvalidRequestError) -> Told:
    detail = str(error)
    # A repeat is answered with a 400 that means "delivered": by code in some versions, by
    # sentence in all of them.
    if error.code == "duplicate_meter_event" or "already exists with identifier" in detail:
        return Told(outcome="delivered", detail="seen before")
    if error.code in _HOPELESS:
        return Told(outcome="hopeless", detail=detail)
    if error.http_status == 400:
        return Told(outcome="hopeless", detail=detail)
    return Told(outcome="again", detail=detail)
