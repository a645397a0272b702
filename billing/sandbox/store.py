"""What the sandbox remembers: objects, events, meter events, replies; and how they change.

Every rule works on a `Store`. Objects are dicts as Stripe sends them; whoever changes one says so
through `change` or `touch`, so that the journal knows.
"""

import copy
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from billing.sandbox import contract
from billing.sandbox.clock import DAY_S, Agenda, Clock
from billing.sandbox.errors import Refused, Unsupported
from billing.sandbox.journal import Journal
from billing.sandbox.usage import Counted, Usage

LAG_S = 2.0
"""Summaries are behind on purpose, so that nobody relies on reading their own write."""
GRACE_S = 3_600
"""From the end of a period to its invoice's finalization; late usage still counts meanwhile."""
WRITTEN_BY = "cuesmith sandbox 2"
"""The first line of a state file says so; another one is refused."""
API_VERSION = "2026-05-27.dahlia"

Object = dict[str, Any]
Given = dict[str, Any]
Ids = dict[str, str]


class Does(Struct, frozen=True):
    """One operation: what carries it out, the parameters it heeds, and where it differs."""

    call: Callable[["Store", Given, Ids], Object]
    takes: str = ""
    differs: str = ""


class Store:
    """The objects of one sandbox account."""

    def __init__(
        self, state: Path | None = None, *, url: str, lag_s: float = LAG_S,
        clock: Clock | None = None, grace_s: int = GRACE_S,
        retry_days: tuple[int, ...] = (3, 5, 7), after_retries: str = "unpaid",
    ) -> None:  # fmt: skip
        self.url, self.lag_s, self.grace_s = url, lag_s, grace_s
        self.retry_days, self.after_retries = retry_days, after_retries
        self.clock = clock or Clock()
        self.agenda: dict[str | None, Agenda] = {None: Agenda()}
        self.objects: dict[str, Object] = {}
        self.events: list[Object] = []
        self.thin_events: list[Object] = []
        self.replies: dict[str, Object] = {}
        self.usage = Usage()
        self._under: dict[tuple[str, str], dict[str, Object]] = {}  # (kind, parent) → children
        self.aside: dict[str, Object] = {}  # what objects keep to themselves
        self.deleted: set[str] = set()  # customers and test clocks that were
        self.request: Object = {"id": None, "idempotency_key": None}  # what is being answered
        self.sessions: dict[str, float] = {}  # tokens of meter event streams, and their ends
        self.rejected: list[tuple[str, str, str, str, float]] = []  # meter events, not yet reported
        self._kinds: dict[str, dict[str, Object]] = {}
        self._moment: int | None = None
        self.journal = Journal(state)
        self.told: set[str] = set()  # event ids that the receiver has accepted
        self._waiting: dict[bool, dict[str, Object]] = {False: {}, True: {}}  # thin → the others
        self._events_by_id: dict[str, Object] = {}

    # --- time ---

    def now(self) -> int:
        """The time of what is being done: the sandbox clock's, or a test clock's."""
        return int(self.clock.now()) if self._moment is None else self._moment

    @contextmanager
    def at(self, moment: int | None) -> Iterator[None]:
        """What happens inside happens at a test clock's moment; None changes nothing."""
        before = self._moment
        self._moment = before if moment is None else moment
        try:
            yield
        finally:
            self._moment = before

    def test_clock_of(self, about: Object) -> str | None:
        """The test clock an object lives by, if any."""
        if about.get("test_clock"):
            return about["test_clock"]
        customer = self.objects.get(about.get("customer") or "")
        return customer.get("test_clock") if customer else None

    def plan(self, when: float, what: str, about: Object) -> None:
        """Put a task on the agenda of the clock this object lives by."""
        clock = self.test_clock_of(about)
        self.agenda.setdefault(clock, Agenda()).put(when, what, about["id"])

    # --- objects ---

    def make(self, prefix: str, kind: str, **fields: Any) -> Object:
        """A new object: blank as the document allows, with these fields."""
        names = {"id": f"{prefix}_sbx_{secrets.token_hex(10)}", "object": kind}
        made = names | contract.blank(kind) | names
        if "created" in made:
            made["created"] = self.now()
        made |= fields
        self.keep(made)
        return made

    def keep(self, made: Object) -> None:
        """Remember an object, new or known."""
        self.objects[made["id"]] = made
        self._index(made)
        self.journal.touch(made["id"])

    def find(
        self, key: str | None, kind: str, param: str = "id", *, code: str = "resource_missing"
    ) -> Object:
        """The object of that id; 404 where a path names it, 400 where a parameter does."""
        found = self._kinds.get(kind, {}).get(key or "")
        if found is None:
            name = kind.rsplit(".", 1)[-1]
            status = 404 if param == "id" else 400
            raise Refused(status, code, f"No such {name}: '{key}'", param)
        return found

    def all(self, kind: str) -> list[Object]:
        """Every object of a kind, newest first."""
        return list(reversed(self._kinds.get(kind, {}).values()))

    def under(self, kind: str, parent: str) -> list[Object]:
        """An invoice's lines or payments, a subscription's invoices, a grant's bookings; oldest
        first."""
        return list(self._under.get((kind, parent), {}).values())

    def all_of(self, kind: str, given: Given, *by: str) -> list[Object]:
        """Those whose fields are as the parameters of these names ask, newest first."""
        asked = {name: given[name] for name in by if given.get(name) is not None}
        return [one for one in self.all(kind) if all(one[key] == asked[key] for key in asked)]

    def change(self, about: Object, **fields: Any) -> Object:
        """Set fields of an object."""
        about |= fields
        self.journal.touch(about["id"])
        return about

    def forget(self, about: Object) -> None:
        """Delete an object."""
        del self.objects[about["id"]], self._kinds[about["object"]][about["id"]]
        self._under.get((about["object"], _parent(about) or ""), {}).pop(about["id"], None)
        self.journal.touch(about["id"])

    def hide(self, about: Object) -> None:
        """A deleted customer: no call finds it, its invoices still name it."""
        del self._kinds[about["object"]][about["id"]]
        self.deleted.add(about["id"])
        self.journal.deleted(about["id"])

    def set_aside(self, key: str, **fields: Any) -> None:
        """Keep fields of an object that no answer shows."""
        kept = self.aside.setdefault(key, {})
        kept |= fields
        self.journal.aside(key, kept)

    # --- events ---

    def emit(self, kind: str, about: Object, before: Object | None = None) -> Object:
        """Note what happened, with the object as it is now."""
        event = contract.blank("event") | {
            "id": f"evt_sbx_{secrets.token_hex(10)}", "type": kind, "livemode": False,
            "created": int(self.clock.now()), "pending_webhooks": 1, "api_version": API_VERSION,
            "request": dict(self.request), "data": {"object": copy.deepcopy(about)},
        }  # fmt: skip
        if before:
            event["data"]["previous_attributes"] = copy.deepcopy(before)
        self._note(event)
        return event

    def emit_thin(self, kind: str, fields: Object, related: Object | None = None) -> Object:
        """Note what happened as a v2 event: the type and where to look; ``data`` on retrieval."""
        event = {
            "id": f"evt_sbx_{secrets.token_hex(10)}", "object": "v2.core.event", "type": kind,
            "created": rfc3339(self.clock.now()), "livemode": False, "context": "",
            "data": fields,
        }  # fmt: skip
        if related is not None:
            event["related_object"] = related
        self._note(event)
        return event

    def event(self, key: str) -> Object | None:
        """A snapshot or thin event by its id."""
        return self._events_by_id.get(key)

    def _note(self, event: Object) -> None:
        thin = event["object"] == "v2.core.event"
        (self.thin_events if thin else self.events).append(event)
        self._events_by_id[event["id"]] = event
        self._waiting[thin][event["id"]] = event
        self.journal.event(event)

    def untold(self, *, thin: bool) -> list[Object]:
        """Events that the receiver has not accepted yet, oldest first."""
        return list(self._waiting[thin].values())

    def tell(self, event: Object) -> None:
        """The receiver has accepted it."""
        self._accept(event["id"])
        self.journal.told(event["id"])

    def _accept(self, key: str) -> None:
        self.told.add(key)
        event = self._events_by_id[key]
        self._waiting[event["object"] != "event"].pop(key, None)
        if event["object"] == "event":
            event["pending_webhooks"] = 0

    def tell_again(self, key: str) -> None:
        """Send an event once more, as after a click on "resend"; only until a restart."""
        event = self.event(key)
        if event is None:
            raise Refused(404, "resource_missing", f"No such event: '{key}'", "event")
        self.told.discard(key)
        self._waiting[event["object"] != "event"][key] = event

    # --- replies ---

    def remember(self, key: str, reply: Object) -> None:
        """Keep an answer for its idempotency key, and forget those that are a day old."""
        self.replies.pop(key, None)
        self.replies[key] = reply
        self.journal.reply(key, reply)
        self._forget_replies()

    def _forget_replies(self) -> None:
        oldest = self.clock.now() - DAY_S
        while self.replies and self.replies[first := next(iter(self.replies))]["at"] <= oldest:
            del self.replies[first]

    # --- the state file ---

    def commit(self) -> None:
        """Write down what changed."""
        self.journal.commit(self.objects, self.clock.lead_s, self.state)

    def state(self) -> Object:
        """Everything, for one line."""
        return {
            "written_by": WRITTEN_BY, "objects": self.objects,
            "events": [*self.events, *self.thin_events],
            "told": sorted(self.told), "usage": self.usage.lines(),
            "replies": list(self.replies.items()), "deleted": sorted(self.deleted),
            "aside": list(self.aside.items()), "lead_s": self.clock.lead_s,
        }  # fmt: skip

    def restore(self) -> None:
        """Everything an earlier run wrote down."""
        for number, line in enumerate(self.journal.read()):
            if number == 0 and line.get("written_by") != WRITTEN_BY:
                raise ValueError(
                    f"{self.journal.file} was written by another version of the sandbox: move it "
                    "away, and the database that goes with it, to begin anew"
                )
            self._replay(line)
        for one in list(self.objects.values()):
            if one["id"] not in self.deleted:
                self._index(one)
        self._forget_replies()
        self.journal.rewrite(self.state())

    def _replay(self, line: Object) -> None:
        self.clock.lead_s = line.get("lead_s", self.clock.lead_s)
        for key, one in line.get("objects", {}).items():
            if one is None:
                self.objects.pop(key, None)
            else:
                self.objects[key] = one
        for event in line.get("events", ()):
            self._note(event)
        for *fields, gone in line.get("usage", ()):
            event = Counted(*fields)
            if gone and self.usage.seen(event.identifier, event.seen_at) == event:
                self.usage.take_back(event.identifier)
                continue
            self.usage.add(event)
            if gone:
                self.usage.take_back(event.identifier)
        self.replies.update(line.get("replies", ()))
        self.aside.update(line.get("aside", ()))
        for key in line.get("told", ()):
            self._accept(key)
        self.deleted.update(line.get("deleted", ()))

    def _index(self, one: Object) -> None:
        self._kinds.setdefault(one["object"], {})[one["id"]] = one
        if parent := _parent(one):
            self._under.setdefault((one["object"], parent), {})[one["id"]] = one


