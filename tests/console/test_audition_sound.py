"""What an audition plays, measured where it leaves the page: switches, loops, one position."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.console import pieces
from tests.console.conftest import Bench, Faults
from tests.console.hearing import heard, listening, measure, reach

BLOCK = 128
SWITCHES = 9
QUIET = 1e-3
"""What a fit may leave: sixty decibels below full scale, far below any music."""


Audition = Callable[[pieces.Piece], Page]


@pytest.fixture
def audition(browser: Browser, bench: Bench, faults: Faults) -> Iterator[Audition]:
    """Open a brief's audition with a tap before the loudspeaker."""
    with ExitStack() as pages:
        yield lambda piece: pages.enter_context(
            listening(browser, bench, faults, f"#/briefs/{piece['id']}/audition")
        )


def _ready(page: Page) -> Page:
    """Both candidates are loaded."""
    reach(page, "document.querySelectorAll('.candidate[data-sound=ready]').length === 2")
    return page


def _play(page: Page) -> None:
    page.locator(".transport .play").click()
    reach(page, "ear.started.length >= 2 && ear.last() > ear.started[0].frame + 4800")


_SWITCH = """
({ from, to, pressed }) => {
  const [a, b] = [ear.started[from], ear.started[to]];
  const before = ear.fit(a, pressed - 2400, 2400);
  const after = ear.fit(b, pressed + 2400, 2400);
  const heard = ear.heard(pressed, 2400);
  let [leaves, arrives] = [-1, 2400];
  for (let at = 0; at < 2400; at += 1) {
    const frame = pressed + at;
    if (leaves < 0 && Math.abs(heard[at] - before.gain * ear.file(a, frame)) > 1e-4) leaves = at;
    if (Math.abs(heard[at] - after.gain * ear.file(b, frame)) > 1e-3) arrives = at;
  }
  return { before, after, leaves, arrives, gains: [before.gain, after.gain] };
}
"""


def test_another_candidate_is_heard_from_the_next_block_on_at_the_same_position(
    audition: Audition, bench: Bench
) -> None:
    page = _ready(audition(pieces.bed(bench)))
    _play(page)
    sides = [0, 1]
    found: list[dict[str, Any]] = []
    for number in range(SWITCHES):
        if number == 5:  # six seconds of music do not last for all of them
            page.keyboard.press("Home")
            reach(page, "ear.started.length >= 4 && ear.last() > ear.started[3].frame")
            sides = [2, 3]
        heard(page, 4800)
        now = number % 2
        page.keyboard.press(str(2 - now))
        pressed = measure(page, "ear.pressed.at(-1).frame")
        reach(page, "to => ear.last() > to", pressed + 4900)
        where = {"from": sides[now], "to": sides[1 - now], "pressed": pressed}
        found.append(measure(page, _SWITCH, where))
    print("frames from the key to the switch:", [one["leaves"] for one in found])
    print("frames until the other side stands alone:", [one["arrives"] for one in found])
    for one in found:
        # Whole files are compared, so one frame of offset would leave far more than this.
        assert one["before"]["left"] < QUIET
        assert one["after"]["left"] < QUIET
        assert one["leaves"] >= 0
    assert median(one["leaves"] for one in found) <= BLOCK
    assert median(one["arrives"] - one["leaves"] for one in found) <= 0.03 * 48_000


_OFFLINE_SWITCH = """
async ({ at }) => {
  const { Deck } = await import("/console/audition/deck.js");
  const rate = 48000;
  const context = new OfflineAudioContext(1, rate / 2, rate);
  const level = (value) => {
    const buffer = new AudioBuffer({ length: rate, sampleRate: rate });
    buffer.getChannelData(0).fill(value);
    return buffer;
  };
  const deck = new Deck(context);
  deck.put("a", level(0.5));
  deck.put("b", level(-0.25));
  deck.hear("a");
  context.suspend(at / rate).then(() => { deck.hear("b"); context.resume(); });
  deck.play();
  const out = (await context.startRendering()).getChannelData(0);
  const steps = Array.from(out.subarray(1), (value, frame) => Math.abs(value - out[frame]));
  const first = (from, is) => out.findIndex((value, frame) => frame >= from && is(value));
  return { changed: first(at - 128, (value) => Math.abs(value - 0.5) > 1e-7),
    half: first(at, (value) => value < 0.125),
    done: first(at, (value) => Math.abs(value + 0.25) < 0.0075),
    steepest: Math.max(...steps.slice(4800)), last: out.at(-1) };
}
"""


@pytest.mark.parametrize("block", [40, 41, 100])
def test_a_switch_begins_in_the_block_it_was_told_and_takes_a_few_milliseconds(
    page: Page, block: int
) -> None:
    at = block * BLOCK
    found = measure(page, _OFFLINE_SWITCH, {"at": at})
    print(
        {name: value - at for name, value in found.items() if name in ("changed", "half", "done")}
    )
    assert 0 <= found["changed"] - at < BLOCK
    assert 0.0005 * 48_000 < found["half"] - at < 0.003 * 48_000
    assert found["done"] - at < 0.010 * 48_000
    assert found["steepest"] < 0.02, "a step of this height would be heard as a click"
    assert found["last"] == -0.25


