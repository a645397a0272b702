"""Sections, hits and the ending of a brief: what is asked of the form, and what cannot be.

Sections in which a letter ``A``-``D`` stands are the whole form, in order. An intro, a break or an
ending without any letter is only a part that the form must have; the rest is planned.
"""

from msgspec import Struct, structs

from engine.contracts import Ending, Kind, SectionBrief
from engine.words.case import Case
from engine.words.draft import MOST_HITS, printed_shape

BARLESS: tuple[Kind, ...] = ("chime", "sting", "ambience")
"""Kinds that have a length, but neither bars nor sections nor hits."""

MOST_BARS = 400


class Form(Struct, frozen=True, kw_only=True):
    """The sections asked for, and whether a field (not words) asked for them."""

    sections: tuple[SectionBrief, ...] = ()
    field: bool = False

    @property
    def pointer(self) -> str:
        """Where the sections were said."""
        return "/sections" if self.field else "/prompt"

    @property
    def whole(self) -> bool:
        """Whether these are all sections, not only a frame around what is planned."""
        return any(section.name[0] in "ABCD" for section in self.sections)

    @property
    def bars(self) -> int | None:
        """Bars of the piece, when the sections leave none of them open."""
        known = [section.bars for section in self.sections if section.bars is not None]
        return sum(known) if self.whole and len(known) == len(self.sections) else None

    @property
    def least(self) -> int:
        """Bars that the sections need at least."""
        return sum(section.bars or 1 for section in self.sections)


def form_of(case: Case, kind: Kind) -> Form:
    """The sections of a brief; bars that words give them yield to a field of bars."""
    form = _asked(case)
    if form.sections and kind in BARLESS:
        if form.field:
            detail = f"a {kind} has no sections; leave them out"
            case.contradict((case.pointer("kind"), "/sections"), detail)
        else:
            _leave(case)
        return Form()
    if form.least > MOST_BARS:
        detail = f"the sections have {form.least} bars; a piece has at most {MOST_BARS}"
        case.refuse(form.pointer, "out_of_range", detail, MOST_BARS)
        return Form()
    _check(case, form)
    bars = case.brief.bars
    if bars is None or not form.sections:
        _agree(case, form)
        return form
    if (form.bars or form.least) == bars or (form.bars is None and form.least < bars):
        return form
    if form.field:
        asked = f"at least {form.least}" if form.bars is None else f"{form.bars}"
        detail = f"the sections have {asked} bars and the piece {bars}; make them agree"
        case.contradict(("/sections", "/bars"), detail, form.least)
        return form
    return opened(case, form, bars)


def opened(case: Case, form: Form, bars: int) -> Form:
    """Words' sections without their bars, or none of them when even so they do not fit."""
    if len(form.sections) > bars:
        _leave(case)
        return Form()
    sections = tuple(structs.replace(section, bars=None) for section in form.sections)
    case.corrected["sections"] = printed_shape(tuple((one.name, None) for one in sections))
    case.defaults.append(f"bars of the sections, because those in the words do not fit {bars}")
    return structs.replace(form, sections=sections)


def _asked(case: Case) -> Form:
    asked, said = case.brief.sections, case.read.sections
    if asked is not None:
        if said and tuple((one.name, one.bars) for one in asked) != said:
            _leave(case)
        return Form(sections=asked, field=True)
    return Form(sections=tuple(SectionBrief(name=name, bars=bars) for name, bars in said))


def _leave(case: Case) -> None:
    case.overrule("sections", printed_shape(case.read.sections))


def _agree(case: Case, form: Form) -> None:
    """Bars that words give the piece yield to those of its sections."""
    said = case.read.bars
    if said is not None and form.sections:
        fits = said == form.bars if form.bars is not None else said >= form.least
        if not fits:
            case.overrule("bars", said)


def _check(case: Case, form: Form) -> None:
    seen: set[str] = set()
    for index, section in enumerate(form.sections):
        plain = section.name.rstrip("'")
        if plain != section.name and plain not in seen:
            pointer = f"/sections/{index}/name" if form.field else "/prompt"
            detail = f"{section.name} varies {plain}, which does not stand before it"
            case.refuse(pointer, "out_of_order", detail, plain)
        seen.add(plain)
        if form.field and section.energy is not None and case.brief.energy:
            detail = "say the energy once: as a curve or section by section"
            case.contradict(("/energy", f"/sections/{index}/energy"), detail)


def hits_of(case: Case, kind: Kind, duration_ms: int) -> tuple[int, ...]:
    """Moments to meet, in ms and in order; all of them lie inside the length."""
    asked, said = case.brief.hits, case.read.hits
    if asked is None:
        return _said_hits(case, kind, duration_ms) if said else ()
    moments = tuple(sorted({hit.at_ms for hit in asked}))
    if said and said != moments:
        case.overrule("hits", ",".join(map(str, said)))
    if kind in BARLESS and moments:
        detail = f"a {kind} meets no hits; leave them out"
        case.contradict((case.pointer("kind"), "/hits"), detail)
        return ()
    for index, hit in enumerate(asked):
        if hit.at_ms >= duration_ms:
            detail = f"a hit at {hit.at_ms} ms lies outside the length of {duration_ms} ms"
            case.refuse(f"/hits/{index}/at_ms", "out_of_range", detail, duration_ms)
    return moments


def _said_hits(case: Case, kind: Kind, duration_ms: int) -> tuple[int, ...]:
    """Hits of the words: refused when the words' own length contradicts them, else left aside."""
    said = case.read.hits
    printed = ",".join(map(str, said))
    if kind in BARLESS:
        case.overrule("hits", printed)
        return ()
    inside = tuple(hit for hit in said if hit < duration_ms)[:MOST_HITS]
    outside = [hit for hit in said if hit not in inside]
    own_length = case.brief.duration_ms is None and case.read.duration_ms is not None
    if outside and own_length and outside[0] >= duration_ms:
        detail = f"a hit at {outside[0] / 1000:g} s lies outside the {duration_ms / 1000:g} s"
        case.refuse("/prompt", "contradiction", detail, duration_ms)
    elif not inside:
        case.overrule("hits", printed)
    elif outside:
        case.corrected["hits"] = ",".join(map(str, inside))
        case.dropped += [f"hit at {hit / 1000:g} s" for hit in outside]
    return inside


def ending_of(case: Case, kind: Kind) -> Ending | None:
    """How the piece ends, where the words say so; a loop comes round and a chime rings as it is."""
    said = case.read.ending
    possible = {"bed": ("button", "ring", "open", "fade"), "loop": ("turnaround",)}.get(kind, ())
    for ending in possible:
        if ending == said:
            return ending  # type: ignore[return-value]
    if said is not None:
        case.overrule("ending", said)
    return None
