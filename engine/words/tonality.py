"""Names of tonalities, read and printed: ``F# dorian``, ``Bb major``, ``降B大调``, ``A 羽``."""

import re

from msgspec import Struct

MODES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    # The five Chinese pentatonics, each named by its final.
    "gong": (0, 2, 4, 7, 9),
    "shang": (0, 2, 5, 7, 10),
    "jue": (0, 3, 5, 8, 10),
    "zhi": (0, 2, 5, 7, 9),
    "yu": (0, 3, 5, 7, 10),
}
"""Scale of every mode in semitones above its tonic."""

_MODE_WORDS: dict[str, str] = {
    **{mode: mode for mode in MODES},
    "maj": "major",
    "min": "minor",
    "ionian": "major",
    "natural minor": "minor",
    "harmonic minor": "minor",
    "melodic minor": "minor",
    "major pentatonic": "gong",
    "minor pentatonic": "yu",
    "大调": "major",
    "小调": "minor",
    "自然小调": "minor",
    "和声小调": "minor",
    "旋律小调": "minor",
    "多利亚": "dorian",
    "多利亚调式": "dorian",
    "弗里吉亚": "phrygian",
    "弗里吉亚调式": "phrygian",
    "利底亚": "lydian",
    "利底亚调式": "lydian",
    "混合利底亚": "mixolydian",
    "混合利底亚调式": "mixolydian",
    "爱奥尼亚": "major",
    "伊奥尼亚": "major",
    "爱奥利亚": "aeolian",
    "爱奥利亚调式": "aeolian",
    **{
        f"{word}{tail}": mode
        for word, mode in (
            ("宫", "gong"),
            ("商", "shang"),
            ("角", "jue"),
            ("徵", "zhi"),
            ("羽", "yu"),
        )
        for tail in ("", "调", "调式")
    },
    "大调五声": "gong",
    "小调五声": "yu",
    "大调五声音阶": "gong",
    "小调五声音阶": "yu",
}

_LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MODE_PATTERN = "|".join(re.escape(word) for word in sorted(_MODE_WORDS, key=len, reverse=True))

SIGNS = tuple(
    word for word in _MODE_WORDS
    if not any(other != word and other in word for other in _MODE_WORDS)
)  # fmt: skip
"""Words of modes; one of them is in every tonality."""

PATTERN = (
    r"(?:(?P<before>升|降)\s*)?(?P<letter>[a-gA-G])"
    r"\s*-?\s*(?P<after>#|♯|♭|b(?![a-z])|sharp|flat|升|降)?"
    rf"\s*-?\s*(?P<mode>{_MODE_PATTERN})"
)
"""How a tonality is written in a sentence; `engine.words.reader` looks for it there."""

_WHOLE = re.compile(rf"\s*{PATTERN}\s*", re.IGNORECASE)

ACCEPTED = (
    "a note C D E F G A B, with # or b where needed, and a mode: "
    "major, minor, dorian, phrygian, lydian, mixolydian, aeolian, gong, shang, jue, zhi, yu "
    '(for example "F minor", "F# dorian", "降B大调", "A 羽")'
)


class Tonality(Struct, frozen=True, kw_only=True):
    """A tonic as pitch class 0-11 (C is 0) and one of `MODES`."""

    tonic: int
    mode: str

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes of the scale, tonic first."""
        return tuple((self.tonic + step) % 12 for step in MODES[self.mode])

    def __str__(self) -> str:
        return f"{_NAMES[self.tonic]} {self.mode}"


def parse(name: str) -> Tonality | None:
    """Read a tonality's name in English or Chinese; None when it is not one."""
    match = _WHOLE.fullmatch(name)
    return None if match is None else from_match(match)


def from_match(match: "re.Match[str]") -> Tonality | None:
    """The tonality that a match of `PATTERN` names; None when it has two accidentals."""
    before, after = match["before"], (match["after"] or "").lower()
    if before and after:
        return None
    tonic = _LETTERS[match["letter"].lower()]
    accidental = before or after
    if accidental in ("#", "♯", "sharp", "升"):
        tonic += 1
    elif accidental:
        tonic -= 1
    return Tonality(tonic=tonic % 12, mode=_MODE_WORDS[match["mode"].lower()])


def printed(tonic: int, mode: str) -> str:
    """The one spelling of a tonality that contracts use."""
    return str(Tonality(tonic=tonic % 12, mode=mode))
