"""Every call and every shape, written from the OpenAPI document."""

import json
from collections.abc import Iterable
from typing import Any

from api.docs.frame import coded, text

_LIMITS = {
    "minimum": "at least {}", "maximum": "at most {}", "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}", "minLength": "at least {} characters",
    "maxLength": "at most {} characters", "minItems": "at least {} items",
    "maxItems": "at most {} items", "maxProperties": "at most {} names", "pattern": "like {}",
    "format": "{}",
}  # fmt: skip


def body(document: dict[str, Any]) -> str:
    """Every call as a command, with its answers, and every shape with its fields."""
    calls = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    tags = list(dict.fromkeys(operation["tags"][0] for _, _, operation in calls))
    steps = "".join(f"<li><a href='#tag-{tag}'>{tag.capitalize()}</a></li>"
                    for tag in (*tags, "shapes", "examples"))  # fmt: skip
    parts = [f"<p>Version {text(document['info']['version'])}.</p><ul>{steps}</ul>"]
    for tag in tags:
        parts.append(f"<h2 id='tag-{tag}'>{tag.capitalize()}</h2>")
        parts += [_call(*call) for call in calls if call[2]["tags"][0] == tag]
    parts += ["<h2 id='tag-shapes'>Shapes</h2>"]
    parts += [_fields(name, one) for name, one in document["components"]["schemas"].items()]
    parts += [
        "<h2 id='tag-examples'>Examples</h2><p>Answers as a gateway gave them; long lists "
        "show their first items.</p>"
    ]
    parts += [
        _shown(name, one["value"])
        for name, one in document["components"]["examples"].items()
        if name in document["components"]["schemas"]
    ]
    return "\n".join(parts)


def _call(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{text(one['name'])}</code><td>{one['in']}"
        f"<td>{'required' if one.get('required') else ''}<td>{_type(one['schema'])}"
        f"<td>{coded(one.get('description', ''))}"
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
        f"<code>{text(path)}</code></h3><p>{coded(operation['summary'])}. "
        f"{coded(operation.get('description', ''))}</p>{sent}{_table(rows)}"
        f"<pre>{text(_curl(path, method, operation))}</pre>"
        f"<details><summary>Answers</summary>{_table(answers)}{_example(operation)}</details>"
    )


def _table(rows: str) -> str:
    return f"<table class=fields>{rows}</table>" if rows else ""


def _example(operation: dict[str, Any]) -> str:
    """What the call answers, where that is JSON."""
    for status, found in operation["responses"].items():
        shown = found.get("content", {}).get("application/json", {}).get("examples")
        if shown is not None and status < "3":
            name = shown["example"]["$ref"].rpartition("/")[2]
            return f"<p><a href='#example-{name}'>Example</a></p>"
    return ""


def _shown(name: str, said: Any) -> str:
    written = json.dumps(said, ensure_ascii=False, indent=1)
    return (
        f"<details id='example-{name}'><summary><code>{name}</code></summary>"
        f"<pre>{text(written)}</pre></details>"
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
    about = coded(" ".join(schema.get("description", "").split()))
    required = schema.get("required", ())
    rows = "".join(
        f"<tr><td><code>{text(field)}</code><td>{_type(facts)}"
        f"<td>{'' if field in required else _default(facts)}"
        f"<td>{coded(facts.get('description', ''))}"
        for field, facts in schema.get("properties", {}).items()
    )
    return f"<h3 id='shape-{name}'><code>{name}</code></h3><p>{about}</p>" + (
        _table(rows) if rows else f"<p>{_type(schema)}</p>"
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


def _said(status: str, description: str) -> str:
    """A refusal's description names codes, which lead to their remedies."""
    return _linked(description) if int(status) >= 400 else coded(description)


def _linked(said: str) -> str:
    return "".join(
        f"<a href='/docs/errors#{part}'><code>{part}</code></a>" if at % 2 else text(part)
        for at, part in enumerate(said.split("`"))
    )
