"""The second version of meter events: one by one, or in streams of a hundred judged afterwards;
and the thin events that tell what was found wrong."""

import secrets
from datetime import UTC, datetime
from typing import Any

from billing.sandbox import meters
from billing.sandbox.errors import Refused
from billing.sandbox.store import Does, Given, Ids, Object, Store, rfc3339

SESSION_S = 15 * 60
EVENTS_AT_MOST = 100
REPORT_AFTER_S = 2
"""From the first event found wrong to the report of it and of those that followed."""
SAMPLES_AT_MOST = 5


def open_session(store: Store, _: Given, __: Ids) -> Object:
    """POST /v2/billing/meter_event_session: a token for the stream, for 15 minutes."""
    token = f"sbx_session_{secrets.token_hex(16)}"
    now = store.clock.now()
    store.sessions[token] = now + SESSION_S
    return {
        "id": f"mes_sbx_{secrets.token_hex(10)}", "object": "v2.billing.meter_event_session",
        "authentication_token": token, "created": rfc3339(now), "livemode": False,
        "expires_at": rfc3339(now + SESSION_S),
    }  # fmt: skip


def stream(store: Store, given: Given, _: Ids) -> Object:
    """POST /v2/billing/meter_event_stream: taken now, judged afterwards."""
    if len(given["events"]) > EVENTS_AT_MOST:
        raise Refused(400, "too_many_events", f"At most {EVENTS_AT_MOST} events a request")
    for event in given["events"]:
        identifier = event.get("identifier") or f"sbx_{secrets.token_hex(16)}"
        late(store, event["event_name"], identifier, event["payload"], _stamp(store, event))
    return {}


def create_event(store: Store, given: Given, _: Ids) -> Object:
    """POST /v2/billing/meter_events: judged at once."""
    identifier = given.get("identifier") or f"sbx_{secrets.token_hex(16)}"
    stamp = _stamp(store, given)
    meters.count(store, given["event_name"], identifier, given["payload"], stamp)
    return {
        "object": "v2.billing.meter_event", "created": rfc3339(store.clock.now()),
        "event_name": given["event_name"], "identifier": identifier, "livemode": False,
        "payload": given["payload"], "timestamp": rfc3339(stamp),
    }  # fmt: skip


def adjust(store: Store, given: Given, _: Ids) -> Object:
    """POST /v2/billing/meter_event_adjustments."""
    identifier = given["cancel"]["identifier"]
    meters.take_back(store, given["event_name"], identifier)
    return {
        "id": f"mea_sbx_{secrets.token_hex(10)}", "object": "v2.billing.meter_event_adjustment",
        "created": rfc3339(store.clock.now()), "livemode": False, "status": "pending",
        "event_name": given["event_name"], "type": "cancel", "cancel": {"identifier": identifier},
    }  # fmt: skip


def late(
    store: Store, event_name: str, identifier: str, payload: dict[str, str], stamp: int
) -> None:
    """Count an event, or note for the next report what is wrong with it. A repeat is dropped
    without a word: Stripe's reports have no code for it."""
    try:
        meters.count(store, event_name, identifier, payload, stamp)
    except Refused as refused:
        if refused.code == "duplicate_meter_event":
            return
        note(store, event_name, identifier, refused)


def note(store: Store, event_name: str, identifier: str, refused: Refused) -> None:
    """One event was found wrong after it had been taken."""
    if not store.rejected:
        store.agenda[None].put(store.clock.now() + REPORT_AFTER_S, "report", "")
    code = refused.code or "meter_event_invalid_value"
    store.rejected.append((event_name, identifier, code, refused.message, store.clock.now()))


def report(store: Store) -> None:
    """One thin event for each meter whose events were found wrong since the last report."""
    rejected, store.rejected = store.rejected, []
    for event_name in dict.fromkeys(one[0] for one in rejected):
        mine = [one for one in rejected if one[0] == event_name]
        meter = next(
            (one for one in store.all("billing.meter") if one["event_name"] == event_name), None
        )
        fields = _report(mine)
        if meter is None:
            store.emit_thin("v1.billing.meter.no_meter_found", fields)
            continue
        related = {"id": meter["id"], "type": "billing.meter",
                   "url": f"/v1/billing/meters/{meter['id']}"}  # fmt: skip
        store.emit_thin("v1.billing.meter.error_report_triggered", fields, related)


def _report(mine: list[tuple[str, str, str, str, float]]) -> Object:
    kinds = []
    for code in dict.fromkeys(one[2] for one in mine):
        these = [one for one in mine if one[2] == code]
        samples = [
            {"error_message": message, "request": {"identifier": identifier}}
            for _, identifier, _, message, _ in these[:SAMPLES_AT_MOST]
        ]
        kinds.append({"code": code, "error_count": len(these), "sample_errors": samples})
    return {
        "developer_message_summary": f"There are {len(mine)} invalid meter events",
        "reason": {"error_count": len(mine), "error_types": kinds},
        "validation_start": rfc3339(min(one[4] for one in mine)),
        "validation_end": rfc3339(max(one[4] for one in mine) + 1),
    }


def _stamp(store: Store, event: Given) -> int:
    text = event.get("timestamp")
    if text is None:
        return int(store.clock.now())
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Refused(400, "invalid_timestamp", f"Not an RFC 3339 time: {text[:40]}",
                      "timestamp") from None  # fmt: skip
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


# --- what was told --------------------------------------------------------------------------------


def list_events(store: Store, given: Given, _: Ids) -> Object:
    """GET /v2/core/events: thin events whole, newest first, about one object if asked."""
    about, kinds = given.get("object_id"), given.get("types")
    found = [
        one for one in reversed(store.thin_events)
        if about in (None, one.get("related_object", {}).get("id"))
        and (kinds is None or one["type"] in kinds)
        and _within(one["created"], given.get("created", {}))
    ]  # fmt: skip
    begin, limit = _place(given.get("page", "0")), given.get("limit", 20)
    more = f"/v2/core/events?page={begin + limit}" if len(found) > begin + limit else None
    return {"data": found[begin : begin + limit], "next_page_url": more,
            "previous_page_url": None}  # fmt: skip


def retrieve_event(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v2/core/events/{id}."""
    found = store.event(ids["id"])
    if found is None or found["object"] != "v2.core.event":
        raise Refused(404, "not_found", f"No such event: {ids['id']}", "id")
    return found


def _place(text: str) -> int:
    if not (text.isdecimal() and text.isascii() and len(text) < 9):
        raise Refused(400, "invalid_page", f"Not a page: {text[:40]}", "page")
    return int(text)


def _within(stamp: str, asked: dict[str, Any]) -> bool:
    return asked.get("gte", stamp) <= stamp <= asked.get("lte", stamp) and asked.get(
        "gt", ""
    ) < stamp < asked.get("lt", "~")


OPERATIONS = {
    ("POST", "/v2/billing/meter_event_session"): Does(open_session),
    ("POST", "/v2/billing/meter_event_stream"): Does(stream, "events"),
    ("POST", "/v2/billing/meter_events"): Does(
        create_event, "event_name payload identifier timestamp", "judged at once"
    ),
    ("POST", "/v2/billing/meter_event_adjustments"): Does(adjust, "event_name type cancel"),
    ("GET", "/v2/core/events"): Does(
        list_events, "object_id types created limit page",
        "only the events about meters",
    ),
    ("GET", "/v2/core/events/{id}"): Does(retrieve_event, "", "only the events about meters"),
}  # fmt: skip
