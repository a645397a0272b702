"""What the console's first page costs: bytes, requests that leave the machine, and the time until
its list of briefs is there and can be used.

``python -m loadtests.bench_console [--loads 9]`` opens a house of the light backend with fifty
briefs and loads the page in a fresh browser each time, with nothing cached. For comparison it loads
a bare page of the same gateway (/docs) in the same way: what the browser and the machine need for
anything at all.
"""

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct
from playwright.sync_api import Browser, Response, sync_playwright

from api.dev import welcome_key
from api.workbench import TEST_KEY
from loadtests.house import house, table

BRIEFS = 50
BYTES_MAX = 300_000
INTERACTIVE_MS = 1000
WAITED_FOR = {
    "first page, briefs listed": ("/console", "performance.getEntriesByName('console.shown')[0]"),
    "writing a brief": ("/console#/new", "performance.getEntriesByName('console.shown')[0]"),
    "a bare page (/docs)": ("/docs", "performance.getEntriesByName('first-contentful-paint')[0]"),
}


class Load(Struct, frozen=True, kw_only=True):
    """One load: bytes of the answers as they are and as they travelled, requests, milliseconds from
    the beginning of the navigation."""

    whole: int
    travelled: int
    requests: int
    outside: int
    ms: float


def main() -> int:
    """Print the table; 1 where a figure is missed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--loads", type=int, default=9)
    loads: int = asked.parse_args().loads
    with (
        tempfile.TemporaryDirectory(prefix="cue-bench-", ignore_cleanup_errors=True) as name,
        house(Path(name), tell=print) as bench,
    ):
        key = welcome_key(bench.address, bench.home / TEST_KEY)
        _send_briefs(bench.address.url, key)
        measured = _measure(bench.address.url, loads)
    print(_shown(measured))
    first = measured["first page, briefs listed"]
    kept = (
        max(one.whole for one in first) <= BYTES_MAX
        and not any(one.outside for found in measured.values() for one in found)
        and statistics.median(one.ms for one in first) <= INTERACTIVE_MS
    )
    print("kept" if kept else "missed")
    return 0 if kept else 1


def _send_briefs(url: str, key: str) -> None:
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}) as door:
        sent = list[str]()
        for number in range(BRIEFS):
            brief = {"prompt": f"warm lo-fi beat number {number}", "candidates": 1, "kind": "chime"}
            headers = {"idempotency-key": f"bench-{number}"}
            answer = door.post("/v1/briefs", json=brief, headers=headers).raise_for_status()
            sent.append(answer.json()["id"])
        # Nothing else is done on the machine while it is measured.
        for one in sent:
            door.get(f"/v1/briefs/{one}?wait=60", timeout=90).raise_for_status()


def _measure(url: str, loads: int) -> dict[str, list[Load]]:
    """Turn by turn, so that a busy moment of the machine meets all of them."""
    found: dict[str, list[Load]] = {what: [] for what in WAITED_FOR}
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        flags = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        for _ in range(loads):
            for what, (path, mark) in WAITED_FOR.items():
                found[what].append(_load(browser, url, path, mark))
        browser.close()
    return found


def _load(browser: Browser, url: str, path: str, mark: str) -> Load:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(f"{url}{path}")
    # Asked from outside: the page's own rules let no string become code in it.
    while not page.evaluate(f"Boolean({mark})"):
        page.wait_for_timeout(20)
    ms = float(page.evaluate(f"{mark}.startTime"))
    page.wait_for_load_state("networkidle")
    files = [one for one in answers if "/v1/" not in one.url]
    load = Load(
        whole=sum(len(one.body()) for one in files),
        travelled=sum(_sizes(one)["responseBodySize"] for one in files),
        requests=len(answers),
        outside=sum(not one.url.startswith((f"{url}/", "data:", "blob:")) for one in answers),
        ms=ms,
    )
    context.close()
    return load


def _sizes(answer: Response) -> dict[str, Any]:
    return dict(answer.request.sizes())


def _shown(measured: dict[str, list[Load]]) -> str:
    head = (
        "page",
        "own files, kB",
        "travelled, kB",
        "requests",
        "outside",
        "ms, median",
        "least",
        "most",
    )
    rows = [
        (
            what, loads[0].whole / 1000, loads[0].travelled / 1000, loads[0].requests,
            max(one.outside for one in loads), round(statistics.median(one.ms for one in loads)),
            round(min(one.ms for one in loads)), round(max(one.ms for one in loads)),
        )
        for what, loads in measured.items()
    ]  # fmt: skip
    return table(head, rows)


if __name__ == "__main__":
    raise SystemExit(main())
