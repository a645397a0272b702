"""The OpenAPI document, written from the promises that the handlers carry."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from api import errors as door
from api.operations import HEADERS, IDS, File, Operation
from api.problems import INTERNAL, MEDIA_TYPE, Kind, Problem, kind_of, kinds

_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"{(\w+):str}")
_ALWAYS: tuple[type[Exception], ...] = (door.Unready,)
_WITH_KEY = (door.InvalidKey, door.KeyRevoked, door.ScopeMissing, door.RateLimited,
             door.ValidationFailed)  # fmt: skip
_WITH_BODY = (door.InvalidJson, door.UnsupportedMediaType, door.ValidationFailed)
_TOO_LARGE = kinds()["payload_too_large"]


def document(handlers: Iterable[HTTPRouteHandler], public_url: str, version: str) -> dict[str, Any]:
    """OpenAPI 3.1 for these handlers."""
    operations = [
        (path, method, handler.opt["operation"])
        for handler in handlers
        for path in sorted(handler.paths)
        for method in sorted(handler.http_methods - {"HEAD", "OPTIONS"})
    ]
    shapes = _shapes(operation for _, _, operation in operations)
    schemas, components = msgspec.json.schema_components(shapes, ref_template=_REF)
    schema_of = dict(zip(shapes, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for path, method, operation in operations:
        entry = paths.setdefault(_PARAMETER.sub(r"{\1}", path), {})
        entry[method.lower()] = _operation(path, method, operation, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cuesmith",
            "version": version,
            "summary": "Music for businesses: a brief in, measured and licensed music out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _shapes(operations: Iterable[Operation]) -> list[type[Struct]]:
    found: dict[type[Struct], None] = {Problem: None}
    for operation in operations:
        answers = [one for one in operation.answers.values() if isinstance(one, type)]
        for shape in (*answers, operation.body):
            if shape is not None:
                found[shape] = None
    return list(found)


def _operation(
    path: str, method: str, operation: Operation, schema_of: dict[type[Struct], Any]
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_path(path), *_query(operation), *_headers(operation)],
        "responses": {
            **{str(status): _answered(shape, schema_of, located=operation.location)
               for status, shape in operation.answers.items()},
            **_refusals(path, method, operation, schema_of),
        },
        "security": [{"key": []}] if operation.scope else [],
    }  # fmt: skip
    if operation.scope:
        made["description"] = f"Needs a key with the scope `{operation.scope}`."
    if operation.body is not None:
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema_of[operation.body]}},
        }
    if operation.name == "receive_stripe_event":
        made["requestBody"] = {
            "required": True, "content": {"application/json": {"schema": {"type": "object"}}}
        }  # fmt: skip
    return made


def _path(path: str) -> Iterable[dict[str, Any]]:
    for name in _PARAMETER.findall(path):
        schema = {"type": "string", "pattern": f"^{IDS[name]}$"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(operation: Operation) -> Iterable[dict[str, Any]]:
    if operation.query is None:
        return
    schema = msgspec.json.schema(operation.query)
    name = schema["$ref"].rpartition("/")[2]
    for field, facts in schema["$defs"][name]["properties"].items():
        plain = _not_null(facts)
        yield {"name": field, "in": "query", "required": False, "schema": plain}


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or not; null is a thing of bodies."""
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    kept = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kept) == 1:
        rest |= kept[0]
    elif kept:
        rest["anyOf"] = kept
    if "enum" in rest:
        rest["enum"] = [one for one in rest["enum"] if one is not None]
    if schema.get("default") is not None:
        rest["default"] = schema["default"]
    return rest


def _headers(operation: Operation) -> Iterable[dict[str, Any]]:
    for name in operation.headers:
        schema, about = HEADERS[name]
        required = name == "Idempotency-Key" or name == "Stripe-Signature"
        yield {"name": name, "in": "header", "required": required, "schema": schema,
               "description": about}  # fmt: skip


def _answered(shape: Any, schema_of: dict[type[Struct], Any], *, located: bool) -> dict[str, Any]:
    if shape is None:
        return {"description": "Nothing to say."}
    if isinstance(shape, File):
        content = {name: {"schema": _inside(name)} for name in shape.media_types}
        return {"description": "The file.", "content": content}
    about = (shape.__doc__ or "").partition("\n")[0]
    made: dict[str, Any] = {
        "description": about, "content": {"application/json": {"schema": schema_of[shape]}}
    }  # fmt: skip
    if located:
        made["headers"] = {"Location": {"schema": {"type": "string"}}}
    return made


def _inside(media_type: str) -> dict[str, str]:
    if media_type.endswith("json"):
        return {"type": "object"}
    return {"type": "string", "format": "binary"}


def _refusals(
    path: str, method: str, operation: Operation, schema_of: dict[type[Struct], Any]
) -> dict[str, Any]:
    refusals: list[type[Exception]] = [*_ALWAYS, *operation.refuses]
    if operation.scope:
        refusals += _WITH_KEY
    else:
        refusals.append(door.ValidationFailed)
    if operation.body is not None or (method == "POST" and operation.scope):
        refusals += _WITH_BODY
    if _PARAMETER.search(path):
        refusals.append(door.NotFound)
    possible = {kind.code: kind for kind in map(kind_of, refusals)}
    possible[INTERNAL.code] = INTERNAL
    if method == "POST":
        possible[_TOO_LARGE.code] = _TOO_LARGE
    by_status: dict[int, list[Kind]] = {}
    for kind in possible.values():
        by_status.setdefault(kind.status, []).append(kind)
    content = {MEDIA_TYPE: {"schema": schema_of[Problem]}}
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: "
            + ", ".join(f"`{kind.code}`" for kind in found),
            "content": content,
        }
        for status, found in sorted(by_status.items())
    }
