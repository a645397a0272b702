"""The list prices of the day, and the calculator that reads them."""

import html
from datetime import date

import msgspec

from billing import money
from billing.money import Money
from billing.prices import service as prices
from billing.prices.contracts import PriceBook


def today(day: date) -> PriceBook:
    """What an account without a price list of its own pays."""
    return prices.current_book(day)


def slots(book: PriceBook) -> dict[str, str]:
    """What the page says of a book: in words, in tables, and for the script."""
    part, whole = book.batch_share
    return {
        "book_name": book.name,
        "seconds_per_token": str(book.seconds_per_token),
        "license_times": str(book.license_times),
        "batch_share": f"{part}/{whole}",
        "packs": _packs(book),
        "tiers": _tiers(book),
        "currencies": "".join(f"<option value={one}>{one.upper()}</option>" for one in _sold(book)),
        "book": html.escape(msgspec.json.encode(_calculated(book)).decode(), quote=True),
    }


def _calculated(book: PriceBook) -> dict[str, object]:
    """A book as the script takes it: with the digits that a currency has."""
    digits = {one: money.EXPONENTS[one] for one in _sold(book)}
    return {**msgspec.to_builtins(book), "digits": digits}


def _sold(book: PriceBook) -> tuple[str, ...]:
    return prices.currencies(book)


def _packs(book: PriceBook) -> str:
    heads = "".join(f"<th scope=col class=number>{one.upper()}</th>" for one in _sold(book))
    sizes = sorted({pack.tokens for pack in book.packs})
    rows = "".join(
        f"<tr><th scope=row class=number>{size:,}</th>"
        + "".join(_pack(book, size, currency) for currency in _sold(book))
        + "</tr>"
        for size in sizes
    )
    months = sorted({pack.months for pack in book.packs if pack.months})
    lasting = f", which last {months[0]} months" if months else ""
    return (
        f"<table><caption>Packs of tokens{lasting}, before tax</caption><thead><tr>"
        f"<th scope=col class=number>Tokens</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _pack(book: PriceBook, size: int, currency: str) -> str:
    pack = prices.pack_for(book, size, currency)
    said = (
        "–"
        if pack is None
        else Money(pack.amount_minor, currency).text().split()[0].removesuffix(".00")
    )
    return f"<td class=number>{said}</td>"


def _tiers(book: PriceBook) -> str:
    """A postpaid month; nothing where the book has no tiers."""
    if not book.tiers:
        return ""
    heads = "".join(f"<th scope=col class=number>{one.upper()}</th>" for one in book.tiers[0].rate)
    below, rows = 0, ""
    for tier in book.tiers:
        end = f"to {tier.up_to:,}" if tier.up_to else "on"
        cells = "".join(f"<td class=number>{rate}</td>" for rate in tier.rate.values())
        rows += f"<tr><th scope=row class=number>from {below + 1:,} {end}</th>{cells}</tr>"
        below = tier.up_to or below
    return (
        "<table><caption>A token on an invoice, by how many a month has, before tax</caption>"
        f"<thead><tr><th scope=col class=number>Tokens of a month</th>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
