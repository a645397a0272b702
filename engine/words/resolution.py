"""From a brief to what it means: words fill what fields leave open, a field always wins.

Nothing is resolved in silence: what was read, what was left aside and what was chosen for the
client all come back in `Resolved`; hard constraints that cannot all hold are refused by name.
"""

from collections.abc import Iterable
from typing import cast, get_args

from msgspec import Struct, structs

from engine.contracts import (
    ROLE_GROUPS,
    Brief,
    Delivery,
    Kind,
    Meter,
    Reading,
    Resolved,
)
from engine.errors import BriefRefused, NotYetAvailable, Reason
from engine.score import beats_per_bar
from engine.words import instruments, lexicon, names, reader, tonality
from engine.words.facts import StyleFacts, facts
from engine.words.facts import names as style_names
from engine.words.reader import Read

MODEL = "cuesmith-score-1"

LENGTHS_MS: dict[str, tuple[int, int]] = {
    "bed": (5_000, 600_000),
    "loop": (5_000, 600_000),
    "chime": (200, 5_000),
}
BED_MS, LOOP_BARS, CHIME_MS = 60_000, 16, 1_500
SLOWEST_BPM, FASTEST_BPM = 30.0, 300.0

RING_S = 2.5
"""What a bed's last chord rings when its bars and tempo, not its length, were asked for."""

ABSORBED_S = 6.0
"""A bed's form absorbs one bar and this much of a remainder: a ring-out, a held chord."""

CREST_DB = 4.0
"""Music cannot be this close in loudness to its own true peak, whatever the limiter does."""

_METERS: tuple[str, ...] = get_args(Meter)
_TONICS = (0, 2, 3, 5, 7, 9, 10)
_STYLE_NEEDS = {
    "solo_piano": "piano",
    "synthwave": "synth",
    "house_edm": "synth",
    "chiptune": "synth",
}
_SEATS = 7
"""Families that can be seated in one piece: the pitched roles of a plan."""


def resolve(brief: Brief, seed: int) -> Resolved:
    """Decide what a brief means; ``seed`` is the working seed and goes into the result.

    Raises `BriefRefused` with every reason at once (`NotYetAvailable` when all of them are about
    what is not built yet).
    """
    case = _Case(brief, reader.read(brief.prompt), seed)
    _refuse_unbuilt(case)
    _refuse_numbers(case)
    kind = _kind(case)
    style = _style(case)
    meter = _meter(case, style)
    key = _tonality(case)
    require, forbid = _instruments(case, style)
    stems = _stems(case, forbid)
    energy = _energy(case)
    delivery = _delivery(case, style)
    span = _span(case, kind, style, meter, delivery.sample_rate)
    if case.reasons:
        raise _refusal(case.reasons)
    return Resolved(
        kind=kind,
        style=style,
        candidates=brief.candidates,
        seed=seed,
        quality=brief.quality,
        duration_ms=span.duration_ms,
        duration_frames=span.frames,
        bars=span.bars,
        bpm=span.bpm,
        bpm_range=span.bpm_range,
        tonality=key,
        meter=meter,
        moods=case.read.moods,
        require=require,
        forbid=forbid,
        energy=energy,
        stems=stems,
        delivery=delivery,
        marking=brief.marking,
        rights=brief.rights,
        model=MODEL,
        deadline_s=brief.deadline_s,
        readings=case.kept_readings(),
        ignored=case.left_aside(),
        defaults=tuple(case.defaults),
    )


def accepted() -> dict[str, object]:
    """What a brief may ask for, by field: kinds with their lengths, styles, instruments, …"""
    return {
        "kinds": {
            kind: {"min_ms": low, "max_ms": high} for kind, (low, high) in LENGTHS_MS.items()
        },
        "styles": list(style_names()),
        "instruments": list(instruments.ACCEPTED),
        "stems": [*ROLE_GROUPS, "all"],
        "meters": list(_METERS),
        "modes": list(tonality.MODES),
        "bpm": {"min": SLOWEST_BPM, "max": FASTEST_BPM},
        "moods": [mood for mood, *_ in lexicon.MOODS],
        "models": ["auto", MODEL],
        "languages": ["en", "zh"],
    }


