"""Prices: a dated book as data, a quote as a pure function of it. Tokens are whole; money is
rounded once, where a rate is applied."""

from collections.abc import Iterator

from billing import money
from billing.contracts import Facts, FamilyFacts, Pack, Quote, Tokens
from billing.money import Money
from billing.prices.books import book, current_book
from billing.prices.contracts import (
    Lane,
    PriceBook,
    PriceList,
    Rate,
    Sku,
    SkuName,
    Tier,
)
from billing.prices.lists import book_for, book_named, end_list, lists, read, set_list

__all__ = [
    "FAMILY_SOUND", "PriceBook", "PriceList", "Rate", "Sku", "Tier", "book", "book_for",
    "book_named", "currencies", "current_book", "end_list", "invoice_cost", "lists", "pack_for",
    "packs", "price_of", "quote", "quote_family", "read", "set_list", "skus",
]  # fmt: skip

FAMILY_SOUND = "family_sound"


def quote(facts: Facts, prices: PriceBook) -> Quote:
    """The price of one brief: so many tokens to audition a candidate, so many to license one."""
    rate = _rate(prices, facts.kind)
    audition = _spans(facts.duration_ms, rate) * prices.quality_times[facts.quality]
    license_tokens = audition * rate.license_times
    if facts.lane == "batch":
        part, whole = prices.batch_share
        audition = max(1, -(-audition * part // whole))
        license_tokens = -(-license_tokens * part // whole)
    return Quote(
        audition_tokens=Tokens(audition),
        license_tokens=Tokens(license_tokens),
        candidates=facts.candidates,
        price_book=prices.name,
    )


def quote_family(facts: FamilyFacts, prices: PriceBook) -> Quote:
    """The price of one family: each of its sounds costs what a candidate of that length does."""
    rate = _rate(prices, FAMILY_SOUND)
    audition = sum(_spans(length, rate) for length in facts.lengths_ms)
    return Quote(
        audition_tokens=Tokens(audition),
        license_tokens=Tokens(audition * rate.license_times),
        candidates=facts.candidates,
        price_book=prices.name,
    )


def skus(prices: PriceBook) -> tuple[Sku, ...]:
    """The whole list: what a candidate of any kind and length costs, in either lane."""
    return tuple(_skus(prices))


def packs(prices: PriceBook) -> tuple[Pack, ...]:
    """The token packs on sale."""
    return prices.packs


def pack_for(prices: PriceBook, tokens: int, currency: str) -> Pack | None:
    """The pack of exactly so many tokens in a currency, if it is sold."""
    return next(
        (one for one in prices.packs if one.tokens == tokens and one.currency == currency), None
    )


def price_of(pack: Pack) -> Money:
    """What a pack costs, before tax."""
    return Money(pack.amount_minor, pack.currency)


def currencies(prices: PriceBook) -> tuple[str, ...]:
    """The currencies packs are sold in."""
    return tuple(dict.fromkeys(pack.currency for pack in prices.packs))


def invoice_cost(prices: PriceBook, tokens: int, currency: str) -> tuple[Money, ...]:
    """What a month's tokens cost a postpaid account before tax: an amount for every tier begun,
    each rounded on its own, as Stripe rounds an invoice's lines. Their sum is the invoice."""
    costs, below = [], 0
    for tier in prices.tiers:
        end = tokens if tier.up_to is None else min(tokens, tier.up_to)
        if end <= below:
            break
        costs.append(money.cost(end - below, tier.rate[currency], currency))
        below = end
    return tuple(costs)


def _rate(prices: PriceBook, kind: str) -> Rate:
    least = prices.family_sound_tokens_min if kind == FAMILY_SOUND else 1
    usual = Rate(
        seconds_per_token=prices.seconds_per_token, license_times=prices.license_times, least=least
    )
    return prices.kinds.get(kind, usual)


def _spans(duration_ms: int, rate: Rate) -> int:
    return max(rate.least, -(-duration_ms // (1000 * rate.seconds_per_token)))


def _skus(prices: PriceBook) -> Iterator[Sku]:
    lanes: dict[Lane, tuple[int, int]] = {"interactive": (1, 1), "batch": prices.batch_share}
    for kind in ("*", *sorted({FAMILY_SOUND, *prices.kinds})):
        rate = _rate(prices, kind)
        times: dict[SkuName, int] = {"audition": 1, "late": 1, "license": rate.license_times}
        if prices.exclusive_times is not None:
            times["exclusive"] = rate.license_times * prices.exclusive_times
        for lane, share in lanes.items():
            if kind == FAMILY_SOUND and lane == "batch":
                continue  # a family is made while its client waits
            for sku, multiple in times.items():
                yield Sku(
                    sku=sku, kind=kind, lane=lane, seconds_per_token=rate.seconds_per_token,
                    least=rate.least, times=multiple, share=share,
                )  # fmt: skip
    yield Sku(
        sku="rendition", kind="*", lane="interactive", seconds_per_token=prices.seconds_per_token,
        least=0, times=prices.rendition_tokens, share=(1, 1),
    )  # fmt: skip
