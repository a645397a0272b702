"""The dated books, and what a book must keep to so that every price can be paid."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

import msgspec

from billing.money import EXPONENTS, Money
from billing.prices.contracts import PriceBook, Tier
from billing.prices.errors import BookRefused

_BOOKS = Path(__file__).parent / "books"
QUALITIES = frozenset({"draft", "standard", "best"})


def current_book(today: date) -> PriceBook:
    """The newest dated book whose day has come."""
    due = [name for name in names() if name <= today.isoformat()]
    return book(due[-1] if due else names()[0])


@cache
def book(name: str) -> PriceBook:
    """A dated book by its day, so that an old quote can be explained."""
    return msgspec.json.decode((_BOOKS / f"{name}.json").read_bytes(), type=PriceBook)


@cache
def names() -> tuple[str, ...]:
    """The days that have a book, oldest first."""
    return tuple(sorted(file.stem for file in _BOOKS.glob("*.json")))


def check(prices: PriceBook) -> None:
    """`BookRefused` with the first thing that cannot be."""
    for wrong in _wrong(prices):
        raise BookRefused(f"{prices.name}: {wrong}")


def _wrong(prices: PriceBook) -> Iterator[str]:
    if set(prices.quality_times) != QUALITIES:
        yield f"quality_times must name {', '.join(sorted(QUALITIES))}"
    part, whole = prices.batch_share
    if part > whole:
        yield "batch_share is [part, whole], the part at most the whole"
    yield from _wrong_packs(prices)
    yield from _wrong_tiers(prices.tiers)


def _wrong_packs(prices: PriceBook) -> Iterator[str]:
    seen = set()
    for pack in prices.packs:
        named = f"the pack of {pack.tokens} tokens in {pack.currency}"
        if pack.currency not in EXPONENTS:
            yield f"{named}: Stripe takes no such currency"
        elif not Money(pack.amount_minor, pack.currency).chargeable:
            yield f"{named}: Stripe cannot charge {pack.amount_minor} minor units"
        if pack.tokens < 1 or (pack.months is not None and pack.months < 1):
            yield f"{named}: tokens and months are at least 1"
        if (pack.tokens, pack.currency) in seen:
            yield f"{named} is there twice"
        seen.add((pack.tokens, pack.currency))


def _wrong_tiers(tiers: tuple[Tier, ...]) -> Iterator[str]:
    ends = [tier.up_to for tier in tiers]
    if not ends:
        return
    bounded = [end for end in ends[:-1] if end is not None]
    if ends[-1] is not None or len(bounded) != len(ends) - 1 or bounded != sorted(set(bounded)):
        yield "tiers rise, and only the last has up_to null"
    for tier in tiers:
        if tier.rate.keys() != tiers[0].rate.keys():
            yield "all tiers have rates in the same currencies"
        for currency, rate in tier.rate.items():
            if currency not in EXPONENTS or not _is_rate(rate):
                yield f"the rate {rate[:40]!r} in {currency} is none"


def _is_rate(text: str) -> bool:
    """Digits with a point, more than nothing, and no finer than Stripe keeps (12 decimals of a
    minor unit)."""
    whole, _, decimals = text.partition(".")
    plain = whole.isascii() and whole.isdigit() and len(whole) <= 9
    fine = not decimals or (decimals.isascii() and decimals.isdigit() and len(decimals) <= 12)
    return plain and fine and Fraction(text) > 0