class _Case:
    """One brief on the table: what it says, and what has been found wrong or chosen so far."""

    def __init__(self, brief: Brief, read: Read, seed: int) -> None:
        self.brief, self.read, self.seed = brief, read, seed
        self.reasons: list[Reason] = []
        self.defaults: list[str] = []
        self.overruled: set[tuple[str, str]] = set()
        self.corrected: dict[str, str] = {}

    def refuse(self, pointer: str, code: str, detail: str, limit: object = None) -> None:
        self.reasons.append(Reason(pointer, code, detail, limit))

    def contradict(self, pointers: tuple[str, ...], detail: str, limit: object = None) -> None:
        for pointer in pointers:
            self.refuse(pointer, "contradiction", detail, limit)

    def overrule(self, field: str, value: object) -> None:
        """A field, or another word, won over what these words say."""
        self.overruled.add((field, str(value)))

    def kept_readings(self) -> tuple[Reading, ...]:
        return tuple(
            structs.replace(reading, value=self.corrected.get(reading.field, reading.value))
            for reading in self.read.readings
            if (reading.field, reading.value) not in self.overruled
        )

    def left_aside(self) -> tuple[str, ...]:
        overruled = tuple(
            reading.words
            for reading in self.read.readings
            if (reading.field, reading.value) in self.overruled
        )
        return tuple(dict.fromkeys((*self.read.ignored, *overruled)))


def _refusal(reasons: list[Reason]) -> BriefRefused:
    unbuilt = all(reason.code == "not_yet_available" for reason in reasons)
    return NotYetAvailable(reasons) if unbuilt else BriefRefused(reasons)


# --- what is not there yet, and numbers that cannot be -------------------------------------------


def _refuse_unbuilt(case: _Case) -> None:
    brief = case.brief
    for field in ("sections", "hits"):
        if getattr(brief, field):
            case.refuse(
                f"/{field}", "not_yet_available", f"{field} are not available yet; leave it out"
            )
    for field in ("melody", "plan", "limits"):
        if getattr(brief, field) is not None:
            case.refuse(
                f"/{field}", "not_yet_available", f"{field} is not available yet; leave it out"
            )
    if brief.rights.exclusive:
        detail = "exclusive rights are not available yet; licenses are non-exclusive"
        case.refuse("/rights/exclusive", "not_yet_available", detail, False)
    if brief.model not in ("auto", MODEL):
        detail = f"unknown model {brief.model!r}; accepted: auto, {MODEL}"
        case.refuse("/model", "unknown_model", detail, ["auto", MODEL])


def _refuse_numbers(case: _Case) -> None:
    taken = {"tempo": case.brief.bpm, "bars": case.brief.bars}
    for code, detail, limit in case.read.bad:
        # A field that says the same thing wins, so its words cannot do harm.
        if any(word in detail and value is not None for word, value in taken.items()):
            continue
        if "meter" in code and case.brief.meter is not None:
            continue
        if "length" in detail and case.brief.duration_ms is not None:
            continue
        if "loudness" in detail and case.brief.delivery.lufs is not None:
            continue
        case.refuse("/prompt", code, detail, limit)


# --- kind, style, meter, tonality ----------------------------------------------------------------


def _kind(case: _Case) -> Kind:
    asked, said = case.brief.kind, case.read.kind
    length = case.brief.duration_ms or case.read.duration_ms
    if asked is not None:
        if said is not None and said != asked:
            case.overrule("kind", said)
        kind, pointer = asked, "/kind"
    elif said is not None:
        kind, pointer = cast(Kind, said), "/prompt"
    elif length is not None and length < LENGTHS_MS["bed"][0]:
        case.defaults.append("kind chime, because a bed or a loop has at least 5 seconds")
        return "chime"
    else:
        case.defaults.append("kind bed")
        return "bed"
    if kind not in LENGTHS_MS:
        built = ", ".join(LENGTHS_MS)
        detail = f"the kind {kind} is not available yet; available: {built}"
        case.refuse(pointer, "not_yet_available", detail, list(LENGTHS_MS))
        return "bed"
    return kind


def _style(case: _Case) -> str:
    asked, said = case.brief.style, case.read.style
    if asked is not None:
        style = names.style(asked, style_names())
        if style is None:
            accepted = list(style_names())
            detail = f"unknown style {asked!r}; accepted: {', '.join(accepted)}"
            case.refuse("/style", "unknown_style", detail, accepted)
            return lexicon.DEFAULT_STYLE
        for reading in case.read.readings:
            if reading.field == "style" and reading.value != style:
                case.overrule("style", reading.value)
        return style
    if said is not None:
        return said
    case.defaults.append(f"style {lexicon.DEFAULT_STYLE}, because nothing speaks for another")
    return lexicon.DEFAULT_STYLE


