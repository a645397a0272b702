"""The console's pages about money, against what the API says of the same account."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Bench, Visit, until
from tests.console.newcomers import Newcomer, enter, invoiced, newcomer, pay, settled

PROJECT = "Winter <b>catalogue</b>"


@pytest.fixture(scope="module")
def spender(bench: Bench) -> Iterator[Newcomer]:
    """An account that has bought, auditioned and licensed, and was told so of its caps."""
    with newcomer(bench) as made:
        made.buy()
        for scope, subject, cap in (("key", made.key, 10), ("project", PROJECT, 40)):
            body = {"scope": scope, "subject": subject, "cap": cap}
            made.door.put("/v1/budgets", json=body).raise_for_status()
        brief = made.heard(2, project=PROJECT, customer_ref="acme-42")
        made.heard(3)
        made.post(f"/v1/candidates/{brief['candidates'][0]['id']}/pick")
        yield made


def test_tokens_are_bought_on_the_checkout_and_the_page_sees_them_come(
    bench: Bench, visit: Visit
) -> None:
    with newcomer(bench) as made:
        page = enter(visit(), made.secret, "account/invoices")
        page.get_by_label("Currency").select_option("jpy")
        expect(page.locator(".price").first).to_have_text("JP¥660")
        page.get_by_label("Currency").select_option("cny")
        page.get_by_role("button", name="Buy 100 tokens for CN¥30.00").click()
        link = page.get_by_role("link", name="Open the checkout").first
        expect(link).to_be_visible()
        expect(page.locator("tbody .badge")).to_have_text("waits for payment")
        address = link.get_attribute("href") or ""
        assert address == made.get("/v1/topups")["items"][0]["checkout_url"]
        assert "noopener" in (link.get_attribute("rel") or "")

        pay(address)

        expect(page.locator("tbody .badge")).to_have_text("paid", timeout=60_000)
        expect(page.get_by_role("link", name="Open the checkout")).to_have_count(0)
        assert made.get("/v1/balance")["balance"]["available"] == 100


def test_the_portals_link_is_shown_to_be_opened(bench: Bench, visit: Visit) -> None:
    with newcomer(bench) as made:
        page = enter(visit(), made.secret, "account/invoices")
        page.get_by_role("button", name="Ask for a link to Stripe's portal").click()
        expect(page.get_by_role("alert")).to_contain_text("has never paid")
        made.buy()
        page.get_by_role("button", name="Ask for a link to Stripe's portal").click()
        link = page.get_by_role("link", name="Open Stripe's portal")
        expect(link).to_have_attribute("href", re.compile(r"^http://127\.0\.0\.1:\d+/sandbox/"))
        expect(page.get_by_role("alert")).to_have_count(0)


def test_a_postpaid_account_sees_its_invoices_and_what_the_next_one_would_say(
    bench: Bench, visit: Visit
) -> None:
    with newcomer(bench, billing="postpaid") as made:
        invoiced(bench, made.account, "in_1")
        page = enter(visit(), made.secret, "account/invoices")
        expect(page.get_by_text("This account pays by invoice")).to_be_visible()
        card = page.locator(".card", has_text="A-in_1")
        expect(card).to_contain_text("to be paid")
        expect(card).to_contain_text("CN¥21.00")
        expect(card).to_contain_text("the account is frozen")
        expect(card.get_by_role("link", name="Pay")).to_have_attribute("href", "https://pay")

        until(lambda: made.door.post("/v1/invoices/preview").is_success)
        page.get_by_role("button", name="What the next invoice would say").click()
        told = page.locator("div.card")
        expect(told).to_contain_text("CN¥0.00", timeout=60_000)


def test_usage_shows_what_the_statement_says_by_day_and_by_key(
    spender: Newcomer, visit: Visit
) -> None:
    usage = spender.get("/v1/usage")
    assert usage["spent_tokens"] == 9, "five auditions and a license of a chime"
    page = enter(visit(), spender.secret, "account/usage")
    tiles = page.locator(".tile").all_inner_texts()
    assert [tile.splitlines()[:2] for tile in tiles] == [
        ["Available", "91"], ["Held", "0"], ["In the wallet", "91"],
    ]  # fmt: skip

    slider = page.get_by_role("slider", name="Day (UTC)")
    today = slider.get_attribute("aria-valuetext") or ""
    assert "9 tokens (auditions 5, licenses 4)" in today
    slider.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("nothing spent"))
    picture = page.locator("svg.chart")
    assert "9 tokens in all" in (picture.get_attribute("aria-label") or "")
    heights = {
        sku: float(page.locator(f".bar-{sku}").get_attribute("height") or 0)
        for sku in ("audition", "license")
    }
    assert heights["audition"] / heights["license"] == pytest.approx(5 / 4), "drawn to scale"

    expect(page.locator(".share")).to_have_text("100 %")
    page.get_by_label("Grouped by").select_option("project")
    expect(page.get_by_role("cell", name=PROJECT)).to_be_visible()
    settled(page)
    shown = dict(zip(page.locator("tbody td:first-child").all_inner_texts()[-2:],
                     page.locator("tbody td:nth-child(2)").all_inner_texts()[-2:],
                     strict=True))  # fmt: skip
    assert shown == {PROJECT: "6", "none": "3"}


def test_a_months_statement_has_every_line_and_proves_itself(
    spender: Newcomer, visit: Visit
) -> None:
    month = spender.get("/v1/usage")["until"][:7]
    page = enter(visit(), spender.secret, f"account/statements?month={month}")
    expect(page.get_by_text("opening and lines add up to closing")).to_be_visible()
    told = spender.get(f"/v1/statements/{month}")["lines"]
    rows = page.get_by_role("group", name="Lines").locator("tbody tr")
    expect(rows).to_have_count(len(told))
    for row, line in zip(rows.all(), told, strict=True):
        cells = row.locator("td").all_inner_texts()
        assert int(cells[2].replace("−", "-").replace("+", "")) == line["tokens"]
        assert int(cells[3]) == line["balance_after"]
        assert (line["brief"] or line["reference"]) in cells[4]
    assert PROJECT in rows.last.inner_text(), "markup is shown as it was written"


@pytest.mark.parametrize(("label", "form"), [("CSV", "csv"), ("JSON lines", "jsonl")])
def test_a_statement_comes_as_the_file_that_the_api_sends(
    spender: Newcomer, visit: Visit, label: str, form: str
) -> None:
    page = enter(visit(), spender.secret, "account/statements")
    month = page.get_by_label("Month (UTC)").input_value()
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label).click()
    assert waiting.value.suggested_filename == f"cuesmith-{month}.{form}"
    got = waiting.value.path().read_bytes()
    wanted = spender.door.get(f"/v1/statements/{month}", params={"format": form}).content
    assert _without_end(got) == _without_end(wanted)

    page.get_by_label("Content").select_option("project")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text())))
    assert {row["project"]: row["tokens"] for row in rows} == {PROJECT: "6", "": "3"}


def _without_end(sheet: bytes) -> list[bytes]:
    """All but the closing line, which says when it was asked for while the month goes on."""
    return sheet.splitlines()[:-1]


def test_a_cap_shows_how_much_is_used_and_what_was_told(spender: Newcomer, visit: Visit) -> None:
    page = enter(visit(), spender.secret, "account/budgets")
    key = page.locator(".card", has_text="first")
    expect(key).to_contain_text("9 of 10 tokens used")
    expect(key.get_by_role("meter")).to_have_attribute("aria-valuenow", "9")
    expect(key.locator(".badge.warn")).to_have_text(["told at 50 %", "told at 80 %"])
    expect(key).to_contain_text("tells at 100 %")
    notices = page.locator(".notices li")
    expect(notices.first).to_contain_text("80 % of a cap are spent")
    expect(notices.first).to_contain_text("first: 9 of 10 tokens")


def test_a_cap_is_set_changed_and_lifted(bench: Bench, visit: Visit) -> None:
    with newcomer(bench) as made:
        page = enter(visit(), made.secret, "account/budgets")
        page.get_by_label("For", exact=True).select_option("project")
        page.get_by_label("Project").fill(PROJECT)
        _refused_at(page, "Tokens a month", "", "a whole number, 0 or more")
        _refused_at(page, "Tokens a month", "-3", "Accepted: 0 to")
        assert page.get_by_label("Project").input_value() == PROJECT, "what was typed stays"

        page.get_by_label("Tokens a month").fill("40")
        page.get_by_role("button", name="Set the cap").click()
        card = page.locator(".card", has_text=PROJECT)
        expect(card).to_contain_text("0 of 40 tokens used")

        page.get_by_role("button", name=f"Change the cap of {PROJECT}").click()
        expect(page.get_by_label("Tokens a month")).to_be_focused()
        page.get_by_label("Tokens a month").fill("0")
        expect(page.get_by_text("with this cap nothing more may be spent")).to_be_visible()
        page.get_by_role("button", name="Set the cap").click()
        expect(card).to_contain_text("of 0 tokens used")

        page.get_by_role("button", name=f"Lift the cap of {PROJECT}").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        assert _caps(made) == [0], "who thinks better of it changes nothing"
        page.get_by_role("button", name=f"Lift the cap of {PROJECT}").click()
        page.get_by_role("dialog").get_by_role("button", name="Lift").click()
        expect(page.get_by_text("There are no caps")).to_be_visible()
        assert _caps(made) == []


def _refused_at(page: Page, label: str, typed: str, said: str) -> None:
    """Type it, send it, and find at the field why not, with the focus there."""
    field = page.get_by_label(label)
    field.fill(typed)
    page.get_by_role("button", name="Set the cap").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    wrong = (field.get_attribute("aria-describedby") or "").split()[-1]
    expect(page.locator(f"#{wrong}")).to_contain_text(said)
    assert field.input_value() == typed


def _caps(made: Newcomer) -> list[Any]:
    return [one["cap"] for one in made.get("/v1/budgets")["items"]]
