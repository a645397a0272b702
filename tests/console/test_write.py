"""Writing a brief: understood and priced as it grows, refused at its fields, sent once."""

import json
import re

from playwright.sync_api import Page, Route, expect

from tests.console.conftest import Axe, Bench, Faults, Visit

PROMPT = "What should it sound like?"
MARKUP = (
    "<img src=x onerror=alert(1)><script>alert(2)</script> &lt;b&gt; {{7*7}} ${x} "
    "\u202etxet\u0007\u001b[31m\u200b warm piano, 10 seconds"
)


def _row(page: Page, name: str) -> str:
    return page.locator(".understood dt", has_text=name).locator("+ dd").inner_text()


def test_words_are_understood_and_priced_as_they_are_written(visit: Visit) -> None:
    page = visit("#/new", language="zh-CN")
    page.get_by_label("它听起来应该是什么样的?").fill(
        "卡丁车选车界面，轻快复古合成器，能循环，zzorg"
    )
    expect(page.locator(".understood")).to_contain_text("合成器浪潮")
    assert "循环" in _row(page, "类型")
    assert "能循环" in _row(page, "类型")
    assert "轻快" in _row(page, "情绪")
    assert "常用" in _row(page, "速度")
    expect(page.get_by_text("未能理解,已忽略:zzorg")).to_be_visible()
    expect(page.locator(".quote-price")).to_have_text("8 个代币 试听 4 个候选")
    page.get_by_label("候选数量").fill("2")
    expect(page.locator(".quote-price")).to_have_text("4 个代币 试听 2 个候选")
    page.get_by_role("radio", name="提示音").check()
    expect(page.locator(".understood")).to_contain_text("提示音 已指定")


def test_a_field_wins_over_the_words(visit: Visit) -> None:
    page = visit("#/new")
    page.get_by_label(PROMPT).fill("slow waltz at 90 bpm, 20 seconds")
    expect(page.locator(".understood")).to_contain_text("90 bpm")
    page.get_by_label("Tempo").fill("120")
    expect(page.locator(".understood")).to_contain_text("120 bpm given")


def test_what_is_refused_is_said_at_its_field(visit: Visit, axe: Axe) -> None:
    page = visit("#/new")
    page.get_by_label("Tempo").fill("9999")
    page.get_by_label("Key", exact=True).fill("H sharp")
    page.get_by_label("Length").fill("20 min")
    tempo, length = page.get_by_label("Tempo"), page.get_by_label("Length")
    expect(tempo).to_have_attribute("aria-invalid", "true")
    expect(length).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Out of range. Accepted: 0.2 s to 10:00")).to_be_visible()
    expect(page.get_by_text("Out of range. Accepted: 30 to 300")).to_be_visible()
    expect(tempo).to_have_accessible_description(re.compile("Accepted: 30 to 300"))
    axe(page)
    tempo.fill("120")
    length.fill("1:00")
    expect(page.get_by_label("Key", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(tempo).not_to_have_attribute("aria-invalid", "true")
    page.get_by_label("Key", exact=True).fill("D dorian")
    expect(page.locator("[aria-invalid]")).to_have_count(0)
    expect(page.locator(".understood")).to_contain_text("D dorian given")


def test_what_cannot_be_read_is_said_before_it_is_sent(visit: Visit) -> None:
    page = visit("#/new")
    page.get_by_label("Length").fill("a while")
    expect(page.get_by_text("Write a length like 1:30")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_label("Length")).to_be_focused()
    page.get_by_label("Length").fill("1:05.5")
    expect(page.locator(".understood")).to_contain_text("1:05.5 given")


def test_a_contradiction_is_said_at_both_fields(visit: Visit) -> None:
    page = visit("#/new")
    page.get_by_text("Instruments and energy").click()
    for label in ("Must sound", "Must not sound"):
        page.get_by_label(label, exact=True).fill("choir")
        page.keyboard.press("Enter")
    page.get_by_label(PROMPT).fill("calm")
    expect(page.locator("[aria-invalid]")).to_have_count(2)
    page.get_by_role("button", name="Remove choir").first.click()
    expect(page.locator("[aria-invalid]")).to_have_count(0)


def test_a_field_that_is_folded_away_opens_where_it_is_refused(visit: Visit) -> None:
    page = visit("#/new")
    page.get_by_label(PROMPT).fill("calm piano")
    page.get_by_text("File and stems").click()
    page.get_by_label("Loudness").fill("-3")
    page.get_by_text("File and stems").click()
    page.get_by_label(PROMPT).fill("calm piano, warm")
    expect(page.get_by_label("Loudness")).to_be_visible()
    expect(page.get_by_text("Accepted: -36 to -8")).to_be_visible()


def test_a_brief_is_written_and_sent_by_keys_alone(page: Page, bench: Bench) -> None:
    page.keyboard.press("g")
    page.keyboard.press("n")
    expect(page.get_by_label(PROMPT)).to_be_focused()
    page.keyboard.type("bright bell, 1 second")
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="From the words")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Chime")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Candidates")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("1")
    expect(page.locator(".quote-price")).to_have_text("1 token to audition one candidate")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(r"#/briefs/brf_[0-9a-f]{24}$"))
    brief = bench.get(f"/v1/briefs/{page.url.rpartition('/')[2]}")
    assert brief["request"]["kind"] == "chime"
    assert brief["request"]["candidates"] == 1
    assert brief["request"]["quote"].startswith("quo_")
    bench.cancel(brief["id"])


