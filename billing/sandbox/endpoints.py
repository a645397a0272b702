"""Events as callers list them, and the webhook endpoints they go to."""

import ipaddress
import secrets
from urllib.parse import urlsplit

from billing.sandbox.errors import Refused
from billing.sandbox.store import Does, Given, Ids, Object, Store, listed, merged

_FIELDS = "url enabled_events description metadata"
_KIND = "webhook_endpoint"


def list_events(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/events, newest first."""
    kinds = given.get("types") or ([given["type"]] if "type" in given else None)
    found = [
        one for one in reversed(store.events) if kinds is None or _named(one["type"], kinds)
    ]  # fmt: skip
    return listed(found, given, "/v1/events")


def retrieve_event(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/events/{id}."""
    found = store.event(ids["id"])
    if found is None or found["object"] != "event":
        raise Refused(404, "resource_missing", f"No such event: '{ids['id']}'", "id")
    return found


def create(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/webhook_endpoints, on this machine; only this answer shows the secret."""
    local(given["url"])
    made = store.make(
        "we", _KIND, url=given["url"], enabled_events=given["enabled_events"], status="enabled",
        description=given.get("description"), metadata=merged(None, given.get("metadata")),
        api_version=given.get("api_version"),
    )  # fmt: skip
    secret = f"whsec_sbx_{secrets.token_hex(16)}"
    store.set_aside(made["id"], secret=secret)
    return made | {"secret": secret}


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/webhook_endpoints/{webhook_endpoint}."""
    return store.find(ids["webhook_endpoint"], _KIND)


def update(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/webhook_endpoints/{webhook_endpoint}."""
    found = store.find(ids["webhook_endpoint"], _KIND)
    if "url" in given:
        local(given["url"])
    fields = {key: given[key] for key in ("url", "enabled_events", "description") if key in given}
    if "disabled" in given:
        fields["status"] = "disabled" if given["disabled"] else "enabled"
    return store.change(found, **fields, metadata=merged(found["metadata"], given.get("metadata")))


def delete(store: Store, _: Given, ids: Ids) -> Object:
    """DELETE /v1/webhook_endpoints/{webhook_endpoint}."""
    found = store.find(ids["webhook_endpoint"], _KIND)
    store.forget(found)
    return {"id": found["id"], "object": _KIND, "deleted": True}


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/webhook_endpoints."""
    return listed(store.all(_KIND), given, "/v1/webhook_endpoints")


def local(url: str) -> str:
    """The address, if it is this machine's; nothing ever leaves it."""
    parts = urlsplit(url)
    try:
        ours = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        ours = parts.hostname == "localhost"
    if parts.scheme != "http" or not ours:
        raise Refused(400, "url_invalid", f"The sandbox sends to http on this machine only "
                      f"(127.0.0.1 or ::1), not to {url[:100]}", "url")  # fmt: skip
    return url


def wants(endpoint: Object, kind: str) -> bool:
    """Whether an endpoint asked for events of this type."""
    return endpoint["status"] == "enabled" and _named(kind, endpoint["enabled_events"])


def _named(kind: str, kinds: list[str]) -> bool:
    return any(
        one in ("*", kind) or (one.endswith(".*") and kind.startswith(one[:-1])) for one in kinds
    )


_LISTED = "limit starting_after ending_before"

OPERATIONS = {
    ("GET", "/v1/events"): Does(list_events, f"type types created {_LISTED}"),
    ("GET", "/v1/events/{id}"): Does(retrieve_event),
    ("POST", "/v1/webhook_endpoints"): Does(
        create, f"{_FIELDS} api_version", "loopback addresses over http only"
    ),
    ("GET", "/v1/webhook_endpoints"): Does(list_all, _LISTED),
    ("GET", "/v1/webhook_endpoints/{webhook_endpoint}"): Does(retrieve),
    ("POST", "/v1/webhook_endpoints/{webhook_endpoint}"): Does(update, f"{_FIELDS} disabled"),
    ("DELETE", "/v1/webhook_endpoints/{webhook_endpoint}"): Does(delete),
}
