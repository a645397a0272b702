"""Auditioning in a browser: what is seen, pressed and said, with a real house behind it."""

import json
import os
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console import pieces
from tests.console.conftest import Axe, Bench, Faults, Visit, until
from tests.console.hearing import reach
from tests.console.newcomers import enter, newcomer, sell_exclusive

ROWS = ".candidate"


def _audition(visit: Visit, piece: pieces.Piece, **window: Any) -> Page:
    page = visit(f"#/briefs/{piece['id']}/audition", **window)
    expect(page.locator(f"{ROWS}[data-sound=ready]")).to_have_count(len(piece["candidates"]))
    return page


def _clock(page: Page) -> str:
    return page.locator(".clock b").inner_text()


def test_candidates_stand_side_by_side_with_waves_that_are_sharp(
    visit: Visit, bench: Bench
) -> None:
    piece = pieces.bed(bench)
    page = _audition(visit, piece)
    expect(page.locator(ROWS)).to_have_count(2)
    for candidate in piece["candidates"]:
        row = page.locator(f"[data-candidate={candidate['id']}]")
        expect(row.locator(".rating")).to_contain_text(str(round(candidate["rating"] * 100)))
        said = row.locator("canvas.rest").get_attribute("aria-label") or ""
        assert said.startswith(f"Waveform of candidate {candidate['number']}: 6 s, loudest at")
    drawn = """() => [...document.querySelectorAll('.candidate canvas.rest')].map((one) => {
      const { data } = one.getContext('2d').getImageData(0, 0, one.width, one.height);
      const inked = data.filter((_, at) => at % 4 === 3 && data[at]).length;
      return { width: one.width, shown: one.clientWidth, inked };
    })"""
    for one in page.evaluate(drawn):
        assert one["width"] == one["shown"]
        assert one["inked"] > 1000
    dense = page.context.browser
    assert dense is not None
    context = dense.new_context(viewport={"width": 380, "height": 780}, device_scale_factor=3)
    small = context.new_page()
    small.goto(f"{bench.url}/console#/briefs/{piece['id']}/audition")
    small.wait_for_selector(f"{ROWS}[data-sound=ready]")
    for one in small.evaluate(drawn):
        assert one["width"] == 3 * one["shown"]
    assert small.evaluate("document.documentElement.scrollWidth") == 380
    context.close()


def test_the_keyboard_chooses_seeks_loops_and_matches(visit: Visit, bench: Bench) -> None:
    page = _audition(visit, pieces.loop(bench))
    chosen = page.locator(f"{ROWS}.chosen .hear")
    expect(chosen).to_have_text("1")
    page.keyboard.press("2")
    expect(chosen).to_have_text("2")
    page.locator(f"{ROWS} .hear").first.click()
    expect(chosen).to_have_text("1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert _clock(page) == "0:03.0"  # two bars of 1.5 s
    expect(page.locator(".where")).to_contain_text("Bar 3, beat 1")
    page.keyboard.press("ArrowLeft")
    assert _clock(page) == "0:01.5"
    page.keyboard.press("Home")
    assert _clock(page) == "0:00.0"
    loop = page.get_by_role("button", name="Loop", exact=True)
    expect(loop).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("l")
    expect(loop).to_have_attribute("aria-pressed", "false")
    match = page.get_by_role("button", name="Match loudness")
    page.keyboard.press("m")
    expect(match).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Space")  # the focus is on a candidate's button, and it plays all the same
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    until(lambda: _clock(page) > "0:00.2")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("match loudness")
    page.keyboard.press("2")
    expect(chosen).to_have_text("1")  # a dialog is open: keys are its own


def test_a_section_is_repeated_when_it_is_chosen(visit: Visit, bench: Bench) -> None:
    piece = pieces.bed(bench)
    page = _audition(visit, piece)
    sheet = bench.get(f"/v1/candidates/{piece['candidates'][0]['id']}/sheet")
    section = sheet["sections"][-1]
    button = page.locator(".section").last
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Loop", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    at = page.evaluate("document.querySelector('.clock b').textContent")
    assert at == f"0:{section['start_s']:04.1f}"
    expect(page.locator(".candidate .region").first).to_be_visible()
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".candidate .region").first).to_be_hidden()


