"""The styles as data: sheets a musician can read and edit, loaded once."""

from functools import cache

from engine.styles.sheet import SHEETS, BadSheet, Style, StyleFacts, read

__all__ = ["BadSheet", "Style", "StyleFacts", "facts", "load", "names", "patches"]


@cache
def names() -> tuple[str, ...]:
    """The ids of all styles."""
    return tuple(sorted(file.stem for file in SHEETS.glob("*.style")))


@cache
def load(style: str) -> Style:
    """One style; raises `BadSheet` naming the line that cannot be played."""
    return read(SHEETS / f"{style}.style")


def facts(style: str) -> StyleFacts:
    """What a brief needs to know of a style."""
    sheet = load(style)
    return StyleFacts(
        tempo=sheet.tempo,
        typical_bpm=sheet.typical_bpm,
        meters=sheet.meters,
        lufs=sheet.mix.lufs,
        modes=tuple(sheet.modes),
    )


@cache
def patches() -> frozenset[str]:
    """The ids of every patch that a sheet names."""
    roles = (role for style in names() for role in load(style).roles.values())
    return frozenset(patch for role in roles for patch in role.patches)