def _meter(case: _Case, style: str) -> Meter:
    asked, said = case.brief.meter, case.read.meter
    if asked is not None:
        if said is not None and said != asked:
            case.overrule("meter", said)
        if asked not in _METERS:
            detail = f"unknown meter {asked!r}; accepted: {', '.join(_METERS)}"
            case.refuse("/meter", "unknown_meter", detail, list(_METERS))
            return "4/4"
        return cast(Meter, asked)
    if said is not None:
        return cast(Meter, said)
    usual = next((meter for meter in facts(style).meters if meter in _METERS), "4/4")
    case.defaults.append(f"meter {usual}, usual in {style}")
    return cast(Meter, usual)


def _tonality(case: _Case) -> str | None:
    asked, read = case.brief.tonality, case.read
    if asked is not None:
        found = tonality.parse(asked)
        if found is None:
            detail = f"unknown tonality {asked!r}; accepted: {tonality.ACCEPTED}"
            case.refuse("/tonality", "unknown_tonality", detail, tonality.ACCEPTED)
            return None
        for field, said in (("tonality", read.tonality), ("mode", read.mode)):
            if said is not None and said not in (str(found), found.mode):
                case.overrule(field, said)
        return str(found)
    if read.tonality is not None:
        return read.tonality
    if read.mode is not None:
        # Only the mode was said: the tonic is ours to choose, and another seed chooses another.
        chosen = tonality.printed(_TONICS[case.seed % len(_TONICS)], read.mode)
        case.defaults.append(f"tonality {chosen}: the words name the mode, the tonic was chosen")
        return chosen
    return None


# --- instruments, stems, energy, delivery --------------------------------------------------------


