"""The document for people: one page, from the same source, without a script from anywhere."""

import html
import json
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
h3 { margin-top: 2.2rem; } .method { color: #27c; } nav a { margin-right: 1rem; }
"""


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
    return Response(request.app.state.docs, media_type="text/html; charset=utf-8")


ROUTES = [read_openapi, read_docs]


def page(document: dict[str, Any]) -> str:
    """The whole page; every problem's ``type`` points to an anchor in it."""
    calls = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    tags = list(dict.fromkeys(operation["tags"][0] for _, _, operation in calls))
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>Cuesmith API</title><style>{_STYLE}</style>",
        f"<h1>Cuesmith API <small>{_text(document['info']['version'])}</small></h1>",
        f"<p>{_text(document['info']['summary'])} Send your key as "
        "<code>Authorization: Bearer &lt;key&gt;</code>. The same as a document: "
        "<a href=/openapi.json>openapi.json</a>.</p><nav>",
        *(f"<a href='#tag-{tag}'>{tag}</a>" for tag in (*tags, "problems", "shapes")),
        "</nav>",
    ]
    for tag in tags:
        parts.append(f"<h2 id='tag-{tag}'>{tag.capitalize()}</h2>")
        parts += [_call(*call) for call in calls if call[2]["tags"][0] == tag]
    parts += ["<h2 id='tag-problems'>Problems</h2>", _problems()]
    parts += ["<h2 id='tag-shapes'>Shapes</h2>"]
    for name, schema in document["components"]["schemas"].items():
        text = json.dumps(schema, indent=1, ensure_ascii=False)
        parts.append(f"<details id='shape-{name}'><summary><code>{name}</code> "
                     f"{_text(schema.get('description', '').partition(chr(10))[0])}</summary>"
                     f"<pre>{_text(text)}</pre></details>")  # fmt: skip
    return "\n".join(parts)


def _call(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{_text(one['name'])}</code><td>{one['in']}"
        f"<td>{_text(one.get('description', json.dumps(one['schema'])))}"
        for one in operation["parameters"]
    )
    answers = "".join(
        f"<tr><td>{status}<td>{_linked(found['description'])}{_shape(found)}"
        for status, found in operation["responses"].items()
    )
    body = operation.get("requestBody")
    sent = f"<p>Body:{_shape(body)}</p>" if body else ""
    return (
        f"<h3 id='{operation['operationId']}'><span class=method>{method.upper()}</span> "
        f"<code>{_text(path)}</code></h3><p>{_text(operation['summary'])}. "
        f"{_text(operation.get('description', ''))}</p>{sent}"
        f"<table>{rows}</table><details><summary>Answers</summary><table>{answers}</table></details>"
    )


def _shape(found: dict[str, Any]) -> str:
    schemas = [one["schema"] for one in found.get("content", {}).values()]
    names = {one["$ref"].rpartition("/")[2] for one in schemas if "$ref" in one}
    return "".join(f" <a href='#shape-{name}'><code>{name}</code></a>" for name in sorted(names))


def _problems() -> str:
    rows = "".join(
        f"<tr id='{code}'><td><code>{code}</code><td>{kind.status}<td>{_text(kind.title)}"
        f"<td>{'may be tried again' if kind.retryable else ''}"
        for code, kind in kinds().items()
    )
    return (
        "<p>A refusal is <code>application/problem+json</code> (RFC 9457); nothing was charged for "
        "it. <code>errors[].pointer</code> names the field and <code>limit</code> what would be "
        f"accepted.</p><table>{rows}</table>"
    )


def _linked(text: str) -> str:
    parts = text.split("`")
    return "".join(
        f"<a href='#{part}'><code>{part}</code></a>" if at % 2 else _text(part)
        for at, part in enumerate(parts)
    )


def _text(text: str) -> str:
    return html.escape(text, quote=False)
