"""The pages hang together: every link leads somewhere, nothing is fetched, nothing is missing."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import pytest

from api import docs, openapi, validation
from api.app import ROUTES
from api.briefs.contracts import NewBrief
from api.clerk.settling import KEPT_DAYS
from api.docs import heard, mistakes, prices, refusals, told, training, words
from api.docs.frame import SHELVES, framed
from api.operations import Operation
from api.problems import kinds
from api.webhooks.contracts import MessageType
from tests.api.conftest import Door

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = openapi.document(ROUTES, "http://door", "1")
LIBRARY = docs.Library(DOCUMENT, "http://door")
TRAINING = framed(training.body(training.said()), title="Training data", here="/training-data")
PRICES = LIBRARY.prices(prices.slots(prices.today(date(2026, 11, 27))))
PAGES = {**LIBRARY.pages, "/docs/prices": PRICES, "/training-data": TRAINING}
OPERATIONS: dict[str, Operation] = {
    handler.opt["operation"].name: handler.opt["operation"] for handler in ROUTES
}
REFERENCE = PAGES["/docs/reference"]


class _Read(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(given)
        if found := given.get("id"):
            self.ids.append(found)
        if (link := given.get("href")) is not None:
            self.links.add(link)


READ = {path: _Read(page) for path, page in PAGES.items()}


@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_to_one_place(path: str) -> None:
    read = READ[path]
    assert len(read.ids) == len(set(read.ids))
    for link in read.links:
        page, _, place = link.partition("#")
        if link == "/openapi.json" or link.startswith("https://"):
            continue
        assert (page or path) in PAGES, link
        assert not place or place in READ[page or path].ids, link


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fetches_nothing_and_is_dressed_by_its_own_style_alone(path: str) -> None:
    read = READ[path]
    assert not read.tags & {"link", "img", "iframe", "object", "embed"}
    assert "style" not in read.attributes
    assert not {name for name in read.attributes if name.startswith("on")}
    assert ("script" in read.tags) == (path == "/docs/prices")
    assert "{{" not in PAGES[path]


def test_the_way_leads_to_every_page_that_is_there() -> None:
    shown = {place.path for _, _, places in SHELVES for place in places}
    assert shown - {"/openapi.json"} == {path for path in PAGES if "/docs/zh" not in path}
    chinese = {path for path in PAGES if "/docs/zh" in path}
    assert len(chinese) == sum(bool(place.zh) for _, _, places in SHELVES for place in places)


def test_every_problem_has_a_cause_and_a_remedy_where_its_type_leads() -> None:
    assert set(refusals.REMEDIES) == set(kinds()), "api/docs/refusals.py says what helps"
    assert set(kinds()) <= set(READ["/docs/errors"].ids)
    for said in refusals.REMEDIES.values():
        assert said.cause.endswith(".")
        assert said.remedy.endswith(".")


def test_every_kind_of_mistake_in_a_field_is_explained() -> None:
    known = {*mistakes.MISTAKES, *kinds()}
    for room in ("api", "engine/words"):
        for file in (ROOT / room).rglob("*.py"):
            for code in _codes(ast.parse(file.read_text())):
                assert code in known or code.startswith("unknown_"), (
                    f"{file.name}: say in api/docs/mistakes.py what {code} means"
                )
    assert set(validation._CODES.values()) <= known


def _codes(tree: ast.AST) -> Iterator[str]:
    """Second arguments of what refuses a field."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > 1:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            code = node.args[1]
            if name in ("Reason", "refuse") and isinstance(code, ast.Constant):
                yield code.value


def test_the_limits_are_those_that_hold() -> None:
    page = PAGES["/docs/limits"]
    assert f"{KEPT_DAYS} days, a license" in page
    for said in ("10 min", "15 minutes", "256 kB", "10,000, together 32 MB", "30 days"):
        assert said in page


def test_every_message_has_an_example() -> None:
    assert set(told.MESSAGES) == set(get_args(MessageType)), "api/docs/told.py has the examples"
    assert set(told.MESSAGES) <= set(READ["/docs/webhooks"].ids)
    assert set(heard.HAPPENINGS) <= set(READ["/docs/events"].ids)


def test_the_reference_shows_every_call_as_a_command_and_every_field_of_a_brief() -> None:
    assert REFERENCE.count("<pre>curl") == len(OPERATIONS)
    assert set(OPERATIONS) <= set(READ["/docs/reference"].ids)
    brief = REFERENCE.partition("id='shape-NewBrief'")[2].partition("<h3")[0]
    for field in DOCUMENT["components"]["schemas"]["NewBrief"]["properties"]:
        assert f"<code>{field}</code>" in brief
        assert openapi.ABOUT[NewBrief][field]
    assert re.search(r"integer \(at least 1, at most 10\)", brief)
    assert "synthwave" in brief
    for word in words.WORDS:
        assert f"word-{word}" in READ["/docs/words"].ids


@pytest.mark.parametrize("shape", openapi.ABOUT, ids=lambda shape: shape.__name__)
def test_every_field_that_a_client_writes_is_explained(shape: Any) -> None:
    said = openapi.ABOUT[shape]
    assert set(said) == set(shape.__struct_fields__)
    part = REFERENCE.partition(f"id='shape-{shape.__name__}'")[2].partition("<h3")[0]
    assert all(f"<code>{field}</code>" in part for field in said)


async def test_every_page_is_served_and_may_fetch_and_frame_nothing(door: Door) -> None:
    for path in PAGES:
        page = await door.http.get(path, headers={"accept": "text/html,application/xhtml+xml"})
        assert page.status_code == 200, path
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        allowed = page.headers["content-security-policy"]
        assert allowed.startswith("default-src 'none'; style-src 'sha256-")
        assert ("script-src 'self'" in allowed) == (path == "/docs/prices")
        assert page.headers["x-content-type-options"] == "nosniff"


async def test_what_is_no_page_is_not_found(door: Door) -> None:
    for path in ("/docs/nothing", "/docs/quickstart/nothing", "/docs/zh/quickstart/..%2fstart"):
        answer = await door.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert (await door.http.get("/docs?lang=zh")).status_code == 422


async def test_a_problems_type_leads_to_its_remedy(door: Door) -> None:
    refused = (await door.http.get("/v1/balance")).json()
    page, _, place = refused["type"].partition("#")
    assert (page.removeprefix("http://127.0.0.1:8000"), place) == (
        "/docs/errors", "invalid_api_key",
    )  # fmt: skip
    assert f"id='{place}'" in (await door.http.get("/docs/errors")).text
