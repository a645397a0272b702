"""Looking for events whose webhook never came: page by page, and no further back than need be."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from api import clerk
from api.clerk.stripe import LATELY, sweep_days
from billing.connections import lent
from billing.processor import events, inbox
from tests.billing.processor.conftest import World

OURS = {"id": "cs_1", "object": "checkout.session", "metadata": {}}


async def _kept(world: World) -> set[str]:
    return {row["event_id"] for row in await world.pool.fetch(
        "select event_id from billing.stripe_inbox")}  # fmt: skip


def _happen(world: World, many: int) -> list[dict[str, Any]]:
    return [world.shop.emit("checkout.session.expired", OURS) for _ in range(many)]


async def test_what_was_missed_is_found_on_every_page_and_the_rest_is_left_alone(
    world: World,
) -> None:
    happened = _happen(world, 2 * events.PAGE + 7)
    heard = happened[::3]
    async with lent(world.pool) as conn:
        for one in heard:
            assert await inbox.receive(conn, json.dumps({**one, "told": "by webhook"}).encode())
    assert await clerk.sweep_stripe(world.desk) == len(happened) - len(heard)
    assert await _kept(world) == {one["id"] for one in happened}
    untouched = await world.pool.fetchval(
        "select count(*) from billing.stripe_inbox where convert_from(body, 'UTF8') like '%told%'"
    )
    assert untouched == len(heard)
    assert await clerk.sweep_stripe(world.desk) == 0


async def test_no_more_than_a_page_is_in_hand(world: World) -> None:
    happened = _happen(world, events.PAGE + 1)
    pages = [page async for page in world.desk.door.events_since(_long_ago())]
    assert [len(page) for page in pages] == [events.PAGE, 1]
    assert {one.id for page in pages for one in page} == {one["id"] for one in happened}


async def test_what_was_missed_long_ago_is_found_by_the_sweep_of_days(world: World) -> None:
    (missed,) = _happen(world, 1)
    missed["created"] -= round(2 * LATELY.total_seconds())
    assert await clerk.sweep_stripe(world.desk) == 0
    assert await sweep_days(world.desk) == 1
    assert await _kept(world) == {missed["id"]}


def _long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)