def test_every_constraint_is_told_with_what_it_measures(visit: Visit, bench: Bench) -> None:
    piece = pieces.bed(bench)
    page = _audition(visit, piece)
    for candidate in piece["candidates"]:
        page.keyboard.press(str(candidate["number"]))
        rows = page.locator(".measures tbody tr")
        expect(rows).to_have_count(len(candidate["measured"]))
        loudness = next(one for one in candidate["measured"] if one["name"] == "lufs")
        row = rows.filter(has_text="Loudness")
        expect(row.locator("td").nth(1)).to_have_text(f"{loudness['asked']:g} LUFS")
        expect(row.locator("td").nth(2)).to_have_text(f"{loudness['measured']:g} LUFS")
        close = "exactly" if loudness["asked"] == loudness["measured"] else "LU off"
        expect(row.locator("td").nth(3)).to_contain_text(close)
        expect(row.locator("td").nth(4)).to_have_text("✓ kept" if loudness["pass"] else "✗ missed")
        run = candidate["originality"]["training"]["longest_run"]
        said = f"{run} notes" if run > 1 else "note" if run else "nothing in common"
        expect(page.locator(".originality")).to_contain_text(said)


def test_paper_is_drawn_from_the_sheet_and_told_in_words(visit: Visit, bench: Bench) -> None:
    piece = pieces.loop(bench)
    page = _audition(visit, piece)
    sheet = bench.get(f"/v1/candidates/{piece['candidates'][0]['id']}/sheet")
    expect(page.locator(".section")).to_have_count(len(sheet["sections"]))
    expect(page.locator(".legend li")).to_have_text([one["name"] for one in sheet["parts"]])
    said = page.locator("canvas.roll").get_attribute("aria-label") or ""
    assert f"{sheet['key']}, 160 bpm, 4/4, 4 bars" in said
    page.get_by_text("Chords as text").click()
    expect(page.locator(".spelled")).to_contain_text(sheet["chords"][0]["name"])
    shades = page.evaluate(
        """() => {
          const roll = document.querySelector('canvas.roll');
          const { data } = roll.getContext('2d').getImageData(0, 0, roll.width, roll.height);
          const seen = new Set();
          for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] === 255) seen.add(data.slice(at, at + 3).join());
          }
          return seen.size;
        }"""
    )
    assert shades >= len(sheet["parts"])


def test_without_a_sheet_there_is_a_note_and_all_the_rest(visit: Visit, bench: Bench) -> None:
    piece = pieces.bed(bench)
    page = visit()
    problem = (
        '{"title": "not found", "status": 404, "code": "not_found", "detail": "there is none"}'
    )
    page.route(
        "**/sheet",
        lambda route: route.fulfill(
            status=404, content_type="application/problem+json", body=problem
        ),
    )
    page.goto(f"{bench.url}/console#/briefs/{piece['id']}/audition")
    expect(page.locator(f"{ROWS}[data-sound=ready]")).to_have_count(2)
    expect(page.locator(".sheet")).to_contain_text("made before its notes could be shown")
    expect(page.locator("canvas.roll")).to_have_count(0)
    expect(page.locator(".measures tbody tr").first).to_be_visible()
    page.keyboard.press("ArrowRight")
    assert _clock(page) == "0:02.0"


def _available(bench: Bench) -> int:
    return bench.get("/v1/balance")["balance"]["available"]


def test_two_windows_that_pick_at_once_buy_one_license(visit: Visit, bench: Bench) -> None:
    piece = pieces.fresh(bench)
    cost = piece["candidates"][0]["license_tokens"]
    before = _available(bench)
    pages = [_audition(visit, piece) for _ in range(2)]
    dialogs = [page.get_by_role("dialog") for page in pages]
    for page, asked in zip(pages, dialogs, strict=True):
        page.keyboard.press("p")
        expect(asked).to_contain_text(f"costs {cost} tokens")
        expect(asked).to_contain_text(f"{before:,} available, {before - cost:,} afterwards")
    assert _available(bench) == before  # asking costs nothing
    for asked in dialogs:
        asked.get_by_role("button", name=f"Pick for {cost} tokens").click()
        expect(asked.get_by_role("link", name="Open the license")).to_be_visible()
    expect(dialogs[0]).to_contain_text("Candidate 1 is yours")
    expect(dialogs[1]).to_contain_text("was picked a moment ago")
    expect(dialogs[1]).to_contain_text("Nothing was spent a second time")
    links = [
        asked.get_by_role("link", name="Open the license").get_attribute("href")
        for asked in dialogs
    ]
    assert links[0] == links[1]
    assert _available(bench) == before - cost
    for page in pages:
        page.keyboard.press("Escape")
        expect(page.locator(f"{ROWS}.chosen .deal")).to_have_text("✓ Licensed")


