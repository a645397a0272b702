"""The documents in a real browser: read by everybody, on a phone and a desk, by day and by night;
and the calculator, which must say what the door says."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from api.docs import prices
from api.docs.frame import SHELVES, in_chinese
from billing.prices import service as till
from tests.console.conftest import Axe, Bench, Faults

PAGES = [
    place.path for _, _, places in SHELVES for place in places if place.path != "/openapi.json"
]
CHINESE = [in_chinese(place.path) for _, _, places in SHELVES for place in places if place.zh]
LOOKS: list[tuple[int, Any]] = [(380, "dark"), (1440, "light")]
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
Turn = Callable[..., Page]


@pytest.fixture
def turn(browser: Browser, bench: Bench, faults: Faults) -> Iterator[Turn]:
    """Open a page of the documents in a fresh browser."""
    contexts: list[Any] = []

    def opened(path: str, width: int = 1440, theme: Any = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        faults.watch(page, bench.url)
        page.goto(f"{bench.url}{path}")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def test_every_page_can_be_read_by_everybody(turn: Turn, axe: Axe, look: tuple[int, Any]) -> None:
    page = turn("/docs", *look)
    base = page.url.removesuffix("/docs")
    for path in (*PAGES, *CHINESE):
        page.goto(f"{base}{path}")
        assert page.locator("main h1").count() == 1, path
        assert page.locator("nav [aria-current=page]").count() == 1, path
        assert page.evaluate(WIDER) <= 0, f"{path} is wider than {look[0]}"
        axe(page)


def test_the_text_is_reached_without_the_way(turn: Turn) -> None:
    page = turn("/docs/errors")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#text"


def test_the_other_language_is_one_step_away(turn: Turn) -> None:
    page = turn("/docs/quickstart/games")
    page.get_by_role("link", name="中文").click()
    assert page.locator("h1").inner_text() == "为游戏配乐"
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.get_by_role("link", name="English").click()
    assert page.locator("h1").inner_text() == "Score a game"


def _cases(dice: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Briefs of every kind, many of them where a token begins or ends."""
    ranges = {"bed": (5_000, 600_000), "loop": (5_000, 600_000), "sting": (500, 15_000),
              "chime": (200, 5_000), "ambience": (5_000, 600_000)}  # fmt: skip
    for _ in range(count):
        kind = dice.choice(sorted(ranges))
        least, most = ranges[kind]
        edge = 30_000 * dice.randint(1, 20) + dice.choice((-1, 0, 1))
        length = edge if dice.random() < 0.5 else dice.randint(least, most)
        yield {
            "kind": kind, "duration_ms": min(max(length, least), most),
            "candidates": dice.randint(1, 10), "lane": dice.choice(("interactive", "batch")),
            "quality": dice.choice(("draft", "standard", "best")),
        }  # fmt: skip


def test_the_calculator_says_what_a_quote_says(turn: Turn, bench: Bench) -> None:
    page = turn("/docs/prices")
    for case in _cases(random.Random(20261127), 60):
        said = _calculated(page, "quote", case)
        answer = bench.door.post("/v1/quotes", json=case)
        assert answer.status_code == 200, answer.text
        quote = answer.json()
        assert (said["audition"], said["license"]) == (
            quote["audition_tokens_each"], quote["license_tokens"],
        ), case  # fmt: skip


def test_the_calculator_says_what_a_familys_quote_says(turn: Turn, bench: Bench) -> None:
    page = turn("/docs/prices")
    for count, length in ((1, 900), (3, 2_000), (5, 1_000)):
        functions = ["welcome", "farewell", "door_open", "door_close", "lock"][:count]
        family = {
            "functions": functions, "candidates": 2, "limits": {"all": {"duration_ms": length}},
        }  # fmt: skip
        answer = bench.door.post("/v1/families/quotes", json=family)
        assert answer.status_code == 200, answer.text
        said = _calculated(
            page, "quote", {"kind": "family", "sounds": count, "duration_ms": length}
        )
        quote = answer.json()
        assert (said["audition"], said["license"]) == (
            quote["audition_tokens_each"], quote["license_tokens"],
        )  # fmt: skip


_MONEY = """([tokens, currency]) => import('/docs/prices.js').then((made) => {
  const book = JSON.parse(document.querySelector('form').dataset.book);
  return [made.invoice(book, tokens, currency), made.packs(book, tokens, currency)];
})"""


def test_the_calculator_counts_money_as_the_till_does(turn: Turn) -> None:
    page = turn("/docs/prices")
    book = prices.today(datetime.now(UTC).date())
    dice = random.Random(7)
    for currency in till.currencies(book):
        for tokens in (1, 99, 100, 101, 9_999, 10_001, 123_456, *dice.sample(range(400_000), 5)):
            invoice, packs = page.evaluate(_MONEY, [tokens, currency])
            lines = till.invoice_cost(book, tokens, currency)
            assert invoice == sum(line.minor for line in lines), (tokens, currency)
            assert packs == _cheapest(book, tokens, currency), (tokens, currency)


def _cheapest(book: Any, tokens: int, currency: str) -> int:
    """The least that packs for so many tokens cost, by trying every sensible number of each."""
    sold = sorted(
        ((pack.tokens, pack.amount_minor) for pack in book.packs if pack.currency == currency),
        reverse=True,
    )
    known: dict[tuple[int, int], int] = {}

    def least(at: int, left: int) -> int:
        if left <= 0:
            return 0
        size, price = sold[at]
        if at == len(sold) - 1:
            return -(-left // size) * price
        if (at, left) not in known:
            most = -(-left // size)
            known[at, left] = min(
                count * price + least(at + 1, left - count * size)
                for count in range(max(0, most - 2), most + 1)
            )
        return known[at, left]

    return least(0, tokens)


def test_the_calculator_answers_what_is_typed(turn: Turn) -> None:
    page = turn("/docs/prices", 380)
    total = page.locator("[data-say=tokens]")
    assert total.inner_text() == "16 tokens", "four beds of a minute and one license"
    page.get_by_label("Briefs").fill("1000")
    page.get_by_label("Lane").select_option("batch")
    assert total.inner_text() == "8,000 tokens"
    page.get_by_label("Candidates").fill("0")
    assert total.inner_text() == "–"
    assert page.get_by_label("Candidates").get_attribute("aria-invalid") == "true"
    page.get_by_label("Candidates").fill("4")
    page.get_by_label("Kind").select_option("family")
    assert page.get_by_label("Sounds of a family").is_visible()
    assert not page.get_by_label("Lane").is_visible()


def _calculated(page: Page, function: str, case: dict[str, Any]) -> Any:
    script = (
        "([name, asked]) => import('/docs/prices.js').then((made) => "
        "made[name](JSON.parse(document.querySelector('form').dataset.book), asked))"
    )
    return page.evaluate(script, [function, case])
