"""Licensed tracks for tests at the door: made by the real studio, or handed in without a sound."""

from datetime import timedelta
from typing import Any

from api import clerk
from billing.connections import lent
from engine.contracts import Asset, Made, PartPlan, Plan
from engine.queue import service as queue
from engine.queue.contracts import Lease
from tests.api.conftest import Client, Door
from tests.api.studio import make_and_settle

CHIME = {"prompt": "soft chime", "kind": "chime", "candidates": 1, "duration_ms": 600}


async def licensed(client: Client, door: Door, brief: dict[str, Any] = CHIME) -> str:
    """A track that the real studio has made and this client has picked."""
    asked = (await client.brief(brief)).json()
    await make_and_settle(door.pool, door.store)
    return await _picked(client, asked["id"])


async def sold(client: Client, door: Door, **fields: Any) -> str:
    """A track with one player, whose sounds nobody has made."""
    asked = (await client.brief({**CHIME, **fields})).json()
    async with lent(door.pool) as conn:
        lease = await queue.claim(conn, "studio", timedelta(seconds=60), "candidates")
        assert lease is not None
        await queue.deliver(conn, lease, _made(lease))
        await queue.finish(conn, lease)
    while await clerk.settle_one(door.pool):
        pass
    return await _picked(client, asked["id"])


async def _picked(client: Client, brief: str) -> str:
    view = (await client.get(f"/v1/briefs/{brief}")).json()
    candidate = view["candidates"][0]["id"]
    picked = await client.post(
        f"/v1/candidates/{candidate}/pick", headers={"idempotency-key": "pick"}
    )
    assert picked.status_code == 201, picked.text
    return picked.json()["track"]


def _made(lease: Lease) -> Made:
    part = PartPlan(role="lead", group="lead", name="Celesta", family="celesta", program=8)
    plan = Plan(
        style="lofi", kind="chime", tempo=80, meter="4/4", bars=1, tonic=0, mode="major",
        sections=(), chords=(), parts=(part,),
    )  # fmt: skip
    assets = tuple(
        Asset(name=name, sha256="0" * 64, bytes=44, media_type="audio/wav")
        for name in ("master", "midi", "score")
    )
    return Made(
        number=1, take=1, seed=1, rating=0.5, resolved=lease.job.music, plan=plan, measured=(),
        assets=assets,
    )  # fmt: skip
