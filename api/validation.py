"""Strict reading with a full list of what is wrong.

msgspec decides what is valid. It stops at the first mistake, so only when it refuses, the same
shape's JSON schema is walked for all of them, with pointers and with what would be accepted.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as SchemaError
from msgspec import Struct, structs

from api.errors import InvalidJson, ValidationFailed
from engine.errors import Reason

T = TypeVar("T", bound=Struct)

MOST_REASONS = 20
_PATH = re.compile(r" - at (?:key in )?`\$(.*)`$")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+|\.\.\.)\]")


def document(raw: bytes, shape: type[T]) -> T:
    """A JSON body as ``shape``."""
    try:
        value = msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise ValidationFailed(_reasons(_plain(raw), shape, error, "")) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidJson(_why(error)) from error
    if b"\\u0000" in raw:
        _refuse_nul(_plain(raw), "")
    _refuse_beyond_calendar(value, "")
    return value


def parameters(sent: Mapping[str, str], shape: type[T]) -> T:
    """Query parameters as ``shape``; numbers and dates are read from their text."""
    _refuse_nul(dict(sent), "/query")
    try:
        value = msgspec.convert(dict(sent), shape, strict=False)
    except msgspec.ValidationError as error:
        raise ValidationFailed(_reasons(_typed(sent), shape, error, "/query")) from error
    _refuse_beyond_calendar(value, "/query")
    return _without_null(value, sent, shape)


def _without_null(value: T, sent: Mapping[str, str], shape: type[T]) -> T:
    """msgspec takes the text "null" for None; in a query it is a text like any other."""
    nulls = {name: text for name, text in sent.items() if getattr(value, name) is None}
    if not nulls:
        return value
    try:
        return msgspec.convert({**structs.asdict(value), **nulls}, shape)
    except msgspec.ValidationError as error:
        raise ValidationFailed(_reasons(_typed(sent), shape, error, "/query")) from error


def _plain(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidJson(_why(error)) from error


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the body is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "the body is not UTF-8"
    return f"the body is not valid JSON: {error}; NaN and Infinity are not JSON either"


def _typed(sent: Mapping[str, str]) -> dict[str, Any]:
    """Texts that are whole numbers as numbers, so that the schema can judge them."""
    return {
        name: int(value) if re.fullmatch(r"-?[0-9]{1,30}", value) else value
        for name, value in sent.items()
    }


# --- reasons ------------------------------------------------------------------------------------


def _reasons(
    value: Any, shape: type[Struct], error: msgspec.ValidationError, prefix: str
) -> list[Reason]:
    try:
        found = list(islice(_walk(value, shape, prefix), MOST_REASONS))
    except RecursionError:
        found = []
    return found or [_first(str(error), prefix)]


def _walk(value: Any, shape: type[Struct], prefix: str) -> Iterable[Reason]:
    seen: set[tuple[str, str]] = set()
    for error in _validator(shape).iter_errors(value):
        for one in _leaves(error):
            if one.validator == "items":  # more items than the array takes: maxItems says so too
                continue
            reason = _reason(one, prefix)
            if (reason.pointer, reason.code) not in seen:
                seen.add((reason.pointer, reason.code))
                yield reason


def _leaves(error: SchemaError) -> Iterable[SchemaError]:
    """The alternatives of a field that may also be null: what is wrong with the other one."""
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            yield from _unknown(error)
        elif error.validator == "required":
            yield from _missing(error)
        else:
            yield error
        return
    meant = [one for one in error.context if one.validator_value != "null"]
    for one in meant or error.context:
        yield from _leaves(one)


def _unknown(error: SchemaError) -> Iterable[SchemaError]:
    schema: Any = error.schema
    instance: Any = error.instance
    known = schema.get("properties", {})
    for name in instance:
        if name not in known:
            yield SchemaError(
                f"unknown field; known here: {', '.join(known) or 'none'}",
                validator="unknown_field",
                path=[*error.absolute_path, name],
                validator_value=list(known),
            )


def _missing(error: SchemaError) -> Iterable[SchemaError]:
    wanted: Any = error.validator_value
    instance: Any = error.instance
    for name in wanted:
        if name not in instance:
            yield SchemaError("missing", validator="required", path=[*error.absolute_path, name])


_CODES = {
    "type": "wrong_type",
    "enum": "not_one_of",
    "const": "not_one_of",
    "required": "missing",
    "minimum": "out_of_range",
    "maximum": "out_of_range",
    "exclusiveMinimum": "out_of_range",
    "exclusiveMaximum": "out_of_range",
    "minLength": "too_short",
    "maxLength": "too_long",
    "minItems": "too_few",
    "maxItems": "too_many",
    "minProperties": "too_few",
    "maxProperties": "too_many",
    "pattern": "bad_format",
    "format": "bad_format",
    "unknown_field": "unknown_field",
}


def _reason(error: SchemaError, prefix: str) -> Reason:
    path = list(error.absolute_path)
    validator, limit = str(error.validator), error.validator_value
    limit = None if validator == "required" else limit
    pointer = prefix + "".join(f"/{_escaped(step)}" for step in path)
    code = _CODES.get(validator, "invalid")
    limit = _bounds(error.schema) if code == "out_of_range" else limit
    return Reason(pointer, code, _sentence(pointer, code, error, limit), limit)


def _bounds(schema: Any) -> Any:
    names = {"minimum": "min", "maximum": "max", "exclusiveMinimum": "more_than",
             "exclusiveMaximum": "less_than"}  # fmt: skip
    return {names[key]: schema[key] for key in names if key in schema}


def _sentence(pointer: str, code: str, error: SchemaError, limit: Any) -> str:
    at = pointer or "the body"
    said = {
        "wrong_type": f"{at} must be of type {limit}",
        "not_one_of": f"{at} must be one of {_listed(limit)}",
        "missing": f"{at} is missing",
        "too_short": f"{at} must have at least {limit} characters",
        "too_long": f"{at} must have at most {limit} characters",
        "too_few": f"{at} must have at least {limit} items",
        "too_many": f"{at} must have at most {limit} items",
        "bad_format": f"{at} must match {limit}",
        "unknown_field": f"{at}: {error.message}",
    }
    if code == "out_of_range":
        within = ", ".join(f"{name} {bound}" for name, bound in limit.items())
        return f"{at} is out of range: {within}"
    return said.get(code, f"{at} is not as documented")


def _listed(limit: Any) -> str:
    values = limit if isinstance(limit, list) else [limit]
    return ", ".join(str(value) for value in values)


def _first(message: str, prefix: str) -> Reason:
    """msgspec's own finding, for what a JSON schema cannot say."""
    found = _PATH.search(message)
    text = message[: found.start()] if found else message
    steps = _STEP.findall(found[1]) if found else []
    pointer = prefix + "".join(f"/{_escaped(name or index)}" for name, index in steps)
    return Reason(pointer, "invalid", f"{pointer or 'the body'}: {text}")


