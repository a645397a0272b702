"""Keys in the console: a secret is seen once, and nothing that cannot be undone happens unasked."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Bench, Faults, Visit
from tests.console.newcomers import Newcomer, enter, newcomer, settled


@pytest.fixture
def owner(bench: Bench) -> Iterator[Newcomer]:
    """An account with its first key."""
    with newcomer(bench) as made:
        yield made


def test_a_key_is_made_with_scopes_and_limits_and_its_secret_shown_once(
    owner: Newcomer, bench: Bench, visit: Visit
) -> None:
    page = enter(visit(), owner.secret, "account/keys")
    page.get_by_role("button", name="Create a key").click()
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.locator(".wrong:visible")).to_contain_text("Give the key a name")

    page.get_by_label("Name").fill("build <b>server</b>")
    page.get_by_label("order music").uncheck()
    page.get_by_label("Tokens a month").fill("50")
    page.get_by_label("Ends").fill("2999-05-01")
    page.get_by_role("button", name="Create a key").click()
    dialog = page.get_by_role("dialog", name="Secret of build <b>server</b>")
    secret = dialog.get_by_role("textbox").input_value()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=bench.url)
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="I have kept it").click()

    card = page.locator(".card", has_text="build <b>server</b>")
    expect(card).to_contain_text("50, 50 left")
    expect(card.locator("dd .badge")).to_have_text(["read"])
    assert secret not in page.content()
    assert page.get_by_label("order music").is_checked(), "the form is as it was at first"
    (made,) = [one for one in _keys(owner) if one["name"] == "build <b>server</b>"]
    assert (made["scopes"], made["expires_at"]) == (["read"], "2999-05-01T00:00:00Z")
    assert _answer(bench, secret, "/v1/balance") == 200
    assert _answer(bench, secret, "/v1/api_keys") == 403


def test_the_consoles_own_key_is_rotated_and_the_console_goes_on(
    owner: Newcomer, bench: Bench, visit: Visit
) -> None:
    page = enter(visit(), owner.secret, "account/keys")
    expect(page.locator(".card", has_text="first")).to_contain_text("in use here")
    page.get_by_role("button", name="Rotate first").click()
    asked = page.get_by_role("dialog", name="Another secret for first?")
    asked.get_by_label("The old secret").select_option("0")
    expect(asked.get_by_text("refused at once")).to_be_visible()
    asked.get_by_role("button", name="Rotate").click()
    shown = page.get_by_role("dialog", name="Secret of first")
    secret = shown.get_by_role("textbox").input_value()
    expect(shown).to_contain_text("works with the new secret from now on")
    shown.get_by_role("button", name="I have kept it").click()

    expect(page.locator(".card", has_text="first")).to_contain_text("in use here")
    expect(page.locator(".card", has_text="first")).to_contain_text("Rotated")
    assert _answer(bench, owner.secret, "/v1/balance") == 401
    assert _answer(bench, secret, "/v1/balance") == 200
    page.reload()
    settled(page)
    expect(page.locator(".card", has_text="first")).to_contain_text("in use here")


def test_a_key_is_revoked_only_when_it_was_meant(
    owner: Newcomer, bench: Bench, visit: Visit
) -> None:
    other = owner.post("/v1/api_keys", {"name": "old importer", "scopes": ["read"]})
    page = enter(visit(), owner.secret, "account/keys")
    revoke = page.get_by_role("button", name="Revoke old importer")
    revoke.click()
    asked = page.get_by_role("dialog", name="Revoke old importer for good?")
    expect(asked).to_contain_text("It was never used.")
    expect(asked.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    expect(revoke).to_be_focused()
    assert _answer(bench, other["secret"], "/v1/balance") == 200

    revoke.click()
    asked.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Ended keys (1)")).to_be_visible()
    assert _answer(bench, other["secret"], "/v1/balance") == 401


def test_a_key_that_may_only_read_is_told_what_it_may_not_see(
    bench: Bench, visit: Visit, faults: Faults
) -> None:
    with newcomer(bench, ("read",)) as reader:
        page = enter(visit(), reader.secret, "account/usage")
        expect(page.locator(".tile").first).to_contain_text("Available")
        for name in ("keys", "budgets", "webhooks"):
            _go(page, name)
            expect(page.locator(".notice").first).to_contain_text("This key may not see this")
            expect(page.get_by_role("link", name="Use another key").first).to_be_visible()
        expect(page.get_by_text("No such events")).to_be_visible()
        faults.forgive("status of 403")


def _go(page: Page, name: str) -> None:
    page.evaluate("name => { location.hash = `#/account/${name}`; }", name)
    page.wait_for_selector(f".account-nav a[href='#/account/{name}'][aria-current]")
    settled(page)


def _keys(made: Newcomer) -> Any:
    return made.get("/v1/api_keys")["items"]


def _answer(bench: Bench, secret: str, path: str) -> int:
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.get(f"{bench.url}{path}", headers=headers).status_code
