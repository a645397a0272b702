"""Stripe's own OpenAPI document as a judge: of every request before it is handled, of every answer
before it is sent. The document is Stripe's (MIT, see ``openapi/``); what it does not describe we
answer with 501, never with a guess."""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft7Validator
from msgspec import Struct

_FOLDER = Path(__file__).parent / "openapi"
_FORM = "application/x-www-form-urlencoded"


class Malformed(Exception):
    """A request that Stripe's document does not allow: the parameter and what is wrong with it."""

    def __init__(self, param: str, detail: str) -> None:
        super().__init__(detail)
        self.param, self.detail = param, detail


class Operation(Struct, frozen=True, kw_only=True):
    """One call of the document: ``POST /v1/customers`` and the ids in its path."""

    method: str
    template: str
    ids: dict[str, str]


def match(method: str, path: str) -> Operation | None:
    """The operation a request means; fixed segments win over placeholders."""
    for template, pattern in _patterns():
        found = pattern.fullmatch(path)
        if found and method.lower() in _document("requests")["paths"][template]:
            return Operation(method=method.upper(), template=template, ids=found.groupdict())
    return None


def decode(operation: Operation, query: str, body: str) -> dict[str, Any]:
    """The parameters as typed values; raises `Malformed` for what the document refuses."""
    description = _document("requests")["paths"][operation.template][operation.method.lower()]
    if operation.method == "POST":
        content = description.get("requestBody", {}).get("content", {}).get(_FORM, {})
        schema = content.get("schema", {"type": "object", "additionalProperties": False})
        return _checked(body, schema)
    listed = [one for one in description["parameters"] if one["in"] == "query"]
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {one["name"]: one["schema"] for one in listed},
        "required": [one["name"] for one in listed if one.get("required")],
    }
    return _checked(query, schema)


def faults(operation: Operation, answer: Any) -> list[str]:
    """What is wrong with one of our own answers, in the document's eyes."""
    responses = _document("spec3")["paths"][operation.template][operation.method.lower()]
    schema = responses["responses"]["200"]["content"]["application/json"]["schema"]
    root = {"components": _components(), "allOf": [_nullable(schema)]}
    return [
        f"{'/'.join(map(str, error.path))}: {error.message}"
        for error in Draft7Validator(root).iter_errors(answer)
    ]


def _checked(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    value = _coerced(_nested(text), schema)
    for error in Draft7Validator(schema).iter_errors(value):
        param = "[".join(map(str, error.path)) or _unknown(error.message)
        raise Malformed(param, error.message)
    return value


def _unknown(message: str) -> str:
    found = re.search(r"'([^']+)'", message)
    return found[1] if found else ""


def _nested(text: str) -> dict[str, Any]:
    """``a[b][0]=x`` → ``{"a": {"b": ["x"]}}``."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, *rest = re.split(r"\]\[|\[|\]", name.removesuffix("]"))
        at, key = root, head
        for part in rest:
            inner = at.setdefault(key, {})
            if not isinstance(inner, dict):
                raise Malformed(name, f"{name} is given both as a value and as an object")
            at, key = inner, part or str(len(inner))
        at[key] = value
    return {key: _listed(value) for key, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(one) for key, one in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def _coerced(value: Any, schema: dict[str, Any]) -> Any:
    """Form fields are text; the schema says what they mean."""
    for branch in schema.get("anyOf", ()):
        tried = _coerced(value, branch)
        if Draft7Validator(branch).is_valid(tried):
            return tried
    if isinstance(value, str):
        return _scalar(value, schema.get("type"))
    if isinstance(value, list):
        return [_coerced(one, schema.get("items", {})) for one in value]
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    others = others if isinstance(others, dict) else {}
    return {key: _coerced(one, properties.get(key, others)) for key, one in value.items()}


def _scalar(text: str, kind: str | None) -> Any:
    if kind == "integer" and re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?\d{1,18}(\.\d+)?", text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


@cache
def _document(name: str) -> dict[str, Any]:
    file = _FOLDER / f"stripe-billing.{name}.json.gz"
    return json.loads(gzip.decompress(file.read_bytes()))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    templates = sorted(_document("requests")["paths"], key=lambda one: (one.count("{"), one))
    return tuple(
        (one, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", one))) for one in templates
    )


@cache
def _components() -> dict[str, Any]:
    return _nullable(_document("spec3")["components"])


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _nullable(one) for key, one in schema.items() if key != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner
