"""A small Stripe with a memory: what it does, it does as Stripe does; what it does not, it says.

Everything it makes has ``livemode: false`` and ``sbx`` in its id. State is one JSON document.
"""

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from billing.sandbox.contract import Operation

DAY_S = 86_400
OLDEST_S, NEWEST_S = 35 * DAY_S, 5 * 60
LAG_S = 1.0  # summaries are behind on purpose, so that nobody relies on reading their own write


class Refused(Exception):
    """An answer with Stripe's error envelope."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param


class Unsupported(Exception):
    """An operation this sandbox does not know."""


class Shop:
    """The objects of one sandbox account, and the calls that change them."""

    def __init__(self, state: Path | None = None, *, url: str, lag_s: float = LAG_S) -> None:
        self.url, self._file, self._lag_s = url, state, lag_s
        self.objects: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.meter_events: list[dict[str, Any]] = []
        self.replies: dict[str, dict[str, Any]] = {}
        if state is not None and state.exists():
            kept = json.loads(state.read_text())
            self.objects, self.events = kept["objects"], kept["events"]
            self.meter_events, self.replies = kept["meter_events"], kept["replies"]

    def perform(self, operation: Operation, given: dict[str, Any]) -> dict[str, Any]:
        """Carry one call out; raises `Refused` or `Unsupported`."""
        call = _CALLS.get((operation.method, operation.template))
        if call is None:
            raise Unsupported(f"{operation.method} {operation.template}")
        return call(self, given, operation.ids)

    def save(self) -> None:
        """Write the state down, whole or not at all."""
        if self._file is None:
            return
        kept = {"objects": self.objects, "events": self.events,
                "meter_events": self.meter_events, "replies": self.replies}  # fmt: skip
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(kept))
        partial.replace(self._file)

    # --- people and prices ---

    def create_customer(self, given: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        """POST /v1/customers."""
        return self._make(
            "cus", "customer", name=given.get("name"), email=given.get("email"),
            metadata=given.get("metadata", {}), description=given.get("description"),
            address=None, shipping=None, balance=0, delinquent=False,
        )  # fmt: skip

    def create_product(self, given: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        """POST /v1/products."""
        now = int(time.time())
        return self._make(
            "prod", "product", name=given["name"], metadata=given.get("metadata", {}), active=True,
            images=[], marketing_features=[], updated=now, description=None, shippable=None,
            statement_descriptor=None, tax_code=None, url=None, package_dimensions=None,
            default_price=None, unit_label=None,
        )  # fmt: skip

    def create_price(self, given: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        """POST /v1/prices, per unit."""
        self._find(given.get("product", ""), "product")
        recurring = given.get("recurring")
        if recurring is not None:
            self._find(recurring.get("meter", ""), "billing.meter")
            recurring = {
                "interval": recurring["interval"], "interval_count": 1,
                "usage_type": recurring.get("usage_type", "licensed"),
                "meter": recurring["meter"], "trial_period_days": None,
            }  # fmt: skip
        return self._make(
            "price", "price", product=given["product"], currency=given["currency"],
            unit_amount=given.get("unit_amount"), active=True, billing_scheme="per_unit",
            unit_amount_decimal=str(given.get("unit_amount")), lookup_key=given.get("lookup_key"),
            metadata=given.get("metadata", {}), recurring=recurring, nickname=None,
            type="recurring" if recurring else "one_time", custom_unit_amount=None,
            tax_behavior="unspecified", tiers_mode=None, transform_quantity=None,
        )  # fmt: skip

    def list_prices(self, given: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        """GET /v1/prices, by lookup key."""
        wanted = given.get("lookup_keys")
        found = [one for one in self._all("price") if wanted is None or one["lookup_key"] in wanted]
        return _page("/v1/prices", found)

    # --- meters ---

    def create_meter(self, given: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        """POST /v1/billing/meters; one meter per event name."""
        if any(one["event_name"] == given["event_name"] for one in self._all("billing.meter")):
            raise Refused(400, "resource_already_exists", "A meter with this event name exists")
        return self._make(
            "mtr", "billing.meter", display_name=given["display_name"], status="active",
            event_name=given["event_name"], default_aggregation=given["default_aggregation"],
            customer_mapping={"type": "by_id", "event_payload_key": "stripe_customer_id"},
            value_settings={"event_payload_key": "value"}, updated=int(time.time()),
            status_transitions={"deactivated_at": None}, event_time_window=None,
        )  # fmt: skip

    def list_meters(self, given: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        """GET /v1/billing/meters."""
        status = given.get("status", "active")
        found = [one for one in self._all("billing.meter") if one["status"] == status]
        return _page("/v1/billing/meters", found)

    def create_meter_event(self, given: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        """POST /v1/billing/meter_events: windows, whole values, each identifier once a day."""
        now = time.time()
        if given["event_name"] not in {one["event_name"] for one in self._all("billing.meter")}:
            raise Refused(400, "no_meter", f"No active meter for {given['event_name']}")
        stamp = given.get("timestamp", int(now))
        if stamp < now - OLDEST_S:
            raise Refused(400, "timestamp_too_far_in_past", "The timestamp is over 35 days old")
        if stamp > now + NEWEST_S:
            raise Refused(400, "timestamp_in_future", "The timestamp is in the future")
        payload = given["payload"]
        self._find(payload.get("stripe_customer_id", ""), "customer",
                   code="meter_event_customer_not_found")  # fmt: skip
        value = payload.get("value", "")
        if not value.removeprefix("-").isdigit() or len(value) > 15:
            raise Refused(400, "meter_event_invalid_value", "value must be a whole number")
        identifier = given.get("identifier") or f"sbx_{secrets.token_hex(12)}"
        if any(
            one["identifier"] == identifier and one["created"] > now - DAY_S
            for one in self.meter_events
        ):
            raise Refused(
                400, "duplicate_meter_event",
                f"An event already exists with identifier {identifier}.",
            )  # fmt: skip
        event = {
            "object": "billing.meter_event", "created": int(now), "livemode": False,
            "event_name": given["event_name"], "identifier": identifier, "payload": payload,
            "timestamp": stamp,
        }  # fmt: skip
        self.meter_events.append(event | {"seen_at": now})
        return event

    def event_summaries(self, given: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
        """GET …/event_summaries, one window over the whole span."""
        meter = self._find(ids["id"], "billing.meter")
        begin, end = given["start_time"], given["end_time"]
        if begin % 60 or end % 60:
            raise Refused(400, "parameter_invalid_integer", "times must be whole minutes")
        if given.get("value_grouping_window"):
            raise Unsupported("event summaries grouped by window")
        counted = sum(
            int(one["payload"]["value"])
            for one in self.meter_events
            if one["event_name"] == meter["event_name"]
            and one["payload"]["stripe_customer_id"] == given["customer"]
            and begin <= one["timestamp"] < end
            and one["seen_at"] <= time.time() - self._lag_s
        )
        summary = {
            "id": f"mtrusg_sbx{begin}", "object": "billing.meter_event_summary", "livemode": False,
            "aggregated_value": counted, "start_time": begin, "end_time": end, "meter": meter["id"],
        }  # fmt: skip
        return _page(f"/v1/billing/meters/{meter['id']}/event_summaries", [summary])

    # --- Checkout ---

    def create_checkout(self, given: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        """POST /v1/checkout/sessions, one-off payments."""
        if given.get("mode") != "payment":
            raise Unsupported("Checkout sessions other than mode=payment")
        self._find(given.get("customer", ""), "customer")
        items = given.get("line_items", [])
        if not items or any("price_data" not in one for one in items):
            raise Unsupported("Checkout line items without price_data")
        amount = sum(one["quantity"] * one["price_data"]["unit_amount"] for one in items)
        made = self._make(
            "cs_test", "checkout.session", mode="payment", status="open", payment_status="unpaid",
            customer=given["customer"], client_reference_id=given.get("client_reference_id"),
            metadata=given.get("metadata", {}), success_url=given.get("success_url"),
            amount_total=amount, amount_subtotal=amount, payment_intent=None, custom_fields=[],
            currency=items[0]["price_data"]["currency"], expires_at=int(time.time()) + DAY_S,
            automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
            custom_text={"after_submit": None, "shipping_address": None, "submit": None,
                         "terms_of_service_acceptance": None},
            payment_method_types=["card"], shipping_options=[], cancel_url=None,
        )  # fmt: skip
        made["url"] = f"{self.url}/sandbox/checkout/{made['id']}"
        return made

    def pay(self, session_id: str) -> dict[str, Any]:
        """What a client does on Checkout's page: pay. A repeat changes nothing."""
        session = self._find(session_id, "checkout.session")
        if session["status"] == "complete":
            return session
        if session["expires_at"] < time.time():
            raise Refused(400, "checkout_session_expired", "This session has expired")
        session |= {
            "status": "complete",
            "payment_status": "paid",
            "payment_intent": f"pi_sbx_{secrets.token_hex(10)}",
        }
        self._emit("checkout.session.completed", session)
        return session

    # --- events ---

    def list_events(self, given: dict[str, Any], _: dict[str, str]) -> dict[str, Any]:
        """GET /v1/events, newest first."""
        created = given.get("created", 0)
        since = created.get("gte", 0) if isinstance(created, dict) else created
        kinds = given.get("types") or ([given["type"]] if "type" in given else None)
        found = [
            one for one in reversed(self.events)
            if one["created"] >= since and (kinds is None or one["type"] in kinds)
        ]  # fmt: skip
        if "starting_after" in given:
            named = [one["id"] for one in found]
            if given["starting_after"] not in named:
                raise Refused(400, "resource_missing", "No such event", "starting_after")
            found = found[named.index(given["starting_after"]) + 1 :]
        limit = given.get("limit", 10)
        return _page("/v1/events", found[:limit], more=len(found) > limit)

    def event(self, ids: dict[str, str]) -> dict[str, Any]:
        """GET /v1/events/{id}."""
        for one in self.events:
            if one["id"] == ids["id"]:
                return one
        raise Refused(404, "resource_missing", f"No such event: {ids['id']}", "id")

    def _make(self, prefix: str, kind: str, **fields: Any) -> dict[str, Any]:
        made = {
            "id": f"{prefix}_sbx_{secrets.token_hex(10)}", "object": kind,
            "created": int(time.time()), "livemode": False, **fields,
        }  # fmt: skip
        self.objects[made["id"]] = made
        return made

    def _find(self, key: str, kind: str, code: str = "resource_missing") -> dict[str, Any]:
        found = self.objects.get(key)
        if found is None or found["object"] != kind:
            status = 404 if code == "resource_missing" else 400
            raise Refused(status, code, f"No such {kind}: '{key}'", "id")
        return found

    def _all(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in reversed(self.objects.values()) if one["object"] == kind]

    def _emit(self, kind: str, about: dict[str, Any]) -> None:
        copy = json.loads(json.dumps(about))  # an event keeps what was true when it happened
        self.events.append(
            {"id": f"evt_sbx_{secrets.token_hex(10)}", "object": "event", "type": kind,
             "created": int(time.time()), "livemode": False, "pending_webhooks": 1,
             "api_version": None, "request": None, "data": {"object": copy},
             "delivered": False}
        )  # fmt: skip


