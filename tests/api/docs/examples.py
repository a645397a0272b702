"""From what a gateway answered to what the document shows: the same facts, shorter, with ids and
times that do not change from one run to the next."""

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from api.operations import File
from tests.api.docs.tour import Told

MOST_THINGS, MOST_NUMBERS = 2, 4
_ID = re.compile(r"\b(acc|brf|plan|cand|trk|lic|top|key|prv|ptl|rnd|fam|we|evt|bat|req|quo)_"
                 r"[0-9a-f]{24}\b")  # fmt: skip
_INVOICE = re.compile(r"(A-|il_|\b)in_acc_[0-9a-f]+")
_SECRET = re.compile(r"\b(sk_test_|whsec_)[A-Za-z0-9+/=_-]+")
_TICKET = re.compile(r"ticket=[A-Za-z0-9_.~-]+")
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_TIME = re.compile(r"20\d\d-\d\d-\d\dT[0-9:.]+(Z|\+00:00)")
_LATER = {"expires_at": "2026-12-04", "deadline_at": "2026-11-28", "next_at": "2026-11-28"}


def shapes(told: Iterable[Told]) -> dict[str, Any]:
    """By the name of each shape one answer of it, the first that was given."""
    found: dict[str, Any] = {}
    for one in told:
        said = one.json
        for shape in _shapes(one):
            if said is not None:
                found.setdefault(shape, said)
    names = _Names()
    return {shape: names.steady(_short(said)) for shape, said in sorted(found.items())}


def _shapes(one: Told) -> Iterator[str]:
    said = one.call.promise.answers.get(one.answer.status_code)
    for shape in said if isinstance(said, tuple) else (said,):
        if shape is not None and not isinstance(shape, File):
            yield shape.__name__


def _short(value: Any) -> Any:
    """Lists of many things show the first of them."""
    if isinstance(value, dict):
        return {name: _short(inner) for name, inner in value.items()}
    if not isinstance(value, list):
        return value
    if all(isinstance(one, int | float) for one in value):
        return value[:MOST_NUMBERS]
    if any(isinstance(one, dict | list) for one in value):
        return [_short(one) for one in value[:MOST_THINGS]]
    return value


class _Names:
    """Ids, secrets and digests in the order in which they come."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._count = itertools.count(1)

    def steady(self, value: Any, field: str = "") -> Any:
        if isinstance(value, dict):
            return {self._text(name): self.steady(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.steady(one, field) for one in value]
        return self._text(value, field) if isinstance(value, str) else value

    def _text(self, said: str, field: str = "") -> str:
        day = _LATER.get(field, "2026-11-27")
        said = _TIME.sub(f"{day}T09:14:03Z", said)
        said = _SECRET.sub(lambda found: f"{found[1]}shown_this_once", said)
        said = _TICKET.sub("ticket=opens_it_for_ten_minutes", said)
        said = _ID.sub(lambda found: f"{found[1]}_{self._number(found[0]):024x}", said)
        said = _INVOICE.sub(r"\1in_of_this_month", said)
        said = _DIGEST.sub(lambda found: f"{self._number(found[0]):064x}", said)
        return re.sub(r"http://(127\.0\.0\.1:8000|door)", "https://music.example.com", said)

    def _number(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = str(next(self._count))
        return int(self._known[name])
