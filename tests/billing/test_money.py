"""Money: the same five currencies through everything that is done with it."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import money
from billing.money import EXPONENTS, STEPS, Money, NotMoney

TABLE = [  # currency, minor units, as text, the cost of 12,345 tokens at 0.0455 each, half of it
    ("cny", 3000, "30.00 CNY", 56170, 28085),
    ("usd", 1, "0.01 USD", 56170, 28085),
    ("eur", -5, "-0.05 EUR", 56170, 28085),
    ("jpy", 450, "450 JPY", 562, 281),
    ("kwd", 12340, "12.340 KWD", 561698, 280849),
]


@pytest.mark.parametrize(("currency", "minor", "text", "cost", "half"), TABLE)
def test_every_currency_keeps_its_decimals(
    currency: str, minor: int, text: str, cost: int, half: int
) -> None:
    amount = Money(minor, currency)
    assert amount.text() == text
    assert Money.parse(amount.amount(), currency) == amount
    assert money.cost(12_345, "0.0455", currency) == Money(cost, currency)
    assert money.share(Money(cost, currency), 1, 2) == Money(half, currency)


@pytest.mark.parametrize(
    ("quantity", "rate", "currency", "minor"),
    [
        (1, "0.005", "usd", 1),  # half a cent is one, 1.5 are two, 2.5 are three
        (3, "0.005", "usd", 2),
        (5, "0.005", "usd", 3),
        (-5, "0.005", "usd", -3),
        (1, "0.5", "jpy", 1),
        (3, "0.5", "jpy", 2),
        (1, "0.0015", "kwd", 2),
        (10_000, "0.30", "cny", 300_000),
        (-10, "0.045", "usd", -45),
    ],
)
def test_a_rate_rounds_a_half_away_from_zero_and_once(
    quantity: int, rate: str, currency: str, minor: int
) -> None:
    assert money.cost(quantity, rate, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("0.5", "jpy"), ("0.001", "usd"), ("0.0001", "kwd"), ("1,5", "eur"), ("", "eur"),
        ("1e3", "eur"), ("٣", "eur"), (" 1", "eur"), (".5", "eur"), ("1.", "eur"), ("NaN", "eur"),
        ("1", "EUR"), ("1", "xxx"), ("9" * 19, "usd"),
    ],
)  # fmt: skip
def test_what_a_currency_cannot_say_is_refused(text: str, currency: str) -> None:
    with pytest.raises(NotMoney):
        Money.parse(text, currency)


def test_noughts_beyond_the_decimals_are_no_finer_amount() -> None:
    assert Money.parse("450.00", "jpy") == Money(450, "jpy")
    assert Money.parse("-0.50", "eur") == Money(-50, "eur")


def test_two_currencies_are_never_counted_together() -> None:
    with pytest.raises(NotMoney):
        Money(1, "usd") + Money(1, "eur")
    with pytest.raises(NotMoney):
        Money(1, "usd") - Money(1, "eur")
    assert Money(1, "usd") + Money(2, "usd") - Money(4, "usd") == -Money(1, "usd")


def test_stripe_takes_only_whole_kronur_and_rounded_fils() -> None:
    assert Money(50, "jpy").chargeable
    assert not Money(0, "jpy").chargeable
    assert not Money(-50, "jpy").chargeable
    assert Money(1_230, "kwd").chargeable
    assert not Money(1_234, "kwd").chargeable
    assert not Money(150, "isk").chargeable
    assert STEPS.keys() <= EXPONENTS.keys()


@settings(deadline=None, derandomize=True)
@given(minor=st.integers(-(10**15), 10**15), currency=st.sampled_from(sorted(EXPONENTS)))
def test_every_amount_is_read_back_as_it_was_written(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert Money.parse(amount.amount(), currency) == amount
    assert Decimal(amount.amount()).scaleb(EXPONENTS[currency]) == minor


@settings(deadline=None, derandomize=True)
@given(
    quantity=st.integers(0, 10**9), thousandths=st.integers(0, 10**6),
    currency=st.sampled_from(["cny", "jpy", "kwd"]),
)  # fmt: skip
def test_a_cost_is_never_further_than_half_a_minor_unit_off(
    quantity: int, thousandths: int, currency: str
) -> None:
    rate = f"{thousandths // 1000}.{thousandths % 1000:03d}"
    exact = Fraction(quantity * thousandths, 1000) * 10 ** EXPONENTS[currency]
    assert abs(money.cost(quantity, rate, currency).minor - exact) <= Fraction(1, 2)