def _instruments(case: _Case, style: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    require = _named(case, case.brief.instruments.require, "/instruments/require")
    forbid = _named(case, case.brief.instruments.forbid, "/instruments/forbid")
    _contradictions(case, style, require, forbid)
    wanted = dict.fromkeys(name for _, name in require)
    unwanted = dict.fromkeys(name for _, name in forbid)
    for name in case.read.require:
        if any(_clash(name, other) for other in unwanted):
            case.overrule("require", name)
        else:
            wanted.setdefault(name)
    _seat(case, [name for _, name in require], wanted)
    for name in case.read.forbid:
        if any(_clash(other, name) for other in wanted) or name == _STYLE_NEEDS.get(style):
            case.overrule("forbid", name)
        else:
            unwanted.setdefault(name)
    _leave_something(case, unwanted)
    return tuple(wanted), tuple(unwanted)


def _seat(case: _Case, fields: list[str], wanted: dict[str, None]) -> None:
    """Refuse more families than there are roles, or leave aside those that only words ask for."""
    if len(_families(fields)) > _SEATS:
        detail = f"at most {_SEATS} instrument families can play in one piece"
        case.refuse("/instruments/require", "out_of_range", detail, _SEATS)
    for name in reversed(list(wanted)):
        if len(_families(wanted)) <= _SEATS:
            return
        if name not in fields:
            del wanted[name]
            case.overrule("require", name)


def _families(names_: Iterable[str]) -> list[str]:
    """The families among the names that no narrower one of them answers for."""
    families = [name for name in names_ if name in instruments.FAMILIES]
    return [
        name
        for name in families
        if not any(other != name and instruments.covers(name, other) for other in families)
    ]


def _named(case: _Case, asked: tuple[str, ...], at: str) -> list[tuple[str, str]]:
    """Every instrument of a field as (pointer, name); what nobody knows is refused."""
    known: list[tuple[str, str]] = []
    for index, word in enumerate(asked):
        pointer = f"{at}/{index}"
        name = names.instrument(word)
        if name is None:
            accepted = list(instruments.ACCEPTED)
            detail = f"unknown instrument {word!r}; accepted: {', '.join(accepted)}"
            case.refuse(pointer, "unknown_instrument", detail, accepted)
        elif name == instruments.VOCALS and not at.endswith("forbid"):
            case.refuse(pointer, "not_yet_available", "vocals are not available; leave them out")
        else:
            known.append((pointer, name))
    return known


def _clash(wanted: str, unwanted: str) -> bool:
    """Whether nothing can be ``wanted`` without being ``unwanted``."""
    if instruments.covers(unwanted, wanted):
        return True
    return wanted == "drums" and unwanted == "percussion"


def _contradictions(
    case: _Case, style: str, require: list[tuple[str, str]], forbid: list[tuple[str, str]]
) -> None:
    for at, wanted in require:
        for other, unwanted in forbid:
            if _clash(wanted, unwanted):
                detail = f"{wanted} is required and {unwanted} is forbidden; keep one of them"
                case.contradict((at, other), detail)
    needed = _STYLE_NEEDS.get(style)
    for other, unwanted in forbid:
        if needed is not None and _clash(needed, unwanted):
            pointers = ("/style" if case.brief.style else "/prompt", other)
            case.contradict(pointers, f"the style {style} cannot be written without {needed}")


def _leave_something(case: _Case, unwanted: dict[str, None]) -> None:
    tuneful = [group for group in ROLE_GROUPS if group not in ("drums", "fx")]
    if all(group in unwanted for group in tuneful):
        case.refuse(
            "/instruments/forbid" if case.brief.instruments.forbid else "/prompt",
            "contradiction",
            f"with {', '.join(tuneful)} all forbidden nothing is left to play; allow one of them",
            tuneful,
        )


def _stems(case: _Case, forbid: tuple[str, ...]) -> tuple[str, ...]:
    asked = case.brief.stems
    if not asked:
        return _all_stems(forbid) if case.read.stems else ()
    if any(word.lower() in ("all", "全部") for word in asked):
        return _all_stems(forbid)
    stems = _named(case, asked, "/stems")
    for pointer, name in stems:
        if name in forbid:
            place = next(
                (
                    f"/instruments/forbid/{index}"
                    for index, word in enumerate(case.brief.instruments.forbid)
                    if names.instrument(word) == name
                ),
                "/prompt",
            )
            detail = f"a stem of {name} is asked for and {name} is forbidden; keep one of them"
            case.contradict((pointer, place), detail)
    return tuple(dict.fromkeys(name for _, name in stems))


def _all_stems(forbid: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(group for group in ROLE_GROUPS if group not in forbid)


def _energy(case: _Case) -> tuple[tuple[float, float], ...] | None:
    asked = case.brief.energy
    if not asked:
        return case.read.energy
    for index in range(1, len(asked)):
        if asked[index][0] <= asked[index - 1][0]:
            detail = "the points of the energy curve must go forward in time"
            case.refuse(f"/energy/{index}/0", "out_of_order", detail, f"> {asked[index - 1][0]}")
    if case.read.energy is not None:
        for reading in case.read.readings:
            if reading.field == "energy":
                case.overrule("energy", reading.value)
    return asked


def _delivery(case: _Case, style: str) -> Delivery:
    asked, said = case.brief.delivery, case.read.lufs
    ceiling = asked.true_peak_dbtp - CREST_DB
    if asked.lufs is not None:
        if said is not None and said != asked.lufs:
            case.overrule("lufs", said)
        if asked.lufs > ceiling:
            detail = (
                f"{asked.lufs:g} LUFS under a true peak of {asked.true_peak_dbtp:g} dBTP is not "
                f"possible; at most {ceiling:g} LUFS"
            )
            case.contradict(("/delivery/lufs", "/delivery/true_peak_dbtp"), detail, ceiling)
        return asked
    if said is not None:
        return structs.replace(asked, lufs=min(said, ceiling))
    usual = max(-36.0, min(-8.0, facts(style).lufs, ceiling))
    case.defaults.append(f"loudness {usual:g} LUFS, usual in {style}")
    return structs.replace(asked, lufs=usual)


# --- length, bars, tempo -------------------------------------------------------------------------


class _Span(Struct, frozen=True, kw_only=True):
    """How long, how many bars, how fast."""

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

    def pointer(self, name: str) -> str:
        return f"/{name}" if name in self.fields else "/prompt"


def _span(case: _Case, kind: Kind, style: str, meter: Meter, rate: int) -> _Span:
    asked = _asked(case, kind)
    beats = beats_per_bar(meter)
    tempo = _tempo(case, facts(style))
    if kind == "chime":
        return _chime(case, asked, tempo, rate)
    if kind == "loop":
        return _loop(case, asked, tempo, beats, rate)
    return _bed(case, asked, tempo, beats, rate)


def _asked(case: _Case, kind: Kind) -> _Asked:
    values: dict[str, float | int | None] = {}
    fields: set[str] = set()
    for name in ("duration_ms", "bars", "bpm"):
        field, said = getattr(case.brief, name), getattr(case.read, name)
        if field is not None:
            fields.add(name)
            if said is not None and said != field:
                case.overrule(name, said)
        values[name] = field if field is not None else said
    if "bpm" in fields and case.read.bpm_range is not None:
        case.overrule("bpm_range", case.read.bpm_range)
    if kind == "chime" and "bars" in fields:
        detail = "a chime has a length but no bars; use duration_ms (200 to 5000)"
        case.contradict(("/kind" if case.brief.kind else "/prompt", "/bars"), detail)
    return _Asked(
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


def _tempo(case: _Case, style: StyleFacts) -> _Tempo:
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


def _chime(case: _Case, asked: _Asked, tempo: _Tempo, rate: int) -> _Span:
    if asked.bars is not None and "bars" not in asked.fields:
        case.overrule("bars", asked.bars)
    duration = asked.duration_ms
    if duration is None:
        duration = CHIME_MS
        case.defaults.append("length 1.5 s")
    _check_length(case, "chime", asked.pointer("duration_ms"), duration)
    return _Span(
        duration_ms=duration,
        frames=round(duration * rate / 1000),
        bars=None,
        bpm=asked.bpm,
        bpm_range=_range(asked.bpm, tempo),
    )


def _range(bpm: float | None, tempo: _Tempo) -> tuple[float, float]:
    return (tempo.low, tempo.high) if bpm is None else (bpm, bpm)


def _check_length(case: _Case, kind: Kind, pointer: str, duration_ms: float) -> None:
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


def _bed(case: _Case, asked: _Asked, tempo: _Tempo, beats: int, rate: int) -> _Span:
    asked = _reconciled_bed(case, asked, beats)
    bpm, bars = asked.bpm, asked.bars
    bpm_range = _range(bpm, tempo)
    if asked.duration_ms is not None:
        duration = asked.duration_ms
        _check_length(case, "bed", asked.pointer("duration_ms"), duration)
        if bars is not None and bpm is None:
            bpm_range = _fitting_range(bars, beats, duration / 1000, tempo)
    elif bars is not None:
        duration = round((_seconds(bars, beats, bpm or tempo.typical) + RING_S) * 1000)
        case.defaults.append(f"length {duration / 1000:g} s: {bars} bars and a ring-out")
        _check_length(case, "bed", asked.pointer("bars"), duration)
        if bpm is None:
            bpm_range = (tempo.typical, tempo.typical)
            bpm = tempo.typical
            case.defaults.append(f"bpm {bpm:g}")
    else:
        duration = BED_MS
        case.defaults.append("length 60 s")
    return _Span(
        duration_ms=duration,
        frames=round(duration * rate / 1000),
        bars=bars,
        bpm=bpm,
        bpm_range=bpm_range,
    )


def _reconciled_bed(case: _Case, asked: _Asked, beats: int) -> _Asked:
    """Length, bars and tempo that hold together: words give way, fields are refused."""
    problem = _bed_problem(asked, beats)
    if problem is None:
        return asked
    for name in ("bpm", "bars", "duration_ms"):
        if name not in asked.fields and getattr(asked, name) is not None:
            case.overrule(name, _as_read(case, name))
            return _reconciled_bed(case, structs.replace(asked, **{name: None}), beats)
    pointers = tuple(
        f"/{name}" for name in ("duration_ms", "bars", "bpm") if getattr(asked, name) is not None
    )
    case.contradict(pointers, *problem)
    return asked


def _as_read(case: _Case, name: str) -> str:
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


def _fitting_range(bars: int, beats: int, length: float, tempo: _Tempo) -> tuple[float, float]:
    """Tempi at which the bars fit the length, inside the style's own range where possible."""
    slowest = max(SLOWEST_BPM, _seconds(bars, beats, 1) / length)
    fastest = FASTEST_BPM
    if length > 2 * RING_S:
        fastest = min(FASTEST_BPM, max(slowest, _seconds(bars, beats, 1) / (length - RING_S)))
    low, high = max(slowest, tempo.low), min(fastest, tempo.high)
    return (low, high) if low <= high else (slowest, fastest)


# A loop: whole bars, exactly.


def _loop(case: _Case, asked: _Asked, tempo: _Tempo, beats: int, rate: int) -> _Span:
    bars, bpm, duration = asked.bars, asked.bpm, asked.duration_ms
    if bars is not None and bpm is not None and duration is not None:
        bars, bpm = _loop_of_three(case, asked, beats)
    elif duration is not None and bars is not None:
        bpm = _seconds(bars, beats, 1) / (duration / 1000)
        if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
            bars, bpm = _loop_too_odd(case, asked, tempo, beats, bpm)
    elif duration is not None and bpm is not None:
        bars, bpm = _loop_of_length_and_tempo(case, asked, beats)
    elif duration is not None:
        bars, bpm = _whole_bars(duration / 1000, tempo, beats)
        case.defaults.append(f"{bars} bars at {bpm:g} bpm, to fill the length exactly")
    if bars is None:
        bars = LOOP_BARS
        case.defaults.append(f"{LOOP_BARS} bars")
    if bpm is None:
        bpm = tempo.typical
        case.defaults.append(f"bpm {bpm:g}")
    seconds = _seconds(bars, beats, bpm)
    pointer = asked.pointer("duration_ms" if asked.duration_ms is not None else "bars")
    _check_length(case, "loop", pointer, round(seconds * 1000))
    return _Span(
        duration_ms=round(seconds * 1000),
        frames=round(seconds * rate),
        bars=bars,
        bpm=bpm,
        bpm_range=(bpm, bpm),
    )


def _loop_of_three(case: _Case, asked: _Asked, beats: int) -> tuple[int, float]:
    bars, bpm, duration = (
        cast(int, asked.bars),
        cast(float, asked.bpm),
        cast(int, asked.duration_ms),
    )
    exact_ms = _seconds(bars, beats, bpm) * 1000
    if abs(exact_ms - duration) <= 1:
        return bars, bpm
    fitting = _seconds(bars, beats, 1) / (duration / 1000)
    if "bpm" not in asked.fields and SLOWEST_BPM <= fitting <= FASTEST_BPM:
        _bend(case, bpm, fitting, f"{bars} bars fill {duration / 1000:g} s")
        return bars, fitting
    if "bars" not in asked.fields:
        case.overrule("bars", bars)
        return _loop_of_length_and_tempo(case, asked, beats)
    if "duration_ms" not in asked.fields:
        case.overrule("duration_ms", duration)
        asked.duration_ms = round(exact_ms)
        return bars, bpm
    detail = (
        f"{bars} bars at {bpm:g} bpm last {exact_ms / 1000:.3f} s, not {duration / 1000:g} s; "
        f"for that length the tempo would be {fitting:.3f} bpm"
    )
    limit = {"duration_ms": round(exact_ms), "bpm": round(fitting, 3)}
    case.contradict(("/duration_ms", "/bars", "/bpm"), detail, limit)
    return bars, bpm


def _loop_too_odd(
    case: _Case, asked: _Asked, tempo: _Tempo, beats: int, bpm: float
) -> tuple[int, float]:
    bars, duration = cast(int, asked.bars), cast(int, asked.duration_ms)
    if "bars" not in asked.fields:
        case.overrule("bars", bars)
        return _whole_bars(duration / 1000, tempo, beats)
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
    case.contradict(("/duration_ms", "/bars"), detail, limit)
    return bars, tempo.typical


def _loop_of_length_and_tempo(case: _Case, asked: _Asked, beats: int) -> tuple[int, float]:
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


def _bend(case: _Case, said: float, fitting: float, why: str) -> None:
    case.corrected["bpm"] = f"{fitting:g}"
    case.defaults.append(f"bpm {fitting:.3f} instead of {said:g}, so that {why}")


def _whole_bars(length: float, tempo: _Tempo, beats: int) -> tuple[int, float]:
    """Bars and tempo that fill a length exactly, near the tempo the style likes.

    Bars in fours make phrases; a count that is not is taken only when fours are too far off.
    """
    best: tuple[float, int, float] | None = None
    for bars in range(1, 401):
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