def test_a_pick_that_came_first_elsewhere_is_told_before_anything_is_asked(
    visit: Visit, bench: Bench
) -> None:
    piece = pieces.fresh(bench)
    page = _audition(visit, piece)
    license_ = pieces.pick(bench, piece["candidates"][1]["id"])
    page.keyboard.press("2")
    page.keyboard.press("p")
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("was picked a moment ago")
    assert (
        asked.get_by_role("link", name="Open the license").get_attribute("href")
        == f"#/licenses/{license_}"
    )
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("p")
    expect(asked).to_contain_text("Already licensed from this brief: 2")


def test_what_is_loaded_plays_on_without_a_connection(
    visit: Visit, bench: Bench, faults: Faults
) -> None:
    page = _audition(visit, pieces.bed(bench))
    page.keyboard.press("Space")
    page.context.set_offline(True)
    lost = page.locator(".lost")
    expect(lost).to_contain_text("Everything is loaded and keeps playing")
    at = _clock(page)
    page.keyboard.press("2")
    until(lambda: _clock(page) > at)
    expect(page.locator(f"{ROWS}.chosen .hear")).to_have_text("2")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.context.set_offline(False)
    expect(lost).to_be_hidden()
    faults.forgive("ERR_INTERNET_DISCONNECTED")


def test_a_sound_that_does_not_come_is_said_and_comes_later(
    visit: Visit, bench: Bench, faults: Faults
) -> None:
    piece = pieces.bed(bench)
    late = piece["candidates"][1]["id"]
    page = visit()
    page.route(
        f"**/v1/candidates/{late}/audio*", lambda route: route.fulfill(status=500, body="no")
    )
    page.goto(f"{bench.url}/console#/briefs/{piece['id']}/audition")
    row = page.locator(f"[data-candidate={late}]")
    expect(row).to_contain_text("The sound of candidate 2 could not be loaded.")
    expect(page.locator(f"{ROWS}[data-sound=ready]")).to_have_count(1)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.unroute(f"**/v1/candidates/{late}/audio*")
    row.get_by_role("button", name="Try again").click()
    expect(page.locator(f"{ROWS}[data-sound=ready]")).to_have_count(2)
    faults.forgive("status of 500")


def test_each_cabin_sound_of_each_candidate_is_heard(visit: Visit, bench: Bench) -> None:
    piece = pieces.family(bench)
    page = visit(f"#/briefs/{piece['id']}/audition")
    cells = page.locator(".cell")
    expect(cells).to_have_count(6)
    page.get_by_role("button", name="Hear Charging of candidate 2").click()
    expect(page.locator(".where")).to_have_text("Charging, candidate 2")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    until(lambda: _clock(page) > "0:00.3")
    at = _clock(page)
    page.keyboard.press("1")  # the same sound of the other, at the same place
    expect(page.locator(".where")).to_have_text("Charging, candidate 1")
    assert _clock(page) >= at
    for name in ("Door opens", "Door closes"):
        for number in (1, 2):
            page.get_by_role("button", name=f"Hear {name} of candidate {number}").click()
            expect(page.locator(".cell.chosen")).to_have_attribute(
                "aria-label", f"Hear {name} of candidate {number}, {_length(piece, number, name)}"
            )
    member = piece["candidates"][1]["family"]["members"][1]
    expect(page.locator(".measures").first.locator("tbody tr")).to_have_count(
        len(member["measured"])
    )
    page.keyboard.press("ArrowUp")
    expect(page.locator(".where")).to_have_text("Door opens, candidate 2")
    expect(page.get_by_role("button", name="Play all of candidate 1")).to_be_enabled()


def _length(piece: pieces.Piece, number: int, name: str) -> str:
    function = name.lower().replace(" ", "_").removesuffix("s")
    members = piece["candidates"][number - 1]["family"]["members"]
    found = next(one for one in members if one["name"] == function)
    return f"{round(found['duration_ms'] / 1000, 1):g} s"


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (380, "dark")])
def test_an_audition_has_no_serious_finding(
    visit: Visit, bench: Bench, axe: Axe, width: int, theme: Any
) -> None:
    page = _audition(visit, pieces.loop(bench), width=width, theme=theme)
    page.get_by_text("Chords as text").click()
    axe(page)
    page.keyboard.press("2")
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Pick for", exact=False).last).to_be_visible()
    axe(page)
    board = visit(f"#/briefs/{pieces.family(bench)['id']}/audition", width=width, theme=theme)
    board.locator("summary").get_by_text("How far apart the sounds are").click()
    axe(board)
    assert board.evaluate("document.documentElement.scrollWidth") == width