def test_a_brief_whose_line_broke_is_sent_once(visit: Visit, bench: Bench, faults: Faults) -> None:
    page = visit("#/new")
    names: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        names.append(route.request.headers["idempotency-key"])
        if len(names) == 1:
            route.fetch()  # it arrives, and its answer does not
            route.abort("connectionreset")
        else:
            route.continue_()

    page.get_by_label(PROMPT).fill("a soft chime of glass, half a second")
    expect(page.locator(".quote-price")).to_be_visible()
    page.route("**/v1/briefs", lose_the_first_answer)
    page.get_by_role("button", name="Send the brief").click()
    expect(page).to_have_url(re.compile("#/briefs/brf_"))
    assert len(names) == 2
    assert len(set(names)) == 1
    lines = bench.get("/v1/briefs")["items"]
    sent = [one for one in lines if one["words"].startswith("a soft chime of glass")]
    assert [one["id"] for one in sent] == [page.url.rpartition("/")[2]]
    bench.cancel(sent[0]["id"])
    faults.forgive("ERR_CONNECTION_RESET")


def test_a_brief_that_is_still_being_taken_in_is_asked_for_again_by_its_name(
    visit: Visit, bench: Bench
) -> None:
    page = visit("#/new")
    names: list[str] = []

    def say_that_it_is_going_on(route: Route) -> None:
        names.append(route.request.headers["idempotency-key"])
        if len(names) > 1:
            return route.continue_()
        route.fetch()
        told = {"code": "idempotency_in_progress", "title": "The same request is still running"}
        headers = {"retry-after": "1", "content-type": "application/problem+json"}
        return route.fulfill(status=409, headers=headers, body=json.dumps(told))

    page.get_by_label(PROMPT).fill("a soft chime of brass, half a second")
    expect(page.locator(".quote-price")).to_be_visible()
    page.route("**/v1/briefs", say_that_it_is_going_on)
    page.get_by_role("button", name="Send the brief").click()
    expect(page).to_have_url(re.compile("#/briefs/brf_"))
    assert len(names) == 2
    assert len(set(names)) == 1
    lines = bench.get("/v1/briefs")["items"]
    sent = [one for one in lines if one["words"].startswith("a soft chime of brass")]
    assert [one["id"] for one in sent] == [page.url.rpartition("/")[2]]
    bench.cancel(sent[0]["id"])


def test_who_forgets_the_key_leaves_no_words_to_the_next(visit: Visit) -> None:
    page = visit("#/new")
    page.get_by_label(PROMPT).fill("a secret campaign")
    expect(page.locator(".quote-price")).to_be_visible()
    kept = "sessionStorage.getItem('cuesmith.draft')"
    assert "a secret campaign" in page.evaluate(kept)
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your API key")
    assert page.evaluate(kept) is None


def test_markup_and_control_characters_are_shown_as_they_were_written(
    visit: Visit, bench: Bench, axe: Axe
) -> None:
    page = visit("#/new")
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.get_by_label(PROMPT).fill(MARKUP)
    page.get_by_label("Candidates").fill("1")
    expect(page.locator(".quote-price")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile("#/briefs/brf_"))
    expect(page.locator("h1.prompt")).to_be_visible()
    written = page.evaluate("document.querySelector('h1.prompt').textContent")
    assert written == MARKUP.strip()
    assert page.locator("main img, main script").count() == 0
    bench.cancel(page.url.rpartition("/")[2])
    axe(page)
    page.evaluate("location.hash = '#/'")
    expect(page.locator(".briefs .words").first).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("main img, main script").count() == 0


def test_a_character_that_cannot_be_kept_is_refused_at_the_words(visit: Visit) -> None:
    page = visit("#/new")
    page.get_by_label(PROMPT).evaluate(
        """(one) => {
          one.value = "piano\\u0000";
          one.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    expect(page.get_by_label(PROMPT)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("U+0000")).to_be_visible()


def test_what_was_written_survives_a_change_of_language(visit: Visit) -> None:
    page = visit("#/new")
    page.get_by_label(PROMPT).fill("warm lo-fi")
    page.get_by_label("Length").fill("45")
    expect(page.locator(".quote-price")).to_be_visible()
    page.get_by_label("Language").select_option("zh")
    expect(page.get_by_label("它听起来应该是什么样的?")).to_have_value("warm lo-fi")
    expect(page.get_by_label("时长")).to_have_value("45 s")
    page.get_by_role("button", name="重新开始").click()
    expect(page.get_by_label("它听起来应该是什么样的?")).to_have_value("")


def test_another_brief_begins_with_what_one_asked_for(visit: Visit, bench: Bench) -> None:
    asked = {
        "prompt": "tense", "kind": "bed", "duration_ms": 30_000, "bpm": 100, "candidates": 1,
        "style": "cinematic_tension", "meter": "4/4", "tonality": "D minor",
        "instruments": {"require": ["strings"], "forbid": ["choir"]},
        "energy": [[0, 0.2], [1, 0.9]], "hits": [{"at_ms": 8500}],
        "delivery": {"sample_rate": 44_100, "lufs": -18}, "project": "season 2",
    }  # fmt: skip
    first = bench.send(**asked)
    bench.cancel(first)
    page = visit(f"#/new?from={first}")
    expect(page.locator(".quote-price")).to_be_visible()
    written = page.locator(".json code").text_content() or ""
    assert json.loads(written) == asked


def test_too_few_tokens_are_said_with_the_way_to_more(visit: Visit) -> None:
    page = visit("#/new")

    def poor(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "available_tokens": 1})

    page.route("**/v1/quotes", poor)
    page.get_by_label(PROMPT).fill("warm lo-fi, a minute")
    expect(page.get_by_text("7 tokens are missing.")).to_be_visible()
    buy = page.get_by_role("link", name="Buy tokens")
    expect(buy).to_have_attribute("href", "#/account/invoices")
