"""Forms in a musician's shorthand: ``i4 A8 A'8 B8 e2``, with the lengths and uses they are for.

Sections that the shorthand calls by other names become the letters of a plan: a build is a break
that rises (``br'``), a drop is a B, a solo or a trio a C.
"""

import re

from msgspec import Struct

_LETTERS = {
    "i": "i", "br": "br", "e": "e", "pre": "br'", "build": "br'", "drop": "B", "drop'": "B'",
    "solo": "C", "trio": "C", "calm": "A", "creep": "B", "aftermath": "A'",
}  # fmt: skip
_SECTION = re.compile(r"(?<![\w'])(i|br|e|pre|build|drop'?|solo|trio|calm|creep|aftermath|"
                      r"[A-D]'{0,3})(\d+)(?:-(\d+))?")  # fmt: skip
_CHORUS = re.compile(r"\b([A-D]{4})(?: with)? (\d+) (?:bars )?each")
_USE = re.compile(r"\s*(?:(loop|sting|boss|festival|tavern-calm|ambience)s?\b|(\d+) s\b)")
_LOOP_BARS = re.compile(r"loops? (?:of )?(\d+)")


class Form(Struct, frozen=True, kw_only=True):
    """Sections with their bars, as a style's sheet has them."""

    sections: tuple[tuple[str, int], ...]
    use: str = ""  # what it is for: "" the style's usual form, "loop", "festival" …
    seconds: int | None = None  # the length it was written for

    @property
    def bars(self) -> int:
        """Bars of all sections."""
        return sum(bars for _, bars in self.sections)


def read(text: str) -> tuple[Form, ...]:
    """The forms of a sheet's line; clauses that are prose have none."""
    found = []
    for clause in re.sub(r"\([^)]*\)", " ", text).split(";"):
        sections = shorthand(clause)
        use = _USE.match(clause)
        if len(sections) > 1:
            found.append(
                Form(
                    sections=sections,
                    use=(use[1] or "") if use else "",
                    seconds=int(use[2]) if use and use[2] else None,
                )
            )
    return tuple(found)


def shorthand(text: str) -> tuple[tuple[str, int], ...]:
    """``"i4 A8 e2"`` → names and bars. A letter that returns unmarked is marked as a return."""
    text = _CHORUS.sub(lambda found: " ".join(f"{one}{found[2]}" for one in found[1]), text)
    sections: list[tuple[str, int]] = []
    for found in _SECTION.finditer(text):
        name = _LETTERS.get(found[1], found[1])
        sections.append((_returning(name, sections), int(found[2])))
    return tuple(sections)


def _returning(name: str, before: list[tuple[str, int]]) -> str:
    """A letter that was heard before gets a prime more than at its last time, three at most."""
    if name in ("i", "br", "br'", "e"):
        return name
    heard = {one for one, _ in before}
    while name in heard and name.count("'") < 3:
        name += "'"
    return name


def harmonic_rhythm(text: str) -> tuple[float, float] | None:
    """Chords per bar, least and most, of a sheet's ``hr``; None when it names no figure."""
    pairs = re.findall(r"([\d.]+)(?:-([\d.]+))?(?= per bar| or |, chorus|\b)", text.split(";")[0])
    figures = [float(one) for pair in pairs for one in pair if one and float(one) <= 2]
    return (min(figures), max(figures)) if figures else None


def endings(text: str) -> tuple[str, ...]:
    """How pieces of a style end, the usual one first: ``ring``, ``button`` or ``open``."""
    told = text.partition("ending")[2]
    words = {"button": r"button|choke|cut dry|stomp", "open": r"unresolved|never a tonic",
             "ring": r"ring|held|rolled|rallentando|ritardando"}  # fmt: skip
    places = {
        ending: found.start()
        for ending, pattern in words.items()
        if (found := re.search(pattern, told)) is not None
    }
    return tuple(sorted(places, key=lambda ending: places[ending])) or ("ring",)
