"""What stands around every page: arriving, going about, keys, language, light."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import Axe, Bench, Faults, Visit

PAGES = ["#/", "#/new", "#/key", "#/nowhere/at/all"]


def test_who_sits_at_the_sandbox_is_let_in_without_an_account(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Briefs")
    expect(page.locator(".tokens")).to_contain_text("tokens left")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("where", PAGES)
def test_nothing_stands_in_anybodys_way(visit: Visit, axe: Axe, where: str, theme: str) -> None:
    axe(visit(where, theme=theme))
    axe(visit(where, theme=theme, width=380, language="zh-CN"))


@pytest.mark.parametrize("where", PAGES)
def test_a_phone_need_not_scroll_sideways(visit: Visit, where: str) -> None:
    page = visit(where, width=380, height=780)
    assert page.evaluate("document.documentElement.scrollWidth") <= 380


@pytest.mark.parametrize("where", PAGES)
def test_what_is_pressed_is_large_enough_for_a_thumb(visit: Visit, where: str) -> None:
    page = visit(where, width=380, height=780)
    small = page.evaluate(
        """[...document.querySelectorAll("button, select, textarea, a.button, #pages a,"
          + "input:not([type=checkbox], [type=radio])")]
          .filter((one) => one.offsetParent !== null && !one.matches(".chip, .skip"))
          .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect().height])
          .filter(([, height]) => height < 44)"""
    )
    assert small == []


def test_pages_are_reached_by_keys_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="To the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_have_text("New brief")
    expect(page.get_by_label("What should it sound like?")).to_be_focused()
    page.keyboard.type("gb?")
    expect(page.get_by_label("What should it sound like?")).to_have_value("gb?")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("Send the brief")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_page_that_is_shown_is_marked_and_named(page: Page) -> None:
    page.get_by_role("link", name="New brief").first.click()
    expect(page).to_have_title("New brief · Cuesmith")
    expect(page.locator("nav [aria-current=page]")).to_have_text("New brief")


def test_the_browsers_language_is_spoken_until_another_is_chosen(visit: Visit) -> None:
    page = visit("#/", language="zh-CN")
    expect(page.get_by_role("heading", level=1)).to_have_text("需求")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.get_by_label("语言").select_option("en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Briefs")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Briefs")


def test_the_light_stays_as_it_was_chosen(page: Page) -> None:
    page.get_by_label("Light or dark").select_option("dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    expect(page.locator("main h1")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    page.get_by_label("Light or dark").select_option("auto")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark


def test_the_menu_of_a_phone_opens_and_closes(visit: Visit) -> None:
    page = visit("#/", width=380, height=780)
    menu = page.get_by_role("button", name="Menu")
    expect(page.get_by_role("link", name="Licenses")).to_be_hidden()
    menu.click()
    expect(menu).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Licenses")).to_be_hidden()
    menu.click()
    page.get_by_role("navigation").get_by_role("link", name="New brief").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New brief")
    expect(menu).to_have_attribute("aria-expanded", "false")


def test_a_key_that_opens_nothing_is_said_at_its_field(page: Page, bench: Bench) -> None:
    page.get_by_role("button", name="Forget the key").click()
    key = page.get_by_label("Key", exact=True)
    for wrong in ("sk_test_nobody", "钥匙", "with a blank"):
        key.fill(wrong)
        page.keyboard.press("Enter")
        expect(page.get_by_text("This key opens nothing")).to_be_visible()
        expect(key).to_have_attribute("aria-invalid", "true")
    key.fill(bench.key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Briefs")


def test_a_key_stays_in_the_browser_only_where_that_was_asked(page: Page, bench: Bench) -> None:
    page.get_by_role("button", name="Forget the key").click()
    kept = "[sessionStorage.getItem('cuesmith.key'), localStorage.getItem('cuesmith.key')]"
    assert page.evaluate(kept) == [None, None]
    page.get_by_label("Key", exact=True).fill(bench.key)
    page.get_by_label("Keep it in this browser").check()
    page.get_by_role("button", name="Open the console").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Briefs")
    assert page.evaluate(kept) == [None, bench.key]


def test_a_key_that_opens_nothing_takes_nobodys_away(page: Page, bench: Bench) -> None:
    kept = "[sessionStorage.getItem('cuesmith.key'), localStorage.getItem('cuesmith.key')]"
    page.evaluate(
        "key => { sessionStorage.clear(); localStorage.setItem('cuesmith.key', key); }", bench.key
    )
    page.evaluate("location.hash = '#/key'")
    key = page.get_by_label("Key", exact=True)
    key.fill("sk_test_nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This key opens nothing")).to_be_visible()
    assert page.evaluate(kept) == [None, bench.key], "other tabs work with it"
    key.fill(bench.key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Briefs")
    assert page.evaluate(kept) == [bench.key, bench.key]


def test_a_gateway_that_does_not_answer_is_said_and_not_a_blank_page(
    page: Page, faults: Faults
) -> None:
    page.context.set_offline(True)
    page.evaluate("location.hash = '#/new'")
    expect(page.get_by_role("alert")).to_contain_text("does not answer", timeout=30_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("This page cannot be shown")
    expect(page).to_have_title(re.compile("^This page cannot be shown"))
    page.context.set_offline(False)
    faults.forgive("ERR_INTERNET_DISCONNECTED")


def test_a_page_that_was_left_before_it_came_shows_itself_no_more(page: Page) -> None:
    late: list[Route] = []
    page.route("**/v1/licenses?**", lambda route: late.append(route))
    with page.expect_request("**/v1/licenses?**"):
        page.evaluate("location.hash = '#/licenses'")
    page.evaluate("location.hash = '#/batches'")
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text("Batches")
    assert len(late) == 1, "the test needs an answer that is late"
    with page.expect_response("**/v1/licenses?**") as answer:
        late[0].continue_()
    assert answer.value.finished() is None
    page.wait_for_timeout(300)
    expect(title).to_have_text("Batches")


def test_addresses_that_mean_nothing_are_said_to(visit: Visit) -> None:
    for where in ("#/nowhere", "#/account/nothing", "#/%E0%A4%A"):
        expect(visit(where).get_by_role("heading", level=1)).to_have_text(
            re.compile("no such page")
        )
