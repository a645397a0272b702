"""Which comping cells break their chords: there a figure may be written in a cell's place.

A cell that is struck, strummed or held is not among them, nor is one that a machine repeats (the
arpeggio of a synthesiser or a chip) or that is an idiom of its own: an ostinato with its accents,
the roll of a banjo, the rising sweep of a zither.
"""

from collections.abc import Sequence

BROKEN: dict[str, frozenset[str]] = {
    "acoustic_folk": frozenset({"comp.1", "comp.3"}),
    "orchestral_tender": frozenset({"comp.1"}),
    "solo_piano": frozenset({"comp.2", "comp.4"}),
    "waltz_ballroom": frozenset({"comp.2"}),
}
_PLAIN = "comp.1"  # where a section names no cell


def breaks(style: str, patterns: Sequence[str]) -> bool:
    """Whether the comping cell of a section, the last that its patterns name, is a broken one."""
    named = [one for one in patterns if one.startswith("comp.")]
    return (named[-1] if named else _PLAIN) in BROKEN.get(style, ())
