"""Length, bars and tempo of a brief: what is asked, what follows from it, what cannot be.

A bed's form absorbs a remainder, so its bars and tempo need only fit into its length. A loop is
whole bars, exactly. A chime has a length and nothing else, a sting a length and a tempo; an
ambience has a length and no beat.
"""

import math
from typing import cast

from msgspec import Struct, structs

from engine.contracts import Kind, Meter
from engine.score import beats_per_bar
from engine.styles import StyleFacts, facts
from engine.words.case import Case
from engine.words.structure import Form, opened

LENGTHS_MS: dict[str, tuple[int, int]] = {
    "bed": (5_000, 600_000),
    "loop": (5_000, 600_000),
    "chime": (200, 5_000),
    "sting": (500, 15_000),
    "ambience": (5_000, 600_000),
}
BED_MS, LOOP_BARS = 60_000, 16
BARLESS_MS: dict[str, int] = {"chime": 1_500, "sting": 4_000, "ambience": 60_000}
"""The usual length of what has no bars."""
SLOWEST_BPM, FASTEST_BPM = 30.0, 300.0

RING_S = 2.5
"""What a bed's last chord rings when its bars and tempo, not its length, were asked for."""

ABSORBED_S = 6.0
"""A bed's form absorbs one bar and this much of a remainder: a ring-out, a held chord."""


class Span(Struct, frozen=True, kw_only=True):
    """How long, how many bars, how fast, and the sections that fit."""

    form: Form
    duration_ms: int
    frames: int
    bars: int | None
    bpm: float | None
    bpm_range: tuple[float, float]


class _Asked(Struct, kw_only=True):
    """Length, bars and tempo as asked, and which of them a field (not words) asked for."""

    duration_ms: int | None
    bars: int | None
    bpm: float | None
    fields: frozenset[str]
    form: Form

    def pointer(self, name: str) -> str:
        if name == "bars" and self.by_sections:
            return self.form.pointer
        return f"/{name}" if name in self.fields else "/prompt"

    @property
    def by_sections(self) -> bool:
        """Whether the sections, not a number of its own, give the bars."""
        return self.bars is not None and self.bars == self.form.bars


def span_of(
    case: Case, kind: Kind, style: str, meter: Meter, rate: int, form: Form | None = None
) -> Span:
    """The length, bars and tempo of a brief whose sections are ``form``."""
    asked = _asked(case, kind, form or Form())
    beats = beats_per_bar(meter)
    tempo = _tempo(case, facts(style))
    if kind in BARLESS_MS:
        return _barless(case, kind, asked, tempo, rate)
    if kind == "loop":
        return _loop(case, asked, tempo, beats, rate)
    return _bed(case, asked, tempo, beats, rate)


def _asked(case: Case, kind: Kind, form: Form) -> _Asked:
    values: dict[str, float | int | None] = {}
    fields: set[str] = set()
    for name in ("duration_ms", "bars", "bpm"):
        field = getattr(case.brief, name)
        said = None if case.left(name) else getattr(case.read, name)
        if field is not None:
            fields.add(name)
            if said is not None and said != field:
                case.overrule(name, said)
        values[name] = field if field is not None else said
    if "bpm" in fields and case.read.bpm_range is not None:
        case.overrule("bpm_range", case.read.bpm_range)
    if kind in BARLESS_MS and "bars" in fields:
        low, high = LENGTHS_MS[kind]
        detail = f"a {kind} has a length but no bars; use duration_ms ({low} to {high})"
        case.contradict((case.pointer("kind"), "/bars"), detail)
    if kind == "ambience" and "bpm" in fields:
        detail = "an ambience has no beat; leave bpm out"
        case.contradict((case.pointer("kind"), "/bpm"), detail)
    if values["bars"] is None and form.bars is not None:
        values["bars"] = form.bars
    if form.field and values["bars"] == form.bars is not None:
        fields.add("bars")
    return _Asked(
        form=form,
        duration_ms=cast("int | None", values["duration_ms"]),
        bars=cast("int | None", values["bars"]),
        bpm=None if values["bpm"] is None else float(values["bpm"]),
        fields=frozenset(fields),
    )


class _Tempo(Struct, frozen=True, kw_only=True):
    """Where the tempo may lie when it is open, and where it would rather be."""

    low: float
    high: float
    typical: float


