"""A style sheet: the arranger's notation as a musician edits it, read into plain values.

One ``field: value`` a line, always the same fields; lists are separated by `` ; `` and bars by
``|``. What is wrong is refused with the file and the line.
"""

import re
from pathlib import Path

from msgspec import Struct

from engine.styles import forms, harmony
from engine.styles.forms import Form

SHEETS = Path(__file__).parent / "sheets"
FILLS = ("groove.fill", "groove.fill2", "groove.fill3", "groove.fill4")
_NEEDED = (
    "tempo", "feel", "tonality", "chords_A", "chords_B", "chords_turn", "form", "role.lead",
    "role.comp", "role.bass", "role.drums", "groove.low", "groove.mid", "groove.high", *FILLS,
    "bass.low", "bass.mid", "bass.high", "comp.1", "comp.2", "comp.3", "melody", "contours",
    "ladder", "intro_end", "mix",
)  # fmt: skip
_MODES = {
    "major": "major", "minor": "minor", "natural minor": "minor", "harmonic minor": "minor",
    "dorian": "dorian", "lydian": "lydian", "aeolian": "aeolian", "mixolydian": "mixolydian",
    "phrygian": "phrygian", "phrygian touch": "phrygian", "phrygian dominant": "phrygian",
    "major pentatonic": "major", "yu pentatonic": "minor", "pentatonic": "major",
    "major/lydian": "major", "lydian/major": "major", "octatonic": "phrygian",
    "phrygian/locrian": "phrygian", "minor pentatonic/blues": "minor",
}  # fmt: skip
_TONICS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


class BadSheet(ValueError):
    """A sheet that cannot be played, with the file and the line."""


class Role(Struct, frozen=True, kw_only=True):
    """Who may play a role, how high, how loud."""

    name: str
    programs: tuple[int, ...]
    patches: tuple[str, ...]
    kits: tuple[int, ...]
    low: int
    high: int
    density: tuple[float, float]
    velocity: tuple[int, int]
    optional: bool
    pedal: bool  # what is struck rings on while the harmony lasts
    keys: dict[str, int]  # drum voices moved to other keys


class BassNote(Struct, frozen=True):
    """``step:degree:length[:digit]`` of a bass cell."""

    step: int
    degree: str
    length: int
    digit: int


class CompNote(Struct, frozen=True):
    """``step:voice:length[:digit]`` of a comping cell; ``way`` is a strum, roll or tremolo."""

    step: int
    voice: str
    way: str
    length: int
    digit: int


class Mix(Struct, frozen=True, kw_only=True):
    """Where things stand and what room they stand in."""

    pan: dict[str, int]
    room: str
    decay_s: float
    predelay_ms: float
    send_db: float
    sidechain_db: float
    sidechain_ms: float
    lufs: float
    bright: int


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
    roles: dict[str, Role]
    grooves: dict[str, dict[str, tuple[int, ...]]]
    bass: dict[str, tuple[BassNote, ...]]
    comp: dict[str, tuple[CompNote, ...]]
    contours: tuple[str, ...]
    ladder: tuple[frozenset[str], ...]  # what sounds at energy 1 … 7
    mix: Mix
    forms: tuple[Form, ...]  # the usual one first; none where the form is prose
    harmonic_rhythm: tuple[float, float]  # chords per bar, least and most
    endings: tuple[str, ...]  # ring, button, open: the usual one first
    energy_cap: int  # the highest rung that the style takes unasked


def read(file: Path) -> Style:
    """Read one sheet; raises `BadSheet` with the line that cannot be played."""
    lines: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line.strip():
            continue
        field, colon, value = line.partition(": ")
        if not colon or field in lines:
            raise BadSheet(f"{file.name}:{number}: not a new 'field: value'")
        lines[field] = (number, value.strip())
    for field in _NEEDED:
        if field not in lines:
            raise BadSheet(f"{file.name}: the field {field} is missing")
    return _Reader(file.name, file.stem, lines).style()


