"""What one account licensed is not offered to another, and nobody learns whose it is. Real studio,
real Postgres; the second account is given the first one's working seed, which no client could."""

from datetime import timedelta
from typing import Any

import asyncpg

from api.licenses import certificate as certificates
from engine.queue import service as queue
from tests.api.conftest import Client, Door
from tests.api.studio import make_and_settle

BED = {"kind": "bed", "style": "chiptune", "duration_ms": 12_000, "candidates": 2, "seed": 5,
       "quality": "draft"}  # fmt: skip
HELD = "select count(*) from engine.licensed_runs"


async def _asked(client: Client, name: str = "first") -> str:
    answer = await client.brief(BED, name=name)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


async def _made(client: Client, door: Door, brief: str, lease_s: float = 60) -> dict[str, Any]:
    await make_and_settle(door.pool, door.store, lease_for=timedelta(seconds=lease_s))
    return (await client.get(f"/v1/briefs/{brief}")).json()


async def _pick(client: Client, candidate: str) -> Any:
    return await client.post(
        f"/v1/candidates/{candidate}/pick", headers={"idempotency-key": candidate}
    )


async def _with_the_seed_of(pool: asyncpg.Pool, brief: str, other: str) -> None:
    """Let a waiting job make what another one made."""
    await pool.execute(
        "update engine.jobs set seed = other.seed, resolved = other.resolved "
        "from engine.jobs as other where jobs.id = $1 and other.id = $2",
        brief, other,
    )  # fmt: skip


async def _takes(client: Client, view: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """The brief's candidates by the seed of their take."""
    read = [(await client.get(f"/v1/candidates/{one['id']}")).json() for one in view["candidates"]]
    return {one["provenance"]["seed"]: one for one in read}


async def test_a_tune_that_an_account_licensed_is_offered_to_no_other(door: Door) -> None:
    ann, bob = await door.client(mode="live"), await door.client(mode="live")
    brief = await _asked(ann)
    hers = await _takes(ann, await _made(ann, door, brief))
    seed, licensed = next(iter(hers.items()))
    assert (await _pick(ann, licensed["id"])).status_code == 201
    assert await door.pool.fetchval(HELD) > 0

    his_brief = await _asked(bob)
    await _with_the_seed_of(door.pool, his_brief, brief)
    view = await _made(bob, door, his_brief)
    his = await _takes(bob, view)
    assert view["status"] == "succeeded"
    assert len(his) == 2
    assert seed not in his
    assert his.keys() & hers.keys(), "what was only auditioned is anybody's"
    reasons = [one["reason"] for one in view["retracted_takes"]]
    (reason,) = [one for one in reasons if "delivered earlier" in one]
    assert reason.startswith("its lead shares ")
    assert (await bob.get("/v1/usage")).json()["spent_tokens"] == sum(
        one["tokens"] for one in his.values()
    ), "the retracted take costs nothing"
    said = str((view, his))
    assert ann.account not in said
    assert licensed["id"] not in said
    assert brief not in said
    for one in his.values():
        assert one["originality"]["delivered"]["longest_run"] < 12

    again = await _asked(ann, "again")
    view = await _made(ann, door, again)
    assert (await _takes(ann, view)).keys() == hers.keys(), "her own pieces are no obstacle"
    assert not [one for one in view["retracted_takes"] if "delivered" in one["reason"]]


async def test_the_figures_stand_in_the_candidate_and_in_the_certificate(door: Door) -> None:
    ann = await door.client(mode="live")
    made = await _takes(ann, await _made(ann, door, await _asked(ann)))
    one = next(iter(made.values()))
    said = one["originality"]
    assert said.keys() == {"training", "delivered", "brief"}
    assert said["training"]["longest_run"] < said["training"]["limit"] == 12
    assert said["delivered"] == {"longest_run": 0, "distinct_intervals": 0, "limit": 12}
    assert said["brief"]["limit"] is None
    license_ = (await _pick(ann, one["id"])).json()
    document = (await ann.get(f"/v1/licenses/{license_['id']}/certificate")).content
    certified = certificates.contents(document).provenance["originality"]
    assert certified == one["provenance"]["originality"]
    assert certified["longest_run"] == said["training"]["longest_run"]
    assert certified["delivered"] == said["delivered"]


async def test_a_license_that_grants_nothing_keeps_nobody_from_anything(door: Door) -> None:
    tester = await door.client(mode="test")
    made = await _takes(tester, await _made(tester, door, await _asked(tester)))
    for one in made.values():
        assert (await _pick(tester, one["id"])).status_code == 201
    assert await door.pool.fetchval(HELD) == 0


async def test_a_pick_that_cannot_be_paid_takes_nothing(door: Door) -> None:
    poor = await door.client(mode="live", tokens=2)
    made = await _takes(poor, await _made(poor, door, await _asked(poor)))
    one = next(iter(made.values()))
    assert (await _pick(poor, one["id"])).status_code == 402
    assert await door.pool.fetchval(HELD) == 0
    assert await door.pool.fetchval("select count(*) from engine.offered_runs") == 2


async def test_a_studio_that_cannot_ask_leaves_the_brief_to_be_tried_again(
    door: Door,
) -> None:
    ann = await door.client(mode="live")
    brief = await _asked(ann)
    await door.pool.execute("alter table engine.licensed_runs rename to elsewhere")
    view = await _made(ann, door, brief, lease_s=5)  # it asks for as long
    assert (view["status"], view["candidates"]) == ("running", []), "nothing unmeasured is offered"
    await door.pool.execute("alter table engine.elsewhere rename to licensed_runs")
    await door.pool.execute("update engine.jobs set lease_until = now() - interval '1 second'")
    async with door.pool.acquire() as conn:
        await queue.reap(conn)
    assert (await _made(ann, door, brief))["status"] == "succeeded"
