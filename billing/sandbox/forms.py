"""Form bodies and query strings as typed values: ``a[b][0]=12`` → ``{"a": {"b": [12]}}``."""

import re
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft7Validator

from billing.sandbox.errors import Malformed

DEEPEST = 8
"""Levels of brackets; a deeper name is no parameter of Stripe's."""
_INTEGER, _NUMBER = re.compile(r"-?\d{1,18}"), re.compile(r"-?\d{1,18}(\.\d{1,12})?")


def read(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The fields nested and typed as the schema means them; `Malformed` where names collide."""
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=2_000)
    except ValueError:
        raise Malformed("", "Too many parameters") from None
    return _typed(_nested(fields), schema)


def _nested(fields: list[tuple[str, str]]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    nests = False
    for name, value in fields:
        if "[" not in name:
            if isinstance(root.get(name), dict):
                raise _collides(name)
            root[name] = value
            continue
        nests = True
        _put(root, name, value)
    return {key: _listed(value) for key, value in root.items()} if nests else root


def _put(root: dict[str, Any], name: str, value: str) -> None:
    head, *rest = re.split(r"\]\[|\[|\]", name.removesuffix("]"))
    if len(rest) > DEEPEST:
        raise Malformed(name[:100], "A parameter is nested too deeply")
    at, key = root, head
    for part in rest:
        inner = at.setdefault(key, {})
        if not isinstance(inner, dict):
            raise _collides(name)
        at, key = inner, part or str(len(inner))
    if isinstance(at.get(key), dict):
        raise _collides(name)
    at[key] = value


def _collides(name: str) -> Malformed:
    return Malformed(name, f"{name} is given both as a value and as an object")


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(one) for key, one in value.items()}
    if inner and all(key.isdecimal() and key.isascii() for key in inner):
        return [inner[key] for key in sorted(inner, key=lambda one: (len(one), one))]
    return inner


def _typed(value: Any, schema: dict[str, Any]) -> Any:
    """Form fields are text; the schema says what they mean."""
    for branch in schema.get("anyOf", ()):
        tried = _typed(value, branch)
        if _judge(id(branch), _Kept(branch)).is_valid(tried):
            return tried
    if isinstance(value, str):
        return _scalar(value, schema.get("type"))
    if isinstance(value, list):
        items = schema.get("items", {})
        return [_typed(one, items) for one in value]
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    others = others if isinstance(others, dict) else {}
    return {key: _typed(one, properties.get(key, others)) for key, one in value.items()}


def _scalar(text: str, kind: str | None) -> Any:
    if kind == "integer" and _INTEGER.fullmatch(text) and text.isascii():
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text) and text.isascii():
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


class _Kept:
    """A schema that may be a cache's argument: all are alike, the id before it tells them apart."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return 0

    def __eq__(self, _: object) -> bool:
        return True


@cache
def _judge(_: int, kept: _Kept) -> Draft7Validator:
    # The document is read once and kept, so an id stays the id of its schema.
    return Draft7Validator(kept.schema)
