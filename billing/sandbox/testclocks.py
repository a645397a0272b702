"""Test clocks: a time of their own for some customers, forward only."""

from billing.sandbox.clock import DAY_S
from billing.sandbox.errors import Refused
from billing.sandbox.lines import period_after
from billing.sandbox.store import Does, Given, Ids, Object, Store, listed

_KIND = "test_helpers.test_clock"
_LASTS_S = 30 * DAY_S


def create(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/test_helpers/test_clocks."""
    return store.make(
        "clock", _KIND, frozen_time=given["frozen_time"], name=given.get("name"), status="ready",
        deletes_after=store.now() + _LASTS_S, status_details={},
    )  # fmt: skip


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/test_helpers/test_clocks/{test_clock}."""
    return store.find(ids["test_clock"], _KIND)


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/test_helpers/test_clocks."""
    return listed(store.all(_KIND), given, "/v1/test_helpers/test_clocks")


def delete(store: Store, _: Given, ids: Ids) -> Object:
    """DELETE /v1/test_helpers/test_clocks/{test_clock}, and its customers with it."""
    from billing.sandbox import customers

    found = store.find(ids["test_clock"], _KIND)
    for one in store.all_of("customer", {"test_clock": found["id"]}, "test_clock"):
        customers.delete(store, {}, {"customer": one["id"]})
    store.hide(found)
    store.emit("test_helpers.test_clock.deleted", found)
    return {"id": found["id"], "object": _KIND, "deleted": True}


def advance(store: Store, given: Given, ids: Ids) -> Object:
    """POST …/advance: answers at once with ``advancing``; it is ``ready`` soon afterwards."""
    found = store.find(ids["test_clock"], _KIND)
    to = given["frozen_time"]
    if found["status"] != "ready":
        raise Refused(400, None, "The test clock is advancing already", "frozen_time")
    if to <= found["frozen_time"]:
        raise Refused(400, None, "A test clock only goes forward", "frozen_time")
    if to > _furthest(store, found):
        raise Refused(400, None, "At most two intervals of the shortest subscription at a time",
                      "frozen_time")  # fmt: skip
    store.change(
        found, status="advancing", status_details={"advancing": {"target_frozen_time": to}}
    )
    store.emit("test_helpers.test_clock.advancing", found)
    return found


def _furthest(store: Store, clock: Object) -> int:
    """Two of the shortest intervals from now; two years where there is no subscription."""
    now = clock["frozen_time"]
    ends = [now + 2 * 366 * DAY_S]
    for one in store.all_of("subscription", {"test_clock": clock["id"]}, "test_clock"):
        if one["status"] != "canceled":
            recurring = one["items"]["data"][0]["price"]["recurring"]
            ends.append(period_after(recurring, now, period_after(recurring, now, now)))
    return min(ends)


OPERATIONS = {
    ("POST", "/v1/test_helpers/test_clocks"): Does(create, "frozen_time name"),
    ("GET", "/v1/test_helpers/test_clocks"): Does(list_all, "limit starting_after ending_before"),
    ("GET", "/v1/test_helpers/test_clocks/{test_clock}"): Does(retrieve),
    ("DELETE", "/v1/test_helpers/test_clocks/{test_clock}"): Does(delete),
    ("POST", "/v1/test_helpers/test_clocks/{test_clock}/advance"): Does(
        advance, "frozen_time", "done with the next request, not over seconds"
    ),
}