def _tempo(case: Case, style: StyleFacts) -> _Tempo:
    low, high = style.tempo
    typical = style.typical_bpm
    if case.read.bpm_range is not None:
        low, high = case.read.bpm_range
        return _Tempo(low=low, high=high, typical=min(max(typical, low), high))
    down, up = typical - low, high - typical
    pace = case.read.pace
    if pace is None and case.read.mood_pace:
        # A mood only leans on the tempo, a tempo word decides it.
        if case.read.mood_pace > 0:
            return _Tempo(low=typical - 0.2 * down, high=high, typical=round(typical + 0.2 * up))
        return _Tempo(low=low, high=typical + 0.2 * up, typical=round(typical - 0.2 * down))
    ranges = {
        None: (low, high, typical),
        -2: (low, low + 0.35 * down, low + 0.15 * down),
        -1: (low, low + 0.75 * down, low + 0.45 * down),
        0: (typical - 0.3 * down, typical + 0.3 * up, typical),
        1: (typical + 0.25 * up, high, typical + 0.5 * up),
        2: (typical + 0.6 * up, high, typical + 0.85 * up),
    }
    low, high, likes = ranges[pace]
    return _Tempo(low=low, high=high, typical=float(round(likes)))


def _barless(case: Case, kind: Kind, asked: _Asked, tempo: _Tempo, rate: int) -> Span:
    if asked.bars is not None and "bars" not in asked.fields:
        case.overrule("bars", asked.bars)
    bpm = asked.bpm
    if kind == "ambience" and bpm is not None:
        if "bpm" not in asked.fields:
            case.overrule("bpm", _as_read(case, "bpm"))
        bpm = None
    duration = asked.duration_ms
    if duration is None:
        duration = BARLESS_MS[kind]
        case.defaults.append(f"length {duration / 1000:g} s")
    _check_length(case, kind, asked.pointer("duration_ms"), duration)
    return Span(
        form=asked.form,
        duration_ms=duration,
        frames=round(duration * rate / 1000),
        bars=None,
        bpm=bpm,
        bpm_range=_range(bpm, tempo),
    )


def _range(bpm: float | None, tempo: _Tempo) -> tuple[float, float]:
    return (tempo.low, tempo.high) if bpm is None else (bpm, bpm)


def _check_length(case: Case, kind: Kind, pointer: str, duration_ms: float) -> None:
    low, high = LENGTHS_MS[kind]
    if not low <= duration_ms <= high:
        detail = (
            f"{duration_ms / 1000:g} s is too {'short' if duration_ms < low else 'long'} "
            f"for a {kind}: {low / 1000:g} s to {high / 1000:g} s"
        )
        case.refuse(pointer, "out_of_range", detail, {"min": low, "max": high})


def _seconds(bars: float, beats: int, bpm: float) -> float:
    return bars * beats * 60 / bpm


# A bed: the form absorbs a remainder, so bars and tempo need only fit into the length.


def _bed(case: Case, asked: _Asked, tempo: _Tempo, beats: int, rate: int) -> Span:
    asked = _reconciled_bed(case, asked, beats)
    if asked.duration_ms is None and asked.bars is not None:
        duration, bpm = _bed_of_bars(case, asked, tempo, beats)
        bpm_range = (bpm, bpm)
    else:
        duration, bpm = _bed_length(case, asked, tempo, beats), asked.bpm
        bpm_range = _bed_tempi(case, asked, tempo, beats, duration / 1000)
    return Span(
        form=asked.form,
        duration_ms=duration,
        frames=round(duration * rate / 1000),
        bars=asked.bars,
        bpm=bpm,
        bpm_range=bpm_range,
    )


def _bed_of_bars(case: Case, asked: _Asked, tempo: _Tempo, beats: int) -> tuple[int, float]:
    """The length that the bars have, with a ring-out, and their tempo."""
    bars, bpm = cast(int, asked.bars), asked.bpm or tempo.typical
    duration = round((_seconds(bars, beats, bpm) + RING_S) * 1000)
    case.defaults.append(f"length {duration / 1000:g} s: {bars} bars and a ring-out")
    _check_length(case, "bed", asked.pointer("bars"), duration)
    if asked.bpm is None:
        case.defaults.append(f"bpm {bpm:g}")
    return duration, bpm


def _bed_length(case: Case, asked: _Asked, tempo: _Tempo, beats: int) -> int:
    """The asked length, or the usual one."""
    if asked.duration_ms is None:
        duration = _open_length(case, asked, tempo, beats)
        case.defaults.append(f"length {duration / 1000:g} s")
        return duration
    _check_length(case, "bed", asked.pointer("duration_ms"), asked.duration_ms)
    return asked.duration_ms


