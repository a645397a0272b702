"""Every page of the account for those who see little, use no mouse, or hold a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Axe, Bench, Visit
from tests.console.newcomers import Newcomer, enter, newcomer, settled

PAGES = ("usage", "statements", "budgets", "invoices", "keys", "webhooks")


@pytest.fixture(scope="module")
def owner(bench: Bench) -> Iterator[Newcomer]:
    """An account with something on every page."""
    with newcomer(bench) as made:
        made.buy()
        body = {"scope": "key", "subject": made.key, "cap": 4}
        made.door.put("/v1/budgets", json=body).raise_for_status()
        made.post("/v1/webhook_endpoints", {"url": "http://127.0.0.1:9/hook"})
        made.heard(3)
        yield made


@pytest.mark.parametrize(
    ("width", "theme", "language"), [(1440, "light", "en-GB"), (380, "dark", "zh-CN")]
)
def test_every_page_is_accessible_and_fits(
    owner: Newcomer, visit: Visit, axe: Axe, width: int, theme: str, language: str
) -> None:
    page = enter(visit(width=width, theme=theme, language=language), owner.secret, "key")
    for name in PAGES:
        page.evaluate("name => { location.hash = `#/account/${name}`; }", name)
        page.wait_for_selector(f".account-nav a[href='#/account/{name}'][aria-current]")
        settled(page)
        for fold in page.locator("main details > summary").all():
            fold.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        axe(page)


def test_a_refused_form_and_an_open_question_are_accessible(
    owner: Newcomer, visit: Visit, axe: Axe
) -> None:
    page = enter(visit(width=380), owner.secret, "account/keys")
    page.get_by_role("button", name="Create a key").click()
    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    axe(page)
    page.get_by_role("button", name="Revoke first").click()
    axe(page)
    page.keyboard.press("Escape")
    page.get_by_label("Name").fill("shown")
    page.get_by_role("button", name="Create a key").click()
    page.get_by_role("dialog").get_by_role("textbox").wait_for()
    axe(page)


def test_a_cap_is_set_without_a_mouse(owner: Newcomer, visit: Visit) -> None:
    page = enter(visit(), owner.secret, "account/usage")
    page.locator(".account-nav a").nth(2).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Budgets")
    settled(page)
    page.get_by_label("For", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("by hand")
    page.keyboard.press("Tab")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.locator(".card", has_text="by hand")).to_contain_text("0 of 7 tokens used")
