"""Watching a brief being made: what is told is shown, in order, also where the line breaks."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.console.conftest import Axe, Bench, Faults, Visit, until

LONG = {"prompt": "calm piano", "kind": "bed", "duration_ms": 120_000, "candidates": 4}
"""Long enough to be watched for a while; cancelled when that was done."""


def _tell(page: Page, *events: dict[str, Any]) -> Any:
    """The story after these events, as the page's own module makes it."""
    return page.evaluate(
        """async (events) => {
          const { BEGINNING, told, shown, secondsLeft } = await import("/console/watch/story.js");
          const story = events.reduce((before, event) => told(before, event), BEGINNING);
          return { ...story, shown: shown(story).map((one) => [one.take, one.state]),
            left: secondsLeft(story, Date.parse("2026-01-01T00:00:10Z")) };
        }""",
        list(events),
    )


def _event(name: str, **facts: Any) -> dict[str, Any]:
    return {"id": "1", "kind": name, "facts": {"at": "2026-01-01T00:00:00Z", **facts}}


def _plans(*takes: int) -> dict[str, Any]:
    form = [
        {"name": "A", "bar": 0, "bars": 4, "energy": 3},
        {"name": "B", "bar": 4, "bars": 4, "energy": 6},
    ]
    return _event("plans.drawn", plans=[{"take": take, "bars": 8, "form": form} for take in takes])


def test_a_brief_is_watched_until_its_candidates_can_be_heard(
    visit: Visit, bench: Bench, axe: Axe
) -> None:
    brief = bench.send(prompt="warm lo-fi loop", kind="loop", bars=4, candidates=2)
    page = visit(f"#/briefs/{brief}")
    expect(page.get_by_role("heading", level=1)).to_have_text("warm lo-fi loop")
    expect(page.get_by_role("heading", name="Take 1")).to_be_visible(timeout=90_000)
    axe(page)
    bench.ended(brief)
    expect(page.locator("main .badge").first).to_have_text("Done", timeout=60_000)
    expect(page.locator(".made")).not_to_be_empty()
    page.get_by_text("How it was written").click()
    expect(page.locator(".take[data-state=ready]")).to_have_count(2)
    expect(page.locator(".take .verdict").first).to_contain_text("ranked 1 · rating")
    axe(page)
    # Opened anew, an old story is told from its beginning.
    page.reload()
    page.get_by_text("How it was written").click()
    expect(page.locator(".take[data-state=ready]")).to_have_count(2)


def test_a_line_that_broke_is_taken_up_again_where_it_broke(
    visit: Visit, bench: Bench, axe: Axe, faults: Faults
) -> None:
    brief = bench.send(**LONG)
    page = visit(f"#/briefs/{brief}")
    asked: list[str | None] = []

    def note(request: Request) -> None:
        if request.url.endswith("/events"):
            asked.append(request.headers.get("last-event-id"))

    page.on("request", note)
    expect(page.get_by_role("heading", name="Take 1")).to_be_visible(timeout=90_000)
    before = page.locator(".take").count()
    page.context.set_offline(True)
    expect(page.get_by_text("The connection is lost.")).to_be_visible(timeout=60_000)
    expect(page.locator(".take")).to_have_count(before)
    axe(page)
    page.context.set_offline(False)
    expect(page.get_by_text("The connection is lost.")).to_be_hidden(timeout=60_000)
    assert asked[-1] is not None
    assert int(asked[-1]) >= 3
    bench.cancel(brief)
    expect(page.locator("main .badge").first).to_have_text("Canceled", timeout=60_000)
    faults.forgive("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED")


def test_a_brief_is_stopped_after_a_question(visit: Visit, bench: Bench, axe: Axe) -> None:
    brief = bench.send(**LONG)
    page = visit(f"#/briefs/{brief}")
    page.get_by_role("button", name="Cancel").click()
    asked = page.get_by_role("dialog", name="Cancel this brief?")
    expect(asked).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    assert not bench.get(f"/v1/briefs/{brief}")["cancel_asked"]
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel the brief").press("Enter")
    until(lambda: bench.get(f"/v1/briefs/{brief}")["cancel_asked"])
    expect(page.locator("main .badge").first).to_have_text("Canceled", timeout=90_000)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


