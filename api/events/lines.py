"""Events as they go over the wire; made once, however many listen."""

from datetime import UTC
from typing import Any

import msgspec
from msgspec import Struct

from engine.queue.events import Event


class Line(Struct, frozen=True, kw_only=True):
    """One event. ``number`` is 0 where it was not told but is only known."""

    number: int
    kind: str
    text: bytes


def line_of(event: Event) -> Line:
    """What was told, with the time at which it was."""
    told_at = event.told_at.astimezone(UTC)
    facts = {"at": told_at, **msgspec.json.decode(event.facts)}
    return written(event.kind, facts, event.number)


def written(kind: str, facts: dict[str, Any], number: int | None = None) -> Line:
    """As the standard has it: an id, a name, and one line of JSON."""
    begin = "" if number is None else f"id: {number}\n"
    said = msgspec.json.encode(facts).decode()
    text = f"{begin}event: {kind}\ndata: {said}\n\n".encode()
    return Line(number=number or 0, kind=kind, text=text)
