"""Prices: a dated book as data, a quote as a pure function of it. Tokens are whole."""

from datetime import date
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from billing.contracts import Facts, FamilyFacts, Pack, Quote, Tokens

_BOOKS = Path(__file__).parent / "books"


class PriceBook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What things cost from the day that names it until the next book's day."""

    name: str
    seconds_per_token: int
    license_times: int
    quality_times: dict[str, int]
    family_sound_tokens_min: int = 1
    batch_share: tuple[int, int]
    packs: tuple[Pack, ...]


def current_book(today: date) -> PriceBook:
    """The newest book whose day has come."""
    due = [name for name in _names() if name <= today.isoformat()]
    return _read(due[-1] if due else _names()[0])


def book(name: str) -> PriceBook:
    """A book by its day, so that an old quote keeps its price."""
    return _read(name)


def quote(facts: Facts, prices: PriceBook) -> Quote:
    """The price of one brief: so many tokens to audition a candidate, so many to license one."""
    audition = max(1, _spans(facts.duration_ms, prices)) * prices.quality_times[facts.quality]
    license_tokens = audition * prices.license_times
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
    least = prices.family_sound_tokens_min
    audition = sum(max(least, _spans(length, prices)) for length in facts.lengths_ms)
    return Quote(
        audition_tokens=Tokens(audition),
        license_tokens=Tokens(audition * prices.license_times),
        candidates=facts.candidates,
        price_book=prices.name,
    )


def _spans(duration_ms: int, prices: PriceBook) -> int:
    return -(-duration_ms // (1000 * prices.seconds_per_token))


def packs(prices: PriceBook) -> tuple[Pack, ...]:
    """The token packs on sale."""
    return prices.packs


def pack_for(prices: PriceBook, tokens: int, currency: str) -> Pack | None:
    """The pack of exactly so many tokens in a currency, if it is sold."""
    return next(
        (one for one in prices.packs if one.tokens == tokens and one.currency == currency), None
    )


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in _BOOKS.glob("*.json")))


@cache
def _read(name: str) -> PriceBook:
    return msgspec.json.decode((_BOOKS / f"{name}.json").read_bytes(), type=PriceBook)
