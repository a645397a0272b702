"""A small Stripe with a memory: what it does, it does as Stripe does; what it does not, it says.

Everything it makes has ``livemode: false`` and ``sbx`` in its id. This is what other code uses:

``Shop(state, url=…, lag_s=…)``, ``shop.pay``, ``shop.decline``, ``shop.settle``, ``shop.dispute``,
``shop.give_card``, ``shop.clock.advance``, ``shop.deliver``, ``shop.faults``, ``shop.limits``,
``shop.objects``, ``shop.events``, ``shop.meter_events`` stay as they are; the rest may change.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from billing.sandbox import (
    balance,
    cards,
    checkout,
    collection,
    customers,
    disputes,
    endpoints,
    grants,
    invoices,
    meters,
    notes,
    payments,
    portal,
    prices,
    refunds,
    streams,
    subscriptions,
    testclocks,
)
from billing.sandbox.clock import Clock
from billing.sandbox.contract import Operation
from billing.sandbox.errors import Refused, Unsupported
from billing.sandbox.faults import Faults
from billing.sandbox.limits import Limits, Rates
from billing.sandbox.store import GRACE_S, LAG_S, Does, Object, Store, heed
from billing.sandbox.webhooks import Letter, letter

OPERATIONS: dict[tuple[str, str], Does] = {
    operation: does
    for noun in (
        balance, cards, checkout, grants, customers, disputes, endpoints, invoices, meters, notes,
        payments, portal, prices, refunds, streams, subscriptions, testclocks,
    )
    for operation, does in noun.OPERATIONS.items()
}  # fmt: skip
"""Everything this sandbox does; the rest of Stripe is answered with 501."""

_ABOUT = ("customer", "test_clock", "subscription", "invoice", "payment_intent", "charge")
"""Parameters that name what a request is about, and so by which clock it lives."""

_DUE = {
    "period": ("subscription", subscriptions.close_period),
    "finalize": ("invoice", collection.finalize_due),
    "retry": ("invoice", collection.retry),
    "overdue": ("invoice", collection.overdue),
    "session": ("checkout.session", checkout.expire_due),
    "grant": ("billing.credit_grant", grants.expire_due),
}


class Shop(Store):
    """One sandbox account: the calls of Stripe, and what clients, banks and time do.

    ``state``: a file that survives restarts; None: memory only. ``url``: where its pages are, on
    this machine. ``lag_s``: how far summaries are behind. ``clock``: a `Clock`; the machine's time
    by default. ``retry_days``: waits between attempts to collect an invoice, and
    ``after_retries`` what becomes of the subscription then: unpaid, past_due or canceled.
    """

    def __init__(
        self, state: Path | None = None, *, url: str, lag_s: float = LAG_S,
        clock: Clock | None = None, grace_s: int = GRACE_S,
        retry_days: tuple[int, ...] = (3, 5, 7), after_retries: str = "unpaid",
        rates: Rates | None = None, seed: int = 1,
    ) -> None:  # fmt: skip
        endpoints.local(url)
        super().__init__(
            state, url=url, lag_s=lag_s, clock=clock, grace_s=grace_s, retry_days=retry_days,
            after_retries=after_retries,
        )  # fmt: skip
        self.faults = Faults(seed)
        self.limits = Limits(self.clock, rates)
        if state is not None:
            self.restore()
            self._plan_anew()
        self.clock.due.append(lambda moment: self._carry_out(None, moment))

    # --- Stripe's calls ---

    def perform(self, operation: Operation, given: dict[str, Any]) -> Object:
        """Carry one call out; raises `Refused` or `Unsupported`."""
        does = OPERATIONS.get((operation.method, operation.template))
        name = f"{operation.method} {operation.template}"
        if does is None:
            raise Unsupported(name)
        heed(given, does.takes, name)
        with self.at(self._moment_of(given, operation.ids)):
            return does.call(self, given, operation.ids)

    def tick(self) -> None:
        """Do what has fallen due by now."""
        self._carry_out(None, self.clock.now())
        for clock in self.all("test_helpers.test_clock"):
            if clock["status"] == "advancing":
                self._arrive(clock)

    # --- what clients, banks and receivers do ---

    def pay(self, session_id: str, card: str = "pm_card_visa", *, later: bool = False) -> Object:
        """Pay a Checkout session with a test card, or an open invoice (``in_…``) by its page. A
        repeat changes nothing. ``later``: the money of a slow way to pay is still to come."""
        self.tick()
        if session_id.startswith("in_"):
            found = self.find(session_id, "invoice")
            with self.at(self._moment_of({}, {"invoice": session_id})):
                if found["status"] == "paid":
                    return found
                used = cards.attach(self, card, found["customer"])
                invoices.pay(self, {"payment_method": used["id"]}, {"invoice": session_id})
                return self._kept(found)
        found = self.find(session_id, "checkout.session")
        with self.at(self._moment_of({}, {"session": session_id})):
            return self._kept(checkout.pay(self, found, card, later=later))

    def decline(self, session_id: str, card: str = "pm_card_chargeCustomerFail") -> Object:
        """Try a card that is declined on a Checkout session's page; the session stays open."""
        self.tick()
        return self._kept(checkout.decline(self, self.find(session_id, "checkout.session"), card))

    def settle(self, session_id: str, *, paid: bool = True) -> Object:
        """The money of a session paid ``later`` comes, or never will."""
        self.tick()
        return self._kept(
            checkout.settle(self, self.find(session_id, "checkout.session"), paid=paid)
        )

    def dispute(
        self, payment: str, *, amount: int | None = None, reason: str = "fraudulent"
    ) -> Object:
        """A bank disputes a charge (``ch_…``) or a payment intent's charge (``pi_…``)."""
        self.tick()
        if payment.startswith("pi_"):
            payment = self.find(payment, "payment_intent")["latest_charge"]
        charge = self.find(payment, "charge")
        return self._kept(disputes.open_dispute(self, charge, amount, reason))

    def decide(self, dispute: str, status: str) -> Object:
        """The bank decides a dispute: ``won`` or ``lost``."""
        self.tick()
        if status not in ("won", "lost"):
            raise Refused(400, None, "A dispute is won or lost", "status")
        return self._kept(disputes.decide(self, self.find(dispute, "dispute"), status))

    def give_card(self, customer: str, number: str = "pm_card_visa") -> Object:
        """Make a test card a customer's default; 402 for one that cannot be attached."""
        return self._kept(customers.give_card(self, self.find(customer, "customer"), number))

    def deliver(
        self, *, duplicate: bool = False, shuffle: int | None = None, thin: bool = False,
        secrets: Sequence[str] = ("whsec_sandbox",),
    ) -> list[Letter]:  # fmt: skip
        """The letters that were not handed over yet, signed, for tests that post them themselves.

        ``duplicate``: each of them twice. ``shuffle``: in another order, by this seed. ``thin``:
        the events about meters. They count as accepted from now on.
        """
        self.tick()
        events = self.untold(thin=thin)
        for event in events:
            self.tell(event)
        self.commit()
        letters = [letter(event, *secrets) for event in events] * (2 if duplicate else 1)
        if shuffle is not None:
            random.Random(shuffle).shuffle(letters)
        return letters

    @property
    def meter_events(self) -> list[Object]:
        """The meter events that count, as Stripe shows them, in the order they came."""
        return [
            {
                "object": "billing.meter_event", "created": int(one.seen_at), "livemode": False,
                "event_name": one.event_name, "identifier": one.identifier,
                "payload": {"stripe_customer_id": one.customer, "value": str(one.value)},
                "timestamp": one.timestamp,
            }
            for number, one in enumerate(self.usage.events)
            if number not in self.usage.gone
        ]  # fmt: skip

    def close(self) -> None:
        """Write the whole state and let go of its file."""
        self.journal.rewrite(self.state())
        self.journal.close()

    # --- time ---

    def _carry_out(self, clock: str | None, until: float) -> None:
        """Everything due by then on one clock, in order, each at its own moment."""
        agenda = self.agenda.get(clock)
        while agenda is not None and (task := agenda.take(until)) is not None:
            when, _, what, which = task
            if clock is None:
                with self.clock.at(when):
                    self._do(what, which)
            else:
                found = self.find(clock, "test_helpers.test_clock")
                self.change(found, frozen_time=max(when, found["frozen_time"]))
                with self.at(found["frozen_time"]):
                    self._do(what, which)
        self.commit()

    def _do(self, what: str, which: str) -> None:
        if what == "report":
            streams.report(self)
            return
        kind, does = _DUE[what]
        about = self.objects.get(which)
        if about is not None and about["object"] == kind:
            does(self, about)

    def _arrive(self, clock: Object) -> None:
        to = clock["status_details"]["advancing"]["target_frozen_time"]
        self._carry_out(clock["id"], to)
        self.change(clock, frozen_time=to, status="ready", status_details={})
        self.emit("test_helpers.test_clock.ready", clock)
        self.commit()

    def _moment_of(self, given: dict[str, Any], ids: dict[str, str]) -> int | None:
        """A test clock's time, if what a request is about lives by one."""
        named = [*ids.values(), *(given[key] for key in _ABOUT if isinstance(given.get(key), str))]
        for key in named:
            found = self.objects.get(key)
            if found is None:
                continue
            if found["object"] == "test_helpers.test_clock":
                return found["frozen_time"] if "test_clock" in given else None
            if clock := self.test_clock_of(found):
                return self.objects[clock]["frozen_time"]
        return None

    def _plan_anew(self) -> None:
        """The agenda after a restart: everything that still is to come."""
        for one in self.all("subscription"):
            self.plan(one["items"]["data"][0]["current_period_end"], "period", one)
        for one in self.all("invoice"):
            if one["automatically_finalizes_at"] is not None:
                self.plan(one["automatically_finalizes_at"], "finalize", one)
            if one["next_payment_attempt"] is not None:
                self.plan(one["next_payment_attempt"], "retry", one)
            if one["status"] == "open" and one["due_date"] is not None:
                self.plan(one["due_date"], "overdue", one)
        for one in self.all("checkout.session"):
            self.plan(one["expires_at"], "session", one)
        for one in self.all("billing.credit_grant"):
            if one["expires_at"] is not None:
                self.plan(one["expires_at"], "grant", one)

    def _kept(self, about: Object) -> Object:
        self.commit()
        return about
