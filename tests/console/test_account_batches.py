"""A catalogue run in the console: looked at, priced, started, watched, licensed, taken home."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Axe, Bench, Visit
from tests.console.newcomers import CHIME, Newcomer, enter, newcomer, settled

LONG_MS = 120_000


@pytest.fixture
def owner(bench: Bench) -> Iterator[Newcomer]:
    """An account with a hundred tokens."""
    with newcomer(bench) as made:
        made.buy()
        yield made


def test_wrong_lines_are_named_by_line_and_field_and_nothing_is_held(
    owner: Newcomer, visit: Visit, axe: Axe, tmp_path: Path
) -> None:
    page = enter(visit(width=380), owner.secret, "batches")
    good = CHIME | {"reference": "fine"}
    _choose(page, tmp_path, [json.dumps(good), "{not json", json.dumps(good)])
    page.get_by_role("button", name="Check and price").click()
    assert _wrongs(page) == [("2", "/", "this line is not JSON; each line is one whole object")]

    lines = [good, good | {"candidates": 40}, good | {"bpmm": "<img src=x>"}]
    _choose(page, tmp_path, [json.dumps(line) for line in lines])
    page.get_by_role("button", name="Check and price").click()
    expect(page.locator(".problem")).to_contain_text("Nothing was taken in and nothing is held")
    (second, third) = _wrongs(page)
    assert second[:2] == ("2", "/candidates")
    assert second[2] == "Out of range. Accepted: 1 to 10."
    assert third[:2] == ("3", "/bpmm")
    expect(page.locator(".excerpt").last).to_contain_text("<img src=x>")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    assert owner.get("/v1/balance")["balance"]["held"] == 0
    assert owner.get("/v1/batches")["items"] == []


def test_a_catalogue_is_priced_made_licensed_and_taken_home(
    owner: Newcomer, visit: Visit, axe: Axe, tmp_path: Path
) -> None:
    page = enter(visit(), owner.secret, "batches")
    lines = [json.dumps(CHIME | {"candidates": 2, "reference": f"ref-{n}"}) for n in (1, 2, 3)]
    _choose(page, tmp_path, lines)
    page.get_by_label("Name").fill("Winter <b>catalogue</b>")
    page.get_by_role("button", name="Check and price").click()
    quote = page.locator(".batch-told .card")
    expect(quote).to_contain_text("3 briefs, all fine")
    assert owner.get("/v1/batches")["items"] == [], "a price holds nothing"
    page.get_by_role("button", name="Start: hold 6 tokens").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Winter <b>catalogue</b>")
    expect(page.get_by_text("3 of 3 briefs have ended")).to_be_visible(timeout=LONG_MS)
    (batch,) = owner.get("/v1/batches")["items"]
    rows = page.get_by_role("group", name="What came of the lines").locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("ref-1")
    expect(rows.first).to_contain_text("succeeded")
    settled(page)
    axe(page)

    prices = [line["tokens"]["license"] for line in _results(owner, batch["id"])]
    page.get_by_label("To line").fill("9")
    page.get_by_role("button", name="What does it cost?").click()
    expect(page.get_by_label("To line")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("To line").fill("2")
    page.get_by_role("button", name="What does it cost?").click()
    asked = page.get_by_role("dialog", name="License 2 tracks?")
    cost = sum(prices[:2])
    expect(asked).to_contain_text(f"This costs {cost} tokens.")
    assert owner.get(f"/v1/batches/{batch['id']}")["licenses"] == 0, "asking buys nothing"
    asked.get_by_role("button", name=f"License for {cost} tokens").click()
    expect(page.locator(".notice")).to_contain_text("2 tracks are licensed.")
    expect(rows.first.get_by_role("link", name="Licensed: line 1")).to_be_visible()
    assert owner.get(f"/v1/batches/{batch['id']}")["tokens"]["licenses"] == cost

    page.get_by_role("button", name="What does it cost?").click()
    expect(page.locator(".notice")).to_contain_text("No line among these can be licensed")
    with zipfile.ZipFile(io.BytesIO(_download(page, "Package: masters"))) as package:
        names = package.namelist()
    assert len([name for name in names if name.endswith(".wav")]) == 2
    assert "manifest.json" in names
    kept = [json.loads(line) for line in _download(page, "Results (JSON lines)").splitlines()]
    assert [line["reference"] for line in kept] == ["ref-1", "ref-2", "ref-3"]
    assert b"license" in _download(page, "Statement (CSV)")


def test_licensing_stops_where_the_tokens_end_and_says_so(
    owner: Newcomer, visit: Visit, tmp_path: Path
) -> None:
    page = enter(visit(), owner.secret, "batches")
    _choose(page, tmp_path, [json.dumps(CHIME | {"candidates": 2, "seed": n}) for n in range(3)])
    page.get_by_role("button", name="Check and price").click()
    page.get_by_role("button", name="Start: hold 6 tokens").click()
    expect(page.get_by_text("3 of 3 briefs have ended")).to_be_visible(timeout=LONG_MS)
    other = _holding(owner, 90)

    page.get_by_role("button", name="What does it cost?").click()
    page.get_by_role("dialog").get_by_role("button", name="License for 6 tokens").click()
    told = page.locator(".notice")
    expect(told).to_contain_text("2 tracks are licensed. 4 tokens were paid.")
    expect(told).to_contain_text("the tokens are used up")
    expect(told.get_by_role("link", name="Buy tokens")).to_be_visible()
    assert owner.get("/v1/balance")["balance"]["available"] == 0
    owner.post(f"/v1/batches/{other}/cancel")


def _holding(owner: Newcomer, tokens: int) -> str:
    """Another batch, which holds so many tokens for as long as it runs."""
    line = {"kind": "bed", "duration_ms": 30_000, "candidates": 10}
    content = b"".join(
        json.dumps(line | {"seed": seed}).encode() + b"\n" for seed in range(tokens // 10)
    )
    headers = {"content-type": "application/jsonl", "idempotency-key": "holding"}
    answer = owner.door.post("/v1/batches", content=content, headers=headers)
    assert answer.json()["tokens"]["held"] == tokens, answer.text
    return answer.json()["id"]


def test_the_same_lines_again_are_told_and_made_only_when_it_was_meant(
    owner: Newcomer, visit: Visit, tmp_path: Path
) -> None:
    lines = [json.dumps(CHIME | {"candidates": 1})]
    page = enter(visit(), owner.secret, "batches")
    for _ in range(2):
        page.evaluate("location.hash = '#/batches'")
        expect(page.get_by_role("heading", level=1)).to_have_text("Batches")
        _choose(page, tmp_path, lines)
        page.get_by_role("button", name="Check and price").click()
        page.get_by_role("button", name="Start: hold one token").click()
        page.locator(".account progress, .batch-told .notice").first.wait_for()
    expect(page.locator(".batch-told")).to_contain_text("Nothing was held again")
    assert len(owner.get("/v1/batches")["items"]) == 1

    page.get_by_role("button", name="Make them once more").click()
    asked = page.get_by_role("dialog", name="Make them once more")
    asked.get_by_role("button", name="Make them once more").click()
    expect(page.locator(".account progress")).to_be_visible()
    assert len(owner.get("/v1/batches")["items"]) == 2


def test_a_batch_without_enough_tokens_says_what_is_missing_and_a_long_one_is_canceled(
    owner: Newcomer, visit: Visit, tmp_path: Path
) -> None:
    page = enter(visit(), owner.secret, "batches")
    dear = CHIME | {"candidates": 10}
    _choose(page, tmp_path, [json.dumps(dear | {"seed": n}) for n in range(11)])
    page.get_by_role("button", name="Check and price").click()
    expect(page.locator(".batch-told")).to_contain_text("tokens are missing")
    page.get_by_role("button", name="Start: hold").click()
    expect(page.locator(".batch-told .problem")).to_contain_text("100 are available")
    expect(page.locator(".batch-told").get_by_role("link", name="Buy tokens")).to_be_visible()

    long = {"kind": "bed", "duration_ms": 30_000, "candidates": 2}
    _choose(page, tmp_path, [json.dumps(long | {"seed": n}) for n in range(20)])
    page.get_by_role("button", name="Check and price").click()
    page.get_by_role("button", name="Start: hold").click()
    page.get_by_role("button", name="Cancel the batch").click()
    asked = page.get_by_role("dialog", name="Cancel what is not made yet?")
    asked.get_by_role("button", name="Cancel", exact=True).click()
    (batch,) = owner.get("/v1/batches")["items"]
    assert batch["status"] == "running", "who thinks better of it cancels nothing"
    page.get_by_role("button", name="Cancel the batch").click()
    asked.get_by_role("button", name="Cancel the batch").click()
    expect(page.locator(".account-head .badge")).to_have_text("ended", timeout=LONG_MS)
    expect(page.get_by_text("20 of 20 briefs have ended")).to_be_visible()
    assert owner.get("/v1/balance")["balance"]["held"] == 0


def _choose(page: Page, folder: Path, lines: list[str]) -> None:
    file = folder / "catalogue.jsonl"
    file.write_text("\n".join(lines) + "\n")
    page.get_by_label("File").set_input_files(file)


def _wrongs(page: Page) -> list[tuple[str, ...]]:
    """Line, field and reason of what is wrong, as the page tells it."""
    page.locator(".batch-told .problem tbody tr").first.wait_for()
    rows = page.locator(".batch-told .problem tbody tr").all()
    cells = [row.locator("td").all_inner_texts() for row in rows]
    return [(line, field, why.splitlines()[0]) for line, field, why in cells]


def _results(owner: Newcomer, batch: str) -> list[Any]:
    answer = owner.door.get(f"/v1/batches/{batch}/results")
    return [json.loads(line) for line in answer.text.splitlines()]


def _download(page: Page, label: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label).click()
    return waiting.value.path().read_bytes()
