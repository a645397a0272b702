"""Products and prices, and what a quantity costs to the minor unit."""

from decimal import Decimal
from typing import Any

import pytest
import stripe as library
from stripe import StripeClient

from billing.sandbox import prices
from billing.sandbox.shop import Shop

TIERS: Any = [
    {"up_to": 10, "unit_amount_decimal": "30"},
    {"up_to": 100, "unit_amount_decimal": "27.5", "flat_amount": 5},
    {"up_to": "inf", "unit_amount_decimal": "22"},
]


async def _price(stripe: StripeClient, **given: Any) -> Any:
    asked: Any = {"currency": "cny", "product_data": {"name": "Tokens"}} | given
    return await stripe.v1.prices.create_async(asked)


def _cost(shop: Shop, price: Any, quantity: int) -> list[tuple[int, int]]:
    found = prices.cost(shop.objects[price.id], quantity)
    return [(part.quantity, part.amount) for part in found]


@pytest.mark.parametrize(
    ("unit", "currency", "quantity", "amount"),
    [
        ("30", "cny", 7, 210),
        ("4.5", "usd", 1, 5),
        ("4.5", "usd", 3, 14),
        ("0.000000000001", "eur", 10**12, 1),
        ("4.51", "jpy", 100, 451),
        ("0.5", "jpy", 1, 1),
    ],
)
async def test_an_amount_is_rounded_once_halves_away_from_nought(
    stripe: StripeClient, shop: Shop, unit: str, currency: str, quantity: int, amount: int
) -> None:
    price = await _price(stripe, currency=currency, unit_amount_decimal=unit)
    assert price.unit_amount == (int(unit) if unit.isdigit() else None)
    assert price.unit_amount_decimal == Decimal(unit)
    assert _cost(shop, price, quantity) == [(quantity, amount)]


@pytest.mark.parametrize(
    ("quantity", "parts"),
    [
        (0, [(0, 0)]),
        (10, [(10, 300)]),
        (11, [(10, 300), (1, 28), (0, 5)]),
        (150, [(10, 300), (90, 2475), (0, 5), (50, 1100)]),
    ],
)
async def test_graduated_tiers_each_price_their_own_part(
    stripe: StripeClient, shop: Shop, quantity: int, parts: list[tuple[int, int]]
) -> None:
    price = await _price(stripe, billing_scheme="tiered", tiers_mode="graduated", tiers=TIERS)
    assert _cost(shop, price, quantity) == parts


@pytest.mark.parametrize(
    ("quantity", "parts"), [(10, [(10, 300)]), (11, [(11, 303), (0, 5)]), (101, [(101, 2222)])]
)
async def test_volume_tiers_price_all_by_the_tier_that_is_reached(
    stripe: StripeClient, shop: Shop, quantity: int, parts: list[tuple[int, int]]
) -> None:
    price = await _price(stripe, billing_scheme="tiered", tiers_mode="volume", tiers=TIERS)
    assert _cost(shop, price, quantity) == parts


@pytest.mark.parametrize(
    "given",
    [
        {"unit_amount": 30, "unit_amount_decimal": "30"},
        {"unit_amount_decimal": "0.0000000000001"},
        {"unit_amount_decimal": "-1"},
        {"unit_amount": 100_000_000},
        {},
        {"billing_scheme": "tiered", "tiers_mode": "graduated"},
        {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": TIERS[:2]},
        {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": [TIERS[1], *TIERS]},
        {"unit_amount": 30, "currency": "xxx"},
        {"unit_amount": 30, "recurring": {"interval": "month", "usage_type": "metered"}},
        {"unit_amount": 30, "recurring": {"interval": "month", "meter": "mtr_x"}},
        {"unit_amount": 30, "product": "prod_x", "product_data": None},
    ],
)
async def test_a_price_that_means_nothing_is_refused(
    stripe: StripeClient, shop: Shop, given: Any
) -> None:
    given = {"product_data": {"name": "x"}} | given
    given = {key: one for key, one in given.items() if one is not None}
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.prices.create_async({"currency": "cny"} | given)
    assert shop.all("price") == []


async def test_a_lookup_key_names_one_active_price_and_can_be_handed_on(
    stripe: StripeClient,
) -> None:
    first = await _price(stripe, unit_amount=30, lookup_key="token")
    with pytest.raises(library.InvalidRequestError, match="lookup key"):
        await _price(stripe, unit_amount=25, lookup_key="token")
    second = await _price(stripe, unit_amount=25, lookup_key="token", transfer_lookup_key=True)
    found = await stripe.v1.prices.list_async({"lookup_keys": ["token"], "active": True})
    assert [one.id for one in found.data] == [second.id]
    assert (await stripe.v1.prices.retrieve_async(first.id)).lookup_key is None


async def test_a_price_changes_its_words_and_never_its_amount(stripe: StripeClient) -> None:
    price = await _price(stripe, unit_amount=30, metadata={"book": "1", "old": "x"})
    changed = await stripe.v1.prices.update_async(
        price.id, {"active": False, "metadata": {"book": "2", "old": ""}}
    )
    assert (changed.active, changed.metadata.to_dict()) == (False, {"book": "2"})
    wrong: Any = {"unit_amount": 31}
    with pytest.raises(library.InvalidRequestError, match="unit_amount"):
        await stripe.v1.prices.update_async(price.id, wrong)


async def test_a_product_may_bring_its_own_id_once(stripe: StripeClient) -> None:
    made = await stripe.v1.products.create_async({"id": "cuesmith_tokens", "name": "Tokens"})
    assert made.id == "cuesmith_tokens"
    with pytest.raises(library.InvalidRequestError) as refused:
        await stripe.v1.products.create_async({"id": "cuesmith_tokens", "name": "Tokens"})
    assert refused.value.code == "resource_already_exists"
    await stripe.v1.products.update_async(made.id, {"name": "New", "active": False})
    assert (await stripe.v1.products.retrieve_async(made.id)).name == "New"
    assert (await stripe.v1.products.list_async({"active": True})).data == []
