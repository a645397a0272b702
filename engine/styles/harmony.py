"""Chord symbols of the style sheets: degree, suffix and bass → pitch classes."""

import re
from functools import cache

from msgspec import Struct

SUFFIXES: dict[str, tuple[int, ...]] = {
    # Intervals from the root; the third is lowered afterwards for small degrees.
    "": (0, 4, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2), "11": (0, 4, 7, 10, 2, 5), "13": (0, 4, 7, 10, 2, 9),
    "6": (0, 4, 7, 9), "69": (0, 4, 7, 9, 2), "add9": (0, 4, 7, 2), "sus2": (0, 2, 7),
    "sus4": (0, 5, 7), "7sus4": (0, 5, 7, 10), "9sus4": (0, 5, 7, 10, 2), "dim": (0, 3, 6),
    "dim7": (0, 3, 6, 9), "m7b5": (0, 3, 6, 10), "+": (0, 4, 8), "5": (0, 7),
    "7b9": (0, 4, 7, 10, 1), "7#9": (0, 4, 7, 10, 3), "7alt": (0, 4, 8, 10, 1),
    "#11": (0, 4, 7, 6), "add11": (0, 4, 7, 5),
}  # fmt: skip
_DEGREES = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
_MEMBERS = {"3": 1, "5": 2, "7": 3}
_PEDALS = tuple(f"p{degree}" for degree in range(1, 8))
_SYMBOL = re.compile(r"(?P<sign>[b#]?)(?P<degree>[IV]+|[iv]+)(?P<suffix>[^/]*)(?:/(?P<bass>.*))?")
_SCALE = (0, 2, 4, 5, 7, 9, 11)


ACCEPTED = {
    "degrees": [f"{sign}{degree}" for sign in ("", "b", "#") for degree in
                (*(one.upper() for one in _DEGREES), *_DEGREES)],
    "suffixes": [suffix for suffix in SUFFIXES if suffix],
    "basses": [f"/{bass}" for bass in (*_MEMBERS, *_PEDALS)],
}  # fmt: skip
"""What a symbol is made of: a degree, then a suffix or none, then a bass or none."""


AGAIN = "%"


class UnknownChord(ValueError):
    """A chord symbol the sheets' notation does not have."""


class Harmony(Struct, frozen=True, kw_only=True):
    """A chord without its tonic: semitones above it."""

    root: int
    bass: int
    pitches: tuple[int, ...]  # root first


@cache
def read(symbol: str) -> Harmony:
    """``"bVImaj7"`` → semitones above the tonic; raises `UnknownChord`."""
    found = _SYMBOL.fullmatch(symbol)
    if found is None or found["degree"].lower() not in _DEGREES:
        raise UnknownChord(f"{symbol!r} is not a chord")
    if found["suffix"] not in SUFFIXES:
        raise UnknownChord(f"{symbol!r} ends in an unknown suffix {found['suffix']!r}")
    root = _DEGREES[found["degree"].lower()] + {"b": -1, "#": 1}.get(found["sign"], 0)
    minor = found["degree"].islower()
    intervals = [3 if step == 4 and minor else step for step in SUFFIXES[found["suffix"]]]
    pitches = tuple((root + step) % 12 for step in intervals)
    return Harmony(
        root=root % 12, bass=_bass(symbol, found["bass"], root % 12, pitches), pitches=pitches
    )


def bars(chords: str) -> list[tuple[str, ...]]:
    """The symbols of each bar between ``|``; ``%`` is the bar before again, nothing if first."""
    found: list[tuple[str, ...]] = []
    for bar in chords.split("|"):
        symbols = tuple(bar.split())
        again = found[-1] if found else ()
        found.append(again if symbols == (AGAIN,) else symbols)
    return found


@cache
def taken_apart(symbol: str) -> tuple[str, str, str, str]:
    """``"bVImaj7/3"`` → sign, degree, suffix and bass: ``("b", "VI", "maj7", "/3")``."""
    read(symbol)
    found = _SYMBOL.fullmatch(symbol)
    assert found is not None, "read() refuses what is no chord"
    bass = f"/{found['bass']}" if found["bass"] else ""
    return found["sign"], found["degree"], found["suffix"], bass


def mode_of(progression: list[str]) -> str:
    """``major`` or ``minor``: by its tonic chord, else by the lowered degrees it uses."""
    roots = {re.match(r"[b#]?[IViv]+", symbol)[0] for symbol in progression}  # type: ignore[index]
    if "i" in roots:
        return "minor"
    if "I" in roots:
        return "major"
    return "minor" if roots & {"bIII", "bVI", "iv", "v"} else "major"


def _bass(symbol: str, asked: str | None, root: int, pitches: tuple[int, ...]) -> int:
    if asked is None:
        return root
    if asked in _PEDALS:
        return _SCALE[int(asked[1:]) - 1]
    if asked not in _MEMBERS:
        raise UnknownChord(f"{symbol!r} stands on an unknown bass {asked!r}")
    member = _MEMBERS[asked]
    if member >= len(pitches):
        raise UnknownChord(f"{symbol!r} has no {asked} to stand on")
    return pitches[member]
