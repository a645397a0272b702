"""An account that owns one thing of every kind there is an address for."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from billing import notices
from billing.connections import lent
from billing.processor import errands, store
from tests.api.conftest import Client, Door
from tests.api.invoiced import mirrored
from tests.api.studio import make_and_settle

CHIME = {"prompt": "soft chime", "kind": "chime", "candidates": 1, "duration_ms": 600, "seed": 5,
         "stems": ["all"]}  # fmt: skip
FAMILY = {"functions": ["lock", "unlock"], "candidates": 1, "brand": {"warm": 0.5}, "seed": 5}

Post = Callable[[str, Any], Awaitable[Any]]


async def furnish(door: Door, owner: Client, run: int = 1) -> dict[str, str]:
    """Parameter of an address → what stands there for this account, all made over HTTP but what
    only Stripe could make. Another ``run`` makes another thing of every kind."""
    post = posts_of(owner, run)
    things = await _music(door, owner, post) | await _money(door, owner, post, run)
    pages = {"page": "errors", "quickstart": "games"}
    return things | await _access(owner) | {"batch": await _batch(owner, run)} | pages


def posts_of(client: Client, run: int) -> Post:
    """POSTs of a client, each under a name of its own; they must succeed."""
    names = iter(range(1000))

    async def post(path: str, body: Any = None) -> Any:
        headers = {"idempotency-key": f"furnish-{run}-{next(names)}"}
        answer = await client.post(path, body, headers=headers)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json()

    return post


async def _music(door: Door, owner: Client, post: Post) -> dict[str, str]:
    plan = (await post("/v1/plans", CHIME | {"kind": "bed", "duration_ms": 5000}))["id"]
    brief = (await post("/v1/briefs", CHIME))["id"]
    family = (await post("/v1/families", FAMILY))["id"]
    await make_and_settle(door.pool, door.store)
    candidate = (await owner.get(f"/v1/briefs/{brief}")).json()["candidates"][0]["id"]
    license_ = await post(f"/v1/candidates/{candidate}/pick")
    track = license_["track"]
    rendition = (await post(f"/v1/tracks/{track}/renditions", {"format": "flac"}))["id"]
    await make_and_settle(door.pool, door.store)
    files = (await owner.get(f"/v1/renditions/{rendition}")).json()["files"]
    stems = (await owner.get(f"/v1/tracks/{track}")).json()["files"]
    stem = next(one["name"] for one in stems if one["name"].startswith("stem."))
    return {
        "plan": plan, "brief": brief, "family": family, "candidate": candidate, "track": track,
        "license": license_["id"], "rendition": rendition, "file": files[0]["name"],
        "stem": stem.removeprefix("stem."),
    }  # fmt: skip


async def _batch(owner: Client, run: int) -> str:
    content = f'{{"prompt": "soft chime {run}", "kind": "chime", "candidates": 1}}'
    headers = {"content-type": "application/jsonl", "idempotency-key": f"furnish-{run}"}
    answer = await owner.post("/v1/batches", content=content, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


async def _money(door: Door, owner: Client, post: Post, run: int) -> dict[str, str]:
    invoice = f"in_{owner.account}{run}"
    async with lent(door.pool) as conn:
        await mirrored(conn, owner.account, invoice)
        await store.insert_customer(conn, owner.account, f"cus_{owner.account}")
        for what in ("budget_50", "budget_80"):
            await notices.tell(conn, owner.account, what, owner.key, str(run), {})
    return {
        "topup": (await post("/v1/topups", {"tokens": 100}))["id"],
        "invoice": invoice,
        "preview": await _preview(door, owner),
        "portal": (await post("/v1/portal", {}))["id"],
        "month": f"{datetime.now(UTC):%Y-%m}",
    }


async def _preview(door: Door, owner: Client) -> str:
    """Previews are for accounts that pay by invoice; this one pays with packs."""
    async with lent(door.pool) as conn:
        return (await errands.ask(conn, owner.account, "preview", {})).id


async def _access(owner: Client) -> dict[str, str]:
    made = (await owner.post("/v1/api_keys", {"name": "spare"})).json()
    hook = {"url": "https://93.184.216.34/hook"}
    endpoint = (await owner.post("/v1/webhook_endpoints", hook)).json()["endpoint"]["id"]
    told = (await owner.post(f"/v1/webhook_endpoints/{endpoint}/test")).json()["id"]
    return {"key": made["key"]["id"], "endpoint": endpoint, "message": told}
