"""Voicing recipes: how each style likes a chord laid out, role by role. Edit them as a musician.

A recipe says which tones a chord is reduced to and how far they may lie apart:

close     R 3 5, sevenths R 3 5 7, neighbours close together
drop2     a close four-note chord with the second voice from the top an octave lower
spread    wide at the bottom, the third and what is above it close together on top
shell     3 and 7 and one more tone
rootless  3 5 7 9, in dominants 13 for 5; the root is the bass's
quartal   fourths stacked from the chord's own scale tones
power     R 5 R
open      R 5 9, the third is left to the lead
pad       three or four tones, as few of them moving as possible
cluster   neighbouring tones of the chord and its tensions
tutti     five voices, an octave or a fifth at the bottom, close on top
"""

from msgspec import Struct


class Recipe(Struct, frozen=True, kw_only=True):
    """A way to lay out chords. ``low`` and ``high`` are MIDI pitches inside the part's range."""

    shape: str
    low: int
    high: int
    voices: int
    strict: bool = False  # no parallel fifths and octaves


def _recipe(shape: str, low: int, high: int, voices: int, *, strict: bool = False) -> Recipe:
    return Recipe(shape=shape, low=low, high=high, voices=voices, strict=strict)


PLAIN = _recipe("close", 52, 76, 3)
HELD = _recipe("pad", 50, 76, 4)
_POWER = _recipe("power", 38, 60, 3)
_TUTTI = _recipe("tutti", 48, 79, 5, strict=True)

# Style → role, or a comping cell of its own → recipe. What is not named is PLAIN, pads are HELD.
RECIPES: dict[str, dict[str, Recipe]] = {
    "solo_piano": {
        "comp": _recipe("close", 48, 66, 3, strict=True),
        "pad": _recipe("pad", 52, 74, 3, strict=True),
    },
    "orchestral_epic": {
        "comp": _recipe("close", 48, 69, 3, strict=True),
        "harmony": _recipe("power", 36, 62, 3),
        "pad": _TUTTI,
    },
    "orchestral_tender": {
        "comp": _recipe("spread", 46, 76, 4, strict=True),
        "harmony": _recipe("pad", 55, 74, 3, strict=True),
        "pad": _TUTTI,
    },
    "cinematic_tension": {
        "comp": _recipe("close", 48, 69, 3),
        "harmony": _recipe("pad", 60, 84, 3),
        "pad": _recipe("open", 36, 62, 3),
    },
    "dark_ambient": {
        "comp": _recipe("cluster", 60, 84, 3),
        "harmony": _recipe("quartal", 48, 70, 3),
        "pad": _recipe("open", 40, 64, 3),
    },
    "meditation": {
        "comp": _recipe("spread", 52, 79, 4),
        "harmony": _recipe("open", 52, 74, 3),
        "pad": _recipe("pad", 52, 76, 3),
    },
    "lofi": {"comp": _recipe("drop2", 50, 74, 4), "pad": _recipe("pad", 55, 74, 3)},
    "jazz_trio": {"comp": _recipe("rootless", 48, 70, 4), "pad": _recipe("shell", 52, 72, 3)},
    "bossa": {
        "comp": _recipe("drop2", 48, 71, 4),
        "harmony": _recipe("shell", 52, 74, 3),
        "pad": _recipe("shell", 55, 76, 3),
    },
    "funk_corporate": {
        "comp": _recipe("close", 55, 76, 3),
        "harmony": _recipe("drop2", 50, 72, 4),
        "pad": _recipe("pad", 55, 76, 3),
    },
    "acoustic_folk": {"comp": _recipe("close", 48, 72, 4), "harmony": PLAIN},
    "country": {"comp": _recipe("close", 48, 70, 4), "harmony": _recipe("close", 55, 79, 3)},
    "rock": {
        "comp": _POWER,
        "comp.4": _recipe("close", 52, 70, 4),
        "harmony": _recipe("close", 55, 76, 3),
    },
    "metal": {"comp": _POWER, "pad": _recipe("open", 48, 72, 3)},
    "synthwave": {
        "comp": _recipe("close", 52, 74, 4),
        "harmony": _recipe("close", 60, 88, 4),
        "pad": _recipe("pad", 50, 74, 4),
    },
    "house_edm": {
        "comp": _recipe("close", 55, 76, 4),
        "harmony": _recipe("spread", 52, 79, 4),
        "pad": _recipe("pad", 52, 76, 4),
    },
    "trap_hiphop": {"comp": _recipe("close", 52, 74, 3), "pad": _recipe("pad", 52, 72, 3)},
    "chiptune": {"comp": _recipe("close", 55, 84, 3)},
    "waltz_ballroom": {
        "comp": _recipe("close", 53, 72, 3, strict=True),
        "harmony": _recipe("pad", 52, 74, 3, strict=True),
        "pad": _recipe("pad", 50, 72, 4, strict=True),
    },
    "chinese_traditional": {
        "comp": _recipe("open", 48, 76, 4),
        "harmony": _recipe("open", 55, 79, 3),
        "pad": _recipe("open", 50, 72, 3),
    },
    "fantasy_tavern": {
        "comp": _recipe("open", 50, 72, 4),
        "harmony": _recipe("close", 55, 76, 3),
        "pad": _recipe("power", 43, 62, 3),
    },
    "horror": {
        "comp": _recipe("cluster", 55, 84, 3),
        "harmony": _recipe("cluster", 60, 88, 4),
        "pad": _recipe("power", 36, 62, 3),
    },
}

