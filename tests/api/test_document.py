"""The document and the page made from it say what the calls do, and nothing else."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api import docs, openapi, validation
from api.app import ROUTES
from api.briefs.contracts import NewBrief
from api.operations import Operation
from api.problems import kinds
from tests.api.conftest import Client, Door

DOCUMENT = openapi.document(ROUTES, "http://door", "1")
PAGE = docs.page(DOCUMENT)
OPERATIONS: dict[str, Operation] = {
    handler.opt["operation"].name: handler.opt["operation"] for handler in ROUTES
}


def _documented() -> Iterator[dict[str, Any]]:
    for methods in DOCUMENT["paths"].values():
        yield from methods.values()


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _refs(inner)


def test_every_reference_leads_somewhere() -> None:
    for ref in set(_refs(DOCUMENT)):
        found: Any = DOCUMENT
        for step in ref.removeprefix("#/").split("/"):
            found = found[step]


def test_every_call_is_documented_with_all_its_refusals() -> None:
    assert {one["operationId"] for one in _documented()} == set(OPERATIONS)
    for one in _documented():
        answers = one["responses"]
        assert "500" in answers
        assert "503" in answers
        if one["security"]:
            assert {"401", "403", "422", "429"} <= set(answers)
        for status, answer in answers.items():
            if int(status) < 400:
                continue
            examples = answer["content"]["application/problem+json"]["examples"]
            assert examples, (one["operationId"], status)
            assert all(kinds()[code].status == int(status) for code in examples)


def test_every_example_of_a_problem_has_a_problems_shape() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    whole = {"$ref": "#/components/schemas/Problem", "components": {"schemas": schemas}}
    shape = Draft202012Validator(whole)
    for code, example in DOCUMENT["components"]["examples"].items():
        shape.validate(example["value"])
        assert example["value"]["type"].endswith(f"#{code}")


@pytest.mark.parametrize("shape", openapi.EXAMPLES, ids=lambda shape: shape.__name__)
def test_every_example_of_a_body_is_taken_as_it_stands(shape: Any) -> None:
    validation.document(json.dumps(openapi.EXAMPLES[shape]).encode(), shape)


async def test_the_examples_work(client: Client) -> None:
    sent = {
        "/v1/quotes": "create_quote", "/v1/briefs": "create_brief", "/v1/topups": "create_topup",
        "/v1/api_keys": "create_key", "/v1/plans": "create_plans",
        "/v1/families/quotes": "create_family_quote", "/v1/families": "create_family",
    }  # fmt: skip
    for path, name in sent.items():
        body = openapi.EXAMPLES[OPERATIONS[name].body]
        answer = await client.post(path, body, headers={"idempotency-key": name})
        assert answer.status_code in OPERATIONS[name].answers, answer.text


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if found := given.get("id"):
            self.ids.append(found)
        if (link := given.get("href") or "").startswith("#"):
            self.targets.add(link[1:])


def test_every_link_of_the_page_leads_to_one_place_in_it() -> None:
    read = _Links()
    read.feed(PAGE)
    assert read.targets <= set(read.ids)
    assert len(read.ids) == len(set(read.ids))
    assert set(kinds()) <= set(read.ids)
    assert set(OPERATIONS) <= set(read.ids)
    assert not read.tags & {"script", "link", "img", "iframe"}, "nothing is fetched"


def test_the_page_shows_every_call_as_a_command_and_every_field_of_a_brief() -> None:
    assert PAGE.count("<pre>curl") == len(OPERATIONS)
    brief = PAGE.partition("id='shape-NewBrief'")[2].partition("<h4")[0]
    for field in DOCUMENT["components"]["schemas"]["NewBrief"]["properties"]:
        assert f"<code>{field}</code>" in brief
        assert openapi.ABOUT[NewBrief][field]
    assert re.search(r"integer \(at least 1, at most 10\)", brief)
    assert "synthwave" in brief
    for word in docs.WORDS:
        assert f"<b>{word}</b>" in PAGE


@pytest.mark.parametrize("shape", openapi.ABOUT, ids=lambda shape: shape.__name__)
def test_every_field_that_a_client_writes_is_explained_on_the_page(shape: Any) -> None:
    said = openapi.ABOUT[shape]
    assert set(said) == set(shape.__struct_fields__)
    part = PAGE.partition(f"id='shape-{shape.__name__}'")[2].partition("<h4")[0]
    assert all(f"<code>{field}</code>" in part for field in said)


async def test_pages_may_fetch_and_frame_nothing(door: Door) -> None:
    for path in ("/docs", "/training-data"):
        page = await door.http.get(path, headers={"accept": "text/html,application/xhtml+xml"})
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert page.headers["x-content-type-options"] == "nosniff"


async def test_the_training_data_is_a_page_for_those_who_ask_for_one(door: Door) -> None:
    said = (await door.http.get("/training-data")).json()
    page = (await door.http.get("/training-data", headers={"accept": "text/html"})).text
    for name, facts in said["corpora"].items():
        assert name in page
        assert all(licence in page for licence in facts["licences"])
    assert all(credit in page for credit in said["credits"])
