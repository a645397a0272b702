"""Placeholder until the style sheets are loaded: tempo, meters and loudness of the 22 styles."""

from msgspec import Struct


class StyleFacts(Struct, frozen=True, kw_only=True):
    """What a brief needs to know of a style."""

    tempo: tuple[float, float]
    typical_bpm: float
    meters: tuple[str, ...]
    lufs: float
    modes: tuple[str, ...] = ()


_ROWS = """
solo_piano 56 96 70 4/4,3/4,6/8 -18
orchestral_epic 76 152 112 4/4,6/8,3/4 -14
orchestral_tender 54 92 68 4/4,3/4,6/8 -19
cinematic_tension 70 140 100 4/4 -18
dark_ambient 40 72 54 4/4 -23
meditation 44 70 56 4/4,3/4 -22
lofi 66 92 78 4/4 -16
jazz_trio 60 220 132 4/4,3/4 -18
bossa 54 76 64 4/4 -17
funk_corporate 96 124 110 4/4 -14
acoustic_folk 72 132 96 4/4,3/4,6/8 -17
country 84 196 112 4/4,3/4 -15
rock 84 168 126 4/4,6/8 -12
metal 90 220 150 4/4,6/8 -11
synthwave 80 124 100 4/4 -13
house_edm 116 132 124 4/4 -11
trap_hiphop 132 156 140 4/4 -13
chiptune 110 180 144 4/4,3/4 -15
waltz_ballroom 84 186 168 3/4,6/8 -18
chinese_traditional 50 132 76 4/4,3/4 -18
fantasy_tavern 84 132 112 6/8,12/8,3/4,4/4 -17
horror 40 120 60 4/4 -22
"""
_FACTS = {
    row[0]: StyleFacts(
        tempo=(float(row[1]), float(row[2])),
        typical_bpm=float(row[3]),
        meters=tuple(row[4].split(",")),
        lufs=float(row[5]),
    )
    for row in (line.split() for line in _ROWS.strip().splitlines())
}


def facts(style: str) -> StyleFacts:
    """Facts of one style."""
    return _FACTS[style]


def names() -> tuple[str, ...]:
    """The 22 style ids."""
    return tuple(_FACTS)