class _Reader:
    """Reads fields and remembers where, so that a refusal names its line."""

    def __init__(self, file: str, name: str, lines: dict[str, tuple[int, str]]) -> None:
        self._file, self._name, self._lines = file, name, lines

    def style(self) -> Style:
        tempo = self._tempo()
        grid, sub = self._grid()
        feel = self._text("feel")
        swing, unit = self._swing(feel)
        roles = {
            field.removeprefix("role."): self._role(field)
            for field in self._lines
            if field.startswith("role.")
        }
        grooves = {f: self._groove(f, grid, sub) for f in self._lines if f.startswith("groove.")}
        bass = {f: self._bass(f) for f in self._lines if f.startswith("bass.")}
        comp = {f: self._comp(f) for f in self._lines if re.fullmatch(r"comp\.\d", f)}
        modes, tonics = self._tonality()
        return Style(
            id=self._name,
            tempo=tempo[:2], typical_bpm=tempo[2],
            meters=tuple(re.findall(r"\d+/\d+", self._text("tempo").split(";")[1])),
            grid=grid, sub=sub, swing=swing, swing_unit=unit, modes=modes, tonics=tonics,
            chords={name: self._chords(f"chords_{name}") for name in ("A", "B", "turn")},
            roles=roles, grooves=grooves, bass=bass, comp=comp,
            contours=self._contours(grid),
            ladder=self._ladder({*roles, *grooves, *bass, *comp}),
            mix=self._mix(), forms=forms.read(self._text("form")),
            harmonic_rhythm=forms.harmonic_rhythm(self._text("hr")) or (1.0, 1.0),
            endings=forms.endings(self._text("intro_end")),
            energy_cap=self._energy_cap(),
        )  # fmt: skip

    def _text(self, field: str) -> str:
        return self._lines[field][1]

    def _refuse(self, field: str, why: str) -> BadSheet:
        return BadSheet(f"{self._file}:{self._lines[field][0]}: {field}: {why}")

    def _tempo(self) -> tuple[float, float, float]:
        found = re.match(r"(\d+)-(\d+) typ (\d+)", self._text("tempo"))
        if found is None:
            raise self._refuse("tempo", "reads like '66-92 typ 78; meters 4/4; grid 16'")
        low, high, typical = (float(one) for one in found.groups())
        if not low <= typical <= high or low >= high:
            raise self._refuse("tempo", "the typical tempo must lie between the others")
        return low, high, typical

    def _grid(self) -> tuple[int, str]:
        found = re.search(r"grid (\d+)(?: sub=(\S+))?", self._text("tempo"))
        if found is None or found[1] not in ("12", "16"):
            raise self._refuse("tempo", "grid must be 16 or 12")
        return int(found[1]), found[2] or "4/4"

    def _swing(self, feel: str) -> tuple[float, int]:
        found = re.search(r"swing(16)? (0\.\d+)", feel)
        if found is None:
            return 0.5, 16
        return float(found[2]), 16 if found[1] else 8

    def _tonality(self) -> tuple[dict[str, float], tuple[int, ...]]:
        modes: dict[str, float] = {}
        listed, _, keys = self._text("tonality").partition("; keys")
        for name, weight in re.findall(r"([a-z/ ]+?)(?: \([^)]*\))? (\d+)(?:,|$)", listed):
            mode = _MODES.get(name.strip())
            if mode is not None:
                modes[mode] = modes.get(mode, 0.0) + float(weight)
        tonics = [
            (_TONICS[letter] + {"b": -1, "#": 1}.get(sign, 0)) % 12
            for letter, sign in re.findall(r"\b([A-G])([b#]?)(?![a-z])", keys)
        ]
        return modes or {"minor": 1.0}, tuple(dict.fromkeys(tonics)) or (0, 2, 9)

    def _chords(self, field: str) -> tuple[tuple[tuple[str, ...], ...], ...]:
        options = []
        for option in self._text(field).split(" ; "):
            bars: list[tuple[str, ...]] = []
            for bar in option.split("|"):
                chords = tuple(bar.split())
                if chords == ("%",):
                    chords = bars[-1] if bars else ()
                if not chords:
                    raise self._refuse(field, f"an empty bar in {option!r}")
                for chord in chords:
                    try:
                        harmony.read(chord)
                    except harmony.UnknownChord as unknown:
                        raise self._refuse(field, str(unknown)) from unknown
                bars.append(chords)
            options.append(tuple(bars))
        return tuple(options)

    def _role(self, field: str) -> Role:
        facts = dict(
            part.split("=", 1) for part in re.split(r"; (?=\w+=)", self._text(field)) if "=" in part
        )
        low, high = self._span(field, facts, "range")
        if not 0 <= low < high <= 127:
            raise self._refuse(field, f"range {facts['range']} is empty or not MIDI")
        if re.search(r"[^\d ]", facts.get("gm", "")):
            raise self._refuse(field, f"gm={facts['gm']!r} are not program numbers")
        programs = tuple(int(one) for one in facts.get("gm", "").split())
        if any(not 0 <= one <= 127 for one in programs):
            raise self._refuse(field, "a GM program exceeds 127")
        density, velocity = self._span(field, facts, "dens"), self._span(field, facts, "vel")
        percussion = re.findall(r"\d+", facts.get("perc", ""))
        keys = {voice: int(facts[voice].split()[0]) for voice in "KSHTCPLOR" if voice in facts}
        if percussion and "P" not in keys:
            keys["P"] = int(percussion[0])
        return Role(
            name=field.removeprefix("role."), programs=programs,
            patches=tuple(facts.get("syn", "").split()),
            kits=tuple(int(one) for one in facts.get("kit", "").split()),
            low=int(low), high=int(high), density=density,
            velocity=(int(velocity[0]), int(velocity[1])),
            pedal="pedal per chord" in facts.get("art", ""),
            optional=facts.get("optional", "").startswith("1"), keys=keys,
        )  # fmt: skip

    def _span(self, field: str, facts: dict[str, str], name: str) -> tuple[float, float]:
        """``low-high`` of a role, or one figure for both."""
        found = re.fullmatch(r"([\d.]+)(?:-([\d.]+))?", facts.get(name, "").strip())
        if found is None:
            raise self._refuse(field, f"{name} reads like 'low-high', not {facts.get(name)!r}")
        return float(found[1]), float(found[2] or found[1])

    def _groove(self, field: str, grid: int, sub: str) -> dict[str, tuple[int, ...]]:
        voices = {}
        for voice, digits in re.findall(r"\b([KSLHORTPC])=([\d-]+)", _pattern(self._text(field))):
            steps = tuple(int(digit) for digit in digits.replace("-", ""))
            if len(steps) != grid:
                raise self._refuse(field, f"{voice} has {len(steps)} digits, not {grid}")
            voices[voice] = steps
        beat = 4 if sub != "12/8" else 3
        first = {"groove.fill2": grid // 2, "groove.fill4": grid - beat}.get(field, 0)
        if any(any(steps[:first]) for steps in voices.values()):
            raise self._refuse(field, f"a digit before step {first}")
        return voices

    def _bass(self, field: str) -> tuple[BassNote, ...]:
        notes, free = [], 0
        for cell in _pattern(self._text(field)).split():
            found = re.fullmatch(r"(\d+):(-?[1-8]|[<>dn]):(\d+)(?::(\d))?", cell)
            if found is None:
                raise self._refuse(field, f"{cell!r} is not step:degree:length[:digit]")
            note = BassNote(int(found[1]), found[2], int(found[3]), int(found[4] or 6))
            if note.step < free:
                raise self._refuse(field, f"{cell!r} overlaps the note before it")
            free = note.step + note.length
            notes.append(note)
        return tuple(notes)

    def _comp(self, field: str) -> tuple[CompNote, ...]:
        notes = []
        for cell in _pattern(self._text(field)).split():
            found = re.fullmatch(
                r"(\d+):((?:\d|all|hi|top|B\d*)(?:\+(?:\d|hi|top|B\d*))*)(~[durtg])?:(\d+)(?::(\d))?",
                cell,
            )
            if found is None:
                raise self._refuse(field, f"{cell!r} is not step:voice:length[:digit]")
            way = (found[3] or "")[1:]
            notes.append(CompNote(int(found[1]), found[2], way, int(found[4]), int(found[5] or 6)))
        return tuple(notes)

    def _contours(self, grid: int) -> tuple[str, ...]:
        found = tuple(part.strip() for part in self._text("contours").split(" ; "))
        if len(found) != 4:
            raise self._refuse("contours", f"{len(found)} contours, not four")
        for contour in found:
            for bar in contour.partition(" ")[2].split("/"):
                length = sum(int(one) for one in re.findall(r":(\d+)", bar))
                if length != grid:
                    raise self._refuse("contours", f"{bar.strip()!r} adds up to {length}")
        return found

    def _ladder(self, known: set[str]) -> tuple[frozenset[str], ...]:
        rungs = self._text("ladder").split("|")
        if len(rungs) != 7:
            raise self._refuse("ladder", f"{len(rungs)} rungs, not seven")
        sounding: set[str] = set()
        climbed = []
        for rung in rungs:
            for word in re.sub(r"\([^)]*\)", " ", rung).replace(",", " ").split():
                _climb(sounding, word, known)
            climbed.append(frozenset(sounding))
        return tuple(climbed)

    def _energy_cap(self) -> int:
        found = re.search(r"stays at 1-(\d)|above (\d) only on request", self._text("ladder"))
        return 7 if found is None else int(found[1] or found[2])

    def _mix(self) -> Mix:
        text = self._text("mix")
        verb = re.search(r"verb=([a-z ]*[a-z])(?: ([\d.]+)(?:-[\d.]+)? s)?(?: \([^)]*\))?"
                         r"(?: pre ([\d.]+) ms)?(?: at (-?[\d.]+) dB)?", text)  # fmt: skip
        lufs = re.search(r"lufs=(-[\d.]+)", text)
        bright = re.search(r"bright=(\d)", text)
        if verb is None or lufs is None or bright is None:
            raise self._refuse("mix", "verb, lufs and bright are needed")
        side = re.search(r"sc=[^;]*?([\d.]+)(?:-[\d.]+)? dB", text)
        release = re.search(r"sc=[^;]*?(\d+) ms", text)
        none = (verb[1] or "none").strip().startswith("none")
        return Mix(
            pan={name: int(value) for name, value in
                 re.findall(r"([a-z]+) (-?\d+)(?=[,;.])", text.partition("verb=")[0] + ";")},
            room=(verb[1] or "none").strip(),
            decay_s=0.0 if none else float(verb[2] or 1.2),
            predelay_ms=float(verb[3] or 10),
            send_db=-60.0 if none else float(verb[4] or -14),
            sidechain_db=float(side[1]) if side else 0.0,
            sidechain_ms=float(release[1]) if release else 160.0,
            lufs=float(lufs[1]),
            bright=int(bright[1]),
        )  # fmt: skip


def _climb(sounding: set[str], word: str, known: set[str]) -> None:
    """One word of a rung: ``+x`` adds, ``-x`` removes, ``x>y`` replaces; the rest is remarks."""
    adds = word.removeprefix("+")
    if ">" in adds:
        old, _, new = adds.partition(">")
        if new in known:
            sounding.discard(old)
            _add(sounding, new)
    elif word.startswith("-") and word[1:] in known:
        sounding.discard(word[1:])
    elif ":" in adds and adds.split(":")[0] in known:
        sounding.add(adds.split(":")[0])
        sounding.add(adds)
    elif adds in known and adds not in FILLS:
        _add(sounding, adds)


def _add(sounding: set[str], name: str) -> None:
    """A groove or bass pattern takes the place of its kind; a comping cell joins."""
    kind = name.partition(".")[0]
    if kind in ("groove", "bass") and "." in name:
        sounding -= {one for one in sounding if one.startswith(f"{kind}.")}
    sounding.add(name)


def _pattern(text: str) -> str:
    return text.partition(" ; ")[0]
