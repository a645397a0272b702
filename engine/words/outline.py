"""A plan that a client sends back: what in it nobody could play, and what it says of the music.

Everything that is wrong is said at once, each with its place in the brief and with what would be
accepted. Here and in the plan's room the same notation is read by the same functions.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import get_args

from msgspec import Struct

from engine import styles
from engine.contracts import Ending, Kind, Meter, Outline, OutlinePart, OutlineSection, Role
from engine.errors import Reason
from engine.score import TICKS_PER_QUARTER, bar_ticks, beats_per_bar
from engine.styles import Style, harmony, ranges, sounds
from engine.words import names, tonality
from engine.words.span import ABSORBED_S, FASTEST_BPM, LENGTHS_MS, RING_S, SLOWEST_BPM

AT = "/plan"
SIXTEENTH = TICKS_PER_QUARTER // 4
NARROWEST = 11
"""Semitones from a pitched role's lowest to its highest note: every pitch class has a place."""

WRITTEN = (22, 98)
"""MIDI pitches that the composer writes in every tonality; of these a line needs an octave."""
_LINES = ("lead", "bass", "counter")

_CELL = re.compile(r"([b#]?[1-7]['’,]?~?|r):([1-9]\d?)")
_CONTOUR = '"maj" or "min", then bars between "/" of cells like 5:4 (degree:sixteenths) or r:4'
_GRIDS = (12, 16)  # sixteenths, or triplet eighths, of one bar of a contour


PLANNED: tuple[Kind, ...] = ("bed", "loop", "chime")
"""Kinds whose plan a client may read and edit."""


class Facts(Struct, frozen=True, kw_only=True):
    """What a plan says of the finished file; `resolve` takes it as it takes the fields."""

    kind: Kind
    style: str  # the style's id, whatever the client called it
    tonality: str  # the one spelling of contracts
    meter: Meter
    bars: int
    bpm: float
    duration_ms: int
    seconds: float  # exact: a loop's follow from its bars, not from the rounded milliseconds
    hits: tuple[int, ...]  # ms


def unplanned(kind: Kind, pointer: str = "/kind") -> Reason:
    """Why there is no plan of a kind."""
    detail = f"a {kind} has no plan to edit; plans are for {', '.join(PLANNED)}"
    return Reason(pointer, "contradiction", detail, list(PLANNED))


def check(outline: Outline) -> list[Reason]:
    """Everything that keeps a plan from being played; none when it can be."""
    style = names.style(outline.style, styles.names())
    return [
        *_style(outline, style),
        *_kind(outline),
        *_tonality(outline),
        *_contour(outline),
        *_parts(outline, None if style is None else styles.load(style)),
        *_sections(outline, None if style is None else styles.load(style)),
        *_length(outline),
        *_hits(outline),
    ]


def facts(outline: Outline) -> Facts:
    """What an outline that passed `check` says of the file."""
    style, home = names.style(outline.style, styles.names()), tonality.parse(outline.tonality)
    assert style is not None, "check() refuses unknown styles"
    assert home is not None, "check() refuses unknown tonalities"
    loop = outline.kind == "loop"
    return Facts(
        kind=outline.kind,
        style=style,
        tonality=str(home),
        meter=outline.meter,
        bars=_bars(outline),
        bpm=outline.tempo,
        duration_ms=outline.duration_ms,
        seconds=_music_s(outline) if loop else outline.duration_ms / 1000,
        hits=tuple(hit.at_ms for hit in outline.hits),
    )


def accepted() -> dict[str, object]:
    """What a plan may be made of: names of sections, roles, endings, chords and instruments."""
    known = styles.patches()
    return {
        "sections": ["i", "A", "B", "C", "D", "br", "e"],
        "roles": list(get_args(Role)),
        "endings": list(get_args(Ending)),
        "chords": harmony.ACCEPTED,
        "instruments": {
            "pitched": sounds.suiting("lead", known),
            "drums": sounds.suiting("drums", known),
            "fx": sounds.suiting("fx", known),
        },
        "patterns": {name: patterns(styles.load(name)) for name in styles.names()},
    }


# --- the whole ------------------------------------------------------------------------------------


def _style(outline: Outline, known: str | None) -> Iterator[Reason]:
    if known is None:
        accepted = list(styles.names())
        detail = f"unknown style {outline.style!r}; accepted: {', '.join(accepted)}"
        yield Reason(f"{AT}/style", "unknown_style", detail, accepted)