_OFFLINE_LOOP = """
async ({ path, key, times, start, end }) => {
  const { Deck } = await import("/console/audition/deck.js");
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${key}` } });
  const content = await answer.arrayBuffer();
  const probe = new OfflineAudioContext(2, 1, 48000);
  const buffer = await probe.decodeAudioData(content);
  const span = [start, end ?? buffer.length / 48000].map((one) => Math.round(one * 48000));
  const length = span[1] - span[0];
  const context = new OfflineAudioContext(2, Math.round(length * times), 48000);
  const deck = new Deck(context);
  deck.put("one", buffer);
  deck.hear("one");
  deck.repeat({ start: span[0] / 48000, end: span[1] / 48000 });
  deck.play();
  const out = await context.startRendering();
  let worst = 0;
  for (let channel = 0; channel < 2; channel += 1) {
    const [made, file] = [out.getChannelData(channel), buffer.getChannelData(channel)];
    // The first milliseconds fade in where the loop does not begin with the file.
    for (let at = 2400; at < made.length; at += 1) {
      worst = Math.max(worst, Math.abs(made[at] - file[span[0] + (at % length)]));
    }
  }
  return { frames: buffer.length, worst, position: Math.round(deck.place(out.length)) };
}
"""


@pytest.mark.parametrize(("start", "end"), [(0, None), (1.5, 3.0)])
def test_a_loop_turns_back_without_a_frame_too_many_or_too_few(
    page: Page, bench: Bench, start: float, end: float | None
) -> None:
    candidate = pieces.loop(bench)["candidates"][0]
    asked = {"path": f"/v1/candidates/{candidate['id']}/audio?format=wav", "key": bench.key,
             "times": 3.4, "start": start, "end": end}  # fmt: skip
    found = measure(page, _OFFLINE_LOOP, asked)
    print(found)
    assert found["frames"] == candidate["resolved"]["duration_frames"]
    assert found["worst"] < 1e-6


_SEAM = """
() => {
  const one = ear.started.at(-2);
  const seam = one.frame + one.buffer.length - one.place;
  const { gain, left } = ear.fit(one, seam - 9600, 19200);
  return { gain, left, heard: Math.max(...ear.heard(seam - 9600, 19200).map(Math.abs)) };
}
"""


def test_a_loop_is_heard_over_its_seam_as_if_there_were_none(
    audition: Audition, bench: Bench
) -> None:
    page = _ready(audition(pieces.loop(bench)))
    assert (
        page.get_by_role("button", name="Loop", exact=True).get_attribute("aria-pressed") == "true"
    )
    page.locator(".transport .place").fill("920")
    _play(page)
    over = """() => {
      const one = ear.started.at(-2);
      return ear.last() > one.frame + one.buffer.length - one.place + 10000;
    }"""
    reach(page, over)
    found = measure(page, _SEAM)
    print(found)
    assert found["heard"] > 0.02
    assert found["left"] < QUIET


def test_what_comes_late_joins_at_the_same_frame(audition: Audition, bench: Bench) -> None:
    piece = pieces.bed(bench)
    late = piece["candidates"][1]["id"]
    waiting: list[Any] = []
    page = audition(piece)
    page.route(f"**/v1/candidates/{late}/audio*", lambda route: waiting.append(route))
    page.reload()
    page.wait_for_selector(".candidate[data-sound=ready]")
    page.locator(".transport .play").click()
    reach(page, "ear.started.length === 1 && ear.last() > ear.started[0].frame + 9600")
    waiting[-1].continue_()
    reach(page, "ear.started.length === 2")
    page.keyboard.press("2")
    reach(page, "ear.last() > ear.pressed.at(-1).frame + 9600")
    both = measure(page, "ear.started.map((one) => one.place - one.frame)")
    assert both[0] == both[1]
    found = measure(page, "ear.fit(ear.started[1], ear.pressed.at(-1).frame + 4800, 4800)")
    assert found["left"] < QUIET


def test_loudness_is_matched_to_the_softest(audition: Audition, bench: Bench) -> None:
    piece = pieces.bed(bench)
    page = _ready(audition(piece))
    _play(page)
    lufs = [next(one["measured"] for one in candidate["measured"] if one["name"] == "lufs")
            for candidate in piece["candidates"]]  # fmt: skip
    for number, loudness in enumerate(lufs):
        page.keyboard.press(str(number + 1))
        first = heard(page, 9600) + 4800
        fit = measure(
            page, "([one, from]) => ear.fit(ear.started[one], from, 2400)", [number, first]
        )
        assert fit["gain"] == pytest.approx(10 ** ((min(lufs) - loudness) / 20), abs=1e-3)
    page.keyboard.press("m")
    first = heard(page, 9600) + 4800
    fit = measure(page, "(from) => ear.fit(ear.started[1], from, 2400)", first)
    assert fit["gain"] == pytest.approx(1, abs=1e-3)
