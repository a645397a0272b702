"""How drummers of a style's kind play: measured once from real takes, read here from one table.

`feel/grooves.json` is made by ``python -m engine.workshop grooves``; its credit and licence stand
in its first lines. Families are kinds of music; steps are sixteenths of 4/4, or twelve to a bar
where the takes were swung.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

TABLE = Path(__file__).parent / "feel" / "grooves.json"

# Which drummers a style listens to; the second has one for each sheet written in twelve steps.
_FAMILY: dict[str, str] = {
    "rock": "rock", "metal": "punk", "funk_corporate": "funk", "lofi": "hiphop",
    "trap_hiphop": "hiphop", "house_edm": "dance", "synthwave": "dance", "chiptune": "dance",
    "cinematic_tension": "dance", "bossa": "bossa", "country": "country",
    "chinese_traditional": "latin", "orchestral_epic": "rock", "horror": "rock",
}  # fmt: skip
_SWUNG: dict[str, str] = {"jazz_trio": "jazz", "fantasy_tavern": "latin12"}
_PLAIN, _PLAIN_SWUNG = "pop", "shuffle"
# A style's voice → the voice that a drummer's table knows it by.
_VOICES = {"L": "S", "C": "R"}
_PERCUSSION = {44: "F", **dict.fromkeys((41, 43, 45, 47, 60, 61, 62, 63, 64), "T")}
_THREE = (0, 1, 3)  # beats of four that a bar of three keeps


class Voice(Struct, frozen=True):
    """One voice step by step."""

    odds: tuple[float, ...]  # strokes per bar
    late_ms: tuple[float, ...]
    spread_ms: tuple[float, ...]
    velocity: tuple[float, ...]
    velocity_spread: tuple[float, ...]

    @property
    def loudness(self) -> float:
        """Mean velocity of all strokes."""
        total = sum(self.odds) or 1.0
        return sum(o * v for o, v in zip(self.odds, self.velocity, strict=True)) / total


class Family(Struct, frozen=True):
    """The habits of drummers of one kind of music."""

    takes: int
    bars: int
    steps: int
    swing: float
    wander_ms: float
    spread_ms: float
    neighbours: float  # correlation of the lateness of successive strokes
    ghosts: tuple[float, ...]  # snare strokes too soft to be accents, per bar
    voices: dict[str, Voice]

    def voice(self, name: str, key: int = 0) -> Voice | None:
        """The table of a style's voice, or of its nearest relative; percussion goes by its key."""
        relative = _PERCUSSION.get(key, "H") if name == "P" else _VOICES.get(name, "")
        return self.voices.get(name) or self.voices.get(relative)


class Grooves(Struct, frozen=True):
    """The whole table, with where it comes from."""

    name: str
    credit: str
    licence: str
    origin: str
    files: int
    sha256: str
    families: dict[str, Family]
    bars: dict[str, tuple[dict[str, str], ...]]  # family → bars drummers come back to, as digits
    fills: dict[str, tuple[dict[str, str], ...]]


@cache
def table() -> Grooves:
    """The table that ships with the engine."""
    return msgspec.json.decode(TABLE.read_bytes(), type=Grooves)


def family_name(style: str, sub: str) -> str:
    """The family a style's drummers belong to."""
    if sub == "12/8":
        return _SWUNG.get(style, _PLAIN_SWUNG)
    return _FAMILY.get(style, _PLAIN)


def family_of(style: str, sub: str) -> Family:
    """The habits of a style's drummers."""
    return table().families[family_name(style, sub)]


def step_of(source: int, sub: str) -> int:
    """The table's step for a step of a pattern written in ``sub``."""
    if sub == "3/4":
        beat, inside = divmod(source, 4)
        return 4 * _THREE[beat] + inside
    return source


def partner(style: str, sub: str, voices: dict[str, tuple[int, ...]], choice: float) -> set:
    """(voice, step) of a real bar much like this groove; ``choice`` 0-1 picks among the nearest."""
    own = {
        (voice, step_of(at, sub))
        for voice, row in voices.items()
        for at, digit in enumerate(row)
        if digit and voice in "KSHOR"
    }
    bars = [_marks(bar) for bar in table().bars.get(family_name(style, sub), ())]
    if not bars:
        return set()
    bars.sort(key=lambda bar: (-_likeness(own, bar), sorted(bar)))
    near = bars[: max(1, len(bars) // 3)]
    return near[min(int(choice * len(near)), len(near) - 1)]


def _marks(bar: dict[str, str]) -> set[tuple[str, int]]:
    return {(v, at) for v, row in bar.items() for at, digit in enumerate(row) if digit != "0"}


def _likeness(one: set[tuple[str, int]], two: set[tuple[str, int]]) -> float:
    """Shared kicks and snares count double."""
    weight = {"K": 2, "S": 2}
    shared = sum(weight.get(voice, 1) for voice, _ in one & two)
    return shared / max(1, sum(weight.get(voice, 1) for voice, _ in one | two))


def real_fills(style: str, first: int, most: int) -> Sequence[dict[str, tuple[int, ...]]]:
    """Real fills cut to begin at a step, none busier than ``most`` strokes, as digits."""
    found = []
    for fill in table().fills.get(_FAMILY.get(style, _PLAIN), ()):
        rows = {
            voice: tuple(int(digit) if at >= first else 0 for at, digit in enumerate(row))
            for voice, row in fill.items()
            if voice in "KSTHO"
        }
        rows = {voice: row for voice, row in rows.items() if any(row)}
        strokes = sum(bool(digit) for row in rows.values() for digit in row)
        late = any(row[at] for row in rows.values() for at in range(13, 16))
        if 3 <= strokes <= most and late:
            found.append(rows)
    return found