def _bed_tempi(
    case: Case, asked: _Asked, tempo: _Tempo, beats: int, length: float
) -> tuple[float, float]:
    """Tempi at which the bars, or the sections where the bars are open, fit the length."""
    if asked.bars is None:
        _hold_sections(case, asked, beats, int(length / _bar_at(asked.bpm, beats) + 0.001))
    least = asked.bars or asked.form.least
    if not least or asked.bpm is not None:
        return _range(asked.bpm, tempo)
    return _fitting_range(least, beats, length, tempo, asked.bars is not None)


def _bar_at(bpm: float | None, beats: int) -> float:
    """Seconds of a bar at a tempo, at the fastest where the tempo is open."""
    return _seconds(1, beats, bpm or FASTEST_BPM)


_OPEN_SECTION_BARS = 4
_AFTER_HIT_MS = 5_000


def _open_length(case: Case, asked: _Asked, tempo: _Tempo, beats: int) -> int:
    """The usual length, or what the sections and the last hit need, in whole seconds."""
    bars = sum(one.bars or _OPEN_SECTION_BARS for one in asked.form.sections)
    music = _seconds(bars, beats, asked.bpm or tempo.typical) + RING_S if bars else 0.0
    hits = case.read.hits if case.brief.hits is None else tuple(h.at_ms for h in case.brief.hits)
    latest = max(hits, default=0) + _AFTER_HIT_MS
    needed = max(BED_MS, round(music * 1000), latest)
    return min(-(-needed // 1000) * 1000, LENGTHS_MS["bed"][1])


def _hold_sections(case: Case, asked: _Asked, beats: int, bars: int) -> None:
    """Sections must fit into the bars there are: words give way, a field is refused."""
    form = asked.form
    if form.least <= bars:
        return
    if not form.field:
        asked.form = opened(case, form, bars)
        return
    needed = round(_seconds(form.least, beats, asked.bpm or FASTEST_BPM) * 1000)
    detail = f"the sections need at least {form.least} bars and there is room for {bars}"
    given = tuple(asked.pointer(name) for name in ("duration_ms", "bpm") if getattr(asked, name))
    limit = {"bars": bars, "duration_ms": needed}
    case.contradict(tuple(dict.fromkeys((form.pointer, *given))), detail, limit)
    asked.form = Form()  # told once


def _give_up_bars(case: Case, asked: _Asked, room: int) -> None:
    """Words' bars yield; those of sections are left open, for as many bars as there is room."""
    if asked.by_sections:
        asked.form = opened(case, asked.form, room)
    else:
        case.overrule("bars", asked.bars)


def _reconciled_bed(case: Case, asked: _Asked, beats: int) -> _Asked:
    """Length, bars and tempo that hold together: words give way, fields are refused."""
    problem = _bed_problem(asked, beats)
    if problem is None:
        return asked
    for name in ("bpm", "bars", "duration_ms"):
        if name not in asked.fields and getattr(asked, name) is not None:
            if name == "bars":
                length = cast(int, asked.duration_ms) / 1000
                _give_up_bars(case, asked, int(length / _bar_at(asked.bpm, beats) + 0.001))
            else:
                case.overrule(name, _as_read(case, name))
            return _reconciled_bed(case, structs.replace(asked, **{name: None}), beats)
    pointers = tuple(
        asked.pointer(name)
        for name in ("duration_ms", "bars", "bpm")
        if getattr(asked, name) is not None
    )
    case.contradict(pointers, *problem)
    return asked


def _as_read(case: Case, name: str) -> str:
    return next(reading.value for reading in case.read.readings if reading.field == name)


def _bed_problem(asked: _Asked, beats: int) -> tuple[str, dict[str, object]] | None:
    if asked.duration_ms is None or asked.bars is None:
        return None
    length = asked.duration_ms / 1000
    room = length - ABSORBED_S - 0.001
    fastest = FASTEST_BPM if asked.bpm is None else asked.bpm
    slowest = SLOWEST_BPM if asked.bpm is None else asked.bpm
    shortest = _seconds(asked.bars, beats, fastest)
    longest = _seconds(asked.bars + 1, beats, slowest)  # one more bar is absorbed
    if shortest <= length + 0.001 and longest >= room:
        return None
    bpm = asked.bpm or (FASTEST_BPM if shortest > length else SLOWEST_BPM)
    music = _seconds(asked.bars, beats, bpm)
    fitting = max(1, int((length + 0.001) / _seconds(1, beats, bpm)))
    detail = (
        f"{asked.bars} bars at {bpm:g} bpm are {music:.3f} s and do not fit {length:g} s; "
        f"{fitting} bars would, or a length of {music + RING_S:.3f} s"
    )
    return detail, {"bars": fitting, "duration_ms": round((music + RING_S) * 1000)}


def _fitting_range(
    bars: int, beats: int, length: float, tempo: _Tempo, exact: bool
) -> tuple[float, float]:
    """Tempi at which the bars (``exact``) or more of them fit the length, inside the style's own
    range where possible."""
    slowest = max(SLOWEST_BPM, _seconds(bars, beats, 1) / length)
    fastest = FASTEST_BPM
    if exact and length > 2 * RING_S:
        fastest = min(FASTEST_BPM, max(slowest, _seconds(bars, beats, 1) / (length - RING_S)))
    low, high = max(slowest, tempo.low), min(fastest, tempo.high)
    return (low, high) if low <= high else (slowest, fastest if exact else slowest)


# A loop: whole bars, exactly.


def _loop(case: Case, asked: _Asked, tempo: _Tempo, beats: int, rate: int) -> Span:
    bars, bpm, duration = asked.bars, asked.bpm, asked.duration_ms
    if bars is not None and bpm is not None and duration is not None:
        bars, bpm = _loop_of_three(case, asked, tempo, beats)
    elif duration is not None and bars is not None:
        bpm = _seconds(bars, beats, 1) / (duration / 1000)
        if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
            bars, bpm = _loop_too_odd(case, asked, tempo, beats, bpm)
    elif duration is not None and bpm is not None:
        bars, bpm = _loop_of_length_and_tempo(case, asked, tempo, beats)
    elif duration is not None:
        bars, bpm = _filled(case, asked, tempo, beats)
        case.defaults.append(f"{bars} bars at {bpm:g} bpm, to fill the length exactly")
    if bars is None:
        bars = max(LOOP_BARS, -(-asked.form.least // 4) * 4)
        case.defaults.append(f"{bars} bars")
    _hold_sections(case, asked, beats, bars)
    if bpm is None:
        bpm = tempo.typical
        case.defaults.append(f"bpm {bpm:g}")
    seconds = _seconds(bars, beats, bpm)
    pointer = asked.pointer("duration_ms" if asked.duration_ms is not None else "bars")
    _check_length(case, "loop", pointer, round(seconds * 1000))
    return Span(
        form=asked.form,
        duration_ms=round(seconds * 1000),
        frames=round(seconds * rate),
        bars=bars,
        bpm=bpm,
        bpm_range=(bpm, bpm),
    )


def _loop_of_three(case: Case, asked: _Asked, tempo: _Tempo, beats: int) -> tuple[int, float]:
    bars, bpm, duration = (
        cast(int, asked.bars),
        cast(float, asked.bpm),
        cast(int, asked.duration_ms),
    )
    exact_ms = _seconds(bars, beats, bpm) * 1000
    if abs(exact_ms - duration) <= 1:
        return bars, bpm
    fitting = _seconds(bars, beats, 1) / (duration / 1000)
    if "bpm" not in asked.fields:
        if SLOWEST_BPM <= fitting <= FASTEST_BPM:
            _bend(case, bpm, fitting, f"{bars} bars fill {duration / 1000:g} s")
            return bars, fitting
        case.overrule("bpm", _as_read(case, "bpm"))
        return _loop_too_odd(case, asked, tempo, beats, fitting)
    if "bars" not in asked.fields:
        _give_up_bars(case, asked, max(1, round(duration / 1000 / _bar_at(bpm, beats))))
        return _loop_of_length_and_tempo(case, asked, tempo, beats)
    if "duration_ms" not in asked.fields:
        case.overrule("duration_ms", duration)
        asked.duration_ms = round(exact_ms)
        return bars, bpm
    detail = (
        f"{bars} bars at {bpm:g} bpm last {exact_ms / 1000:.3f} s, not {duration / 1000:g} s; "
        f"for that length the tempo would be {fitting:.3f} bpm"
    )
    limit = {"duration_ms": round(exact_ms), "bpm": round(fitting, 3)}
    case.contradict(("/duration_ms", asked.pointer("bars"), "/bpm"), detail, limit)
    return bars, bpm


def _loop_too_odd(
    case: Case, asked: _Asked, tempo: _Tempo, beats: int, bpm: float
) -> tuple[int, float]:
    bars, duration = cast(int, asked.bars), cast(int, asked.duration_ms)
    if "bars" not in asked.fields:
        _give_up_bars(case, asked, int(duration / 1000 / _bar_at(None, beats) + 0.001))
        return _filled(case, asked, tempo, beats)
    if "duration_ms" not in asked.fields:
        case.overrule("duration_ms", duration)
        asked.duration_ms = None
        return bars, tempo.typical
    shortest, longest = (_seconds(bars, beats, speed) for speed in (FASTEST_BPM, SLOWEST_BPM))
    detail = (
        f"{bars} bars in {duration / 1000:g} s would need {bpm:.1f} bpm; "
        f"they last {shortest:g} s to {longest:g} s"
    )
    limit = {"min": round(shortest * 1000), "max": round(longest * 1000)}
    case.contradict(("/duration_ms", asked.pointer("bars")), detail, limit)
    return bars, tempo.typical


def _loop_of_length_and_tempo(
    case: Case, asked: _Asked, tempo: _Tempo, beats: int
) -> tuple[int, float]:
    bpm, duration = cast(float, asked.bpm), cast(int, asked.duration_ms)
    exact = duration / 1000 * bpm / (60 * beats)
    bars = max(1, round(exact))
    if abs(_seconds(bars, beats, bpm) * 1000 - duration) <= 1:
        return bars, bpm
    if "bpm" not in asked.fields:
        fitting = _seconds(bars, beats, 1) / (duration / 1000)
        if SLOWEST_BPM <= fitting <= FASTEST_BPM:
            _bend(case, bpm, fitting, f"{duration / 1000:g} s are {bars} whole bars")
            return bars, fitting
        case.overrule("bpm", _as_read(case, "bpm"))
        return _filled(case, asked, tempo, beats)
    if "duration_ms" not in asked.fields:
        whole = round(_seconds(bars, beats, bpm) * 1000)
        case.corrected["duration_ms"] = str(whole)
        case.defaults.append(
            f"length {whole / 1000:g} s instead of {duration / 1000:g} s: {bars} whole bars"
        )
        asked.duration_ms = whole
        return bars, bpm
    nearest = sorted(
        {max(1, int(exact)), max(1, int(exact) + 1)}, key=lambda count: abs(count - exact)
    )
    lengths = [round(_seconds(count, beats, bpm) * 1000) for count in nearest]
    detail = (
        f"a loop of {duration / 1000:g} s at {bpm:g} bpm is {exact:.3f} bars; nearest whole bars: "
        + " or ".join(
            f"{length / 1000:g} s ({count} bars)"
            for count, length in zip(nearest, lengths, strict=True)
        )
    )
    case.contradict(("/duration_ms", "/bpm"), detail, {"duration_ms": lengths})
    return bars, bpm


def _bend(case: Case, said: float, fitting: float, why: str) -> None:
    case.corrected["bpm"] = f"{fitting:g}"
    case.defaults.append(f"bpm {fitting:.3f} instead of {said:g}, so that {why}")


def _filled(case: Case, asked: _Asked, tempo: _Tempo, beats: int) -> tuple[int, float]:
    """Whole bars that fill the asked length and hold the sections."""
    length = cast(int, asked.duration_ms) / 1000
    _hold_sections(case, asked, beats, int(length / _bar_at(None, beats) + 0.001))
    return _whole_bars(length, tempo, beats, asked.form.least)


def _whole_bars(length: float, tempo: _Tempo, beats: int, least: int) -> tuple[int, float]:
    """Bars, ``least`` of them or more, and tempo that fill a length exactly, near the style's.

    Bars in fours make phrases; a count that is not is taken only when fours are too far off.
    """
    best: tuple[float, int, float] | None = None
    most = min(400, math.ceil(FASTEST_BPM * length / (60 * beats)))
    for bars in range(max(1, least, int(SLOWEST_BPM * length / (60 * beats))), most + 1):
        bpm = _seconds(bars, beats, 1) / length
        if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
            continue
        off = abs(bpm - tempo.typical) / tempo.typical
        outside = 0.0 if tempo.low <= bpm <= tempo.high else 0.5
        shape = 0.0 if bars % 4 == 0 else 0.08 if bars % 2 == 0 else 0.2
        cost = off + outside + shape
        if best is None or cost < best[0]:
            best = (cost, bars, bpm)
    if best is None:
        return 1, tempo.typical  # a length no loop can have; it is refused as such
    return best[1], best[2]