def _kind(outline: Outline) -> Iterator[Reason]:
    kind, loop = outline.kind, outline.kind == "loop"
    if kind not in PLANNED:
        yield unplanned(kind, f"{AT}/kind")
    if kind == "chime" and outline.meter != "4/4":
        detail = f"a chime is one motif in 4/4, not in {outline.meter}"
        yield Reason(f"{AT}/meter", "contradiction", detail, ["4/4"])
    if kind != "chime" and not SLOWEST_BPM <= outline.tempo <= FASTEST_BPM:
        detail = f"a {kind} has a tempo from {SLOWEST_BPM:g} to {FASTEST_BPM:g} bpm"
        limit = {"min": SLOWEST_BPM, "max": FASTEST_BPM}
        yield Reason(f"{AT}/tempo", "out_of_range", detail, limit)
    if loop != (outline.ending == "turnaround"):
        endings = ["turnaround"] if loop else ["ring", "button", "open", "fade"]
        detail = f"a {kind} does not end with {outline.ending!r}; accepted: {', '.join(endings)}"
        yield Reason(f"{AT}/ending", "contradiction", detail, endings)


def _tonality(outline: Outline) -> Iterator[Reason]:
    if tonality.parse(outline.tonality) is None:
        detail = f"unknown tonality {outline.tonality!r}; accepted: {tonality.ACCEPTED}"
        yield Reason(f"{AT}/tonality", "unknown_tonality", detail, tonality.ACCEPTED)


def _contour(outline: Outline) -> Iterator[Reason]:
    """The seed of the lead in the sheets' notation, or nothing at all."""
    if not outline.contour.strip():
        return
    mode, _, written = outline.contour.partition(" ")
    if mode not in ("maj", "min"):
        detail = f"a contour begins with maj or min, not with {mode!r}; it reads {_CONTOUR}"
        yield Reason(f"{AT}/contour", "unreadable", detail, _CONTOUR)
        return
    for number, bar in enumerate(written.split("/"), 1):
        cells = [_CELL.fullmatch(cell) for cell in bar.split()]
        if None in cells or not cells:
            detail = f"bar {number} of the contour, {bar.strip()!r}, does not read {_CONTOUR}"
            yield Reason(f"{AT}/contour", "unreadable", detail, _CONTOUR)
        elif (length := sum(int(cell[2]) for cell in cells if cell)) not in _GRIDS:
            detail = f"bar {number} of the contour adds up to {length}, not to 12 or 16"
            yield Reason(f"{AT}/contour", "unreadable", detail, list(_GRIDS))


# --- players --------------------------------------------------------------------------------------


def _parts(outline: Outline, style: Style | None) -> Iterator[Reason]:
    seen: dict[str, int] = {}
    for index, part in enumerate(outline.parts):
        at = f"{AT}/parts/{index}"
        if part.role in seen:
            detail = f"the role {part.role} has a part already, the one at index {seen[part.role]}"
            yield Reason(f"{at}/role", "duplicate", detail)
        seen.setdefault(part.role, index)
        if style is not None and part.role not in style.roles:
            known = list(style.roles)
            detail = f"the style {style.id} has no role {part.role}; it has {', '.join(known)}"
            yield Reason(f"{at}/role", "unknown_role", detail, known)
        yield from _part(part, at)
    if all(part.role in ("drums", "fx") for part in outline.parts):
        detail = "nothing but drums and effects plays; a plan needs a part with a pitch"
        pitched = ["lead", "comp", "bass", "pad", "counter", "harmony"]
        yield Reason(f"{AT}/parts", "contradiction", detail, pitched)


