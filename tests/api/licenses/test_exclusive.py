"""An exclusive license keeps everybody else from music too close to it, also from what they were
offered before. Real studio, real Postgres; the second account is given the first one's working
seed, which no client could."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from billing.connections import transaction
from billing.prices import service as prices
from tests.api.conftest import Client, Door
from tests.api.studio import make_and_settle
from tests.api.test_delivered_runs import BED, _asked, _pick, _takes, _with_the_seed_of

pytestmark = pytest.mark.slow
KEPT = "select count(*) from api.exclusive_runs"
TIMES = 5
LICENSE = 4  # tokens of 12 seconds


async def _buyer(door: Door, mode: Any = "live") -> Client:
    """An account whose price list sells exclusive licenses."""
    client, today = await door.client(mode=mode), datetime.now(UTC).date()
    own = msgspec.structs.replace(prices.current_book(today), name="alone", exclusive_times=TIMES)
    async with transaction(door.pool) as conn:
        await prices.set_list(conn, client.account, own, today - timedelta(days=1))
    return client


async def _alone(client: Client, candidate: str) -> Any:
    return await client.post(
        f"/v1/candidates/{candidate}/pick", {"exclusive": True},
        headers={"idempotency-key": candidate},
    )  # fmt: skip


async def _both_offered(
    door: Door, ann: Client, bob: Client
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The same music offered to two accounts before either has licensed any."""
    hers, his = await _asked(ann), await _asked(bob)
    await _with_the_seed_of(door.pool, his, hers)
    await make_and_settle(door.pool, door.store)
    views = [(await one.get(f"/v1/briefs/{brief}")).json() for one, brief in
             ((ann, hers), (bob, his))]  # fmt: skip
    of_ann, of_bob = await _takes(ann, views[0]), await _takes(bob, views[1])
    assert of_ann.keys() == of_bob.keys(), "the test needs the same music twice"
    return [(of_ann[seed], of_bob[seed]) for seed in sorted(of_ann)]


async def _runs(pool: asyncpg.Pool, candidate: str) -> int:
    asked = "select coalesce(cardinality(keys), 0) from engine.offered_runs where candidate = $1"
    return await pool.fetchval(asked, candidate) or 0


async def test_what_one_account_holds_alone_no_other_can_license_any_more(door: Door) -> None:
    ann, bob = await _buyer(door), await _buyer(door)
    (hers, his), (second, others) = await _both_offered(door, ann, bob)
    runs = await _runs(door.pool, hers["id"])
    assert runs > 0
    before = (await ann.get("/v1/usage")).json()["spent_tokens"]
    assert (hers["license_tokens"], hers["exclusive_tokens"]) == (LICENSE, TIMES * LICENSE)
    license_ = (await _alone(ann, hers["id"])).json()
    assert license_["rights"]["exclusive"] is True
    assert license_["tokens"] == TIMES * LICENSE
    spent = (await ann.get("/v1/usage")).json()["spent_tokens"]
    assert spent - before == TIMES * LICENSE
    assert await door.pool.fetchval(KEPT) == runs
    for pick in (_pick, _alone):
        refused = await pick(bob, his["id"])
        told = refused.json()
        assert (refused.status_code, told["code"]) == (409, "licensed_elsewhere")
        assert ann.account not in refused.text
    assert (await bob.get("/v1/usage")).json()["spent_tokens"] == sum(
        one["tokens"] for one in (his, others)
    ), "what is refused costs nothing"
    assert (await _pick(ann, second["id"])).status_code == 201, "her own music keeps her from none"


async def test_what_somebody_holds_already_cannot_be_held_alone(door: Door) -> None:
    ann, bob = await _buyer(door), await _buyer(door)
    ((hers, his), _) = await _both_offered(door, ann, bob)
    assert (await _pick(bob, his["id"])).status_code == 201
    refused = await _alone(ann, hers["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "licensed_elsewhere")
    assert "without `exclusive`" in refused.json()["detail"]
    assert await door.pool.fetchval(KEPT) == 0
    assert (await _pick(ann, hers["id"])).status_code == 201


async def test_of_two_who_want_the_same_alone_at_once_one_gets_it(door: Door) -> None:
    ann, bob = await _buyer(door), await _buyer(door)
    ((hers, his), _) = await _both_offered(door, ann, bob)
    answers = await asyncio.gather(_alone(ann, hers["id"]), _alone(bob, his["id"]))
    assert sorted(one.status_code for one in answers) == [201, 409]


async def test_a_test_accounts_exclusive_license_keeps_nobody_from_anything(door: Door) -> None:
    tester, bob = await _buyer(door, "test"), await _buyer(door)
    ((tried, his), _) = await _both_offered(door, tester, bob)
    license_ = (await _alone(tester, tried["id"])).json()
    assert (license_["grants"], license_["rights"]["exclusive"]) == (False, True)
    assert await door.pool.fetchval(KEPT) == 0
    assert (await _pick(bob, his["id"])).status_code == 201


def test_the_price_list_says_what_an_exclusive_license_costs() -> None:
    book = prices.current_book(datetime.now(UTC).date())
    assert "exclusive" not in {one.sku for one in prices.skus(book)}
    selling = msgspec.structs.replace(book, exclusive_times=TIMES)
    told = [one for one in prices.skus(selling) if one.sku == "exclusive"]
    assert {one.lane for one in told} == {"interactive", "batch"}
    assert {one.times for one in told} == {TIMES * book.license_times}


assert BED["candidates"] == 2, "the tests take the candidates two by two"
