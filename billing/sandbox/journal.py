"""The state file: one line for the whole state, then one for each change since.

A line is written whole before it counts; a torn last one is a change that never happened. Opening
and closing write the state anew in one line, through a file beside it.
"""

import json
import os
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Any

LINES_AT_MOST = 200_000
"""Changes kept before the file is written anew."""


class Journal:
    """What changed since the last line. Without a file it forgets at once."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self._touched: dict[str, None] = {}
        self._lines: dict[str, list[Any]] = {}
        self._open: TextIOWrapper | None = None
        self._count = 0
        self._lead_s = 0.0

    def touch(self, key: str) -> None:
        """An object is new, changed or gone."""
        if self.file is not None:
            self._touched[key] = None

    def event(self, event: dict[str, Any]) -> None:
        """An event happened."""
        self._note("events", event)

    def told(self, key: str) -> None:
        """An event was accepted by its receiver."""
        self._note("told", key)

    def deleted(self, key: str) -> None:
        """A customer was deleted."""
        self._note("deleted", key)

    def aside(self, key: str, fields: dict[str, Any]) -> None:
        """What an object keeps to itself changed."""
        self._note("aside", [key, fields])

    def usage(self, line: list[Any]) -> None:
        """A meter event came in, or was taken back."""
        self._note("usage", line)

    def reply(self, key: str, reply: dict[str, Any]) -> None:
        """An answer is kept for its idempotency key."""
        self._note("replies", [key, reply])

    def _note(self, name: str, value: Any) -> None:
        if self.file is not None:
            self._lines.setdefault(name, []).append(value)

    def commit(
        self, objects: dict[str, dict[str, Any]], lead_s: float,
        whole: Callable[[], dict[str, Any]],
    ) -> None:  # fmt: skip
        """Write one line of what changed, if anything did."""
        moved, self._lead_s = lead_s != self._lead_s, lead_s
        if self.file is None or not (self._touched or self._lines or moved):
            return
        line: dict[str, Any] = self._lines | {"lead_s": lead_s}
        if self._touched:
            line["objects"] = {key: objects.get(key) for key in self._touched}
        self._lines, self._touched = {}, {}
        if self._open is None or self._count >= LINES_AT_MOST:
            self.rewrite(whole())
            return
        self._open.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._open.flush()
        self._count += 1

    def read(self) -> list[dict[str, Any]]:
        """The lines of an earlier run, oldest first."""
        if self.file is None or not self.file.exists():
            return []
        found: list[dict[str, Any]] = []
        for text in self.file.read_text().splitlines():
            try:
                found.append(json.loads(text))
            except ValueError:
                break
        return found

    def rewrite(self, state: dict[str, Any]) -> None:
        """The whole state in one line, whole or not at all."""
        if self.file is None:
            return
        partial = self.file.with_suffix(".partial")
        with partial.open("w") as writing:
            writing.write(json.dumps(state, separators=(",", ":")) + "\n")
            writing.flush()
            os.fsync(writing.fileno())
        partial.replace(self.file)
        if self._open is not None:
            self._open.close()
        self._open, self._count = self.file.open("a"), 0
        self._touched, self._lines = {}, {}

    def close(self) -> None:
        """No more lines."""
        if self._open is not None:
            self._open.close()
            self._open = None
