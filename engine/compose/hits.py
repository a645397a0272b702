"""Hits in a picture: where every line must begin a note."""

from engine.compose.passage import Passage


def hit_here(passage: Passage) -> bool:
    """Whether a hit falls on the unit that is written next."""
    return passage.unit in passage.hits


def until_hit(passage: Passage) -> int:
    """Units from here to the next hit of the bar, or to the bar's end."""
    end = passage.bar.start + passage.bar.units
    if not passage.hits:
        return end - passage.unit
    ahead = [hit for hit in passage.hits if passage.unit < hit < end]
    return min([*ahead, end]) - passage.unit
