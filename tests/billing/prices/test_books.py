"""Every dated book can be paid, and the list in force says what it says."""

from datetime import date

import msgspec
import pytest

from billing import money
from billing.contracts import Facts, FamilyFacts, Pack
from billing.money import Money
from billing.prices import books
from billing.prices import service as prices
from billing.prices.contracts import Rate, Tier
from billing.prices.errors import BookRefused

NEWEST = books.book(books.names()[-1])
CURRENCIES = ("cny", "usd", "eur", "jpy")


@pytest.mark.parametrize("name", books.names())
def test_a_dated_book_is_whole(name: str) -> None:
    found = books.book(name)
    assert found.name == name
    date.fromisoformat(name)
    books.check(found)


def test_a_book_holds_from_its_day_until_the_next_ones() -> None:
    assert prices.current_book(date(2026, 11, 26)).name == "2026-11-22"
    assert prices.current_book(date(2026, 11, 27)).name == "2026-11-27"
    assert prices.current_book(date(2000, 1, 1)).name == "2026-11-22"


def test_packs_are_sold_in_four_currencies_and_last_a_year() -> None:
    assert prices.currencies(NEWEST) == CURRENCIES
    sizes = {currency: [] for currency in CURRENCIES}
    for pack in NEWEST.packs:
        sizes[pack.currency].append(pack.tokens)
        assert pack.months == 12
        assert prices.price_of(pack).chargeable
    assert len(set(map(tuple, sizes.values()))) == 1
    yen = prices.pack_for(NEWEST, 1000, "jpy")
    assert yen is not None
    assert prices.price_of(yen).text() == "6600 JPY"


def test_a_larger_pack_is_never_dearer_by_the_token_and_never_dearer_than_the_invoice() -> None:
    for currency in CURRENCIES:
        of_one = [pack for pack in NEWEST.packs if pack.currency == currency]
        each = [pack.amount_minor / pack.tokens for pack in of_one]
        assert each == sorted(each, reverse=True)
        for pack in of_one:
            invoiced = sum(one.minor for one in prices.invoice_cost(NEWEST, pack.tokens, currency))
            assert pack.amount_minor <= invoiced


@pytest.mark.parametrize(
    ("tokens", "currency", "text"),
    [
        (0, "cny", "0.00 CNY"),
        (9_999, "cny", "2999.70 CNY"),
        (10_000, "cny", "3000.00 CNY"),
        (10_001, "cny", "3000.27 CNY"),
        (150_000, "cny", "38300.00 CNY"),
        (7, "usd", "0.32 USD"),  # 31.5 cents
        (3, "usd", "0.14 USD"),  # 13.5
        (12, "eur", "0.48 EUR"),
        (1, "jpy", "7 JPY"),
        (10_001, "jpy", "66006 JPY"),
        (150_000, "jpy", "842600 JPY"),
    ],
)
def test_a_postpaid_month_climbs_the_tiers(tokens: int, currency: str, text: str) -> None:
    lines = prices.invoice_cost(NEWEST, tokens, currency)
    assert sum((line for line in lines), Money(0, currency)).text() == text


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"quality_times": {"draft": 1}}, "quality_times"),
        ({"batch_share": (2, 1)}, "batch_share"),
        ({"packs": (Pack(tokens=1, amount_minor=5, currency="xxx"),)}, "no such currency"),
        ({"packs": (Pack(tokens=1, amount_minor=123, currency="kwd"),)}, "cannot charge"),
        ({"packs": (Pack(tokens=1, amount_minor=0, currency="usd"),)}, "cannot charge"),
        ({"packs": (Pack(tokens=0, amount_minor=5, currency="usd"),)}, "at least 1"),
        ({"packs": (Pack(tokens=1, amount_minor=5, currency="usd", months=0),)}, "at least 1"),
        ({"packs": (Pack(tokens=1, amount_minor=5, currency="usd"),) * 2}, "twice"),
        ({"tiers": (Tier(up_to=5, rate={"usd": "1"}),)}, "tiers rise"),
        (
            {
                "tiers": (
                    Tier(up_to=9, rate={"usd": "1"}), Tier(up_to=9, rate={"usd": "1"}),
                    Tier(up_to=None, rate={"usd": "1"}),
                )
            },
            "tiers rise",
        ),
        (
            {"tiers": (Tier(up_to=9, rate={"usd": "1"}), Tier(up_to=None, rate={"eur": "1"}))},
            "same currencies",
        ),
        *(
            ({"tiers": (Tier(up_to=None, rate={"usd": rate}),)}, "is none")
            for rate in ("0", "0.0", "-1", "1/2", "1e2", "1." + "1" * 13, "nan", "", ".5")
        ),
    ],
)  # fmt: skip
def test_a_book_that_cannot_be_paid_is_refused(changed: dict[str, object], says: str) -> None:
    with pytest.raises(BookRefused, match=says):
        books.check(msgspec.structs.replace(NEWEST, **changed))


