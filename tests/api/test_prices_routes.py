"""What a client pays: the list in force, a list of its own, and a quote that binds."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from billing.connections import transaction
from billing.money import Money
from billing.prices import service as prices
from tests.api.conftest import Client, Door

BED = {"prompt": "warm lo-fi beat", "kind": "bed", "duration_ms": 60_000, "candidates": 2}
FAMILY = {"functions": ["lock", "unlock"], "candidates": 1, "brand": {"warm": 0.5}}


def _today() -> date:
    return datetime.now(UTC).date()


async def _give_list(door: Door, client: Client, since: date, **changed: object) -> None:
    own = msgspec.structs.replace(prices.current_book(_today()), name="acme", **changed)
    async with transaction(door.pool) as conn:
        await prices.set_list(conn, client.account, own, since)


async def _quote(client: Client, body: dict[str, object] = BED) -> dict[str, object]:
    answer = await client.post("/v1/quotes", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_list_says_what_packs_cost_and_how_long_they_last(client: Client) -> None:
    said = (await client.get("/v1/capabilities")).json()["prices"]
    book = prices.current_book(_today())
    assert said["book"] == book.name
    assert said["currencies"] == list(prices.currencies(book))
    for pack in said["packs"]:
        assert pack["price"] == Money(pack["amount_minor"], pack["currency"]).text()
    assert {"audition", "license", "late", "rendition"} == {one["sku"] for one in said["skus"]}


async def test_an_account_with_a_list_of_its_own_pays_by_it_everywhere(
    client: Client, door: Door
) -> None:
    other = await door.client()
    own = prices.Rate(seconds_per_token=60, license_times=1, least=3)
    pack = {"tokens": 77, "amount_minor": 770, "currency": "jpy", "months": 3}
    await _give_list(
        door, client, _today(), seconds_per_token=20, license_times=5,
        kinds={"family_sound": own}, packs=(msgspec.convert(pack, prices.Pack),),
    )  # fmt: skip
    said = (await client.get("/v1/capabilities")).json()["prices"]
    assert (said["book"], said["seconds_per_token"], said["currencies"]) == ("acme", 20, ["jpy"])
    assert said["packs"] == [{**pack, "price": "770 JPY"}]
    quoted = await _quote(client)
    assert (quoted["audition_tokens_each"], quoted["license_tokens"]) == (3, 15)
    brief = (await client.brief(BED)).json()
    assert (brief["price_book"], brief["tokens"]["held"]) == ("acme", 6)
    named = {"headers": {"idempotency-key": "f"}}
    family = (await client.post("/v1/families", FAMILY, **named)).json()
    assert (family["price_book"], family["tokens"]["held"]) == ("acme", 6)
    wanted = {"tokens": 77, "currency": "jpy"}
    topup = (await client.post("/v1/topups", wanted, **named)).json()
    assert (topup["amount_minor"], topup["months"]) == (770, 3)
    refused = await other.post("/v1/topups", wanted, **named)
    assert refused.status_code == 422
    assert (await _quote(other))["audition_tokens_each"] == 2


async def test_a_list_that_begins_tomorrow_changes_nothing_today(
    client: Client, door: Door
) -> None:
    await _give_list(door, client, _today() + timedelta(days=1), seconds_per_token=1)
    assert (await _quote(client))["audition_tokens_each"] == 2


async def test_a_quote_outlives_a_change_of_prices(client: Client, door: Door) -> None:
    quoted = await _quote(client)
    await _give_list(door, client, _today(), seconds_per_token=5, license_times=9)
    held = (await client.brief({**BED, "quote": quoted["id"]})).json()
    assert held["tokens"]["held"] == quoted["audition_tokens"] == 4
    assert held["tokens"]["license_each"] == quoted["license_tokens"] == 8
    assert held["price_book"] == quoted["price_book"]
    dearer = (await client.brief(BED, "second")).json()
    assert (dearer["tokens"]["held"], dearer["price_book"]) == (24, "acme")


async def test_a_quote_binds_for_fifteen_minutes_and_not_a_moment_longer(
    client: Client, door: Door
) -> None:
    quoted = await _quote(client)
    made, ends = (datetime.fromisoformat(str(quoted[at])) for at in ("created_at", "expires_at"))
    assert ends - made == timedelta(minutes=15)
    await door.pool.execute("update api.quotes set expires_at = now() + interval '1 minute'")
    assert (await client.brief({**BED, "quote": quoted["id"]})).status_code == 202
    await door.pool.execute("update api.quotes set expires_at = now()")
    late = await client.brief({**BED, "quote": quoted["id"]}, "late")
    assert (late.status_code, late.json()["code"]) == (410, "quote_expired")
    assert "ask for a new one" in late.json()["detail"]
    assert late.json()["errors"][0]["pointer"] == "/quote"
    assert await client.available() == 996


@pytest.mark.parametrize(
    "changed",
    [{"candidates": 3}, {"duration_ms": 90_000}, {"kind": "ambience"}, {"quality": "best"}],
)
async def test_a_quote_for_another_brief_is_refused(
    client: Client, changed: dict[str, object]
) -> None:
    quoted = await _quote(client)
    answer = await client.brief({**BED, **changed, "quote": quoted["id"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "quote_mismatch")
    assert "another kind, length, quality, lane or number" in answer.json()["detail"]
    assert await client.available() == 1000


async def test_other_words_at_the_same_price_keep_their_quote(client: Client) -> None:
    quoted = await _quote(client)
    answer = await client.brief({**BED, "prompt": "cold techno", "quote": quoted["id"]})
    assert answer.status_code == 202


async def test_a_quote_is_its_accounts_own_and_of_its_own_kind(client: Client, door: Door) -> None:
    quoted = await _quote(client)
    stranger = await door.client()
    theirs = await stranger.brief({**BED, "quote": quoted["id"]})
    assert (theirs.status_code, theirs.json()["errors"][0]["code"]) == (422, "unknown_quote")
    family = await client.post(
        "/v1/families", {**FAMILY, "quote": quoted["id"]}, headers={"idempotency-key": "f"}
    )
    assert (family.status_code, family.json()["code"]) == (422, "quote_mismatch")
