"""What a mode allows: chords that belong to it, and what stands in for those that do not.

Sheets are written in major and minor. A church mode or a pentatonic keeps a sheet's progression
degree by degree and takes from its own scale whatever the sheet's chord has outside of it, so that
the mode is heard in its harmony too.
"""

from functools import cache

from engine.styles import harmony

MAJORS = frozenset({"major", "lydian", "mixolydian", "gong", "zhi", "ionian"})
BOTH = frozenset({"major", "minor"})  # the sheets' own modes: their chords are right as they are

# Pitch classes over the tonic that harmony may use. A pentatonic's harmony stays in the mode that
# its five notes belong to, without the leading tone that none of them has.
ALLOWED: dict[str, frozenset[int]] = {
    "major": frozenset((0, 2, 4, 5, 7, 9, 11)),
    "minor": frozenset((0, 2, 3, 5, 7, 8, 10, 11)),
    "aeolian": frozenset((0, 2, 3, 5, 7, 8, 10)),
    "dorian": frozenset((0, 2, 3, 5, 7, 9, 10)),
    "phrygian": frozenset((0, 1, 3, 5, 7, 8, 10)),
    "lydian": frozenset((0, 2, 4, 6, 7, 9, 11)),
    "mixolydian": frozenset((0, 2, 4, 5, 7, 9, 10)),
    "gong": frozenset((0, 2, 4, 5, 7, 9)),
    "shang": frozenset((0, 2, 3, 5, 7, 9, 10)),
    "jue": frozenset((0, 1, 3, 5, 7, 8, 10)),
    "zhi": frozenset((0, 2, 4, 5, 7, 9, 10)),
    "yu": frozenset((0, 2, 3, 5, 7, 8, 10)),
}
# Chords of each mode, the plainest of each function first: home, before home, and colour.
HOME: dict[str, tuple[str, ...]] = {
    "gong": ("I", "I5", "Iadd9", "I69"), "zhi": ("Isus4", "I5", "I", "Isus2"),
    "shang": ("i5", "isus4", "i7"), "jue": ("i7", "i", "isus4"), "yu": ("i", "i7", "i5"),
    "lydian": ("I", "Imaj7", "Iadd9"), "mixolydian": ("I", "I7", "Iadd9"),
    "dorian": ("i", "i7", "iadd9"), "phrygian": ("i", "i7", "isus4"),
    "aeolian": ("i", "i7", "iadd9"), "major": ("I", "Iadd9"), "minor": ("i", "iadd9"),
}  # fmt: skip
BEFORE_HOME: dict[str, tuple[str, ...]] = {
    "gong": ("Vsus4", "Vsus2", "V5", "IVadd9", "ii7"), "zhi": ("IV", "IVadd9", "bVII", "v7"),
    "shang": ("bVII", "IV", "v7"), "jue": ("bvii", "bvii7", "iv7", "bII"),
    "yu": ("bVII", "v7", "iv7"), "lydian": ("V", "II/p1", "V/3"),
    "mixolydian": ("bVII", "v7", "IV"), "dorian": ("IV", "bVII", "v7"),
    "phrygian": ("bII", "bvii", "bIImaj7"), "aeolian": ("bVII", "v", "iv"),
    "major": ("V", "IV"), "minor": ("V", "bVII"),
}  # fmt: skip
COLOUR: dict[str, tuple[str, ...]] = {
    "gong": ("vi7", "IVadd9", "ii7", "Vsus2"), "zhi": ("IVadd9", "ii7", "bVII", "vi7"),
    "shang": ("IV", "bVII", "v7", "bIII"), "jue": ("bVImaj7", "bIII7", "iv7", "bVI"),
    "yu": ("bIII", "bVII", "iv7", "bVI"), "lydian": ("II", "II/p1", "vii7", "vi7"),
    "mixolydian": ("bVII", "v7", "IV", "bVIImaj7"), "dorian": ("IV", "IV7", "ii7", "bVII"),
    "phrygian": ("bII", "bIImaj7", "bvii7", "bVI"), "aeolian": ("bVI", "bVII", "iv", "v7"),
    "major": ("vi", "IV", "ii", "iii"), "minor": ("bVI", "iv", "bIII", "bVII"),
}  # fmt: skip
_PENTATONICS = frozenset({"gong", "shang", "jue", "zhi", "yu"})
_PLAINER = {
    "7": ("maj7", "", "5"), "maj7": ("7", "", "5"), "9": ("7", "maj7", "add9", ""),
    "maj9": ("maj7", "add9", "7", ""), "11": ("7", ""), "13": ("7", "6", "maj7", ""),
    "6": ("7", ""), "69": ("add9", "6", ""), "add9": ("sus2", "7", ""), "sus4": ("sus2", ""),
    "7sus4": ("sus4", "7", ""), "9sus4": ("7sus4", "sus4", ""), "": ("5", "sus4", "sus2"),
}  # fmt: skip


def shown(symbol: str, mode: str, turn: int = 0) -> str:
    """A sheet's chord in a mode: itself where it belongs, else the mode's own on that degree,
    else one of the mode's colours, the ``turn``-th."""
    if mode in BOTH and mode != "major":
        return symbol
    sign, degree, suffix, bass = harmony.taken_apart(symbol)
    if suffix == "5" and mode in MAJORS:  # a bare fifth is written as the mode would fill it
        symbol = f"{sign}{degree.upper()}{suffix}{bass}"
    if legal(symbol, mode):
        return symbol
    for other in _on_the_degree(symbol, mode):
        return other
    colours = COLOUR[mode]
    return colours[turn % len(colours)]


@cache
def legal(symbol: str, mode: str) -> bool:
    """Whether all of a chord's notes and its bass are the mode's."""
    read = harmony.read(symbol)
    if mode in _PENTATONICS and symbol.startswith("V7"):
        return False
    return {*read.pitches, read.bass} <= ALLOWED[mode]


@cache
def _on_the_degree(symbol: str, mode: str) -> tuple[str, ...]:
    """Chords on the same root with the mode's own third, and with fewer added tones."""
    sign, degree, suffix, bass = harmony.taken_apart(symbol)
    fewer = [one for one in _PLAINER.get(suffix, ("",)) if one != "5"]
    found = []
    for one in dict.fromkeys((suffix, *fewer, "5")):
        for letters in (degree, degree.lower(), degree.upper()):
            for low in (bass, "") if one != "5" else ("",):
                other = f"{sign}{letters}{one}{low}"
                if legal(other, mode) and other not in found:
                    found.append(other)
    return tuple(found)
