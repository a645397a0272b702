"""A certificate as a page to read, print and file: one document, no script, nothing from outside.

The page is a reading of the signed document and no document itself; it says how to check that one.
"""

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec
from litestar import Response

from api.licenses.certificate import Certificate
from api.licenses.readings import READINGS, Reading

Language = Literal["en", "zh"]
MEDIA_TYPE = "text/html; charset=utf-8"


def shown(
    certificate: Certificate, document: bytes, kid: str, base: str, language: Language
) -> Response[str]:
    """The page as an answer that may run nothing and fetch nothing."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    contained = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; sandbox"
    headers = {"content-security-policy": contained, "content-language": language}
    page = written(certificate, document, kid, base, language)
    return Response(page, media_type=MEDIA_TYPE, headers=headers)


def written(
    certificate: Certificate, document: bytes, kid: str, base: str, language: Language
) -> str:
    """The whole page."""
    said = READINGS[language]
    code = {"en": "en", "zh": "zh-Hans"}[language]
    title = f"{said.title} {certificate.license}"
    body = "".join((
        f"<h1>{said.title}</h1><p class=notice>{_text(_notice(certificate, said))}</p>",
        _section(said.what, _what(certificate, said)),
        _section(said.rights, _rights(certificate, said)),
        _files(certificate, said),
        _section(said.origin, _origin(certificate, said, base)),
        _log(certificate, said),
        _checked(certificate, document, kid, base, said),
    ))  # fmt: skip
    return (
        f"<!doctype html><html lang={code}><head><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{_text(title)}</title><style>{_style()}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )


Row = tuple[str, str]
_DIGEST = re.compile("[0-9a-f]{64}")


def _notice(certificate: Certificate, said: Reading) -> str:
    return said.grants if certificate.grants else said.grants_nothing


def _what(one: Certificate, said: Reading) -> Iterator[Row]:
    yield said.license, one.license
    yield said.track, one.track
    yield said.account, one.account
    yield said.issued, f"{one.issued_at:%Y-%m-%d %H:%M:%S} UTC"
    yield said.candidate, f"{one.candidate} ({one.brief})"
    yield said.tokens, str(one.tokens)


def _rights(one: Certificate, said: Reading) -> Iterator[Row]:
    place = str(one.rights.get("territory", "world"))
    yield said.territory, said.world if place == "world" else place
    yield said.resale, said.yes if one.rights.get("catalog_resale") else said.no
    yield said.exclusive, said.alone if one.rights.get("exclusive") else said.beside
    if one.marking:
        yield said.marking, said.markings.get(one.marking, one.marking)


def _origin(one: Certificate, said: Reading, base: str) -> Iterator[Row]:
    yield said.made_by, said.machine
    yield from one.models.items()
    if seed := one.provenance.get("seed"):
        yield "seed", str(seed)
    for place, label in said.compared.items():
        beside = one.originality if place == "training" else one.originality.get(place)
        if found := _finding(beside, said):
            yield label, found
    yield said.training, f"{said.trained} {base}{one.training_data}"
    if manifest := one.training.get("manifest_sha256"):
        yield said.manifest, manifest


def _finding(found: Any, said: Reading) -> str:
    """``{"longest_run": 7, "limit": 12}`` in words."""
    if not isinstance(found, dict) or "longest_run" not in found:
        return ""
    limit = found.get("limit")
    told = said.run.format(notes=found["longest_run"])
    return told if limit is None else f"{told} {said.limit.format(notes=limit)}"


def _section(head: str, rows: Iterator[Row]) -> str:
    return f"<section><h2>{_text(head)}</h2><dl>{_rows(rows)}</dl></section>"


def _rows(rows: Iterator[Row]) -> str:
    return "".join(
        f"<dt>{_text(name)}<dd{' class=digest' if _DIGEST.fullmatch(told) else ''}>{_text(told)}"
        for name, told in rows
    )


def _files(one: Certificate, said: Reading) -> str:
    sounds = one.audio.get("files")
    files = one.files or (sounds if isinstance(sounds, dict) else {"master": one.audio})
    rows = "".join(
        f"<tr><td>{_text(name)}<td class=number>{file.get('bytes', '')}"
        f"<td class=digest>{_text(str(file.get('sha256', '')))}"
        for name, file in files.items()
    )
    return (
        f"<section><h2>{_text(said.files)}</h2><table><thead><tr><th>{_text(said.name)}"
        f"<th>{_text(said.bytes)}<th>SHA-256<tbody>{rows}</table></section>"
    )


def _log(one: Certificate, said: Reading) -> str:
    entries = one.human_input.get("log", ())
    if not entries:
        return _section(said.human, ((name, str(told)) for name, told in one.human_input.items()))
    told = "".join(
        f"<h3>{_text(_when(entry['at']))} · {_text(_did(entry, said))}</h3>"
        f"<dl>{_rows(_details(entry))}</dl>"
        for entry in entries
    )
    return f"<section><h2>{_text(said.human)}</h2><p>{_text(said.human_why)}</p>{told}</section>"


def _did(entry: dict[str, Any], said: Reading) -> str:
    return said.did.get(entry["did"]) or str(entry["did"])


def _when(at: str) -> str:
    """``2026-11-27T08:00:00Z`` for people."""
    return at.replace("T", " ").replace("Z", " UTC")


def _details(entry: dict[str, Any]) -> Iterator[Row]:
    """What else an entry of the log says; of a plan's sections names and bars."""
    for name, value in entry.items():
        match name:
            case "at" | "did":
                continue
            case "sections":
                yield name, ", ".join(f"{part['name']} {part['bars']}" for part in value)
            case "fixed":
                yield name, ", ".join(value)
            case _ if isinstance(value, (dict, list)):
                yield name, msgspec.json.encode(value).decode()
            case _:
                yield name, str(value)


def _checked(one: Certificate, document: bytes, kid: str, base: str, said: Reading) -> str:
    command = f"cuesmith licenses verify FILE --certificate {one.license}.json --keys jwks.json"
    digest = hashlib.sha256(document).hexdigest()
    return (
        f"<section><h2>{_text(said.check)}</h2><p>{_text(said.check_how)}</p>"
        f"<p><code>{_text(command)}</code></p><dl>"
        f"<dt>{_text(said.document)}<dd>{_text(base)}/v1/licenses/{_text(one.license)}/certificate"
        f"<dt>SHA-256<dd class=digest>{digest}"
        f"<dt>{_text(said.key)}<dd>{_text(kid)}, {_text(base)}/.well-known/jwks.json"
        "</dl></section>"
    )


def _text(said: str) -> str:
    return html.escape(said)


@cache
def _style() -> str:
    return resources.files("api.licenses").joinpath("page.css").read_text(encoding="utf-8")
