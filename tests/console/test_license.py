"""A license in a browser: its stems under the hand, its files by links, its certificate checked."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console import pieces
from tests.console.conftest import Axe, Bench, Faults, Visit
from tests.console.hearing import heard, listening, measure, reach

STEMS = 7


def _loop(bench: Bench) -> str:
    return pieces.loop(bench)["license"]


def _track(bench: Bench, license_: str) -> Any:
    return bench.get(f"/v1/tracks/{bench.get(f'/v1/licenses/{license_}')['track']}")


def _loaded(page: Page) -> Page:
    expect(page.locator(".strip")).to_have_count(STEMS)
    expect(page.get_by_text("Loading stem")).to_have_count(0)
    return page


_ALONE = """
([which, from]) => {
  const [one] = ear.started.slice(-7).slice(which, which + 1);
  return ear.fit(one, from, 4800);
}
"""
_SUM = """
(from) => {
  const heard = ear.heard(from, 4800);
  const all = ear.started.slice(-7);
  let [worst, loudest] = [0, 0];
  for (let at = 0; at < 4800; at += 1) {
    const sum = all.reduce((total, one) => total + ear.file(one, from + at), 0);
    worst = Math.max(worst, Math.abs(heard[at] - sum));
    loudest = Math.max(loudest, Math.abs(sum));
  }
  return { worst, loudest, starts: new Set(all.map((one) => one.place - one.frame)).size };
}
"""


def test_stems_run_together_to_the_sample_and_are_heard_alone(
    browser: Browser, bench: Bench, faults: Faults
) -> None:
    with listening(browser, bench, faults, f"#/licenses/{_loop(bench)}") as page:
        _loaded(page)
        page.keyboard.press("Space")
        reach(page, "ear.started.length === 7 && ear.last() > ear.started[6].frame + 4800")
        together = measure(page, _SUM, heard(page, 9600) + 4800)
        print(together)
        assert together["starts"] == 1
        assert together["loudest"] > 0.02
        assert together["worst"] < 1e-5
        page.keyboard.press("Shift+Digit2")
        bass = page.locator("[data-stem=bass]")
        expect(bass.get_by_role("button", name="Solo")).to_have_attribute("aria-pressed", "true")
        alone = measure(page, _ALONE, [1, heard(page, 9600) + 4800])
        print(alone)
        assert alone["gain"] == pytest.approx(1, abs=1e-4)
        assert alone["left"] < 1e-5
        page.keyboard.press("2")  # alone, and muted: nothing is left
        silent = measure(page, "(from) => Math.max(...ear.heard(from, 4800).map(Math.abs))",
                         heard(page, 9600) + 4800)  # fmt: skip
        assert silent == 0
        page.keyboard.press("0")
        again = measure(page, _SUM, heard(page, 9600) + 4800)
        assert again["worst"] < 1e-5


def test_stems_nobody_asked_for_are_made_here(visit: Visit, bench: Bench) -> None:
    license_ = pieces.pick(bench, pieces.bed(bench)["candidates"][0]["id"])
    page = visit(f"#/licenses/{license_}")
    page.get_by_role("button", name="Play this track again as stems").click()
    expect(page.get_by_role("progressbar", name="Stems are being made")).to_be_visible()
    expect(page.locator(".strip").first).to_be_visible(timeout=90_000)
    expect(page.get_by_text("Loading stem")).to_have_count(0, timeout=60_000)
    page.locator(".strip").first.get_by_role("button", name="Mute").click()
    expect(page.locator(".strip").first).to_have_class("strip quiet")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def _saved(page: Page, button: str, folder: Path) -> bytes:
    with page.expect_download() as coming:
        page.get_by_role("button", name=button, exact=True).first.click()
    file = folder / coming.value.suggested_filename
    coming.value.save_as(file)
    return file.read_bytes()


def test_files_come_by_links_whole(visit: Visit, bench: Bench, tmp_path: Path) -> None:
    license_ = _loop(bench)
    track = _track(bench, license_)
    page = visit(f"#/licenses/{license_}")
    known = {one["name"]: one["sha256"] for one in track["files"]}
    for button, name in {
        "Download Master": "master", "Download Score (MIDI)": "midi",
        "Download Stem: Drums": "stem.drums",
    }.items():  # fmt: skip
        got = _saved(page, button, tmp_path)
        assert hashlib.sha256(got).hexdigest() == known[name]
    assert {file.suffix for file in tmp_path.iterdir()} == {".wav", ".mid"}
    page.get_by_role("button", name="Hear Master").click()
    expect(page.get_by_role("button", name="Stop Master")).to_be_visible()
    page.get_by_role("button", name="Stop Master").click()
    expect(page.get_by_role("button", name="Hear Master")).to_be_visible()


def test_a_package_is_built_and_comes(visit: Visit, bench: Bench, tmp_path: Path) -> None:
    page = visit(f"#/licenses/{_loop(bench)}")
    with page.expect_download(timeout=120_000) as coming:
        page.get_by_role("button", name="Package for Unity").click()
    coming.value.save_as(tmp_path / "unity.zip")
    with zipfile.ZipFile(tmp_path / "unity.zip") as archive:
        assert archive.testzip() is None
        assert any(name.endswith(".wav") for name in archive.namelist())
    expect(page.get_by_text("The package for Unity is there.").first).to_be_visible()


def test_another_shape_is_ordered_watched_and_fetched(
    visit: Visit, bench: Bench, tmp_path: Path
) -> None:
    page = visit(f"#/licenses/{_loop(bench)}")
    page.get_by_label("Format").select_option("flac")
    page.get_by_role("button", name="Order").click()
    line = page.locator(".renditions > li").first
    expect(line).to_contain_text("Master · FLAC")
    expect(line).to_contain_text("ready", timeout=90_000)
    name = line.locator(".files li span").nth(1).inner_text()
    assert _saved(page, f"Download {name}", tmp_path)[:4] in (b"fLaC", b"ID3\x04", b"ID3\x03")
    page.get_by_label("Version").select_option("cut")
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_role("alert")).to_contain_text("only a bed is cut down")
    page.reload()
    expect(page.locator(".renditions > li").first).to_contain_text("ready")


def test_the_certificate_is_read_and_checked(visit: Visit, bench: Bench, tmp_path: Path) -> None:
    license_ = _loop(bench)
    page = visit(f"#/licenses/{license_}")
    expect(page.get_by_text("grants nothing", exact=False).first).to_be_visible()
    expect(page.get_by_text("holds: signed by the published key")).to_be_visible()
    track = _track(bench, license_)
    master = bench.door.get(f"/v1/tracks/{track['id']}/audio").content
    (tmp_path / "mine.wav").write_bytes(master)
    flipped = bytearray(master)
    flipped[len(flipped) // 2] ^= 1
    (tmp_path / "other.wav").write_bytes(flipped)
    given = page.locator("input[type=file]")
    given.set_input_files(tmp_path / "mine.wav")
    expect(page.get_by_text("mine.wav is the licensed file: master.")).to_be_visible()
    given.set_input_files(tmp_path / "other.wav")
    expect(page.get_by_text("other.wav is not a file of this license")).to_be_visible()
    saved = _saved(page, "Save the certificate (JSON)", tmp_path)
    assert saved == bench.door.get(f"/v1/licenses/{license_}/certificate").content


_VERDICTS = """
async ([documents, keys]) => {
  const { verify } = await import("/console/license/check.js");
  const found = [];
  for (const one of documents) found.push((await verify(one, keys)).holds);
  return found;
}
"""


def test_no_byte_of_a_certificate_can_be_changed(page: Page, bench: Bench) -> None:
    document = bench.door.get(f"/v1/licenses/{_loop(bench)}/certificate").text
    keys = bench.get("/.well-known/jwks.json")["keys"]
    assert measure(page, _VERDICTS, [[document], keys]) == [True]
    changed = [
        document[:at] + ("A" if document[at] != "A" else "B") + document[at + 1 :]
        for at in range(0, len(document), 37)
    ]
    changed += [document + "\n", document.replace(":", ": ", 1), json.dumps(json.loads(document))]
    assert set(measure(page, _VERDICTS, [changed, keys])) == {False}
    assert measure(page, _VERDICTS, [[document], []]) == [False]


def test_a_family_is_licensed_with_its_sounds(visit: Visit, bench: Bench) -> None:
    piece = pieces.family(bench)
    license_ = pieces.pick(bench, piece["candidates"][0]["id"])
    page = visit(f"#/licenses/{license_}")
    expect(page.get_by_role("button", name="Hear Door opens", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Package for a car")).to_be_visible()
    expect(page.locator(".mixer")).to_have_count(0)
    expect(page.get_by_text("holds: signed by the published key")).to_be_visible()


def test_licenses_are_listed_and_lead_to_their_pages(visit: Visit, bench: Bench) -> None:
    license_ = _loop(bench)
    page = visit("#/licenses")
    page.get_by_role("link", name=license_).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("License")
    page.evaluate("location.hash = '#/licenses/lic_000000000000000000000000'")
    expect(page.get_by_role("alert")).to_contain_text("no such license")


@pytest.mark.parametrize(("width", "theme"), [(1440, "dark"), (380, "light")])
def test_a_license_has_no_serious_finding(
    visit: Visit, bench: Bench, axe: Axe, width: int, theme: Any
) -> None:
    page = _loaded(visit(f"#/licenses/{_loop(bench)}", width=width, theme=theme))
    page.get_by_text("Where it comes from").click()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate("location.hash = '#/licenses'")
    expect(page.get_by_role("heading", level=1)).to_have_text("Licenses")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_license_in_chinese(visit: Visit, bench: Bench) -> None:
    page = _loaded_zh(visit(f"#/licenses/{_loop(bench)}", language="zh-CN"))
    expect(page.get_by_role("heading", level=1)).to_have_text("许可证")
    expect(page.get_by_role("button", name="独奏鼓")).to_be_visible()


def _loaded_zh(page: Page) -> Page:
    expect(page.locator(".strip")).to_have_count(STEMS)
    expect(page.get_by_text("正在载入分轨")).to_have_count(0)
    return page