def test_an_audition_in_chinese(visit: Visit, bench: Bench) -> None:
    page = _audition(visit, pieces.loop(bench), language="zh-CN")
    expect(page.get_by_role("heading", level=1)).to_have_text("试听")
    expect(page.locator(".measures").first).to_contain_text("循环接缝")
    page.keyboard.press("2")
    page.keyboard.press("p")
    expect(page.get_by_role("dialog")).to_contain_text("许可证费用为")


def test_nothing_is_left_sounding_when_the_page_is_left(visit: Visit, bench: Bench) -> None:
    page = visit()
    page.add_init_script(
        """window.contexts = [];
        window.AudioContext = class extends AudioContext {
          constructor(...all) { super(...all); contexts.push(this); }
        };"""
    )
    page.goto(f"{bench.url}/console?again={os.getpid()}#/briefs/{pieces.bed(bench)['id']}/audition")
    expect(page.locator(f"{ROWS}[data-sound=ready]")).to_have_count(2)
    page.keyboard.press("Space")
    reach(page, "contexts.length === 1 && contexts[0].state === 'running'")
    page.evaluate("location.hash = '#/licenses'")
    reach(page, "contexts[0].state === 'closed'")


def test_a_pick_may_say_what_its_license_grants(visit: Visit, bench: Bench) -> None:
    piece = pieces.fresh(bench)
    page = _audition(visit, piece)
    page.keyboard.press("p")
    asked = page.get_by_role("dialog")
    asked.get_by_text("resale in a catalogue · not exclusive").click()
    expect(asked.get_by_label("exclusive", exact=True)).to_have_count(0)
    asked.get_by_label("resale in a catalogue", exact=True).uncheck()
    asked.get_by_label("Territory").fill("Mars")
    asked.get_by_role("button", name="Pick for", exact=False).click()
    expect(asked.get_by_role("alert")).to_contain_text("/territory")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    asked.get_by_text("resale in a catalogue · not exclusive").click()
    asked.get_by_label("resale in a catalogue", exact=True).uncheck()
    asked.get_by_label("Territory").fill("DE,FR")
    asked.get_by_label("tell the brief's words").check()
    expect(asked).to_contain_text("no resale in a catalogue · not exclusive · territory: DE,FR")
    asked.get_by_role("button", name="Pick for", exact=False).click()
    asked.get_by_role("link", name="Open the license").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("License")
    expect(page.locator(".certificate")).to_contain_text("territory: DE,FR")
    expect(page.locator(".certificate .log")).to_contain_text("bright sting")


def test_what_an_exclusive_license_costs_is_said_before(visit: Visit, bench: Bench) -> None:
    with newcomer(bench) as owner:
        sell_exclusive(bench, owner.account, 5)
        owner.buy()
        brief = owner.heard(1)
        before = owner.get("/v1/balance")["balance"]["available"]
        usual = owner.get(f"/v1/candidates/{brief['candidates'][0]['id']}")["license_tokens"]
        page = enter(visit("#/key"), owner.secret, f"briefs/{brief['id']}/audition")
        page.keyboard.press("p")
        asked = page.get_by_role("dialog")
        expect(asked).to_contain_text(f"costs {usual} tokens")
        asked.get_by_text("resale in a catalogue · not exclusive").click()
        asked.get_by_label("exclusive", exact=True).check()
        expect(asked).to_contain_text(f"costs {5 * usual} tokens")
        expect(asked).to_contain_text(f"{before} available, {before - 5 * usual} afterwards")
        asked.get_by_role("button", name=f"Pick for {5 * usual} tokens").click()
        expect(asked).to_contain_text("Candidate 1 is yours")
        assert owner.get("/v1/balance")["balance"]["available"] == before - 5 * usual


def test_sounds_that_would_not_all_fit_are_loaded_when_they_are_chosen(
    visit: Visit, bench: Bench
) -> None:
    piece = pieces.bed(bench)
    page = visit()
    long = json.dumps(piece["view"] | {"resolved": piece["view"]["resolved"] | {
        "candidates": 10, "duration_ms": 600_000}})  # fmt: skip
    page.route(
        f"**/v1/briefs/{piece['id']}",
        lambda route: route.fulfill(body=long, content_type="application/json"),
    )
    page.evaluate(f"location.hash = '#/briefs/{piece['id']}/audition'")
    expect(page.locator(f"{ROWS}[data-sound=ready]")).to_have_count(1)
    expect(page.locator(f"{ROWS}[data-sound=waits]")).to_contain_text("loads when you choose it")
    page.keyboard.press("2")
    expect(page.locator(f"{ROWS}.chosen[data-sound=ready] .hear")).to_have_text("2")