def _part(part: OutlinePart, at: str) -> Iterator[Reason]:
    sound = sounds.read(part.instrument, styles.patches())
    if sound is None or not sound.suits(part.role):
        accepted = sounds.suiting(part.role, styles.patches())
        known = "unknown instrument" if sound is None else f"{part.role} cannot be played on"
        detail = f"{known} {part.instrument!r}; accepted for {part.role}: {', '.join(accepted)}"
        yield Reason(f"{at}/instrument", "unknown_instrument", detail, accepted)
    pitched = part.role not in ("drums", "fx")
    least = part.low + (NARROWEST if pitched else 1)
    if part.high < least:
        detail = f"the range {part.low} to {part.high} is too narrow for {part.role}"
        limit = {"min": least} if least <= 127 else {"max": 127, "low": 127 - NARROWEST}
        yield Reason(f"{at}/high", "out_of_range", detail, limit)
    lowest, highest = WRITTEN
    room = min(part.high, highest) - max(part.low, lowest)
    if part.role in _LINES and part.high >= least and room < NARROWEST:
        detail = f"the {part.role} is written from {lowest} to {highest}; give it an octave of that"
        yield Reason(f"{at}/low", "out_of_range", detail, {"min": lowest, "max": highest})
    if sound is not None and sound.program is not None and pitched:
        yield from _reach(part, sound.program, at)
    softest, loudest = part.velocity
    if softest > loudest:
        detail = f"the softest velocity {softest} is above the loudest {loudest}"
        yield Reason(f"{at}/velocity", "out_of_order", detail, [loudest, softest])


def _reach(part: OutlinePart, program: int, at: str) -> Iterator[Reason]:
    """What an instrument's player cannot reach."""
    lowest, highest = ranges.playable(program)
    limit = {"min": lowest, "max": highest}
    for field, pitch in (("low", part.low), ("high", part.high)):
        if not lowest <= pitch <= highest:
            detail = f"{part.instrument} plays from {lowest} to {highest}, not {pitch}"
            yield Reason(f"{at}/{field}", "out_of_range", detail, limit)


# --- sections -------------------------------------------------------------------------------------


def _sections(outline: Outline, style: Style | None) -> Iterator[Reason]:
    played = {part.role for part in outline.parts}
    for index, section in enumerate(outline.sections):
        at = f"{AT}/sections/{index}"
        yield from _like(section, index, at)
        yield from _roles(section, played, at)
        yield from _chords(section, outline.meter, at)
        if style is not None:
            yield from _patterns(section, style, at)


def _like(section: OutlineSection, index: int, at: str) -> Iterator[Reason]:
    if section.like is not None and section.like >= index:
        detail = f"section {index} cannot be like section {section.like}: only like an earlier one"
        limit = {"min": 0, "max": index - 1} if index else None
        yield Reason(f"{at}/like", "out_of_order", detail, limit)
    if section.like is None and section.variation:
        detail = "a variation is of the section that this one is like; say which, or leave it 0"
        yield Reason(f"{at}/variation", "contradiction", detail, 0)


def _roles(section: OutlineSection, played: set[str], at: str) -> Iterator[Reason]:
    accepted = sorted(played)
    if not section.roles:
        detail = "nobody plays in this section; name at least one role that has a part"
        yield Reason(f"{at}/roles", "too_few", detail, accepted)
    for place, role in enumerate(section.roles):
        if role not in played:
            detail = f"no part plays {role}; roles with a part: {', '.join(accepted)}"
            yield Reason(f"{at}/roles/{place}", "unknown_role", detail, accepted)
        if role in section.roles[:place]:
            yield Reason(f"{at}/roles/{place}", "duplicate", f"{role} is named twice")


def _patterns(section: OutlineSection, style: Style, at: str) -> Iterator[Reason]:
    known = patterns(style)
    for place, pattern in enumerate(section.patterns):
        if pattern not in known:
            detail = f"{style.id} has no pattern {pattern!r}; it has {', '.join(known)}"
            yield Reason(f"{at}/patterns/{place}", "unknown_pattern", detail, known)


def _chords(section: OutlineSection, meter: Meter, at: str) -> Iterator[Reason]:
    at = f"{at}/chords"
    bars = harmony.bars(section.chords)
    if len(bars) != section.bars:
        detail = f"{len(bars)} bars of chords for a section of {section.bars} bars"
        yield Reason(at, "contradiction", detail, section.bars)
    counts, seen = _counts(meter), set[str]()
    for number, symbols in enumerate(bars, 1):
        if not symbols:
            detail = f"bar {number} has no chord; the first bar has no bar before it to repeat"
            yield Reason(at, "unknown_chord", detail, harmony.ACCEPTED)
        elif len(symbols) not in counts:
            detail = f"bar {number} has {len(symbols)} chords, which do not share it evenly"
            yield Reason(at, "out_of_range", detail, counts)
        yield from _unknown(number, [one for one in symbols if one not in seen], at)
        seen.update(symbols)