def _escaped(step: object) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")[:200]


@cache
def _validator(shape: type[Struct]) -> Draft202012Validator:
    return Draft202012Validator(msgspec.json.schema(shape))


def _refuse_nul(value: Any, pointer: str) -> None:
    """Postgres keeps no NUL in a text, so we take none."""
    found = list(_nuls(value, pointer))
    if found:
        raise ValidationFailed(
            [
                Reason(at, "bad_character", f"{at or 'the body'} contains the character U+0000")
                for at in found[:MOST_REASONS]
            ]
        )


def _refuse_beyond_calendar(value: Struct, prefix: str) -> None:
    """Some moments of the years 1 and 9999 have no name in UTC; nothing can be done with them."""
    for name in _moments(type(value)):
        moment = getattr(value, name)
        try:
            if isinstance(moment, datetime):
                moment.astimezone(UTC)
        except OverflowError as error:
            at = f"{prefix}/{name}"
            detail = f"{at} is out of range: min 0001-01-01T00:00:00Z, max 9999-12-31T23:59:59Z"
            raise ValidationFailed([Reason(at, "out_of_range", detail)]) from error


@cache
def _moments(shape: type[Struct]) -> tuple[str, ...]:
    """The fields that may hold a moment."""
    kinds = {name: get_args(kind) or (kind,) for name, kind in get_type_hints(shape).items()}
    return tuple(name for name in shape.__struct_fields__ if datetime in kinds[name])


def _nuls(value: Any, pointer: str) -> Iterable[str]:
    if isinstance(value, str):
        if "\0" in value:
            yield pointer
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "\0" in name:
                yield pointer
            else:
                yield from _nuls(inner, f"{pointer}/{_escaped(name)}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nuls(inner, f"{pointer}/{index}")
