"""What a brief tells while it is made: server-sent events, read line by line.

The format is the HTML standard's (https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

ENDED = ("brief.ended", "family.ended")


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened; ``id`` is where a reader who lost the line goes on."""

    id: str
    type: str
    facts: dict[str, Any]


class Reader:
    """Puts events together from lines; remembers the last one's id."""

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_s: float | None = None
        """How long the service wants a reader to wait before it comes again."""
        self._type, self._lines = "", list[str]()

    def read(self, lines: Iterable[str]) -> Iterator[Event]:
        """The events in these lines."""
        for line in lines:
            if (event := self.feed(line)) is not None:
                yield event

    def feed(self, line: str) -> Event | None:
        """One line without its end; the event that it completes."""
        if not line:
            return self._completed()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._lines.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self.last_id = value
        elif name == "retry" and value.isdigit():
            self.retry_s = int(value) / 1000
        return None

    def forget(self) -> None:
        """Drop what was begun: the line was lost in the middle of it."""
        self._type, self._lines = "", []

    def _completed(self) -> Event | None:
        kind, lines = self._type or "message", self._lines
        self.forget()
        if not lines:
            return None
        told = msgspec.json.decode("\n".join(lines))
        facts = told if isinstance(told, dict) else {"value": told}
        return Event(id=self.last_id, type=kind, facts=facts)
