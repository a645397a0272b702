"""A style sheet: the arranger's notation as a musician edits it, read into plain values.

One ``field: value`` a line, always the same fields in the same order; lists are separated by
`` ; `` and bars by ``|``. What is wrong is refused with the file and the line.
"""

import re
from pathlib import Path

from msgspec import Struct

from engine.styles import forms, melodies, mixes, patterns, roles, tonalities
from engine.styles.forms import Form
from engine.styles.lines import FILLS, BadSheet, Lines
from engine.styles.mixes import Mix
from engine.styles.patterns import BassNote, CompNote
from engine.styles.roles import Role

__all__ = ["FILLS", "SHEETS", "BadSheet", "BassNote", "CompNote", "Mix", "Role", "Style",
           "StyleFacts", "read"]  # fmt: skip

SHEETS = Path(__file__).parent / "sheets"
_GRIDS = {"16": ("4/4",), "12": ("3/4", "12/8")}


class StyleFacts(Struct, frozen=True, kw_only=True):
    """What a brief needs to know of a style."""

    tempo: tuple[float, float]
    typical_bpm: float
    meters: tuple[str, ...]
    lufs: float
    modes: tuple[str, ...]


class Style(Struct, frozen=True, kw_only=True):
    """One sheet, read."""

    id: str
    scenes: dict[str, tuple[str, ...]]  # what it is asked for, by language: en, zh
    tempo: tuple[float, float]
    typical_bpm: float
    meters: tuple[str, ...]
    grid: int  # steps to the bar of every pattern
    sub: str  # the meter the patterns are written in
    swing: float
    swing_unit: int
    modes: dict[str, float]
    tonics: tuple[int, ...]
    chords: dict[str, tuple[tuple[tuple[str, ...], ...], ...]]  # list → option → bar → chords
    harmonic_rhythm: tuple[float, float]  # chords per bar, least and most
    forms: tuple[Form, ...]  # the usual one first; none where the form is prose
    roles: dict[str, Role]
    grooves: dict[str, dict[str, tuple[int, ...]]]
    bass: dict[str, tuple[BassNote, ...]]
    comp: dict[str, tuple[CompNote, ...]]
    cells: tuple[tuple[int, ...], ...]  # melody rhythms in steps, rests negative
    rest_share: float  # of a melody, 0-1
    contours: tuple[str, ...]
    harmony: str  # advice for people
    ladder: tuple[frozenset[str], ...]  # what sounds at energy 1 … 7
    energy_cap: int  # the highest rung that the style takes unasked
    endings: tuple[str, ...]  # ring, button, open: the usual one first
    mix: Mix
    avoid: tuple[str, ...]  # advice for people


def read(file: Path) -> Style:
    """Read one sheet; raises `BadSheet` with the line that cannot be played."""
    lines = Lines(file)
    tempo, typical = _tempo(lines)
    grid, sub = _grid(lines)
    swing, unit = _swing(lines["feel"])
    modes = tonalities.modes(lines)
    played = {field.removeprefix("role."): roles.role(lines, field)
              for field in lines.fields("role")}  # fmt: skip
    grooves = {one: patterns.groove(lines, one, grid, sub) for one in lines.fields("groove")}
    bass = {field: patterns.bass(lines, field) for field in lines.fields("bass")}
    comp = {field: patterns.comp(lines, field) for field in lines.fields("comp")}
    return Style(
        id=lines.name,
        scenes={"en": _listed(lines["scenes_en"], ","), "zh": _listed(lines["scenes_zh"], "、")},
        tempo=tempo, typical_bpm=typical, meters=_meters(lines), grid=grid, sub=sub,
        swing=swing, swing_unit=unit, modes=modes, tonics=tonalities.tonics(lines),
        chords={
            name: tonalities.chords(lines, f"chords_{name}", modes) for name in ("A", "B", "turn")
        },
        harmonic_rhythm=_harmonic_rhythm(lines), forms=forms.read(lines["form"]),
        roles=played, grooves=grooves, bass=bass, comp=comp,
        cells=melodies.cells(lines, grid), rest_share=melodies.rest_share(lines["melody"], grid),
        contours=melodies.contours(lines, grid), harmony=lines["harmony"],
        ladder=roles.ladder(lines, {*played, *grooves, *bass, *comp}),
        energy_cap=roles.energy_cap(lines["ladder"]), endings=forms.endings(lines["intro_end"]),
        mix=mixes.mix(lines), avoid=_listed(lines["avoid"], ","),
    )  # fmt: skip


def _tempo(lines: Lines) -> tuple[tuple[float, float], float]:
    found = re.match(r"(\d+)-(\d+) typ (\d+);", lines["tempo"])
    if found is None:
        raise lines.refusal("tempo", "reads like '66-92 typ 78; meters 4/4; grid 16'")
    low, high, typical = (float(one) for one in found.groups())
    if low >= high or not low <= typical <= high:
        raise lines.refusal("tempo", f"{low:g} < typ < {high:g} must hold, typ is {typical:g}")
    return (low, high), typical


def _meters(lines: Lines) -> tuple[str, ...]:
    found = re.search(r"meters ([^;]+)", lines["tempo"])
    meters = tuple(re.findall(r"\d+/\d+", found[1])) if found else ()
    if not meters:
        raise lines.refusal("tempo", "names no meter; it reads like 'meters 4/4 3/4'")
    return meters


def _grid(lines: Lines) -> tuple[int, str]:
    found = re.search(r"grid (\d+)(?: sub=(\S+))?", lines["tempo"])
    if found is None or found[1] not in _GRIDS:
        raise lines.refusal("tempo", "grid must be 16 or 12")
    sub = found[2] or _GRIDS[found[1]][0]
    if sub not in _GRIDS[found[1]] or (found[1] == "12" and found[2] is None):
        raise lines.refusal("tempo", "grid 12 is written with sub=3/4 or sub=12/8, grid 16 without")
    return int(found[1]), sub


def _swing(feel: str) -> tuple[float, int]:
    """The swing a feel begins with; what it says of variants further on is for people."""
    found = re.match(r"swing(16)? (0\.\d+)", feel)
    if found is None:
        return 0.5, 16
    return float(found[2]), 16 if found[1] else 8


def _harmonic_rhythm(lines: Lines) -> tuple[float, float]:
    found = forms.harmonic_rhythm(lines["hr"])
    if found is None:
        raise lines.refusal("hr", "names no figure; it reads like '0.5-1 per bar'")
    return found


def _listed(text: str, mark: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(mark) if part.strip())
