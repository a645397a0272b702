"""A plan in a brief binds: fields that say otherwise are refused, words are left aside."""

from collections.abc import Iterator

from msgspec import structs

from engine import styles
from engine.contracts import ROLE_GROUPS, Hit, Outline, SectionBrief
from engine.styles import sounds
from engine.words import instruments, names, outline, tonality
from engine.words.case import Case
from engine.words.draft import printed_shape
from engine.words.outline import Facts

_GROUP_OF = {
    "lead": "lead", "comp": "chords", "harmony": "chords", "bass": "bass", "pad": "pads",
    "counter": "counter", "drums": "drums", "fx": "fx",
}  # fmt: skip


def bind(case: Case) -> Facts | None:
    """Put what the brief's plan says into its fields; None when there is no plan to be played.

    Everything after this reads the fields, so words yield to the plan as they yield to a field.
    """
    plan = case.brief.plan
    if plan is None:
        return None
    reasons = outline.check(plan)
    if reasons:
        case.reasons += reasons
        return None
    facts = outline.facts(plan)
    _fields(case, plan, facts)
    _players(case, plan)
    _words(case, plan)
    chime = facts.kind == "chime"
    if chime and facts.hits:
        detail = "a chime is one moment itself; it meets no hits"
        case.contradict(("/plan/kind", "/plan/hits"), detail)
    case.brief = structs.replace(
        case.brief,
        kind=facts.kind,
        style=facts.style,
        meter=facts.meter,
        tonality=facts.tonality,
        bpm=facts.bpm,
        duration_ms=facts.duration_ms,
        bars=None if chime else facts.bars,
        hits=None if chime else tuple(Hit(at_ms=hit) for hit in facts.hits),
        sections=None,
        energy=None,
    )
    return facts


def _fields(case: Case, plan: Outline, facts: Facts) -> None:
    """Refuse every field that says otherwise than the plan."""
    brief = case.brief
    key = None if brief.tonality is None else tonality.parse(brief.tonality)
    style = None if brief.style is None else names.style(brief.style, styles.names())
    hits = None if brief.hits is None else tuple(sorted({hit.at_ms for hit in brief.hits}))
    for field, place, asked, planned in (
        ("kind", "kind", brief.kind, facts.kind),
        ("style", "style", style or brief.style, facts.style),
        ("meter", "meter", brief.meter, facts.meter),
        ("tonality", "tonality", brief.tonality if key is None else str(key), facts.tonality),
        ("bpm", "tempo", brief.bpm, facts.bpm),
        ("duration_ms", "duration_ms", brief.duration_ms, facts.duration_ms),
        ("bars", "sections", brief.bars, facts.bars),
        ("hits", "hits", hits, facts.hits),
    ):
        if asked is not None and asked != planned:
            detail = f"the plan's {field} is {planned}, the brief's {asked}; make them agree"
            case.contradict((f"/plan/{place}", f"/{field}"), detail, planned)
    if brief.sections is not None and not _same_form(brief.sections, plan):
        detail = "the sections of the brief are not those of its plan; leave one of them out"
        case.contradict(("/plan/sections", "/sections"), detail, _form(plan))
    if brief.energy:
        detail = "the plan's sections have their own energy; leave the curve out"
        case.contradict(("/plan/sections", "/energy"), detail)


def _same_form(asked: tuple[SectionBrief, ...], plan: Outline) -> bool:
    return len(asked) == len(plan.sections) and all(
        one.name == planned.name and one.bars in (None, planned.bars) and one.energy is None
        for one, planned in zip(asked, plan.sections, strict=True)
    )


def _form(plan: Outline) -> str:
    return printed_shape(tuple((section.name, section.bars) for section in plan.sections))


def _players(case: Case, plan: Outline) -> None:
    """Refuse instruments and stems that the plan lacks or has against the brief; words yield."""
    played = set(_played(plan, widely=True))
    surely = set(_played(plan, widely=False))
    asked = case.brief.instruments
    for index, word in enumerate(asked.require):
        name = names.instrument(word)
        if name is not None and name != instruments.VOCALS and name not in played:
            detail = f"{name} is required and no part of the plan plays it"
            case.contradict((f"/instruments/require/{index}", "/plan/parts"), detail)
    for index, word in enumerate(asked.forbid):
        name = names.instrument(word)
        if name in surely:
            detail = f"{name} is forbidden and a part of the plan plays it"
            case.contradict((f"/instruments/forbid/{index}", "/plan/parts"), detail)
    for index, word in enumerate(case.brief.stems):
        name = names.instrument(word)
        if name is not None and name not in played:
            there = sorted(played)
            detail = f"no part of the plan plays {name}; it has stems of {', '.join(there)}"
            case.refuse(f"/stems/{index}", "unknown_stem", detail, [*there, "all"])
    for name in case.read.require:
        if name not in played:
            case.overrule("require", name)
    for name in case.read.forbid:
        if name in surely:
            case.overrule("forbid", name)
    case.read = structs.replace(
        case.read,
        require=tuple(name for name in case.read.require if name in played),
        forbid=tuple(name for name in case.read.forbid if name not in surely),
    )


def _played(plan: Outline, *, widely: bool) -> Iterator[str]:
    """Role groups and families that the parts answer to; ``widely`` counts what a patch stands
    for when its sheet names a program beside it."""
    for part in plan.parts:
        group = _GROUP_OF[part.role]
        yield group
        if group == "drums":
            yield "percussion"
            continue
        sound = sounds.read(part.instrument, styles.patches())
        assert sound is not None, "check() lets only known instruments through"
        programs = {sound.program} if sound.program is not None else set[int | None]()
        if sound.patch is not None:
            yield from instruments.families_of_patch(sound.patch)
            programs |= _beside(sound.patch) if widely else set()
        for name, answering in instruments.FAMILIES.items():
            if name not in ROLE_GROUPS and not answering.isdisjoint(programs):
                yield name


def _beside(patch: str) -> set[int | None]:
    """Programs that any sheet names beside a patch."""
    return {
        role.programs[min(role.patches.index(patch), len(role.programs) - 1)]
        for style in styles.names()
        for role in styles.load(style).roles.values()
        if patch in role.patches and role.programs
    }


def _words(case: Case, plan: Outline) -> None:
    """Leave aside what words say of the form, the energy, the pace and the ending."""
    read = case.read
    if read.sections and printed_shape(read.sections) != _form(plan):
        case.overrule("sections", printed_shape(read.sections))
    for field, said in (("energy", read.energy), ("pace", read.pace)):
        if said is not None:
            for reading in read.readings:
                if reading.field == field:
                    case.overrule(field, reading.value)
    if read.ending is not None and read.ending != plan.ending:
        case.overrule("ending", read.ending)
    case.read = structs.replace(read, sections=(), energy=None, pace=None, mood_pace=0, ending=None)