def _unknown(number: int, symbols: Iterable[str], at: str) -> Iterator[Reason]:
    for symbol in symbols:
        try:
            harmony.read(symbol)
        except harmony.UnknownChord as unknown:
            detail = f"bar {number}: {unknown}"
            yield Reason(at, "unknown_chord", detail, harmony.ACCEPTED)


def _counts(meter: Meter) -> list[int]:
    """How many chords may share a bar: all of the same whole number of sixteenths."""
    sixteenths = bar_ticks(meter) // SIXTEENTH
    return [count for count in range(1, sixteenths + 1) if sixteenths % count == 0]


def patterns(style: Style) -> list[str]:
    """The pattern names that a section of this style may carry."""
    climbed = {name for rung in style.ladder for name in rung if "." in name}
    return sorted({*style.grooves, *style.bass, *style.comp, *climbed})


# --- length and hits ------------------------------------------------------------------------------


def _length(outline: Outline) -> Iterator[Reason]:
    if outline.kind not in PLANNED:
        return
    low, high = LENGTHS_MS[outline.kind]
    if not low <= outline.duration_ms <= high:
        detail = f"a {outline.kind} lasts {low / 1000:g} s to {high / 1000:g} s"
        yield Reason(f"{AT}/duration_ms", "out_of_range", detail, {"min": low, "max": high})
    elif not _fits(outline):
        yield from _misfit(outline)


def _fits(outline: Outline) -> bool:
    """A loop is its bars, exactly; elsewhere what remains after the bars rings out."""
    length, music = outline.duration_ms / 1000, _music_s(outline)
    if outline.kind == "loop":
        return abs(music - length) <= 0.001
    rest = length - music
    most = ABSORBED_S + _music_s(outline) / _bars(outline)
    return rest >= -0.001 and (outline.kind == "chime" or rest <= most + 0.001)


def _misfit(outline: Outline) -> Iterator[Reason]:
    """Which length these bars have at this tempo, and at which tempo they have this length."""
    music, bars = _music_s(outline), _bars(outline)
    ring = 0.0 if outline.kind != "bed" else min(RING_S, outline.duration_ms / 1000 * 0.12)
    nearest: dict[str, float] = {}
    low, high = LENGTHS_MS[outline.kind]
    if low <= (length := round((music + ring) * 1000)) <= high:
        nearest["duration_ms"] = length
    tempo = outline.tempo * music / (outline.duration_ms / 1000 - ring)
    if outline.kind == "chime" or SLOWEST_BPM <= tempo <= FASTEST_BPM:
        # Rounded up, so that the bars do not outlast the file by the rounding.
        nearest["tempo"] = tempo if outline.kind == "loop" else -(-tempo * 1000 // 1) / 1000
    fitting = max(1, int((outline.duration_ms / 1000 - ring) * bars / music + 0.001))
    detail = (
        f"{bars} bars at {outline.tempo:g} bpm are {music:.3f} s and do not "
        f"{'make' if outline.kind == 'loop' else 'fit'} {outline.duration_ms / 1000:g} s; "
        + ", or ".join(
            [*(f"{name} {value:g} would" for name, value in nearest.items()), f"{fitting} bars"]
        )
    )
    limit = {**nearest, "bars": fitting}
    for field in ("duration_ms", "tempo"):
        yield Reason(f"{AT}/{field}", "contradiction", detail, limit)


def _hits(outline: Outline) -> Iterator[Reason]:
    most = outline.duration_ms - 1
    for index, hit in enumerate(outline.hits):
        if hit.at_ms > most:
            detail = f"the hit at {hit.at_ms} ms lies outside the {outline.duration_ms} ms"
            yield Reason(
                f"{AT}/hits/{index}/at_ms", "out_of_range", detail, {"min": 0, "max": most}
            )
    for index, (before, hit) in enumerate(pairwise(outline.hits), 1):
        if hit.at_ms <= before.at_ms:
            detail = "hits stand in order of time"
            limit = {"more_than": before.at_ms}
            yield Reason(f"{AT}/hits/{index}/at_ms", "out_of_order", detail, limit)


def _bars(outline: Outline) -> int:
    return sum(section.bars for section in outline.sections)


def _music_s(outline: Outline) -> float:
    """Seconds from the first bar line to the last."""
    return _bars(outline) * beats_per_bar(outline.meter) * 60 / outline.tempo