# What a second colour does where the ladder names no cell for it: "thirds" sing under the lead on
# its strong notes, "held" keep two upper voices, a cell plays that pattern.
MANNERS: dict[str, str] = {
    "solo_piano": "thirds", "acoustic_folk": "thirds", "chiptune": "thirds", "country": "comp.3",
    "metal": "thirds", "fantasy_tavern": "thirds", "waltz_ballroom": "thirds",
    "funk_corporate": "comp.3", "rock": "comp.4", "synthwave": "comp.3",
}  # fmt: skip

# Styles where three in ten plain triads get a ninth.
COLOURED = frozenset({"solo_piano", "synthwave", "house_edm", "funk_corporate", "acoustic_folk",
                      "meditation", "orchestral_tender", "trap_hiphop"})  # fmt: skip
COLOURED_SHARE = 0.3

# Groove styles anticipate one change in five by an eighth.
GROOVES = frozenset({"lofi", "jazz_trio", "bossa", "funk_corporate", "rock", "synthwave",
                     "house_edm", "trap_hiphop", "country"})  # fmt: skip
ANTICIPATED = 0.2

# Who begins alone in an intro of four bars or more; the others wait for half of it.
INTROS: dict[str, tuple[str, ...]] = {
    "solo_piano": ("comp",), "bossa": ("comp",), "acoustic_folk": ("comp",), "rock": ("comp",),
    "orchestral_tender": ("comp",), "lofi": ("comp", "fx"), "chinese_traditional": ("comp",),
    "orchestral_epic": ("pad", "bass"), "fantasy_tavern": ("pad", "bass"),
    "metal": ("comp", "pad"), "synthwave": ("harmony", "pad"), "trap_hiphop": ("comp", "pad"),
}  # fmt: skip

# Styles in which the lead is doubled an octave higher at rungs 6 and 7.
OCTAVES = frozenset({"solo_piano", "orchestral_epic", "orchestral_tender", "jazz_trio", "rock",
                     "synthwave", "house_edm", "trap_hiphop", "waltz_ballroom",
                     "chinese_traditional", "lofi", "funk_corporate"})  # fmt: skip

# Share of its value that a bass note of a pattern sounds; 0.9 where nothing is named.
BASS_LENGTHS: dict[str, float] = {
    "funk_corporate": 0.5, "house_edm": 0.55, "synthwave": 0.65, "chiptune": 0.7, "metal": 0.8,
    "rock": 0.85, "lofi": 0.85, "trap_hiphop": 1.0, "jazz_trio": 0.92, "waltz_ballroom": 0.6,
}  # fmt: skip

# Styles whose bass may stand still at any rung.
CALM = frozenset({"dark_ambient", "meditation", "horror", "cinematic_tension", "solo_piano",
                  "chinese_traditional"})  # fmt: skip

# Styles that end on three strokes of everybody before the last chord rings.
TUTTI_ENDS = frozenset({"orchestral_epic"})

# Share of bass changes that are approached on the last eighth.
APPROACHES: dict[str, float] = {
    "jazz_trio": 0.8, "bossa": 0.5, "orchestral_epic": 0.1, "orchestral_tender": 0.1,
    "dark_ambient": 0.0, "meditation": 0.0, "horror": 0.0, "cinematic_tension": 0.0,
    "fantasy_tavern": 0.15, "chinese_traditional": 0.1,
}  # fmt: skip
APPROACHED = 0.3


def recipe_of(style: str, role: str, cell: str = "") -> Recipe:
    """The recipe of a role, or of the cell it plays where the style has one for it."""
    named = RECIPES.get(style, {})
    return named.get(cell) or named.get(role) or (HELD if role == "pad" else PLAIN)
