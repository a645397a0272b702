"""A whole house and a real browser for the console's tests.

They share one house and run in one process, because a house takes half a minute to open.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from msgspec import Struct
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from api.dev import welcome_key
from api.ports import any_port
from api.workbench import TEST_KEY, Workbench

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
PATIENCE_S = 120
REFUSALS = (401, 402, 404, 409, 410, 422)
"""Answers that a browser writes into its console as errors, and that are meant."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All in one process; without a browser none."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("console"))
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="needs Chromium: apt-get install chromium"))


class Bench(Struct, frozen=True, kw_only=True):
    """A running house, and the test key that its console gives away."""

    workbench: Workbench
    url: str
    key: str
    door: httpx.Client

    def get(self, path: str, **params: Any) -> Any:
        """A read that must succeed."""
        answer = self.door.get(path, params=params)
        assert answer.is_success, answer.text
        return answer.json()

    def send(self, **brief: Any) -> str:
        """A brief that must be taken in; its id."""
        headers = {"idempotency-key": os.urandom(8).hex()}
        answer = self.door.post("/v1/briefs", json=brief, headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def cancel(self, brief: str) -> None:
        """Let the studio be free for the next test."""
        self.door.post(f"/v1/briefs/{brief}/cancel", headers={"idempotency-key": brief})

    def ended(self, brief: str) -> Any:
        """The brief once it has ended."""
        return until(lambda: self._over(brief))

    def _over(self, brief: str) -> Any:
        view = self.get(f"/v1/briefs/{brief}")
        return view if view["finished_at"] else None


def until(look: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """What ``look`` finds at last."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    environ = {
        name: value for name, value in os.environ.items()
        if not name.startswith("CUESMITH_") and name != "DATABASE_URL"
    }  # fmt: skip
    environ |= {
        "CUESMITH_BANK": "builtin", "CUESMITH_RATE_PER_MINUTE": "60000",
        "CUESMITH_RATE_BURST": "6000",
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="cue-con-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        with Workbench(Path(name) / "house", port=any_port(), environ=environ) as workbench:
            key, url = (
                welcome_key(workbench.address, workbench.home / TEST_KEY),
                workbench.address.url,
            )
            headers = {"authorization": f"Bearer {key}"}
            with httpx.Client(base_url=url, headers=headers, timeout=60) as door:
                yield Bench(workbench=workbench, url=url, key=key, door=door)


@pytest.fixture(scope="module")
def browser(bench: Bench) -> Iterator[Browser]:
    """Opened after the house, and closed with each file of tests: while it is there this thread has
    a loop, and no other may run, not the house's nor that of whatever tests come next."""
    # No sandbox: tests run as root where CI runs them. Nobody hears what is played here.
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--mute-audio",
             "--autoplay-policy=no-user-gesture-required"]  # fmt: skip
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield made
        made.close()


class Faults(list[str]):
    """What must not happen in a page, as it happens."""

    def forgive(self, *parts: str) -> None:
        """Forget those that a test has brought about, by a part of what they say."""
        self[:] = [said for said in self if not any(part in said for part in parts)]

    def watch(self, page: Page, url: str) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.append(f"error: {error}"))
        page.on("request", lambda request: self._request(request, url))

    def _console(self, message: ConsoleMessage) -> None:
        refused = any(f"status of {status}" in message.text for status in REFUSALS)
        if message.type in ("error", "warning") and not refused:
            self.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request, url: str) -> None:
        if not request.url.startswith((f"{url}/", "data:", "blob:")):
            self.append(f"request outside: {request.url}")


@pytest.fixture
def faults() -> Iterator[Faults]:
    """Empty at the end of every test."""
    found = Faults()
    yield found
    assert not found


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, bench: Bench, faults: Faults) -> Iterator[Visit]:
    """Open the console in a fresh browser: ``visit("#/new", width=380, language="zh-CN")``."""
    contexts: list[Any] = []

    def opened(
        hash_: str = "",
        *,
        width: int = 1440,
        height: int = 900,
        language: Literal["en-GB", "zh-CN"] = "en-GB",
        theme: Literal["light", "dark"] = "light",
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=language, color_scheme=theme,
            reduced_motion="reduce",
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        faults.watch(page, bench.url)
        page.goto(f"{bench.url}/console{hash_}")
        page.wait_for_selector("main:not([aria-busy]) h1")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page(visit: Visit) -> Page:
    """The console's first page. The test fails on any error in the browser's console, and on any
    request that leaves the machine."""
    return visit()


Axe = Callable[[Page], None]


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Fails on whatever axe-core finds serious or worse in a page as it stands."""
    script = (resources.files("axe_playwright_python") / "axe.min.js").read_text()

    def judge(page: Page) -> None:
        page.evaluate(script)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:5]]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert not serious, "\n".join(serious)

    return judge
