"""The OpenAPI document says what the calls do, and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api import openapi, validation
from api.app import ROUTES
from api.operations import Operation
from api.problems import kinds
from tests.api.conftest import Client

DOCUMENT = openapi.document(ROUTES, "http://door", "1")
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
        assert example["value"]["type"].endswith(f"/docs/errors#{code}")


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