def _page(url: str, data: list[dict[str, Any]], *, more: bool = False) -> dict[str, Any]:
    return {"object": "list", "url": url, "has_more": more, "data": data}


def _reader(kind: str, parameter: str) -> Callable[..., dict[str, Any]]:
    return lambda shop, _, ids: shop._find(ids[parameter], kind)


_CALLS: dict[tuple[str, str], Callable[..., dict[str, Any]]] = {
    ("POST", "/v1/customers"): Shop.create_customer,
    ("GET", "/v1/customers/{customer}"): _reader("customer", "customer"),
    ("POST", "/v1/products"): Shop.create_product,
    ("GET", "/v1/products/{id}"): _reader("product", "id"),
    ("POST", "/v1/prices"): Shop.create_price,
    ("GET", "/v1/prices"): Shop.list_prices,
    ("GET", "/v1/prices/{price}"): _reader("price", "price"),
    ("POST", "/v1/billing/meters"): Shop.create_meter,
    ("GET", "/v1/billing/meters"): Shop.list_meters,
    ("GET", "/v1/billing/meters/{id}"): _reader("billing.meter", "id"),
    ("POST", "/v1/billing/meter_events"): Shop.create_meter_event,
    ("GET", "/v1/billing/meters/{id}/event_summaries"): Shop.event_summaries,
    ("POST", "/v1/checkout/sessions"): Shop.create_checkout,
    ("GET", "/v1/checkout/sessions/{session}"): _reader("checkout.session", "session"),
    ("GET", "/v1/events"): Shop.list_events,
    ("GET", "/v1/events/{id}"): lambda shop, _, ids: shop.event(ids),
}
SUPPORTED = tuple(sorted(_CALLS))