@pytest.mark.parametrize("width", [380, 1440])
def test_a_long_brief_fits_onto_its_page(visit: Visit, bench: Bench, width: int) -> None:
    words = "一段很长的描述" * 400 + "W" * 300
    brief = bench.send(prompt=words, kind="chime", candidates=1)
    page = visit(f"#/briefs/{brief}", width=width, language="zh-CN")
    expect(page.get_by_role("button", name="显示全部")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    bench.cancel(brief)


def test_a_brief_that_is_not_there_is_said(visit: Visit, axe: Axe) -> None:
    page = visit("#/")
    for wrong in ("brf_" + "0" * 24, "..%2Fbalance", "%3Cimg%3E"):
        page.evaluate("(hash) => { location.hash = hash; }", f"#/briefs/{wrong}")
        expect(page.get_by_role("alert")).to_contain_text("There is no such thing")
    axe(page)


def test_takes_are_shown_best_first_and_retracted_ones_last(page: Page) -> None:
    story = _tell(
        page,
        _event("brief.started", attempt=1, expected_s=30),
        _plans(1, 2, 3),
        _event("bars.written", takes=[{"take": 2, "bars": 3, "of": 8, "written": [3, 0]}]),
        _event("take.written", take=1, rating=0.8, passed=True, rewrites=[]),
        _event("take.written", take=2, rating=0.9, passed=True, rewrites=[]),
        _event("take.retracted", take=3, reason="too plain", code="paper"),
        _event("takes.ranked", takes=[2, 1]),
        _event("something.new", take=1),
    )
    assert story["shown"] == [[2, "written"], [1, "written"], [3, "retracted"]]
    assert story["takes"]["2"]["written"] == [4, 4]
    assert story["takes"]["3"]["code"] == "paper"
    assert story["left"] == 20


def test_a_studio_that_begins_again_begins_with_an_empty_page(page: Page) -> None:
    story = _tell(
        page,
        _event("brief.started", attempt=1, expected_s=30),
        _plans(1, 2),
        _event("brief.requeued", attempt=1, expected_s=30),
        _event("brief.started", attempt=2, expected_s=30),
        _plans(1),
    )
    assert story["shown"] == [[1, "planned"]]
    assert story["attempt"] == 2


def test_candidates_are_those_takes_that_were_offered(page: Page) -> None:
    story = _tell(
        page,
        _event("brief.started", attempt=1, expected_s=5),
        _plans(1, 2, 3),
        *(_event("take.written", take=take, rating=take / 10, rewrites=[]) for take in (1, 2, 3)),
        _event("takes.ranked", takes=[3, 2, 1]),
        _event("stage", stage="rendering", takes=[3], expected_s=40),
        _event("stage", stage="rendering", takes=[2], expected_s=40),
        _event("take.retracted", take=3, reason="clips", code="heard"),
        _event("candidate.ready", candidate="cand_1", number=1, rating=0.2),
    )
    assert story["shown"] == [[2, "ready"], [1, "written"], [3, "retracted"]]
    assert story["takes"]["2"]["candidate"] == "cand_1"
    # What plays is done; the rest of the time is what the whole was expected to take.
    assert story["left"] == -5


def test_a_candidate_is_the_take_that_it_says(page: Page) -> None:
    story = _tell(
        page,
        _event("brief.started", attempt=1, expected_s=5),
        _plans(1, 2),
        *(_event("take.written", take=take, rating=0.5, rewrites=[]) for take in (1, 2)),
        _event("takes.ranked", takes=[1, 2]),
        _event("candidate.ready", candidate="cand_1", number=1, rating=0.5, take=2),
    )
    assert story["takes"]["2"]["candidate"] == "cand_1"
    assert story["takes"]["1"]["candidate"] is None


def test_why_a_take_was_retracted_is_said_in_the_readers_language(visit: Visit) -> None:
    page = visit("#/", language="zh-CN")
    said = page.evaluate(
        """async () => {
          const { takeCard } = await import("/console/watch/takes.js");
          const { BEGINNING, told } = await import("/console/watch/story.js");
          const story = told(BEGINNING, { kind: "take.retracted",
            facts: { take: 3, reason: "bar 9 <b>clashes</b>", code: "paper" } });
          const card = takeCard(3);
          card.draw({ ...story.takes[3] }, 0);
          return [card.element.textContent, card.element.querySelectorAll("b").length];
        }"""
    )
    assert said[0] == "第 3 稿已撤回谱面质量不足:bar 9 <b>clashes</b>"
    assert said[1] == 0


def test_the_list_of_briefs_renews_itself(visit: Visit, bench: Bench) -> None:
    brief = bench.send(**LONG, project="renewed", customer_ref="<i>R-7</i>")
    page = visit("#/?project=renewed")
    line = page.locator(".briefs li")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("<i>R-7</i>")
    expect(line.locator(".badge")).to_have_text(re.compile("Waiting|In the studio"))
    bench.cancel(brief)
    expect(line.locator(".badge")).to_have_text("Canceled", timeout=60_000)
    status = page.get_by_label("Status")
    status.focus()
    page.keyboard.press("f")  # the first that begins with it: failed
    expect(page.get_by_text("No brief is like that.")).to_be_visible()
    expect(status).to_be_focused()
    assert page.url.endswith("#/?project=renewed&status=failed")
