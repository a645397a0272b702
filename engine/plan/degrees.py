"""Chords as a planner counts them: root over the tonic, quality, which member is the bass, length.

The codes are shared by the plan, which asks how likely a chord is, and the workshop, which counts
them in charts.
"""

from collections.abc import Collection, Sequence

from msgspec import Struct

QUALITIES = ("major", "minor", "dominant", "major7", "minor7", "suspended", "fifth", "diminished",
             "half-diminished", "augmented")  # fmt: skip
INVERSIONS = ("root", "third", "fifth", "seventh", "other")
BAR = 12  # a bar is counted in twelfths, so that halves, thirds and quarters are whole
# Lengths by their least twelfths: under half a bar, half, one bar, over one, over two, over four.
LENGTHS = (0, 6, 12, 13, 25, 49)
KINDS = ("intro", "verse", "chorus", "bridge", "break", "ending", "other")
MODES = ("major", "minor")
CODES = 12 * len(QUALITIES)
# What a chord is judged by, with how many values each has; the last one says that there is none.
FEATURES: tuple[tuple[str, int], ...] = (
    ("chord before", CODES + 1),
    ("chord before that", CODES + 1),
    ("chord four bars ago", CODES + 1),
    ("length before", len(LENGTHS) + 1),
    ("bar of eight", 8),
    ("place in the bar", 3),
    ("bars left", 9),
    ("mode", len(MODES)),
    ("kind of section", len(KINDS)),
)
TOLD: tuple[tuple[str, int], ...] = (
    ("chord", CODES),
    ("inversion", len(INVERSIONS)),
    ("length", len(LENGTHS)),
)
"""What is told of a chord, in the order in which it is guessed."""
_AGO = 4 * BAR

_LETTERS = {"i": "intro", "e": "ending", "A": "verse", "B": "chorus", "C": "bridge", "D": "bridge"}


class Change(Struct, frozen=True, kw_only=True):
    """A chord from when it is heard: ``at`` and ``length`` in twelfths of a bar of its section."""

    code: int
    inversion: int
    at: int
    length: int


def quality(intervals: Collection[int]) -> int:
    """The quality of a chord by its semitones over the root, whatever else is added."""
    has = frozenset(intervals)
    if 4 in has:
        name = "dominant" if 10 in has else "major7" if 11 in has else "major"
        if name == "major" and 8 in has and 7 not in has:
            name = "augmented"
    elif 3 in has:
        dark = 6 in has and 7 not in has
        name = ("half-diminished" if dark else "minor7") if 10 in has else "minor"
        if dark and name == "minor":
            name = "diminished"
    else:
        name = "suspended" if has & {2, 5} else "fifth"
    return QUALITIES.index(name)


def inversion(bass: int) -> int:
    """Which member a bass is, by its semitones over the root."""
    names = {0: "root", 3: "third", 4: "third", 6: "fifth", 7: "fifth", 8: "fifth",
             10: "seventh", 11: "seventh"}  # fmt: skip
    return INVERSIONS.index(names.get(bass % 12, "other"))


def length_class(twelfths: int) -> int:
    """The class of a length in twelfths of a bar."""
    return sum(twelfths >= least for least in LENGTHS) - 1


def code(root: int, kind: int) -> int:
    """One number for a root over the tonic and a quality."""
    return root % 12 * len(QUALITIES) + kind


def kind_of(name: str) -> int:
    """The kind of section that a plan's section is most like, by its name."""
    if name.startswith("br"):
        return KINDS.index("break")
    return KINDS.index(_LETTERS.get(name[0], "other"))


def features(
    changes: Sequence[Change], bars: int, mode: int, kind: int, before: tuple[int, int]
) -> list[tuple[int, ...]]:
    """What each chord of a section is judged by, in the order of ``FEATURES``; ``before`` are the
    two chords before the section, the nearest first, ``CODES`` where there are none."""
    found = []
    for place, change in enumerate(changes):
        last = changes[place - 1] if place else None
        ago = (one.code for one in reversed(changes[:place]) if one.at <= change.at - _AGO)
        inside = change.at % BAR
        found.append((
            last.code if last else before[0],
            changes[place - 2].code if place > 1 else before[1 - place],
            next(ago, CODES),
            length_class(last.length) if last else len(LENGTHS),
            change.at // BAR % 8,
            0 if inside == 0 else 1 if inside == BAR // 2 else 2,
            max(0, min(8, -(-(bars * BAR - change.at) // BAR))),
            mode,
            kind,
        ))  # fmt: skip
    return found


def nearest(changes: Sequence[Change], before: tuple[int, int]) -> tuple[int, int]:
    """The last two chords when a section is over, the last one first."""
    if not changes:
        return before
    return changes[-1].code, changes[-2].code if len(changes) > 1 else before[0]


def told(changes: Sequence[Change]) -> list[tuple[int, int, int]]:
    """What each chord of a section is, in the order of ``TOLD``."""
    return [(one.code, one.inversion, length_class(one.length)) for one in changes]
