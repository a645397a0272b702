"""The OpenAPI document, written from the promises that the handlers carry."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from api import errors as door
from api.briefs.contracts import NewBrief
from api.budgets.contracts import NewBudget
from api.keys.contracts import NewKey
from api.operations import HEADERS, IDS, File, Operation
from api.problems import INTERNAL, MEDIA_TYPE, Kind, Problem, kind_of, kinds
from api.usage.contracts import NewTopup
from api.webhooks.contracts import EndpointChange, NewEndpoint, Redelivery
from engine.contracts import (
    FamilyBrief,
    FunctionLimits,
    Hit,
    Outline,
    OutlinePart,
    OutlineSection,
    RenditionOrder,
    SectionBrief,
)
from engine.words import accepted
from engine.words.family import accepted_family

_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"{(\w+):str}")
_ALWAYS: tuple[type[Exception], ...] = (door.Unready,)
_WITH_KEY = (door.InvalidKey, door.KeyRevoked, door.ScopeMissing, door.RateLimited,
             door.ValidationFailed)  # fmt: skip
_WITH_BODY = (door.InvalidJson, door.UnsupportedMediaType, door.ValidationFailed)
_TOO_LARGE = kinds()["payload_too_large"]

EXAMPLES: dict[type[Struct], dict[str, Any]] = {
    NewBrief: {
        "prompt": "warm lo-fi beat for a study app", "kind": "bed", "duration_ms": 60_000,
        "candidates": 4, "seed": 7, "bpm": 82, "tonality": "F major",
        "instruments": {"require": ["drums", "bass"], "forbid": ["choir"]},
        "delivery": {"lufs": -16}, "max_tokens": 8, "customer_ref": "acme-42",
    },
    FamilyBrief: {
        "brand": {"warm": 0.6, "futuristic": 0.3}, "tonic": "D", "candidates": 2, "seed": 1,
        "functions": ["welcome", "door_open", "door_close", "seat_belt", "warn"],
        "limits": {"door_open": {"duration_ms": 900}, "all": {"peak_dbfs": -3}},
        "delivery": {"sample_rate": 48_000, "channels": 2}, "max_tokens": 10,
    },
    RenditionOrder: {"version": "cut", "duration_ms": 30_000, "format": "flac"},
    NewKey: {"name": "build server", "scopes": ["briefs", "read"]},
    NewTopup: {"tokens": 1000, "currency": "usd"},
    NewBudget: {"scope": "project", "subject": "season-2", "cap": 5000},
    NewEndpoint: {"url": "https://example.com/cuesmith", "types": ["candidate.ready"]},
    EndpointChange: {"types": [], "disabled": False},
    Redelivery: {},
}  # fmt: skip
"""A body that each call takes as it stands."""

_LATER = "Not available yet; leave it out."
ABOUT: dict[type[Struct], dict[str, str]] = {
    NewBrief: {
        "prompt": "What you want, in English or Chinese. Words fill what the fields leave open; "
        "what they were understood to mean comes back in `resolved`.",
        "kind": "What it is for: bed, loop and ambience (5 s to 10 min), sting (0.5 s to 15 s), "
        "chime (0.2 s to 5 s); bed where nothing says otherwise.",
        "candidates": "How many to choose from. Each is charged when it is delivered.",
        "seed": "The same brief with the same seed is the same music, for this account only. "
        "Left out, one is drawn and told.",
        "quality": "How much the studio tries before it offers.",
        "duration_ms": "The length of the file, kept exactly. Left out: a bed or an ambience 60 s, "
        "a loop 16 bars, a sting 4 s, a chime 1.5 s.",
        "bars": "The length in bars, kept exactly.",
        "bpm": "Beats a minute, kept exactly; left open, a tempo that fits style and length.",
        "tonality": 'A key, such as "F minor", "D dorian" or "C gong".',
        "meter": "4/4, 3/4, 6/8 or 12/8.",
        "style": "One of {styles}; common names of them are understood too.",
        "instruments": "What must and what must not sound: any of {instruments}.",
        "energy": "A curve of [position, energy] points, both from 0 to 1, forward in time.",
        "stems": 'Which stems come with a license: role groups, instrument families, or ["all"].',
        "delivery": "The file: sample rate, bit depth, channels, loudness in LUFS and ceiling.",
        "marking": "How the file says that it was made by a machine.",
        "rights": "What the license shall grant; exclusive rights are not available yet.",
        "model": "Which model composes; `/v1/capabilities` lists them.",
        "quote": "A quote of yours from the last fifteen minutes, to be held to its price.",
        "max_tokens": "Refuse the brief if its auditions would cost more than this.",
        "lane": "`interactive` is made next; `batch` is made when nobody waits, within a day, at "
        "the share of the price that `/v1/capabilities` lists.",
        "deadline_s": "Seconds after which what is not delivered is given up and not charged. "
        "Left out: 600, for `batch` 86400, where it is at least 14400.",
        "project": "A name of yours to find briefs by.",
        "customer_ref": "A reference of yours; it is given back as it is.",
        "metadata": "Names and values of yours; they are given back as they are. `title`, "
        "`description`, `keywords`, `genre`, `album`, `composer`, `publisher` and `isrc` also go "
        "into packages.",
        "sections": "The form: sections in order, or only an intro, a break or an ending that it "
        "must have. What a section leaves open is planned.",
        "hits": "Moments of a picture that the music must meet, inside the length.",
        "plan": "A plan from `/v1/plans` or of a candidate, edited or not. Everything in it is "
        "kept; a field beside it that says otherwise is refused.",
        **dict.fromkeys(("melody", "limits"), _LATER),
    },
    SectionBrief: {
        "name": "i intro, A to D, br break, e ending; a prime varies what stands before it: A'.",
        "bars": "Left open, the planner chooses.",
        "energy": "From 0 to 1; left open, the planner chooses.",
    },
    Hit: {"at_ms": "Milliseconds from the beginning."},
    Outline: {
        "style": "Whose sounds and grooves these are; any style takes any chords.",
        "kind": "What it is for, as in a brief.",
        "duration_ms": "The length of the file, kept exactly; the bars must fit into it.",
        "tempo": "Beats a minute; the beat is a dotted quarter in 6/8 and 12/8.",
        "meter": "The meter of all bars.",
        "tonality": "Where degree I stands and what it is, such as \"F minor\".",
        "sections": "The form, in order.",
        "parts": "Who plays; one part a role.",
        "contour": "The seed of the lead's melody; leave it as it is or empty.",
        "ending": "ring, button, open or fade; a loop has its turnaround.",
        "hits": "Moments that the whole band accents, as in a brief.",
        "texture": "How this plan differs from its siblings on purpose; words for people.",
        "planner": "Who made it: sampled, template (the fallback) or given.",
        "take": "Whose notes belong to it. The same plan, seed and take are the same notes.",
    },
    OutlineSection: {
        "name": "i intro, A to D, br break, e ending; a prime varies.",
        "bars": "As many as `chords` has.",
        "energy": "From 1 to 7: how many play, how busily and how loudly.",
        "roles": "Who plays here; each needs a part.",
        "chords": "One entry a bar between `|`, chords of one bar apart by spaces, `%` for the bar "
        "before again: `i | bVI | bIII bVII | %`. `/v1/capabilities` lists degrees, suffixes and "
        "basses.",
        "like": "The index, from 0, of an earlier section that this one repeats or varies; when "
        "that one is edited, this one follows.",
        "variation": "How far it varies: 0 the same, 3 far.",
        "patterns": "Which grooves and cells of the style are in force here.",
    },
    FamilyBrief: {
        "brand": "The character on six axes, each from -1 to 1: {axes}. Those left out are 0.",
        "tonic": "The note that all sounds stand on, such as D or F#; left open, drawn from the "
        "seed.",
        "functions": "Which sounds: any of {functions}. Left out, all that sound once.",
        "limits": "What must hold, by function, or under `all` for every one.",
        "delivery": "The files: sample rate, bit depth, channels, the family's loudness and its "
        "ceiling.",
        "candidates": "How many families to choose from. Each is charged when it is delivered.",
        "seed": "The same family with the same seed is the same sounds, for this account only.",
        "marking": "How the files say that they were made by a machine.",
        "rights": "What the license shall grant; exclusive rights are not available yet.",
        "quote": "A quote from `/v1/families/quotes` of the last fifteen minutes.",
        "max_tokens": "Refuse the family if its auditions would cost more than this.",
        "deadline_s": "Seconds after which what is not delivered is given up and not charged.",
        "project": "A name of yours to find families by.",
        "customer_ref": "A reference of yours; it is given back as it is.",
        "metadata": "Names and values of yours; they are given back as they are.",
    },
    FunctionLimits: {
        "duration_ms": "The length of the file, kept exactly.",
        "band_hz": "The window that holds 98 % of the energy.",
        "attack_ms": "The shortest and the longest rise from 10 to 90 %.",
        "decay_ms": "The shortest and the longest time to fall by 60 dB.",
        "peak_dbfs": "The highest peak.",
        "loudness_lufs": "The loudness of the loudest 400 ms; of shorter files of the loudest "
        "125 ms, in dB(A).",
    },
    RenditionOrder: {
        "version": "What of the music: master, stems, layers (intensities for a game), cut "
        "(shorter, with an ending of its own), sting, underscore (without melody), no_drums, "
        "transition, or loop_parts (a loop's intro, first pass and tail).",
        "profile": "For whom a package is laid out, as one archive; `version` and `stems` then "
        "play no part.",
        "duration_ms": "How long a cut, a sting or a transition shall be, kept exactly; a cut "
        "needs it.",
        "stems": 'Which stems: role groups that the music has, or ["all"]; for the version stems.',
        "format": "The file format.",
        "sample_rate": "Left open, as delivered, or as near as the format allows.",
        "bit_depth": "Left open, as delivered; MP3 and Ogg Vorbis have none.",
        "channels": "1 mono, 2 stereo, 4 or 6 for a cabin; left open, as delivered.",
        "lufs": "Loudness; left open, as delivered.",
        "true_peak_dbtp": "The ceiling; left open, as delivered.",
    },
    NewEndpoint: {
        "url": "Where messages are sent: https, at port 443 or 8443 of a public address, without "
        "user or password.",
        "types": "Which messages it wants; none named: all, also those that come later.",
        "description": "A name of yours for it.",
    },
    EndpointChange: {
        "url": "As for a new one.",
        "types": "As for a new one; an empty list: all.",
        "description": "A name of yours for it.",
        "disabled": "true: nothing more is sent, and what waits is dropped. false: what is told "
        "from now on is sent again.",
    },
    Redelivery: {
        "endpoint": "To this endpoint alone; left out: to all that it went to or that want it now.",
    },
    OutlinePart: {
        "role": "What it does.",
        "instrument": 'A General MIDI name ("Grand piano"), a drum kit ("Jazz kit") or one of our '
        'patches ("ep_tine"); `/v1/capabilities` lists them.',
        "low": "The lowest note it may play, as a MIDI number.",
        "high": "The highest.",
        "velocity": "From its softest to its loudest stroke.",
        "pan": "From -100, left, to 100, right.",
    },
}  # fmt: skip
"""What a field means, where its name and limits do not say it; words in braces stand for the list
of them that `engine.words` accepts."""

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
        "components": {
            "schemas": components,
            "headers": {
                name: {"schema": {"type": kind}, "description": about}
                for name, (kind, about) in _SENT_BACK.items()
            },
            "examples": {code: _problem(kind, public_url) for code, kind in kinds().items()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _filled(about: str) -> str:
    known: dict[str, Any] = {**accepted(), **accepted_family()}
    for name in ("styles", "instruments", "axes", "functions"):
        about = about.replace(f"{{{name}}}", ", ".join(known[name]))
    return about


def _problem(kind: Kind, public_url: str) -> dict[str, Any]:
    value: dict[str, Any] = {
        "type": f"{public_url}/docs#{kind.code}", "title": kind.title, "status": kind.status,
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
            "required": True,
            "content": {"application/json": {"schema": schema_of[operation.body]}},
        }
        if operation.body in EXAMPLES:
            example = EXAMPLES[operation.body]
            made["requestBody"]["content"]["application/json"]["example"] = example
    if operation.tag == "operations" and "Stripe-Signature" in operation.headers:
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
