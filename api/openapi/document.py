"""The OpenAPI document, written from the promises that the handlers carry."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from api import errors as door
from api.docs.told import MESSAGES, Message
from api.openapi.about import ABOUT
from api.openapi.answers import answers
from api.openapi.bodies import EXAMPLES
from api.operations import HEADERS, IDS, File, Operation
from api.problems import INTERNAL, MEDIA_TYPE, Kind, Problem, kind_of, kinds
from engine.words import accepted
from engine.words.family import accepted_family

_REF = "#/components/schemas/{name}"
PLACES = {
    "month": "2026-11", "stem": "drums", "file": "master", "page": "errors",
    "quickstart": "games", "invoice": "in_1Pk9",
}  # fmt: skip
"""Names in a path that are no ids of ours."""
_PARAMETER = re.compile(r"{(\w+):str}")
_ALWAYS: tuple[type[Exception], ...] = (door.Unready,)
_WITH_KEY = (door.InvalidKey, door.KeyRevoked, door.ScopeMissing, door.RateLimited,
             door.ValidationFailed)  # fmt: skip
_WITH_BODY = (door.InvalidJson, door.UnsupportedMediaType, door.ValidationFailed)
_TOO_LARGE = kinds()["payload_too_large"]

_SENT_BACK = {
    "X-Request-Id": ("string", "The request's name: yours where you sent one, otherwise ours."),
    "RateLimit": ("string", "Requests left with this key, and seconds until all are back."),
    "RateLimit-Policy": ("string", "The key's rate: so many requests in so many seconds."),
    "Retry-After": ("integer", "Seconds to wait before the same request may pass."),
    "Location": ("string", "Where what was made can be found."),
    "Preference-Applied": ("string", "The `Prefer: wait=n` that was honoured."),
    "Idempotent-Replayed": ("string", "`true` where an earlier request of this name did it."),
    "Content-Range": ("string", "Which bytes of how many these are."),
    "ETag": ("string", "The digest of the file's contents."),
}


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
    for shape, said in ABOUT.items():
        for field, about in said.items():
            components[shape.__name__]["properties"][field]["description"] = _filled(about)
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
        "webhooks": {name: _webhook(name, one) for name, one in MESSAGES.items()},
        "components": {
            "schemas": components,
            "headers": {
                name: {"schema": {"type": kind}, "description": about}
                for name, (kind, about) in _SENT_BACK.items()
            },
            "examples": {
                **{code: _problem(kind, public_url) for code, kind in kinds().items()},
                **{name: {"value": said} for name, said in answers().items()},
            },
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _webhook(name: str, one: Message) -> dict[str, Any]:
    """A message as it comes to a client's endpoint."""
    example = {"type": name, "timestamp": "2026-11-27T09:14:03Z", "data": one.facts}
    schema = {
        "type": "object", "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": name}, "timestamp": {"type": "string", "format": "date-time"},
            "data": {"type": "object", "required": sorted(one.facts)},
        },
    }  # fmt: skip
    return {
        "post": {
            "operationId": f"webhook.{name}",
            "summary": one.when,
            "tags": ["webhooks"],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": schema, "example": example}},
            },
            "responses": {"2XX": {"description": "It has arrived."}},
        }
    }


def _filled(about: str) -> str:
    known: dict[str, Any] = {**accepted(), **accepted_family()}
    for name in ("styles", "instruments", "axes", "functions"):
        about = about.replace(f"{{{name}}}", ", ".join(known[name]))
    return about


def _problem(kind: Kind, public_url: str) -> dict[str, Any]:
    value: dict[str, Any] = {
        "type": f"{public_url}/docs/errors#{kind.code}", "title": kind.title, "status": kind.status,
        "detail": kind.title, "code": kind.code, "request_id": "req_0123456789abcdef01234567",
        "retryable": kind.retryable, "errors": [],
    }  # fmt: skip
    if kind.code == "validation_failed":
        detail = "/duration_ms is out of range: min 200, max 600000"
        field = {"pointer": "/duration_ms", "code": "out_of_range", "detail": detail,
                 "limit": {"min": 200, "max": 600_000}}  # fmt: skip
        value |= {"detail": detail, "errors": [field]}
    if kind.status == 402:
        value |= {"needed": 8, "available": 5, "topup_url": f"{public_url}/v1/topups"}
    return {"summary": kind.title, "value": value}


def _shapes(operations: Iterable[Operation]) -> list[type[Struct]]:
    found: dict[type[Struct], None] = {Problem: None}
    for operation in operations:
        answers = [one for answer in operation.answers.values() for one in _each(answer)]
        for shape in (*answers, operation.body):
            if isinstance(shape, type):
                found[shape] = None
    return list(found)