def test_a_file_that_is_no_book_says_where() -> None:
    for content in (b"", b"[]", b"\xff", b'{"name": "x"}', b'{"nmae": "x"}'):
        with pytest.raises(BookRefused, match="no price book"):
            prices.read(content)
    misspelt = msgspec.json.encode({**msgspec.to_builtins(NEWEST), "licence_times": 4})
    with pytest.raises(BookRefused, match="licence_times"):
        prices.read(misspelt)
    charging = msgspec.json.encode({**msgspec.to_builtins(NEWEST), "rendition_tokens": 1})
    with pytest.raises(BookRefused, match="rendition_tokens"):
        prices.read(charging)


@pytest.mark.parametrize(
    ("kind", "duration_ms", "lane", "audition", "license_"),
    [
        ("bed", 1, "interactive", 1, 4),
        ("bed", 30_000, "interactive", 1, 4),
        ("bed", 30_001, "interactive", 2, 8),
        ("bed", 600_000, "interactive", 20, 80),
        ("chime", 600, "batch", 1, 2),
        ("loop", 90_000, "batch", 2, 6),
    ],
)
def test_length_kind_and_lane_make_the_price(
    kind: str, duration_ms: int, lane: str, audition: int, license_: int
) -> None:
    facts = Facts(kind=kind, duration_ms=duration_ms, candidates=3, lane=lane)  # pyright: ignore
    quoted = prices.quote(facts, NEWEST)
    assert (quoted.audition_tokens, quoted.license_tokens) == (audition, license_)
    assert quoted.hold_tokens == 3 * audition


def test_a_kind_may_have_a_rate_of_its_own_and_the_list_shows_it() -> None:
    own = {
        "chime": Rate(seconds_per_token=5, license_times=10, least=2),
        "family_sound": Rate(seconds_per_token=30, license_times=2, least=3),
    }
    book = msgspec.structs.replace(NEWEST, kinds=own)
    books.check(book)
    quoted = prices.quote(Facts(kind="chime", duration_ms=5_000, candidates=1), book)
    assert (quoted.audition_tokens, quoted.license_tokens) == (2, 20)
    bed = prices.quote(Facts(kind="bed", duration_ms=5_000, candidates=1), book)
    assert (bed.audition_tokens, bed.license_tokens) == (1, 4)
    family = prices.quote_family(FamilyFacts(lengths_ms=(900, 1200), candidates=1), book)
    assert (family.audition_tokens, family.license_tokens) == (6, 12)
    lines = {(one.sku, one.kind, one.lane): one for one in prices.skus(book)}
    assert lines["license", "chime", "interactive"].times == 10
    assert lines["audition", "chime", "batch"].share == (1, 2)
    assert lines["late", "*", "interactive"] == msgspec.structs.replace(
        lines["audition", "*", "interactive"], sku="late"
    )
    assert lines["rendition", "*", "interactive"].times == 0


def test_the_list_adds_up_to_what_is_quoted() -> None:
    lines = {(one.sku, one.kind, one.lane): one for one in prices.skus(NEWEST)}
    for lane in ("interactive", "batch"):
        for seconds in (1, 29, 31, 61, 95, 600):
            facts = Facts(kind="bed", duration_ms=1000 * seconds, candidates=1, lane=lane)
            quoted = prices.quote(facts, NEWEST)
            for sku, tokens in (
                ("audition", quoted.audition_tokens), ("license", quoted.license_tokens),
            ):  # fmt: skip
                line = lines[sku, "*", lane]
                begun = max(line.least, -(-seconds // line.seconds_per_token))
                part, whole = line.share
                assert tokens == max(1, -(-begun * line.times * part // whole))


def test_money_is_what_the_packs_say_in_every_currency() -> None:
    for pack in NEWEST.packs:
        if pack.tokens == 100:
            first = NEWEST.tiers[0].rate[pack.currency]
            assert money.cost(100, first, pack.currency) == prices.price_of(pack)