def _parent(about: Object) -> str | None:
    """What an object is under: see `Store.under`."""
    if about["object"] in ("line_item", "invoice_payment"):
        return about["invoice"]
    if about["object"] == "billing.credit_balance_transaction":
        return about["credit_grant"]
    if about["object"] == "invoice":
        details = (about["parent"] or {}).get("subscription_details") or {}
        return details.get("subscription")
    return None


def heed(given: Given, takes: str, operation: str) -> None:
    """Refuse parameters that the sandbox would ignore: a made-up 200 helps nobody."""
    known = set(takes.split())
    for name in given:
        if name not in known and name != "expand":
            raise Unsupported(f"the parameter {name} of {operation}")


def page(data: Iterable[Object], url: str, *, more: bool = False) -> Object:
    """A list as Stripe sends it."""
    return {"object": "list", "url": url, "has_more": more, "data": list(data)}


def listed(data: list[Object], given: Given, url: str) -> Object:
    """One page: ``limit``, ``starting_after``, ``ending_before``, ``created``."""
    created = given.get("created")
    if created is not None:
        data = [one for one in data if _within(one["created"], created)]
    limit = given.get("limit", 10)
    if not 1 <= limit <= 100:
        raise Refused(400, "parameter_invalid_integer", "limit must be between 1 and 100", "limit")
    if "ending_before" in given:
        end = _place(data, given["ending_before"], "ending_before")
        return page(data[max(0, end - limit) : end], url, more=end > limit)
    begin = 0
    if "starting_after" in given:
        begin = _place(data, given["starting_after"], "starting_after") + 1
    return page(data[begin : begin + limit], url, more=len(data) > begin + limit)


def _place(data: list[Object], key: str, param: str) -> int:
    for number, one in enumerate(data):
        if one["id"] == key:
            return number
    raise Refused(400, "resource_missing", f"No such object: '{key}'", param)


def _within(stamp: int, asked: int | dict[str, int]) -> bool:
    if isinstance(asked, int):
        return stamp == asked
    return asked.get("gte", stamp) <= stamp <= asked.get("lte", stamp) and asked.get(
        "gt", stamp - 1
    ) < stamp < asked.get("lt", stamp + 1)


def merged(old: dict[str, str] | None, new: dict[str, str] | str | None) -> dict[str, str]:
    """Metadata after an update: named keys change, empty ones go, "" clears all."""
    if new == "":
        return {}
    if not isinstance(new, dict):
        return dict(old or {})
    both = (old or {}) | new
    return {key: value for key, value in both.items() if value != ""}


def rfc3339(moment: float) -> str:
    """A v2 timestamp, in milliseconds."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
