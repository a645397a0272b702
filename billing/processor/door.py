"""The one door to Stripe that the clerk holds: who we are to it, and what can be asked of it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import httpx
from stripe import StripeClient

from billing.connections import lent
from billing.contracts import Pack
from billing.errors import StripeUnavailable
from billing.ledger.service import METERS
from billing.meters.contracts import Told, UsageEvent
from billing.prices.contracts import PriceBook
from billing.processor import (
    balance,
    catalogue,
    checkout,
    credit_notes,
    customers,
    disputes,
    events,
    invoices,
    meter_events,
    portal,
    refunds,
    store,
    subscriptions,
    summaries,
)
from billing.processor.client import StripeHTTP, open_client
from billing.processor.contracts import Invoice, Preview
from billing.settings import BillingSettings

__all__ = ["StripeDoor", "StripeHTTP"]


class StripeDoor:
    """Everything the till asks of Stripe; each call may be repeated."""

    def __init__(self, client: StripeClient, pool: asyncpg.Pool) -> None:
        self.client, self._pool = client, pool
        self._meters: dict[str, str] = {}

    @classmethod
    def open(
        cls,
        settings: BillingSettings,
        pool: asyncpg.Pool,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> "StripeDoor":
        """The door the settings name; the real Stripe only when they say ``live``."""
        return cls(open_client(settings, transport), pool)

    # --- who and what ---

    async def meters(self) -> dict[str, str]:
        """Meter ids by event name; what is missing at Stripe is made."""
        if not self._meters:
            self._meters = await catalogue.ensure_meters(self.client)
        return self._meters

    async def ensure_setup(self) -> None:
        """The meters; prices are made when the first subscription needs them."""
        await self.meters()

    async def ensure_customer(self, account: str, name: str | None = None) -> str:
        """The Stripe customer of an account, made at its first need and called as we call it."""
        async with lent(self._pool) as conn:
            known = await store.select_customer(conn, account)
            told = await store.select_customer_name(conn, account)
            terms = await store.select_terms(conn, account)
        if known is None:
            made = await customers.create(self.client, account, terms.test_clock)
            async with lent(self._pool) as conn:
                known = await store.insert_customer(conn, account, made)
        if name is not None and name != told:
            await customers.rename(self.client, known, name)
            async with lent(self._pool) as conn:
                await store.name_customer(conn, account, name)
        return known

    async def ensure_subscription(self, account: str, name: str, book: PriceBook) -> str:
        """The metered subscription of a postpaid account, made at its first need."""
        customer = await self.ensure_customer(account, name)
        async with lent(self._pool) as conn:
            terms = await store.select_terms(conn, account)
        meter = (await self.meters())[METERS["postpaid"]]
        price = await catalogue.ensure_price(self.client, book.tiers, terms.currency, meter)
        made = await subscriptions.ensure(self.client, account, customer, price, terms)
        async with lent(self._pool) as conn:
            await store.insert_subscription(conn, account, subscriptions.facts(made))
        return made.id

    # --- paying ---

    async def start_checkout(
        self, customer: str, account: str, topup: str, pack: Pack, success_url: str
    ) -> tuple[str, str]:
        """A Checkout session for one pack: its id and the address where the client pays."""
        return await checkout.start(self.client, customer, account, topup, pack, success_url)

    async def portal(self, errand: str, customer: str, return_url: str) -> str:
        """The address of a portal session."""
        return await portal.open_session(self.client, errand, customer, return_url)

    async def preview(self, customer: str, subscription: str) -> Preview:
        """What the next invoice would say now."""
        return await invoices.preview(self.client, customer, subscription)

    async def refund(self, errand: str, payment: str, amount_minor: int) -> Any:
        """Send money back, once for this errand."""
        return await refunds.ensure(self.client, errand, payment, amount_minor)

    async def credit_note(
        self, errand: str, invoice: str, amount_minor: int, *, paid: bool, memo: str
    ) -> Any:
        """Take something off an invoice, once for this errand."""
        return await credit_notes.ensure(
            self.client, errand, invoice, amount_minor, paid=paid, memo=memo
        )

    # --- as Stripe knows it now ---

    async def checkout_session(self, session: str) -> Any:
        """A Checkout session."""
        return await checkout.retrieve(self.client, session)

    async def invoice(self, invoice: str) -> Invoice:
        """An invoice with its lines."""
        return await invoices.retrieve(self.client, invoice)

    async def subscription(self, subscription: str) -> Any:
        """A subscription."""
        return await subscriptions.retrieve(self.client, subscription)

    async def clock_time(self, clock: str) -> int:
        """A test clock's time, in unix seconds."""
        return await subscriptions.clock_time(self.client, clock)

    async def payment(self, payment: str) -> Any:
        """A payment intent."""
        return await refunds.payment(self.client, payment)

    async def refunds_of(self, payment: str) -> list[Any]:
        """The refunds of a payment, the first first."""
        return await refunds.of_payment(self.client, payment)

    async def dispute(self, dispute: str) -> Any:
        """A dispute."""
        return await disputes.retrieve(self.client, dispute)

    async def fees_since(self, since: datetime) -> list[balance.Fee]:
        """What Stripe has kept of the money."""
        return await balance.fees_since(self.client, since)

    def events_since(self, since: datetime) -> AsyncIterator[list[Any]]:
        """Events of the kinds we handle, page by page, for the sweep after missed webhooks."""
        return events.since(self.client, since)

    async def thin_event(self, event: str) -> Any:
        """A thin event with its facts."""
        return await events.thin(self.client, event)

    # --- counting ---

    async def tell(self, event: UsageEvent) -> Told:
        """Tell one capture to its meter; an identifier Stripe has seen counts as delivered."""
        try:
            await self.meters()  # before its meter is there, Stripe refuses an event for good
            customer = await self.ensure_customer(event.account)
        except StripeUnavailable as error:
            return meter_events.untold(error)
        return await meter_events.tell(self.client, event, customer)

    async def meter_total(
        self, account: str, event_name: str, since: datetime, until: datetime
    ) -> int:
        """Tokens Stripe has counted for an account; it counts some seconds behind."""
        meter = (await self.meters())[event_name]
        customer = await self.ensure_customer(account)
        return await meter_events.total(self.client, meter, customer, since, until)

    async def hours(
        self, account: str, event_name: str, since: datetime, until: datetime
    ) -> dict[datetime, int]:
        """Tokens Stripe has counted for each UTC hour; none for who is no customer yet."""
        async with lent(self._pool) as conn:
            customer = await store.select_customer(conn, account)
        if customer is None:
            return {}
        meter = (await self.meters())[event_name]
        return await summaries.hours(self.client, meter, customer, since, until)
