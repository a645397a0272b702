"""What can be ordered of a track, as far as its plan says; the studio knows the rest."""

from collections.abc import Iterator
from typing import get_args

from msgspec import UNSET, structs

from api.renditions.contracts import TrackRow
from engine.contracts import ROLE_GROUPS, Made, PartPlan, Profile, RenditionOrder, Version
from engine.errors import Reason
from engine.words import formats, instruments, names

PROFILES: tuple[Profile, ...] = get_args(Profile)
VERSIONS: tuple[Version, ...] = get_args(Version)
TIMED: tuple[Version, ...] = ("cut", "sting", "transition")
"""Versions that have a length of their own."""
MARKED: tuple[Version, ...] = ("master", "cut", "sting", "underscore", "no_drums")
"""Versions that are heard on their own, so that one mark is enough."""
FOR_FAMILIES: tuple[Profile, ...] = ("automotive",)


def plain(order: RenditionOrder) -> RenditionOrder:
    """The order without what plays no part in it, so that the same wish is the same order."""
    if order.profile is not None:
        return structs.replace(order, version="master", stems=("all",), format="wav")
    if order.version != "stems" or "all" in order.stems:
        return structs.replace(order, stems=("all",))
    return structs.replace(order, stems=tuple(sorted({_named(word) for word in order.stems})))


def refusals(order: RenditionOrder, track: TrackRow) -> list[Reason]:
    """Everything that is wrong with an order for this track, and what would be possible."""
    made = track.made
    if order.profile is not None and order.audible_mark is not UNSET:
        detail = "files in a package have no audible mark; order the version by itself"
        return [Reason("/audible_mark", "contradiction", detail)]
    beside = _of_music(order, made) if isinstance(made, Made) else _of_family(order)
    return [*formats.refusals(order, delivered=made.resolved.delivery), *beside]


def _of_family(order: RenditionOrder) -> Iterator[Reason]:
    if order.profile is None:
        detail = (
            "the sounds of a family are files of its track; what can be ordered is the package "
            "for a car"
        )
        yield Reason("/profile", "does_not_fit", detail, list(FOR_FAMILIES))
    elif order.profile not in FOR_FAMILIES:
        detail = f"a family of cabin sounds is packed for {', '.join(FOR_FAMILIES)}"
        yield Reason("/profile", "does_not_fit", detail, list(FOR_FAMILIES))
    for field in ("sample_rate", "bit_depth", "channels", "lufs", "true_peak_dbtp"):
        if getattr(order, field) is not None:
            detail = f"a family is packed as it was delivered; leave {field} out"
            yield Reason(f"/{field}", "contradiction", detail)


def _of_music(order: RenditionOrder, made: Made) -> Iterator[Reason]:
    if order.profile is not None:
        yield from _of_package(order.profile, made)
        return
    kind, version = made.resolved.kind, order.version
    if version == "cut" and kind != "bed":
        others = [one for one in VERSIONS if one not in ("cut", "loop_parts")]
        detail = f"only a bed is cut down; this is a {kind}"
        yield Reason("/version", "does_not_fit", detail, others)
    if version == "loop_parts" and kind != "loop":
        others = [one for one in VERSIONS if one != "loop_parts"]
        detail = f"only a loop has an intro and a tail; this is a {kind}"
        yield Reason("/version", "does_not_fit", detail, others)
    yield from _of_mark(order, made)
    yield from _of_players(order, made)
    yield from _of_length(order, made)


def _of_mark(order: RenditionOrder, made: Made) -> Iterator[Reason]:
    if order.audible_mark is UNSET:
        return
    if order.version not in MARKED:
        detail = f"{order.version} plays with other files; a mark belongs to {', '.join(MARKED)}"
        yield Reason("/audible_mark", "contradiction", detail, list(MARKED))
    if order.audible_mark == "in_loop" and made.resolved.kind != "loop":
        detail = f"only a loop has a mark in what is repeated; this is a {made.resolved.kind}"
        yield Reason("/audible_mark", "does_not_fit", detail, ["start", "start_end"])


def _of_package(profile: Profile, made: Made) -> Iterator[Reason]:
    if profile in FOR_FAMILIES:
        fitting = [one for one in PROFILES if one not in FOR_FAMILIES]
        detail = (
            f"{profile} is laid out for a family of cabin sounds; this is a {made.resolved.kind}"
        )
        yield Reason("/profile", "does_not_fit", detail, fitting)


def _of_players(order: RenditionOrder, made: Made) -> Iterator[Reason]:
    there = _answering(made.plan.parts)
    if order.version == "no_drums" and "drums" not in there:
        others = [one for one in VERSIONS if one != "no_drums"]
        detail = "this music has no drums; its master is the version without them"
        yield Reason("/version", "does_not_fit", detail, others)
    if order.version != "stems":
        return
    for index, name in enumerate(order.stems):
        if _named(name) not in (*there, "all"):
            detail = f"this music has no stem {name!r}; it has {', '.join(there)}"
            yield Reason(f"/stems/{index}", "unknown_stem", detail, [*there, "all"])


def _named(word: str) -> str:
    """A stem's name as we call it, however the client does."""
    return names.instrument(word) or word


def _answering(parts: tuple[PartPlan, ...]) -> list[str]:
    """Every name that a stem of these players can be asked by: groups first, then families."""
    groups = [group for group in ROLE_GROUPS if any(part.group == group for part in parts)]
    pitched = [part for part in parts if part.group != "drums"]
    families = [
        name for name in instruments.FAMILIES
        if name not in groups and any(instruments.answers_to(part, name) for part in pitched)
    ]  # fmt: skip
    own = sorted({part.family for part in pitched} - {*groups, *families})
    return [*groups, *families, *own]


def _of_length(order: RenditionOrder, made: Made) -> Iterator[Reason]:
    whole, asked = made.resolved.duration_ms, order.duration_ms
    if asked is None:
        if order.version == "cut":
            detail = "say how long the cut shall be, such as 30000 or 15000"
            yield Reason("/duration_ms", "missing", detail, {"min": 500, "max": whole})
    elif order.version not in TIMED:
        detail = f"a length belongs to {', '.join(TIMED)}; leave it out for {order.version}"
        yield Reason("/duration_ms", "contradiction", detail, list(TIMED))
    elif asked > whole:
        detail = f"the track has {whole} ms, which no {order.version} of it can exceed"
        yield Reason("/duration_ms", "out_of_range", detail, {"min": 500, "max": whole})
