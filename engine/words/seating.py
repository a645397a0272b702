"""Who must play, who must not, and whose stems are wanted."""

from collections.abc import Iterable

from engine.contracts import ROLE_GROUPS
from engine.words import instruments, names
from engine.words.case import Case

_STYLE_NEEDS = {
    "solo_piano": "piano",
    "synthwave": "synth",
    "house_edm": "synth",
    "chiptune": "synth",
}
_SEATS = 7
"""Families that can be seated in one piece: the pitched roles of a plan."""


def seated(case: Case, style: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
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


def _seat(case: Case, fields: list[str], wanted: dict[str, None]) -> None:
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


def _named(case: Case, asked: tuple[str, ...], at: str) -> list[tuple[str, str]]:
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
    case: Case, style: str, require: list[tuple[str, str]], forbid: list[tuple[str, str]]
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


_TUNEFUL = dict.fromkeys(group for group in ROLE_GROUPS if group not in ("drums", "fx"))


def _leave_something(case: Case, unwanted: dict[str, None]) -> None:
    if unwanted.keys() >= _TUNEFUL.keys():
        case.refuse(
            "/instruments/forbid" if case.brief.instruments.forbid else "/prompt",
            "contradiction",
            f"with {', '.join(_TUNEFUL)} all forbidden nothing is left to play; allow one of them",
            list(_TUNEFUL),
        )


def stems_of(case: Case, forbid: tuple[str, ...]) -> tuple[str, ...]:
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
