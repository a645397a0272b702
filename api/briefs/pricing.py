"""What a brief or a family costs: today's price, or that of a quote which still binds.

A quote is for whatever costs the same for the same reasons: its fingerprint is of kind, length,
quality, lane and number of candidates, or of a family's lengths. Other words do not break it.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from api.briefs import store
from api.briefs.contracts import NewQuote, PriceView, QuoteRow
from api.errors import OverMaxTokens, QuoteExpired, QuoteMismatch, ValidationFailed
from billing.contracts import Facts, FamilyFacts, Pack
from billing.contracts import Quote as Price
from billing.contracts import Tokens as WholeTokens
from billing.prices import service as prices
from engine.contracts import BriefLane, Resolved, ResolvedFamily
from engine.errors import Reason

QUOTE_BINDS = timedelta(minutes=15)


class Offer(Struct, frozen=True, kw_only=True):
    """Today's price, and what it is for."""

    price: Price
    facts: Facts | FamilyFacts

    @property
    def fingerprint(self) -> str:
        """By what a quote for the same thing is recognised."""
        return hashlib.sha256(msgspec.json.encode(self.facts, order="sorted")).hexdigest()


async def book_of(conn: asyncpg.Connection, account: str) -> prices.PriceBook:
    """What this account pays today."""
    return await prices.book_for(conn, account, datetime.now(UTC).date())


def offer_for(
    resolved: Resolved | ResolvedFamily, book: prices.PriceBook, lane: BriefLane = "interactive"
) -> Offer:
    """What this costs by a price book, made at once or within a day."""
    if isinstance(resolved, Resolved):
        facts = Facts(
            kind=resolved.kind,
            duration_ms=resolved.duration_ms,
            candidates=resolved.candidates,
            quality=resolved.quality,
            lane=lane,
        )
        return Offer(price=prices.quote(facts, book), facts=facts)
    lengths = tuple(one.duration_ms for one in resolved.functions)
    family = FamilyFacts(lengths_ms=lengths, candidates=resolved.candidates)
    return Offer(price=prices.quote_family(family, book), facts=family)


async def write_quote(
    conn: asyncpg.Connection, account: str, offer: Offer
) -> tuple[str, datetime, datetime]:
    """Bind ourselves to an offer for a while; the quote's id, when it begins and when it ends."""
    made, price = f"quo_{secrets.token_hex(12)}", offer.price
    row = NewQuote(
        id=made,
        account=account,
        fingerprint=offer.fingerprint,
        audition_tokens=price.audition_tokens,
        license_tokens=price.license_tokens,
        price_book=price.price_book,
    )
    created_at, expires_at = await store.insert_quote(conn, row, QUOTE_BINDS)
    return made, created_at, expires_at


async def agreed(
    conn: asyncpg.Connection, account: str, offer: Offer, quote: str | None, max_tokens: int | None
) -> Price:
    """The quoted price where a quote is named, today's otherwise; within ``max_tokens``."""
    found = None if quote is None else await store.select_quote(conn, quote, account)
    return agreed_by(found, offer, quote, max_tokens)


def agreed_by(
    found: QuoteRow | None, offer: Offer, quote: str | None, max_tokens: int | None
) -> Price:
    """The same, where what is kept of the quote was read already."""
    price = offer.price if quote is None else _quoted(found, offer)
    if max_tokens is not None and price.hold_tokens > max_tokens:
        raise OverMaxTokens(price.hold_tokens, max_tokens)
    return price


def _quoted(row: QuoteRow | None, offer: Offer) -> Price:
    if row is None:
        detail = "there is no such quote; leave it out, or ask for one at POST /v1/quotes"
        raise ValidationFailed([Reason("/quote", "unknown_quote", detail)])
    if row.expired:
        raise QuoteExpired(row.expires_at)
    if row.fingerprint != offer.fingerprint:
        raise QuoteMismatch(
            "the quote is for another kind, length, quality, lane or number of candidates"
        )
    return Price(
        audition_tokens=WholeTokens(row.audition_tokens),
        license_tokens=WholeTokens(row.license_tokens),
        candidates=offer.price.candidates,
        price_book=row.price_book,
    )


def price_list(book: prices.PriceBook) -> PriceView:
    """An account's price list, as a client reads it."""
    return PriceView(
        book=book.name,
        seconds_per_token=book.seconds_per_token,
        license_times=book.license_times,
        family_sound_tokens_min=book.family_sound_tokens_min,
        quality_times=book.quality_times,
        currencies=prices.currencies(book),
        packs=tuple(map(_pack, prices.packs(book))),
        tiers=tuple(msgspec.to_builtins(tier) for tier in book.tiers),
        skus=prices.skus(book),
    )


def _pack(pack: Pack) -> dict[str, Any]:
    return {**msgspec.structs.asdict(pack), "price": prices.price_of(pack).text()}
