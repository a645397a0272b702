"""The OpenAPI document says what the calls do, and nothing else."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from api import openapi, validation
from api.app import ROUTES
from api.openapi.answers import answers
from api.operations import Operation
from api.problems import kinds
from api.webhooks.contracts import MessageType
from tests.api.conftest import Door
from tests.api.docs import examples
from tests.api.docs.tour import tour

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
    for code in kinds():
        example = DOCUMENT["components"]["examples"][code]
        shape.validate(example["value"])
        assert example["value"]["type"].endswith(f"/docs/errors#{code}")


@pytest.mark.parametrize("shape", openapi.EXAMPLES, ids=lambda shape: shape.__name__)
def test_every_example_of_a_body_is_taken_as_it_stands(shape: Any) -> None:
    validation.document(json.dumps(openapi.EXAMPLES[shape]).encode(), shape)


RENEW = "CUESMITH_RENEW=1 .venv/bin/python -m pytest -q -p no:xdist tests/api/docs/test_document.py"
"""The command that writes the examples and the snapshot anew; look at what changed, then commit."""
ANSWERS = Path(__file__).resolve().parents[3] / "api" / "openapi" / "answers.json"
SNAPSHOT = Path(__file__).with_name("openapi.json")


@pytest.mark.slow
async def test_every_call_is_accepted_and_answers_in_a_shape_that_has_an_example(
    door: Door,
) -> None:
    told = await tour(door)
    for one in told:
        promise = one.call.promise
        assert one.answer.status_code in promise.answers, (promise.name, one.answer.text)
    found = examples.shapes(told)
    if os.environ.get("CUESMITH_RENEW"):
        ANSWERS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        answers.cache_clear()
    missing = found.keys() - answers().keys()
    assert not missing, f"no example of an answer of {sorted(missing)}; this makes them: {RENEW}"
    for shape, said in found.items():
        _valid(shape, said)


def test_every_answer_of_json_has_an_example_that_fits_its_schema() -> None:
    shown = answers()
    for shape in _answered():
        assert shape in shown, f"no example of an answer of {shape}; this makes it: {RENEW}"
        _valid(shape, shown[shape])
    assert shown.keys() == set(_answered()), f"examples that nobody answers: {RENEW}"


def test_every_name_in_a_path_has_an_example_that_fits() -> None:
    for operation in _documented():
        for one in operation["parameters"]:
            if one["in"] == "path":
                assert re.fullmatch(one["schema"]["pattern"], one["example"]), one


def test_every_message_is_shown_as_it_is_sent() -> None:
    assert DOCUMENT["webhooks"].keys() == set(get_args(MessageType))
    for one in DOCUMENT["webhooks"].values():
        shown = one["post"]["requestBody"]["content"]["application/json"]
        Draft202012Validator(shown["schema"]).validate(shown["example"])


def test_every_body_has_an_example() -> None:
    for operation in OPERATIONS.values():
        if operation.body is not None:
            assert operation.body in openapi.EXAMPLES, (
                f"{operation.name}: put an example into api/openapi/bodies.py"
            )


def test_the_document_changes_on_purpose_only() -> None:
    document = openapi.document(ROUTES, "https://music.example.com", "1")
    if os.environ.get("CUESMITH_RENEW"):
        SNAPSHOT.write_text(_written(document) + "\n")
    kept = json.loads(SNAPSHOT.read_text())
    changed = sorted(_changes(kept, json.loads(json.dumps(document))))
    assert not changed, (
        f"the API is not what it was at {', '.join(changed[:10])}; if that is meant, run {RENEW}"
    )


def _written(value: Any, depth: int = 3) -> str:
    """JSON with a line for each call and each shape, so that a change can be read."""
    if depth == 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    lines = (f"{json.dumps(name)}: {_written(inner, depth - 1)}" for name, inner in value.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def _answered() -> Iterator[str]:
    for operation in OPERATIONS.values():
        for status, said in operation.answers.items():
            for shape in said if isinstance(said, tuple) else (said,):
                if status < 300 and isinstance(shape, type):
                    yield shape.__name__


def _valid(shape: str, said: Any) -> None:
    schemas = DOCUMENT["components"]["schemas"]
    whole = {"$ref": f"#/components/schemas/{shape}", "components": {"schemas": schemas}}
    Draft202012Validator(whole).validate(said)


def _changes(kept: Any, now: Any, at: str = "") -> Iterator[str]:
    """Where two documents differ, as JSON pointers."""
    if isinstance(kept, dict) and isinstance(now, dict):
        for name in kept.keys() | now.keys():
            place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in kept and name in now:
                yield from _changes(kept[name], now[name], place)
            else:
                yield place
    elif kept != now:
        yield at
