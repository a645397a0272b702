"""The document for people: one page, from the same source, without a script from anywhere."""

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from typing import Any

from litestar import Response, get

from api.entrance import AnyRequest, Nothing, query
from api.operations import File, promises
from api.problems import kinds

PAGE = File(media_types=("text/html; charset=utf-8",))
JSON = File(media_types=("application/json",))

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.4 ui-monospace, monospace; } pre { overflow-x: auto; padding: .6rem;
  border: 1px solid #8884; border-radius: 6px; } table { border-collapse: collapse; }
td, th { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; }
pre { white-space: pre-wrap; } tr:target { outline: 2px solid; }
h3 { margin-top: 2.2rem; } .method { color: #27c; } nav a { margin-right: 1rem; }
"""

# A page may be dressed by this text and nothing else; it has no other inline style and no script.
_STYLE_SHA256 = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_CONTAINED = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_SHA256}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}

WORDS = {
    "brief": "what you ask for: words, exact constraints, or both; a field always wins over words",
    "kind": "what it is for: bed (a track with an end), loop, sting, chime or ambience",
    "resolved": "what a brief was understood to mean, every default said",
    "plan": "what will be written, decided before a note is; it can be edited and sent back",
    "take": "one try of the studio; one that is too weak is retracted and costs nothing",
    "candidate": "a take good enough to offer, with every constraint as it measures",
    "audition": "listening to a candidate, as a tagged evaluation copy; candidates are kept 7 days",
    "pick": "your choice; it makes a license and a track, once",
    "license": "the right to use a track, with a certificate that can be checked without us",
    "track": "a licensed piece of music: clean master, stems where asked for, and its score",
    "family": "the sounds of a car: one motif and character, a sound for each function",
    "rendition": "a track in another shape: stems, layers, a cut, another format; free",
    "package": "all files of a track as an engine, a catalogue or a car takes them, in one archive",
    "token": "what is paid with, nothing else",
    "quote": "a price that will not be exceeded; it binds for fifteen minutes",
    "hold": "tokens set aside for a brief: captured for each candidate, the rest released",
}
"""The trade's words, one meaning each."""

_LIMITS = {
    "minimum": "at least {}", "maximum": "at most {}", "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}", "minLength": "at least {} characters",
    "maxLength": "at most {} characters", "minItems": "at least {} items",
    "maxItems": "at most {} items", "maxProperties": "at most {} names", "pattern": "like {}",
    "format": "{}",
}  # fmt: skip


@get(
    "/openapi.json",
    opt=promises(name="read_openapi", tag="operations", answers={200: JSON},
                 summary="This API as an OpenAPI document"),
)  # fmt: skip
async def read_openapi(request: AnyRequest) -> Response[bytes]:
    query(request, Nothing)
    return Response(request.app.state.openapi, media_type="application/json")


@get(
    "/docs",
    opt=promises(name="read_docs", tag="operations", answers={200: PAGE},
                 summary="This API as a page to read"),
)  # fmt: skip
async def read_docs(request: AnyRequest) -> Response[str]:
    query(request, Nothing)
    return Response(request.app.state.docs, media_type="text/html", headers=_CONTAINED)


ROUTES = [read_openapi, read_docs]


def framed(title: str, *parts: str) -> Response[str]:
    """A page of our own: plain, and with nothing fetched from anywhere."""
    return Response(_framed(title, *parts), media_type="text/html", headers=_CONTAINED)


def _framed(title: str, *parts: str) -> str:
    head = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'>"
        f"<title>{text(title)}</title><style>{_STYLE}</style>"
    )
    return "\n".join((head, *parts))


def page(document: dict[str, Any]) -> str:
    """The whole page; every problem's ``type`` points to an anchor in it."""
    calls = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    tags = list(dict.fromkeys(operation["tags"][0] for _, _, operation in calls))
    parts = [
        f"<h1>Cuesmith API <small>{text(document['info']['version'])}</small></h1>",
        f"<p>{text(document['info']['summary'])} Send your key as "
        "<code>Authorization: Bearer &lt;key&gt;</code>. The same as a document: "
        "<a href=/openapi.json>openapi.json</a>.</p><nav>",
        *(f"<a href='#tag-{tag}'>{tag}</a>" for tag in ("words", *tags, "problems", "shapes")),
        "</nav>",
        _words(),
    ]
    for tag in tags:
        parts.append(f"<h2 id='tag-{tag}'>{tag.capitalize()}</h2>")
        parts += [_call(*call) for call in calls if call[2]["tags"][0] == tag]
    parts += ["<h2 id='tag-problems'>Problems</h2>", _problems()]
    parts += ["<h2 id='tag-shapes'>Shapes</h2>"]
    parts += [_fields(name, one) for name, one in document["components"]["schemas"].items()]
    return _framed("Cuesmith API", *parts)


def _words() -> str:
    rows = "".join(f"<tr><td><b>{word}</b><td>{text(means)}" for word, means in WORDS.items())
    return (
        f"<h2 id='tag-words'>Words</h2><table>{rows}</table><p>Times are UTC (RFC 3339); lengths "
        "are whole milliseconds, money is whole tokens. Unknown fields are refused. The commands "
        "below expect your key in <code>$CUESMITH_KEY</code> and this address in "
        "<code>$CUESMITH_URL</code>.</p>"
    )


def _call(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{text(one['name'])}</code><td>{one['in']}"
        f"<td>{'required' if one.get('required') else ''}<td>{_type(one['schema'])}"
        f"<td>{_coded(one.get('description', ''))}"
        for one in operation["parameters"]
    )
    answers = "".join(
        f"<tr><td>{status}<td>{_said(status, found['description'])}{_shape(found)}"
        for status, found in operation["responses"].items()
    )
    body = operation.get("requestBody")
    sent = f"<p>Body:{_shape(body)}</p>" if body else ""
    return (
        f"<h3 id='{operation['operationId']}'><span class=method>{method.upper()}</span> "
        f"<code>{text(path)}</code></h3><p>{text(operation['summary'])}. "
        f"{_coded(operation.get('description', ''))}</p>{sent}<table>{rows}</table>"
        f"<pre>{text(_curl(path, method, operation))}</pre>"
        f"<details><summary>Answers</summary><table>{answers}</table></details>"
    )


def _curl(path: str, method: str, operation: dict[str, Any]) -> str:
    """The call as a command; braces stand where an id of yours goes."""
    words = ["curl"] if method == "get" else ["curl", "-X", method.upper()]
    needed = [one["name"] for one in operation["parameters"]
              if one["in"] == "query" and one["required"]]  # fmt: skip
    asked = "&".join(f"{name}={{{name}}}" for name in needed)
    words.append(f'"$CUESMITH_URL{path}{"?" if asked else ""}{asked}"')
    if operation["security"]:
        words.append('-H "Authorization: Bearer $CUESMITH_KEY"')
    required = {one["name"] for one in operation["parameters"] if one.get("required")}
    if "Idempotency-Key" in required:
        words.append('-H "Idempotency-Key: $(uuidgen)"')
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" in body:
        words.append("-H 'Content-Type: application/json'")
        words.append(f"-d '{json.dumps(body['example'], ensure_ascii=False)}'")
    kinds_ = list(_kinds(operation))
    if any(kind.startswith("audio/") for kind in kinds_):
        words.append("-o sound")
    elif "application/zip" in kinds_:
        words.append("-o package.zip")
    elif "text/event-stream" in kinds_:
        words.insert(1, "-N")
    return " ".join(words)


def _kinds(operation: dict[str, Any]) -> Iterable[str]:
    return operation["responses"].get("200", {}).get("content", {})


def _shape(found: dict[str, Any]) -> str:
    schemas = [one["schema"] for one in found.get("content", {}).values()]
    return "".join(f" {_type(one)}" for one in schemas if "$ref" in one)


def _fields(name: str, schema: dict[str, Any]) -> str:
    about = _coded(" ".join(schema.get("description", "").split()))
    required = schema.get("required", ())
    rows = "".join(
        f"<tr><td><code>{text(field)}</code><td>{_type(facts)}"
        f"<td>{'' if field in required else _default(facts)}"
        f"<td>{_coded(facts.get('description', ''))}"
        for field, facts in schema.get("properties", {}).items()
    )
    return f"<h4 id='shape-{name}'><code>{name}</code></h4><p>{about}</p>" + (
        f"<table>{rows}</table>" if rows else f"<p>{_type(schema)}</p>"
    )


def _default(facts: dict[str, Any]) -> str:
    said = facts.get("default")
    return "" if said in (None, [], {}) else f"default {text(json.dumps(said, ensure_ascii=False))}"


def _type(schema: dict[str, Any]) -> str:
    """What a field takes, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"<a href='#shape-{name}'><code>{name}</code></a>"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " · ".join(f"<code>{text(json.dumps(one))}</code>" for one in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        items = schema.get("prefixItems") or [schema.get("items") or {}]
        return f"list of {', '.join(dict.fromkeys(_type(one) for one in items))}{_limits(schema)}"
    if kind == "object":
        return f"object{_limits(schema)}"
    return f"{kind}{_limits(schema)}"


def _limits(schema: dict[str, Any]) -> str:
    said = [words.format(schema[name]) for name, words in _LIMITS.items() if name in schema]
    return text(f" ({', '.join(said)})") if said else ""


def _problems() -> str:
    rows = "".join(
        f"<tr id='{code}'><td><code>{code}</code><td>{kind.status}<td>{text(kind.title)}"
        f"<td>{'may be tried again' if kind.retryable else ''}"
        for code, kind in kinds().items()
    )
    return (
        "<p>A refusal is <code>application/problem+json</code> (RFC 9457); nothing was charged for "
        "it. <code>errors[].pointer</code> names the field and <code>limit</code> what would be "
        f"accepted.</p><table>{rows}</table>"
    )


def _said(status: str, description: str) -> str:
    """A refusal's description names codes, which lead to their place in the table."""
    return _linked(description) if int(status) >= 400 else _coded(description)


def _linked(said: str) -> str:
    return "".join(
        f"<a href='#{part}'><code>{part}</code></a>" if at % 2 else text(part)
        for at, part in enumerate(said.split("`"))
    )


def _coded(said: str) -> str:
    return "".join(
        f"<code>{text(part)}</code>" if at % 2 else text(part)
        for at, part in enumerate(said.replace("``", "`").split("`"))
    )


def text(said: str) -> str:
    """Words as they stand, whatever is in them."""
    return html.escape(said, quote=False)
