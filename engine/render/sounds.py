"""Every sound of ours with where it comes from and what it may be used for, from one table.

`SOUNDS.tsv` has a row for each patch, kit and layer; the banks have theirs in `RIGHTS.tsv`.
"""

from functools import cache
from pathlib import Path

from msgspec import Struct

TABLE = Path(__file__).with_name("SOUNDS.tsv")


class SoundRow(Struct, frozen=True, array_like=True):
    """One sound: its name, what people call it, how it is made, whose it is."""

    name: str
    kind: str  # patch, kit, or layer over another sound
    called: str
    made: str
    source: str
    licence: str


@cache
def rows() -> tuple[SoundRow, ...]:
    """The table in the order of its families."""
    first, *lines = TABLE.read_text().splitlines()
    if first.split("\t") != list(SoundRow.__struct_fields__):
        raise ValueError(f"{TABLE.name}: the first line must name {SoundRow.__struct_fields__}")
    return tuple(SoundRow(*line.split("\t")) for line in lines)
