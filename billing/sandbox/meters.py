"""Meters, their events, and the sums of them."""

import secrets

from billing.sandbox.clock import DAY_S
from billing.sandbox.errors import Refused
from billing.sandbox.store import Does, Given, Ids, Object, Store, listed
from billing.sandbox.usage import Counted

OLDEST_S, NEWEST_S = 35 * DAY_S, 5 * 60
DIGITS_AT_MOST = 15
_WINDOWS = {"hour": 3_600, "day": DAY_S}


def create(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/billing/meters; one meter per event name."""
    if any(one["event_name"] == given["event_name"] and one["status"] == "active"
           for one in store.all("billing.meter")):  # fmt: skip
        raise Refused(400, "resource_already_exists",
                      f"A meter with the event name {given['event_name']} exists",
                      "event_name")  # fmt: skip
    mapping = given.get("customer_mapping", {})
    values = given.get("value_settings", {})
    return store.make(
        "mtr", "billing.meter", display_name=given["display_name"], status="active",
        event_name=given["event_name"], default_aggregation=given["default_aggregation"],
        customer_mapping={
            "type": "by_id",
            "event_payload_key": mapping.get("event_payload_key", "stripe_customer_id"),
        },
        value_settings={"event_payload_key": values.get("event_payload_key", "value")},
        event_time_window=given.get("event_time_window"), updated=store.now(),
    )  # fmt: skip


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/billing/meters/{id}."""
    return store.find(ids["id"], "billing.meter")


def update(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/billing/meters/{id}: only what it is called."""
    meter = store.find(ids["id"], "billing.meter")
    name = given.get("display_name", meter["display_name"])
    return store.change(meter, display_name=name, updated=store.now())


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/billing/meters."""
    status = given.get("status")
    found = [one for one in store.all("billing.meter") if status in (None, one["status"])]
    return listed(found, given, "/v1/billing/meters")


def deactivate(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/billing/meters/{id}/deactivate: no events any longer, and no new prices."""
    meter = store.find(ids["id"], "billing.meter")
    return store.change(
        meter, status="inactive", updated=store.now(),
        status_transitions={"deactivated_at": store.now()},
    )  # fmt: skip


def reactivate(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/billing/meters/{id}/reactivate."""
    meter = store.find(ids["id"], "billing.meter")
    return store.change(
        meter, status="active", updated=store.now(), status_transitions={"deactivated_at": None}
    )


# --- events ---------------------------------------------------------------------------------------


def create_event(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/billing/meter_events: windows, whole values, each identifier once a day."""
    identifier = given.get("identifier") or f"sbx_{secrets.token_hex(16)}"
    stamp = given.get("timestamp", store.now())
    count(store, given["event_name"], identifier, given["payload"], stamp)
    return {
        "object": "billing.meter_event", "created": store.now(), "livemode": False,
        "event_name": given["event_name"], "identifier": identifier, "payload": given["payload"],
        "timestamp": stamp,
    }  # fmt: skip


def count(
    store: Store, event_name: str, identifier: str, payload: dict[str, str], stamp: int
) -> None:
    """Judge one event and count it; `Refused` carries the code of Stripe's error."""
    meter = meter_of(store, event_name)
    _judge_time(stamp, _moment(store, meter, payload))
    customer, value = _judge_payload(store, meter, payload)
    seen_at = store.clock.now()
    if store.usage.seen(identifier, seen_at) is not None:
        raise Refused(400, "duplicate_meter_event",
                      f"An event already exists with identifier {identifier}.",
                      "identifier")  # fmt: skip
    event = Counted(event_name, identifier, customer, value, stamp, seen_at)
    store.usage.add(event)
    store.journal.usage([*event, False])


def meter_of(store: Store, event_name: str) -> Object:
    """The active meter of an event name."""
    archived = False
    for meter in store.all("billing.meter"):
        if meter["event_name"] == event_name:
            if meter["status"] == "active":
                return meter
            archived = True
    if archived:
        raise Refused(400, "archived_meter", f"The meter of {event_name} is deactivated",
                      "event_name")  # fmt: skip
    raise Refused(400, "no_meter", f"No active meter found for event name {event_name}",
                  "event_name")  # fmt: skip


def _moment(store: Store, meter: Object, payload: dict[str, str]) -> int:
    key = meter["customer_mapping"]["event_payload_key"]
    clock = store.test_clock_of({"customer": payload.get(key)})
    return store.objects[clock]["frozen_time"] if clock else int(store.clock.now())


def _judge_time(stamp: int, now: int) -> None:
    if stamp < now - OLDEST_S:
        raise Refused(400, "timestamp_too_far_in_past",
                      "The timestamp is more than 35 days in the past", "timestamp")  # fmt: skip
    if stamp > now + NEWEST_S:
        raise Refused(400, "timestamp_in_future",
                      "The timestamp is more than 5 minutes in the future",
                      "timestamp")  # fmt: skip


def _judge_payload(store: Store, meter: Object, payload: dict[str, str]) -> tuple[str, int]:
    who = meter["customer_mapping"]["event_payload_key"]
    if who not in payload:
        raise Refused(400, "meter_event_no_customer_defined", f"The payload has no {who}",
                      f"payload[{who}]")  # fmt: skip
    store.find(payload[who], "customer", f"payload[{who}]", code="meter_event_customer_not_found")
    key = meter["value_settings"]["event_payload_key"]
    if meter["default_aggregation"]["formula"] == "count" and key not in payload:
        return payload[who], 1
    return payload[who], _whole(payload.get(key, ""), f"payload[{key}]")


def _whole(text: str, param: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isdecimal() and digits.isascii()):
        raise Refused(400, "meter_event_invalid_value", "The value must be a whole number", param)
    if len(digits.lstrip("0")) > DIGITS_AT_MOST:
        raise Refused(400, "meter_event_value_too_many_digits",
                      f"The value has more than {DIGITS_AT_MOST} digits", param)  # fmt: skip
    return int(text)


def adjust(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/billing/meter_event_adjustments: take an event back within 24 hours."""
    identifier = given.get("cancel", {}).get("identifier")
    if identifier is None:
        raise Refused(400, "parameter_missing", "Missing required param: cancel[identifier].",
                      "cancel[identifier]")  # fmt: skip
    take_back(store, given["event_name"], identifier)
    return {
        "object": "billing.meter_event_adjustment", "livemode": False, "status": "pending",
        "event_name": given["event_name"], "type": "cancel", "cancel": {"identifier": identifier},
    }  # fmt: skip


def take_back(store: Store, event_name: str, identifier: str) -> None:
    """Cancel an event by its identifier; once it is a day old that is no longer possible."""
    found = store.usage.seen(identifier, store.clock.now())
    if found is None or found.event_name != event_name:
        raise Refused(400, "resource_missing",
                      f"No event of the last 24 hours has the identifier {identifier}",
                      "cancel[identifier]")  # fmt: skip
    event = store.usage.take_back(identifier)
    store.journal.usage([*event, True])


# --- sums -----------------------------------------------------------------------------------------


def event_summaries(store: Store, given: Given, ids: Ids) -> Object:
    """GET …/event_summaries, for the whole span or by hour or UTC day, newest first."""
    meter = store.find(ids["id"], "billing.meter")
    store.find(given["customer"], "customer", "customer")
    begin, end = given["start_time"], given["end_time"]
    window = given.get("value_grouping_window")
    step = _WINDOWS.get(window or "", 60)
    for name in ("start_time", "end_time"):
        if given[name] % step:
            raise Refused(400, "parameter_invalid_integer",
                          f"{name} must be aligned to {window or 'minute'} boundaries",
                          name)  # fmt: skip
    if begin >= end:
        raise Refused(400, "parameter_invalid_integer", "end_time must be after start_time",
                      "end_time")  # fmt: skip
    spans = [(begin, end)]
    if window:
        spans = [(at, at + step) for at in _used(store, meter, given["customer"], begin, end, step)]
    found = [_summary(store, meter, given["customer"], *span) for span in spans]
    return listed(found, given, f"/v1/billing/meters/{meter['id']}/event_summaries")


def _used(store: Store, meter: Object, customer: str, begin: int, end: int, step: int) -> list[int]:
    """Where windows with events in them begin, newest first."""
    events = store.usage.within((meter["event_name"], customer), begin, end)
    return sorted({event.timestamp // step * step for event in events}, reverse=True)


def _summary(store: Store, meter: Object, customer: str, begin: int, end: int) -> Object:
    until = store.clock.now() - store.lag_s
    return {
        "id": f"mtrusg_sbx{customer[-10:]}{begin}", "object": "billing.meter_event_summary",
        "aggregated_value": aggregate(store, meter, customer, begin, end, until),
        "livemode": False, "start_time": begin, "end_time": end, "meter": meter["id"],
    }  # fmt: skip


def aggregate(
    store: Store, meter: Object, customer: str, begin: int, end: int, until: float | None = None
) -> int:
    """What a meter counts over [begin, end) by its formula; ``until``: of what was seen by then."""
    lane, formula = (meter["event_name"], customer), meter["default_aggregation"]["formula"]
    if formula == "sum":
        if until is None:
            return store.usage.total(lane, begin, end)
        return store.usage.visible(lane, begin, end, until)
    seen = [
        event for event in store.usage.within(lane, begin, end)
        if until is None or event.seen_at <= until
    ]  # fmt: skip
    if formula == "count":
        return len(seen)
    return seen[-1].value if seen else 0


_LISTED = "limit starting_after ending_before"

OPERATIONS = {
    ("POST", "/v1/billing/meters"): Does(
        create,
        "display_name event_name default_aggregation customer_mapping value_settings "
        "event_time_window",
    ),
    ("GET", "/v1/billing/meters"): Does(list_all, f"status {_LISTED}"),
    ("GET", "/v1/billing/meters/{id}"): Does(retrieve),
    ("POST", "/v1/billing/meters/{id}"): Does(update, "display_name"),
    ("POST", "/v1/billing/meters/{id}/deactivate"): Does(deactivate),
    ("POST", "/v1/billing/meters/{id}/reactivate"): Does(reactivate),
    ("POST", "/v1/billing/meter_events"): Does(
        create_event, "event_name payload identifier timestamp",
        "whole numbers only; customers are checked at once (see `late` in the faults)",
    ),
    ("POST", "/v1/billing/meter_event_adjustments"): Does(adjust, "event_name type cancel"),
    ("GET", "/v1/billing/meters/{id}/event_summaries"): Does(
        event_summaries, f"customer start_time end_time value_grouping_window {_LISTED}",
        "windows without events are left out",
    ),
}  # fmt: skip
