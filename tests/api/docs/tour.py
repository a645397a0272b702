"""Every call of the document, made once at a real door by an account that owns a thing of every
kind. What it answers is what the document shows as examples.

A new call is made by itself where its path, query and body say enough: a body stands in
`api/openapi/bodies.py`, what else it needs in `QUERIES` or `_instead` here.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

import httpx
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct, structs

from api.app import ROUTES
from api.openapi import EXAMPLES
from api.operations import File, Operation
from api.webhooks.addresses import Address, Addresses
from billing.connections import lent
from billing.processor import errands, store
from tests.api.conftest import WEBHOOK_SECRET, Client, Door
from tests.api.furnished import CHIME, FAMILY, furnish

QUERIES: dict[str, dict[str, str]] = {
    "lift_budget": {"scope": "project", "subject": "season-2"},
    "download_package": {"profile": "unity"},
}
"""What a call needs in its query."""
_ORDER = {"GET": 0, "POST": 1, "PUT": 2, "PATCH": 3, "DELETE": 4}
_LAST = ("rotate_key", "revoke_key", "rotate_webhook_secret", "delete_webhook_endpoint")


class Call(Struct, frozen=True, kw_only=True):
    """One operation at its address."""

    method: str
    path: str
    promise: Operation


class Told(Struct, frozen=True, kw_only=True):
    """What a call answered."""

    call: Call
    answer: httpx.Response

    @property
    def json(self) -> Any:
        """Its body; None where that is a file."""
        kind = self.answer.headers.get("content-type", "")
        return self.answer.json() if kind.startswith("application/json") else None


def calls() -> list[Call]:
    """All calls: first those that only read, at last those after which something is gone."""
    found = [call for handler in ROUTES for call in _of(handler)]
    return sorted(found, key=lambda call: (call.promise.name in _LAST, _ORDER[call.method]))


def _of(handler: HTTPRouteHandler) -> Iterator[Call]:
    for path in handler.paths:
        for method in handler.http_methods - {"HEAD", "OPTIONS"}:
            yield Call(method=method, path=path, promise=handler.opt["operation"])


async def tour(door: Door) -> list[Told]:
    """Every call and its answer."""
    shop = door.app.shop
    door.app.shop = structs.replace(shop, addresses=Addresses(resolve=_everywhere))
    owner = await door.client(tokens=1_000_000)
    postpaid = await _postpaid(door)
    things = await furnish(door, owner)
    told = []
    for call in calls():
        name = call.promise.name
        here = things | await _instead(name, owner, things)
        caller = postpaid if name in ("preview_invoice", "read_preview") else owner
        if name == "read_preview":
            here["preview"] = await _preview(door, postpaid)
        told.append(Told(call=call, answer=await _made(caller, call, here)))
    return told


async def _made(caller: Client, call: Call, things: dict[str, str]) -> httpx.Response:
    path = re.sub(r"{(\w+):str}", lambda slot: things[slot[1]], call.path)
    promise = call.promise
    query = dict(QUERIES.get(promise.name, {}))
    if promise.name == "fetch_file":
        query["ticket"] = things["ticket"]
    elif _links(promise):
        query["link"] = "true"
    headers = {"idempotency-key": f"tour-{promise.name}"}
    content = _body(promise)
    if content is not None:
        headers["content-type"] = "application/jsonl" if promise.lines else "application/json"
    if "Stripe-Signature" in promise.headers:
        content = json.dumps({"id": f"evt_{promise.name}", "type": "plan.created"}).encode()
        headers |= {"content-type": "application/json", "stripe-signature": _signed(content)}
    if promise.scope:
        headers["authorization"] = f"Bearer {caller.secret}"
    return await caller.http.request(
        call.method, path, params=query, content=content, headers=headers
    )


def _body(promise: Operation) -> bytes | None:
    """The example of what it takes."""
    if promise.body is None:
        return None
    assert promise.body in EXAMPLES, (
        f"{promise.name} takes a {promise.body.__name__}: put an example into api/openapi/bodies.py"
    )
    return json.dumps(EXAMPLES[promise.body]).encode()


def _links(promise: Operation) -> bool:
    """Whether it can answer with a link instead of the file itself."""
    said = promise.answers.get(200)
    both = isinstance(said, tuple) and any(isinstance(one, File) for one in said)
    return both and any(getattr(one, "__name__", "") == "Link" for one in said)


async def _instead(name: str, owner: Client, things: dict[str, str]) -> dict[str, str]:
    """Other things than those that are there for all."""
    if name == "cancel_brief":
        return {"brief": await _sent(owner, "/v1/briefs", CHIME)}
    if name == "cancel_family":
        return {"family": await _sent(owner, "/v1/families", FAMILY)}
    if name == "download_file":
        return {"file": "master"}
    if name == "fetch_file":
        path = f"/v1/tracks/{things['track']}/audio?link=true"
        link = httpx.URL((await owner.get(path)).json()["url"])
        return {"file": link.path.rpartition("/")[2], "ticket": link.params["ticket"]}
    return {"page": "errors", "quickstart": "games"}


async def _sent(owner: Client, path: str, body: Any) -> str:
    answer = await owner.post(path, body, headers={"idempotency-key": f"to cancel {path}"[:255]
                                                   .replace(" ", "-")})  # fmt: skip
    return answer.json()["id"]


async def _postpaid(door: Door) -> Client:
    made = await door.client(tokens=0, billing="postpaid")
    async with lent(door.pool) as conn:
        facts = ("sub_tour", "active", "price_tour", "cny", None, None, None)
        await store.insert_customer(conn, made.account, "cus_tour")
        await store.insert_subscription(conn, made.account, facts)
    return made


async def _preview(door: Door, postpaid: Client) -> str:
    async with lent(door.pool) as conn:
        return (await errands.ask(conn, postpaid.account, "preview", {})).id


def _signed(content: bytes) -> str:
    stamp = str(int(time.time()))
    signed = hmac.new(WEBHOOK_SECRET.encode(), f"{stamp}.".encode() + content, hashlib.sha256)
    return f"t={stamp},v1={signed.hexdigest()}"


async def _everywhere(host: str, port: int) -> list[Address]:
    """Every name is at the same public address: the tour asks no name server."""
    return [IPv4Address("93.184.216.34")]
