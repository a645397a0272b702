"""The lines of a sheet: one ``field: value`` each, always the same fields in the same order."""

import re
from pathlib import Path

FILLS = ("groove.fill", "groove.fill2", "groove.fill3", "groove.fill4")
ROLES = ("lead", "comp", "bass", "pad", "counter", "harmony", "drums", "fx")
_BEFORE_ROLES = ("scenes_en", "scenes_zh", "tempo", "feel", "tonality", "chords_A", "chords_B",
                 "chords_turn", "hr", "form")  # fmt: skip
_AFTER_ROLES = ("groove.low", "groove.mid", "groove.high", *FILLS, "bass.low", "bass.mid",
                "bass.high", "comp.1", "comp.2", "comp.3", "comp.4", "melody", "contours",
                "harmony", "ladder", "intro_end", "mix", "avoid")  # fmt: skip
_OPTIONAL = frozenset({"comp.4"})
_NEEDED_ROLES = ("lead", "comp", "bass", "drums")
_OWN = re.compile(r"modes|idiom\.[a-z]+")  # what only some styles have, after the tonality


class BadSheet(ValueError):
    """A sheet that cannot be played, with the file and the line."""


class Lines:
    """A sheet's fields, each with its line, so that a refusal can name it."""

    def __init__(self, file: Path) -> None:
        self.file, self.name = file.name, file.stem
        self._lines: dict[str, tuple[int, str]] = {}
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if line.strip():
                self._take(number, line)
        self._complete()

    def __getitem__(self, field: str) -> str:
        return self._lines[field][1]

    def __contains__(self, field: str) -> bool:
        return field in self._lines

    def fields(self, kind: str) -> list[str]:
        """The fields of a kind in the sheet's order: ``fields("role")`` → role.lead, …"""
        return [field for field in self._lines if field.startswith(f"{kind}.")]

    def refusal(self, field: str, why: str) -> BadSheet:
        """What is wrong with a field; ``why`` says what would be right."""
        return BadSheet(f"{self.file}:{self._lines[field][0]}: {field}: {why}")

    def _take(self, number: int, line: str) -> None:
        field, colon, value = line.partition(": ")
        if not colon or not value.strip():
            raise BadSheet(f"{self.file}:{number}: not a line 'field: value'")
        if field in self._lines:
            first = self._lines[field][0]
            raise BadSheet(f"{self.file}:{number}: {field}: already on line {first}; keep one")
        if _place(field) is None:
            raise BadSheet(f"{self.file}:{number}: {field}: no such field; the fields are "
                           f"{', '.join((*_BEFORE_ROLES, 'role.*', *_AFTER_ROLES))}")  # fmt: skip
        before = next(reversed(self._lines), None)
        if before is not None and (_place(before) or 0) > (_place(field) or 0):
            raise BadSheet(f"{self.file}:{number}: {field}: out of order; it comes before {before}")
        self._lines[field] = (number, value.strip())

    def _complete(self) -> None:
        roles = tuple(f"role.{role}" for role in _NEEDED_ROLES)
        for field in (*_BEFORE_ROLES, *roles, *_AFTER_ROLES):
            if field not in self._lines and field not in _OPTIONAL:
                after = self._line_after(field)
                raise BadSheet(f"{self.file}:{after}: the field {field} is missing here")

    def _line_after(self, field: str) -> int:
        """The line where a missing field would stand."""
        place = _place(field) or 0
        before = [number for one, (number, _) in self._lines.items() if (_place(one) or 0) <= place]
        return max(before, default=0) + 1


def _place(field: str) -> int | None:
    """Where a field stands among the others; None for a field that there is not."""
    if _OWN.fullmatch(field):
        return _BEFORE_ROLES.index("tonality")
    if field in _BEFORE_ROLES:
        return _BEFORE_ROLES.index(field)
    if field.startswith("role."):
        return len(_BEFORE_ROLES) if field.removeprefix("role.") in ROLES else None
    if field in _AFTER_ROLES:
        return len(_BEFORE_ROLES) + 1 + _AFTER_ROLES.index(field)
    return None


def pattern(text: str) -> str:
    """What is played; the remark for people after the semicolon is left out."""
    return text.partition(" ; ")[0]