def _each(answer: Any) -> tuple[Any, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


def _operation(
    path: str, method: str, operation: Operation, schema_of: dict[type[Struct], Any]
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_path(path), *_query(operation), *_headers(operation)],
        "responses": {
            **{str(status): _answered(status, shape, operation, schema_of)
               for status, shape in operation.answers.items()},
            **_refusals(path, method, operation, schema_of),
        },
        "security": [{"key": []}] if operation.scope else [],
    }  # fmt: skip
    scope = f"Needs a key with the scope `{operation.scope}`." if operation.scope else ""
    if about := f"{scope} {operation.about}".strip():
        made["description"] = about
    if operation.body is not None:
        made["requestBody"] = {
            "required": not operation.optional,
            "content": {(kind := _sent_as(operation)): {"schema": schema_of[operation.body]}},
        }
        if operation.body in EXAMPLES:
            example = EXAMPLES[operation.body]
            made["requestBody"]["content"][kind]["example"] = example
    if operation.tag == "operations" and "Stripe-Signature" in operation.headers:
        made["requestBody"] = {
            "required": True, "content": {"application/json": {"schema": {"type": "object"}}}
        }  # fmt: skip
    return made


def _sent_as(operation: Operation) -> str:
    """JSON; of JSON lines the schema and the example are those of one line."""
    return "application/jsonl" if operation.lines else "application/json"


def _path(path: str) -> Iterable[dict[str, Any]]:
    for name in _PARAMETER.findall(path):
        schema = {"type": "string", "pattern": f"^{IDS[name]}$"}
        yield {"name": name, "in": "path", "required": True, "schema": schema,
               "example": _named_like(name)}  # fmt: skip


def _named_like(name: str) -> str:
    """A name that a path takes; where its pattern ends in digits, digits."""
    if name in PLACES:
        return PLACES[name]
    return IDS[name].replace("[0-9a-f]{24}", "0123456789abcdef01234567")


def _query(operation: Operation) -> Iterable[dict[str, Any]]:
    if operation.query is None:
        return
    schema = msgspec.json.schema(operation.query)
    name = schema["$ref"].rpartition("/")[2]
    for field, facts in schema["$defs"][name]["properties"].items():
        plain = _not_null(facts)
        required = field in schema["$defs"][name].get("required", ())
        yield {"name": field, "in": "query", "required": required, "schema": plain}


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


def _answered(
    status: int, answer: Any, operation: Operation, schema_of: dict[type[Struct], Any]
) -> dict[str, Any]:
    about, content = "Nothing to say.", {}
    for shape in reversed(_each(answer)):
        if isinstance(shape, File):
            about = "The file."
            content |= {name: {"schema": _inside(name)} for name in shape.media_types}
        elif shape is not None:
            about = (shape.__doc__ or "").partition("\n")[0]
            content["application/json"] = {"schema": schema_of[shape]}
            if shape.__name__ in answers():
                example = {"$ref": f"#/components/examples/{shape.__name__}"}
                content["application/json"]["examples"] = {"example": example}
    names = [*_always_sent(operation), *(["Location"] if operation.location else [])]
    if "Prefer" in operation.headers:
        names.append("Preference-Applied")
    if "Idempotency-Key" in operation.headers:
        names.append("Idempotent-Replayed")
    if status == 202 and operation.later:
        names.append("Retry-After")
    if "Range" in operation.headers:
        names += ["ETag", "Content-Range"] if status == 206 else ["ETag"]
    made: dict[str, Any] = {"description": about, "headers": _sent_back(names)}
    return {**made, "content": content} if content else made


def _always_sent(operation: Operation) -> list[str]:
    rate = ["RateLimit", "RateLimit-Policy"] if operation.scope else []
    return ["X-Request-Id", *rate]


def _sent_back(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _inside(media_type: str) -> dict[str, Any]:
    if media_type.endswith("json"):
        return {"type": "object"}
    if media_type == "text/event-stream":  # of each event, as tools read it before OpenAPI 3.2
        fields = {name: {"type": "string"} for name in ("id", "event", "data")}
        return {"type": "object", "properties": fields}
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
    if method in ("POST", "PUT", "PATCH"):
        possible[_TOO_LARGE.code] = _TOO_LARGE
    by_status: dict[int, list[Kind]] = {}
    for kind in possible.values():
        by_status.setdefault(kind.status, []).append(kind)
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: "
            + ", ".join(f"`{kind.code}`" for kind in found),
            "headers": _sent_back(_sent_with(status, operation)),
            "content": {MEDIA_TYPE: {"schema": schema_of[Problem], "examples": _named(found)}},
        }
        for status, found in sorted(by_status.items())
    }


def _sent_with(status: int, operation: Operation) -> list[str]:
    names = ["X-Request-Id"] if status == 401 else _always_sent(operation)
    return [*names, "Retry-After"] if status in (429, 503) else names


def _named(found: Iterable[Kind]) -> dict[str, Any]:
    return {kind.code: {"$ref": f"#/components/examples/{kind.code}"} for kind in found}
