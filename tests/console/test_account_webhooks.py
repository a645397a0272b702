"""Webhook endpoints in the console, with a real listener at their other end."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from tests.console.conftest import Bench, Visit
from tests.console.newcomers import Newcomer, enter, newcomer

LONG_MS = 60_000


class Listener(ThreadingHTTPServer):
    """Keeps what is sent to it; answers with ``status``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.status, self.got = 204, list[tuple[dict[str, str], bytes]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Answering(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.server.got.append((dict(self.headers.items()), self.rfile.read(length)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name is given
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A program of a client's, on this machine."""
    with Listener() as made:
        serving = threading.Thread(target=made.serve_forever)
        serving.start()
        yield made
        made.shutdown()
        serving.join()


@pytest.fixture
def owner(bench: Bench) -> Iterator[Newcomer]:
    """An account without any endpoint."""
    with newcomer(bench) as made:
        yield made


def test_an_endpoint_is_added_tested_and_its_failures_are_shown_and_sent_again(
    owner: Newcomer, listener: Listener, visit: Visit
) -> None:
    page = enter(visit(), owner.secret, "account/webhooks")
    address = page.get_by_label("Address")
    address.fill("http://10.0.0.1/internal")
    page.get_by_role("button", name="Add an endpoint").click()
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".wrong:visible")).to_have_text("webhooks go by https only")
    assert address.input_value() == "http://10.0.0.1/internal", "what was typed stays"

    secret = _added(page, listener.url, only="topup.paid")
    expect(page.locator(".card")).to_contain_text("topup.paid")
    assert secret not in page.content()
    assert owner.get("/v1/webhook_endpoints")["items"][0]["types"] == ["topup.paid"]

    listener.status = 500
    page.get_by_role("button", name="Send a test").click()
    sent = page.locator(".event[open]")
    expect(sent).to_contain_text("failed, will be tried again", timeout=LONG_MS)
    expect(sent.locator(".delivery")).to_contain_text(listener.url)
    assert _fact(sent, "Status") == "500"
    headers, body = listener.got[0]
    Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})

    listener.status = 204
    sent.get_by_role("button", name="Send again to this endpoint").click()
    expect(sent).to_contain_text("delivered", timeout=LONG_MS)
    assert _fact(sent, "Status") == "204"
    assert len({headers["webhook-id"] for headers, _ in listener.got}) == 1
    expect(page.locator(".card")).to_contain_text("working")


def test_an_endpoint_is_changed_disabled_enabled_rotated_and_deleted(
    owner: Newcomer, listener: Listener, visit: Visit
) -> None:
    page = enter(visit(), owner.secret, "account/webhooks")
    first = _added(page, listener.url)
    card = page.locator(".cards .card")

    card.get_by_role("button", name="Change").click()
    editing = page.get_by_role("form", name="Change")
    expect(editing.get_by_label("Address")).to_have_value(listener.url)
    editing.get_by_label("Name").fill("catalogue <i>sync</i>")
    editing.get_by_role("button", name="Save").click()
    expect(card.get_by_role("heading")).to_contain_text("catalogue <i>sync</i>")

    _meant(page, "Disable", "Disable this endpoint?")
    expect(card).to_contain_text("disabled by you")
    expect(card.get_by_role("button", name="Send a test")).to_have_count(0)
    card.get_by_role("button", name="Enable").click()
    expect(card).to_contain_text("working")

    _meant(page, "Rotate the secret", "A new secret?")
    shown = page.get_by_role("dialog", name="Secret of the endpoint")
    assert shown.get_by_role("textbox").input_value() != first
    shown.get_by_role("button", name="I have kept it").click()
    expect(card).to_contain_text("signs too until")

    _meant(page, "Delete", "Delete this endpoint?")
    expect(page.get_by_text("There is no endpoint yet")).to_be_visible()
    assert owner.get("/v1/webhook_endpoints")["items"] == []


def test_the_log_shows_events_that_nobody_wanted_and_finds_them_by_type(
    owner: Newcomer, visit: Visit
) -> None:
    owner.buy()
    page = enter(visit(), owner.secret, "account/webhooks")
    expect(page.locator(".event summary")).to_contain_text(["topup.paid"])
    expect(page.locator(".event summary")).to_contain_text(["no endpoint wanted it"])
    page.get_by_role("combobox", name="Message").select_option("brief.failed")
    expect(page.get_by_text("No such events")).to_be_visible()


def _added(page: Page, url: str, only: str | None = None) -> str:
    """Add an endpoint; its secret."""
    page.get_by_label("Address").fill(url)
    if only is not None:
        page.get_by_label("only these").check()
        page.get_by_role("checkbox", name=only).check()
    page.get_by_role("button", name="Add an endpoint").click()
    shown = page.get_by_role("dialog", name="Secret of the endpoint")
    secret = shown.get_by_role("textbox").input_value()
    shown.get_by_role("button", name="I have kept it").click()
    expect(shown).to_have_count(0)
    return secret


def _meant(page: Page, label: str, title: str) -> None:
    """Press what asks first, think better of it, and then mean it."""
    button = page.locator(".card").get_by_role("button", name=label)
    asked = page.get_by_role("dialog", name=title)
    button.click()
    asked.get_by_role("button", name="Cancel").click()
    expect(asked).to_have_count(0)
    button.click()
    asked.get_by_role("button", name=label).click()


def _fact(place: Any, name: str) -> str:
    """What stands beside a name in the first list of facts."""
    facts = place.locator("dl.facts").first
    names = facts.locator("dt").all_inner_texts()
    return facts.locator("dd").all_inner_texts()[names.index(name)]
