"""From a brief to what it means: words fill what fields leave open, a field always wins.

Nothing is resolved in silence: what was read, what was left aside and what was chosen for the
client all come back in `Resolved`; hard constraints that cannot all hold are refused by name.
"""

from typing import cast, get_args

from msgspec import structs

from engine.contracts import (
    DEADLINES_S,
    ROLE_GROUPS,
    Brief,
    Delivery,
    Kind,
    Meter,
    Resolved,
)
from engine.styles import facts
from engine.styles import names as style_names
from engine.styles.ambiences import TEXTURES
from engine.words import instruments, lexicon, names, reader, tonality
from engine.words.ambiences import made_of
from engine.words.case import Case, refusal
from engine.words.outline import Facts
from engine.words.planned import bind
from engine.words.seating import seated, stems_of
from engine.words.span import FASTEST_BPM, LENGTHS_MS, SLOWEST_BPM, Span, span_of
from engine.words.structure import ending_of, form_of, hits_of

MODEL = "cuesmith-score-2"

CREST_DB = 4.0
"""Music cannot be this close in loudness to its own true peak, whatever the limiter does."""

_METERS: tuple[str, ...] = get_args(Meter)
_TONICS = (0, 2, 3, 5, 7, 9, 10)


def resolve(brief: Brief, seed: int) -> Resolved:
    """Decide what a brief means; ``seed`` is the working seed and goes into the result.

    Raises `BriefRefused` with every reason at once (`NotYetAvailable` when all of them are about
    what is not built yet).
    """
    case = Case(brief, reader.read(brief.prompt), seed)
    facts = bind(case)
    _refuse_unbuilt(case)
    _refuse_numbers(case)
    kind = _kind(case)
    style = _style(case)
    meter = _meter(case, style)
    key = _tonality(case)
    require, forbid = made_of(case) if kind == "ambience" else seated(case, style)
    stems = stems_of(case, forbid)
    energy = _energy(case)
    delivery = _delivery(case, style)
    form = form_of(case, kind)
    span = span_of(case, kind, style, meter, delivery.sample_rate, form)
    span = span if facts is None else _planned_span(facts, span, delivery.sample_rate)
    hits = hits_of(case, kind, span.duration_ms)
    ending = ending_of(case, kind)
    if case.reasons:
        raise refusal(case.reasons)
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
        sections=span.form.sections,
        hits=hits,
        ending=ending if brief.plan is None else brief.plan.ending,
        plan=brief.plan,
        stems=stems,
        delivery=delivery,
        marking=brief.marking,
        rights=brief.rights,
        model=MODEL,
        deadline_s=brief.deadline_s or DEADLINES_S[brief.lane],
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
        "textures": list(TEXTURES),
        "stems": [*ROLE_GROUPS, "all"],
        "meters": list(_METERS),
        "modes": list(tonality.MODES),
        "bpm": {"min": SLOWEST_BPM, "max": FASTEST_BPM},
        "moods": [mood for mood, *_ in lexicon.MOODS],
        "models": ["auto", MODEL],
        "languages": ["en", "zh"],
    }


# --- what is not there yet, and numbers that cannot be -------------------------------------------


def _refuse_unbuilt(case: Case) -> None:
    brief = case.brief
    for field in ("melody", "limits"):
        if getattr(brief, field) is not None:
            case.refuse(
                f"/{field}", "not_yet_available", f"{field} is not available yet; leave it out"
            )
    if brief.rights.exclusive:
        detail = "a brief grants no exclusive rights; ask for them at the pick"
        case.refuse("/rights/exclusive", "not_yet_available", detail, False)
    if brief.model not in ("auto", MODEL):
        detail = f"unknown model {brief.model!r}; accepted: auto, {MODEL}"
        case.refuse("/model", "unknown_model", detail, ["auto", MODEL])


def _refuse_numbers(case: Case) -> None:
    """Refuse numbers that cannot be meant, unless a field that says the same thing wins."""
    for number in case.read.bad:
        place = case.brief.delivery if number.field == "lufs" else case.brief
        if getattr(place, number.field) is None:
            case.refuse("/prompt", number.code, number.detail, number.limit)
        else:
            case.dropped.append(number.words)


# --- kind, style, meter, tonality ----------------------------------------------------------------


def _kind(case: Case) -> Kind:
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


def _style(case: Case) -> str:
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


def _meter(case: Case, style: str) -> Meter:
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


def _tonality(case: Case) -> str | None:
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


def _planned_span(facts: Facts, span: Span, rate: int) -> Span:
    """The length of a plan, to the frame: a loop's follows from its bars, not from rounded ms."""
    return structs.replace(span, frames=round(facts.seconds * rate), duration_ms=facts.duration_ms)


# --- energy and delivery --------------------------------------------------------------------------


def _energy(case: Case) -> tuple[tuple[float, float], ...] | None:
    asked = case.brief.energy
    if case.brief.sections and any(one.energy is not None for one in case.brief.sections):
        # The sections say it one by one; a curve in words would say it again.
        _leave_energy(case)
        return None
    if not asked:
        return case.read.energy
    for index in range(1, len(asked)):
        if asked[index][0] <= asked[index - 1][0]:
            detail = "the points of the energy curve must go forward in time"
            case.refuse(f"/energy/{index}/0", "out_of_order", detail, f"> {asked[index - 1][0]}")
    _leave_energy(case)
    return asked


def _leave_energy(case: Case) -> None:
    for reading in case.read.readings:
        if reading.field == "energy":
            case.overrule("energy", reading.value)


def _delivery(case: Case, style: str) -> Delivery:
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
