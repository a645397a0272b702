"""What every page has around it: a head, the way to the others, our style, and no way out."""

import base64
import hashlib
import html
from functools import cache
from importlib import resources

from litestar import Response
from msgspec import Struct

from api.operations import File

PAGE = File(media_types=("text/html; charset=utf-8",))
JSON = File(media_types=("application/json",))
FOLDER = resources.files("api") / "docs"


class Place(Struct, frozen=True, kw_only=True):
    """A page as the others link to it; ``zh`` is what it is called where it is there in Chinese."""

    path: str
    en: str
    zh: str = ""


SHELVES: tuple[tuple[str, str, tuple[Place, ...]], ...] = (
    (
        "Begin", "开始",
        (
            Place(path="/docs", en="Start", zh="概览"),
            Place(path="/docs/quickstart/catalogue", en="Fill a catalogue", zh="充实曲库"),
            Place(path="/docs/quickstart/games", en="Score a game", zh="为游戏配乐"),
            Place(path="/docs/quickstart/cars", en="Sounds for a car", zh="座舱声音"),
        ),
    ),
    (
        "Use", "使用",
        (
            Place(path="/docs/words", en="Words"),
            Place(path="/docs/events", en="Live events"),
            Place(path="/docs/webhooks", en="Webhooks"),
            Place(path="/docs/errors", en="Errors"),
            Place(path="/docs/limits", en="Limits"),
        ),
    ),
    (
        "Know", "了解",
        (
            Place(path="/docs/prices", en="Prices"),
            Place(path="/docs/marks", en="Marks and rights"),
            Place(path="/training-data", en="Training data"),
        ),
    ),
    (
        "Look up", "查阅",
        (
            Place(path="/docs/reference", en="Reference"),
            Place(path="/openapi.json", en="openapi.json"),
        ),
    ),
)  # fmt: skip
"""All pages, as the way through them shows them."""


def framed(body: str, *, title: str, here: str, zh: bool = False, script: str = "") -> str:
    """A whole page; ``script`` is the address of the one script it may run."""
    language, skip = ("zh-Hans", "跳到正文") if zh else ("en", "Skip to the text")
    running = f"<script src='{script}' type=module></script>" if script else ""
    return (
        f"<!doctype html><html lang={language}><head><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{text(title)} · Cuesmith</title><style>{_style()}</style>{running}</head><body>"
        f"<a class=skip href='#text'>{skip}</a>"
        f"<header><strong><a href=/docs>Cuesmith</a></strong><a class=pages href='#pages'>"
        f"{'全部页面' if zh else 'All pages'}</a>{_other(here, zh)}</header>"
        f"<div class=columns><main id=text>{body}</main>{_way(here, zh)}</div></body></html>"
    )


def shown(page: str, *, scripted: bool = False) -> Response[str]:
    """A page as an answer: dressed by our style and nothing else."""
    return Response(page, media_type="text/html", headers=_contained(scripted))


def text(said: str) -> str:
    """Words as they stand, whatever is in them."""
    return html.escape(said, quote=False)


def coded(said: str) -> str:
    """Words in which what stands between backticks is code."""
    return "".join(
        f"<code>{text(part)}</code>" if at % 2 else text(part)
        for at, part in enumerate(said.replace("``", "`").split("`"))
    )


def read(name: str) -> str:
    """A file of this room."""
    return FOLDER.joinpath(name).read_text(encoding="utf-8")


def in_chinese(path: str) -> str:
    """Where a page is in Chinese."""
    return path.replace("/docs", "/docs/zh", 1)


def _way(here: str, zh: bool) -> str:
    """The way to all pages; those that are there in the reader's language are meant in it."""
    parts = [f"<nav id=pages aria-label='{'全部页面' if zh else 'All pages'}'>"]
    for en, chinese, places in SHELVES:
        parts.append(f"<h2>{chinese if zh else en}</h2><ul>")
        parts += [_step(place, here, zh) for place in places]
        parts.append("</ul>")
    return "".join((*parts, "</nav>"))


def _step(place: Place, here: str, zh: bool) -> str:
    path = in_chinese(place.path) if zh and place.zh else place.path
    said = place.zh if zh and place.zh else place.en
    now = " aria-current=page" if path == here else ""
    foreign = " lang=en" if zh and not place.zh else ""
    return f"<li><a href='{path}'{now}{foreign}>{said}</a></li>"


def _other(here: str, zh: bool) -> str:
    """The same page in the other language, where it is there."""
    for _, _, places in SHELVES:
        for place in places:
            if place.zh and here in (place.path, in_chinese(place.path)):
                if zh:
                    return f"<a class=other lang=en href='{place.path}'>English</a>"
                return f"<a class=other lang=zh-Hans href='{in_chinese(place.path)}'>中文</a>"
    return ""


@cache
def _style() -> str:
    return read("style.css")


@cache
def _contained(scripted: bool) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    script = "script-src 'self'; " if scripted else ""
    return {
        "content-security-policy": f"default-src 'none'; style-src 'sha256-{digest}'; {script}"
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    }
