"""All pages, filled once: templates beside this file, and what is written from the sources."""

import re
from collections.abc import Iterator
from typing import Any

from api.docs import heard, limits, mistakes, reference, refusals, told, words
from api.docs.frame import framed, in_chinese, read, text

QUICKSTARTS = ("catalogue", "games", "cars")
PAGES = ("words", "events", "webhooks", "errors", "limits", "prices", "marks", "reference")
SCRIPTS = ("prices.js",)
_SLOT = re.compile(r"{{(\w+)(?: ([^{}]+))?}}")
# Chinese has no spaces, so a line that ends in it goes on without one.
_BROKEN = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u3000-\u9fff\uff00-\uffef])")
_TITLE = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_CAPTIONS = {"sh": "Shell", "py": "Python", "json": "JSON", "txt": "HTTP"}


class Library:
    """Every page that stays as it is while a gateway runs, by its path."""

    def __init__(self, document: dict[str, Any], public_url: str) -> None:
        self._slots = {
            "address": public_url,
            "words": words.table(),
            "refusals": refusals.list_of(document),
            "mistakes": mistakes.table(),
            "hooks": told.list_of(),
            "happenings": heard.table(),
            "limits": limits.tables(),
            "reference": reference.body(document),
        }
        self.pages = dict(self._written())

    def prices(self, slots: dict[str, str]) -> str:
        """The page of prices, which change on their day."""
        return self._page("/docs/prices", "prices.html", False, slots, script="/docs/prices.js")

    def _written(self) -> Iterator[tuple[str, str]]:
        quickstarts = [(f"/docs/quickstart/{one}", one) for one in QUICKSTARTS]
        for path, name in (("/docs", "start"), *quickstarts):
            yield path, self._page(path, f"{name}.html")
            chinese = in_chinese(path)
            yield chinese, self._page(chinese, f"{name}.zh.html", zh=True)
        for name in _PLAIN:
            yield f"/docs/{name}", self._page(f"/docs/{name}", f"{name}.html")

    def _page(
        self,
        path: str,
        template: str,
        zh: bool = False,
        slots: dict[str, str] | None = None,
        script: str = "",
    ) -> str:
        source = read(f"pages/{template}")
        body = self._filled(_BROKEN.sub("", source) if zh else source, slots or {})
        found = _TITLE.search(body)
        assert found, f"{template} has no title"
        title = _TAG.sub("", found[1])
        return framed(body, title=title, here=path, zh=zh, script=script)

    def _filled(self, template: str, slots: dict[str, str]) -> str:
        """What stands in double braces, in its place; an unknown name is a `KeyError`."""
        known = self._slots | slots

        def fill(slot: re.Match[str]) -> str:
            return sample(slot[2]) if slot[1] == "sample" else known[slot[1]]

        return _SLOT.sub(fill, template)


_PLAIN = tuple(one for one in PAGES if one != "prices")


def sample(name: str) -> str:
    """A program that readers copy and tests run, as it stands in its file."""
    kind = name.rpartition(".")[2]
    return (
        f"<figure><figcaption>{_CAPTIONS[kind]}</figcaption>"
        f"<pre data-sample={kind}><code>{text(read(f'samples/{name}').rstrip())}</code></pre>"
        "</figure>"
    )
