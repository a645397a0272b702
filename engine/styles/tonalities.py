"""Modes, keys and progressions of a sheet."""

import re

from engine.styles import harmony
from engine.styles.lines import Lines

Option = tuple[tuple[str, ...], ...]  # the chords of each bar
WEIGHTY = 10  # per cent: a mode that a style names so often has progressions of its own
MAJORS = frozenset({"major", "lydian", "mixolydian", "gong", "zhi"})
_MODES = {
    "major": "major", "minor": "minor", "natural minor": "minor", "harmonic minor": "minor",
    "dorian": "dorian", "lydian": "lydian", "aeolian": "aeolian", "mixolydian": "mixolydian",
    "phrygian": "phrygian", "phrygian touch": "phrygian", "phrygian dominant": "phrygian",
    "major pentatonic": "major", "yu pentatonic": "minor", "pentatonic": "major",
    "major/lydian": "major", "lydian/major": "major", "octatonic": "phrygian",
    "phrygian/locrian": "phrygian", "minor pentatonic/blues": "minor",
}  # fmt: skip
# How often a piece takes each of the five modes that a sheet describes in its line ``modes``.
_FIVE = {"gong": 0.35, "yu": 0.3, "zhi": 0.2, "shang": 0.1, "jue": 0.05}
_TONICS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def modes(lines: Lines) -> dict[str, float]:
    """The modes of a style with their weights."""
    weights: dict[str, float] = {}
    listed = lines["tonality"].partition("; keys")[0]
    for name, weight in re.findall(r"([a-z/ ]+?)(?: \([^)]*\))? (\d+)(?:,|$)", listed):
        mode = _MODES.get(name.strip())
        if mode is None:
            continue
        shares = {mode: 1.0}
        if "modes" in lines and name.strip() == "pentatonic":
            shares = {one: share for one, share in _FIVE.items() if f"{one} " in lines["modes"]}
        for one, share in shares.items():
            weights[one] = weights.get(one, 0.0) + float(weight) * share
    if not weights:
        known = ", ".join(_MODES)
        raise lines.refusal("tonality", f"no mode with its per cent; known are {known}")
    return weights


def tonics(lines: Lines) -> tuple[int, ...]:
    """Pitch classes of the keys that a style likes."""
    _, _, keys = lines["tonality"].partition("; keys")
    found = [
        (_TONICS[letter] + {"b": -1, "#": 1}.get(sign, 0)) % 12
        for letter, sign in re.findall(r"\b([A-G])([b#]?)(?![a-z])", keys)
    ]
    return tuple(dict.fromkeys(found)) or (0, 2, 9)


def chords(lines: Lines, field: str, weights: dict[str, float]) -> tuple[Option, ...]:
    """The options of a list of progressions, each as bars of chords."""
    options = tuple(_option(lines, field, option) for option in lines[field].split(" ; "))
    families = {harmony.mode_of([chord for bar in option for chord in bar]) for option in options}
    for mode, weight in weights.items():
        family = "major" if mode in MAJORS else "minor"
        if weight >= WEIGHTY and family not in families:
            raise lines.refusal(field, f"no {family} option, though {mode} has {weight:g} %")
    return options


def _option(lines: Lines, field: str, written: str) -> Option:
    bars: list[tuple[str, ...]] = []
    for bar in written.split("|"):
        symbols = tuple(bar.split())
        if symbols == ("%",):
            symbols = bars[-1] if bars else ()
        if not symbols:
            raise lines.refusal(field, f"an empty bar in {written!r}; write a chord or %")
        for symbol in symbols:
            try:
                harmony.read(symbol)
            except harmony.UnknownChord as unknown:
                known = " ".join(one for one in harmony.SUFFIXES if one)
                raise lines.refusal(field, f"{unknown}; suffixes are {known}") from unknown
        bars.append(symbols)
    return tuple(bars)
