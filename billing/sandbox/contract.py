"""Stripe's own OpenAPI document as a judge: of every request before it is handled, of every answer
before it is sent. The document is Stripe's (MIT, see ``openapi/``); what it does not describe we
answer with 501, never with a guess.

Answers are judged more strictly than the document asks: a field it does not name is a fault too.
"""

import copy
import gzip
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, ValidationError
from msgspec import Struct

from billing.sandbox import forms
from billing.sandbox.errors import Malformed

_FOLDER = Path(__file__).parent / "openapi"
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_ANYTHING = {"type": "object"}


class Operation(Struct, frozen=True, kw_only=True):
    """One call of the document: ``POST /v1/customers`` and the ids in its path."""

    method: str
    template: str
    ids: dict[str, str]


def operations() -> tuple[tuple[str, str], ...]:
    """Every (method, path template) the document describes."""
    return tuple(
        (method.upper(), template)
        for template, described in sorted(_paths().items())
        for method in sorted(described)
        if method in ("get", "post", "delete")
    )


def match(method: str, path: str) -> Operation | None:
    """The operation a request means; fixed segments win over placeholders."""
    paths, wanted = _paths(), method.lower()
    if wanted in paths.get(path, ()):
        return Operation(method=method.upper(), template=path, ids={})
    for template, pattern in _patterns():
        found = pattern.fullmatch(path)
        if found and wanted in paths[template]:
            return Operation(method=method.upper(), template=template, ids=found.groupdict())
    return None


def decode(operation: Operation, query: str, body: str) -> dict[str, Any]:
    """The parameters as typed values; raises `Malformed` for what the document refuses."""
    schema, validator = _asked(operation.method, operation.template)
    if operation.template.startswith("/v2/") and operation.method == "POST":
        value = _from_json(body)
    else:
        value = forms.read(query if operation.method == "GET" else body or query, schema)
    for error in validator.iter_errors(value):
        raise _malformed(_deepest(error)[0])
    return value


def faults(operation: Operation, answer: Any) -> list[str]:
    """What is wrong with one of our own answers, in the document's eyes."""
    return _told(_answered(operation.method, operation.template).iter_errors(answer))


def faults_of(about: Any) -> list[str]:
    """What is wrong with one object, such as an event's, by the kind it says it is."""
    if about.get("object") not in _components()["schemas"]:
        return [f"the document has no object {about.get('object')!r}"]
    return _told(_kind(about["object"]).iter_errors(about))


def blank(component: str) -> dict[str, Any]:
    """The least valid object of a kind: all its fields, null where that is allowed."""
    return copy.deepcopy(_blank(component))


def _told(errors: Iterable[ValidationError]) -> list[str]:
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for one in errors
        for error in _deepest(one)
    ]


def _deepest(error: ValidationError) -> list[ValidationError]:
    """What is wrong inside, where none of several schemas fits."""
    inside = [one for one in error.context or () if one.validator != "type"]
    return [deeper for one in inside for deeper in _deepest(one)] if inside else [error]


# --- requests -------------------------------------------------------------------------------------


@cache
def _asked(method: str, template: str) -> tuple[dict[str, Any], Draft7Validator]:
    described = _paths()[template][method.lower()]
    if method == "GET":
        schema = _of_query(described)
    else:
        content = described.get("requestBody", {}).get("content", {})
        found = content.get(_FORM, content.get(_JSON, {})).get("schema", {"properties": {}})
        schema = _closed({"type": "object", **found})
    schema = _nullable(schema)
    return schema, Draft7Validator(schema)


def _of_query(described: dict[str, Any]) -> dict[str, Any]:
    listed = [one for one in described.get("parameters", ()) if one["in"] == "query"]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {one["name"]: one["schema"] for one in listed},
        "required": [one["name"] for one in listed if one.get("required")],
    }


def _from_json(body: str) -> dict[str, Any]:
    try:
        value = json.loads(body or "{}")
    except ValueError as error:
        raise Malformed("", f"The body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Malformed("", "The body is not a JSON object")
    return value


def _malformed(error: ValidationError) -> Malformed:
    head, *rest = [str(one) for one in error.absolute_path] or [""]
    param = head + "".join(f"[{one}]" for one in rest)
    named = re.search(r"'([^']+)'", error.message)
    inner = named[1] if named else ""
    full = f"{param}[{inner}]" if param and inner else param or inner
    if error.validator == "additionalProperties":
        return Malformed(full, f"Received unknown parameter: {full}", "parameter_unknown")
    if error.validator == "required":
        return Malformed(full, f"Missing required param: {full}.", "parameter_missing")
    code = "parameter_invalid_integer" if error.validator_value == "integer" else None
    return Malformed(param, f"Invalid {param}: {_brief(error.message)}", code)


def _brief(message: str) -> str:
    return message if len(message) <= 300 else f"{message[:300]}…"


# --- answers --------------------------------------------------------------------------------------


@cache
def _answered(method: str, template: str) -> Draft7Validator:
    responses = _paths()[template][method.lower()]["responses"]
    schema = responses["200"]["content"][_JSON]["schema"]
    if schema != _ANYTHING:
        schema = _closed(_nullable(schema))
    return Draft7Validator({"components": _judged_components(), "allOf": [schema]})


@cache
def _kind(component: str) -> Draft7Validator:
    reference = {"$ref": f"#/components/schemas/{component}"}
    return Draft7Validator({"components": _judged_components(), "allOf": [reference]})


@cache
def _judged_components() -> dict[str, Any]:
    return _closed(_nullable(_components()))


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _nullable(one) for key, one in schema.items() if key != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner


def _closed(schema: Any) -> Any:
    """The schema with no room for fields that it does not name."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _closed(one) for key, one in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        inner.setdefault("additionalProperties", False)
    return inner


@cache
def _blank(component: str) -> dict[str, Any]:
    schema = _components()["schemas"][component]
    required = schema.get("required", ())
    fields: dict[str, Any] = {}
    for name, one in schema["properties"].items():
        if one.get("nullable"):
            fields[name] = None
        elif name in required:
            fields[name] = _least(one)
    return fields


def _least(schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _blank(schema["$ref"].rsplit("/", 1)[1])
    if schema.get("enum"):
        return schema["enum"][0]
    if "properties" in schema:  # an inline object, such as a list of things
        return {name: _least(schema["properties"][name]) for name in schema.get("required", ())}
    kind = schema.get("type", "string")
    return {"object": {}, "array": [], "boolean": False, "integer": 0, "number": 0}.get(kind, "")


# --- the documents --------------------------------------------------------------------------------


@cache
def _document(name: str) -> dict[str, Any]:
    file = _FOLDER / f"stripe-{name}.json.gz"
    return json.loads(gzip.decompress(file.read_bytes()))


@cache
def _paths() -> dict[str, Any]:
    return _document("billing.spec3")["paths"] | _document("till.spec3")["paths"]


@cache
def _components() -> dict[str, Any]:
    billing, till = _document("billing.spec3"), _document("till.spec3")
    schemas = till["components"]["schemas"] | billing["components"]["schemas"]
    # The till's cut describes payments whole where the first cut only says "an object".
    return {"schemas": schemas}


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    templates: Iterable[str] = sorted(_paths(), key=lambda one: (one.count("{"), one))
    return tuple(
        (one, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", one)))
        for one in templates
        if "{" in one
    )
