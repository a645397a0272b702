"""Auditioning: what a candidate measures and how it sounds, before anybody has picked it."""

from typing import Any

import msgspec
from msgspec import structs

from api.candidates import store
from api.candidates.contracts import (
    AudioFormat,
    Candidate,
    CandidateFamily,
    CandidateRow,
    Member,
    Originality,
    Shared,
    Status,
)
from api.errors import CandidateExpired, NotFound, ValidationFailed
from api.keys.contracts import Caller
from api.shop import Shop
from billing.connections import lent
from billing.prices import service as prices
from billing.prices.contracts import PriceBook
from engine.contracts import Asset, FamilyMade, FamilyMember, Made, Measured
from engine.errors import Reason

EVALUATION: dict[AudioFormat, str] = {"mp3": "preview", "wav": "evaluation"}
"""Format → the asset that may be heard before the pick: tagged unlicensed, without loop chunks."""
SHEET = "sheet"


async def read(shop: Shop, caller: Caller, candidate: str) -> Candidate:
    """A candidate with its measurements and its prices."""
    row = await _row(shop, caller, candidate)
    async with lent(shop.pool) as conn:
        book = await prices.book_named(conn, caller.account, row.price_book)
    return _view(shop, row, book)


async def audition(
    shop: Shop, caller: Caller, candidate: str, sound: AudioFormat, function: str | None
) -> Asset:
    """The evaluation copy; `CandidateExpired` when it was not picked in time."""
    row = await _row(shop, caller, candidate)
    _refuse_expired(row)
    assets = _of_function(row.made, function)
    return next(asset for asset in assets if asset.name == EVALUATION[sound])


async def sheet(shop: Shop, caller: Caller, candidate: str) -> Asset:
    """Its sheet, to look at while it is heard; `NotFound` says why where there is none."""
    row = await _row(shop, caller, candidate)
    if isinstance(row.made, FamilyMade):
        raise NotFound(f"{candidate} is a family: its sounds have no sheet")
    _refuse_expired(row)
    for asset in row.made.assets:
        if asset.name == SHEET:
            return asset
    raise NotFound(f"{candidate} has no sheet: it was made before sheets were kept")


def _refuse_expired(row: CandidateRow) -> None:
    if row.expired and row.license is None:
        raise CandidateExpired("the candidate was not picked within seven days")


def _of_function(made: Made | FamilyMade, function: str | None) -> tuple[Asset, ...]:
    """The files of one sound of a family, or of the music."""
    if isinstance(made, Made):
        if function is not None:
            detail = "this candidate is one piece of music; leave the function out"
            raise ValidationFailed([Reason("/query/function", "does_not_fit", detail)])
        return made.assets
    there = [member.name for member in made.members]
    for member in made.members:
        if member.name == function:
            return member.assets
    detail = f"say which sound of the family: {', '.join(there)}"
    raise ValidationFailed([Reason("/query/function", "unknown_function", detail, there)])


async def _row(shop: Shop, caller: Caller, candidate: str) -> CandidateRow:
    async with lent(shop.pool) as conn:
        row = await store.select_candidate(conn, candidate, caller.account)
    if row is None:
        raise NotFound(f"there is no candidate {candidate}")
    return row


def _view(shop: Shop, row: CandidateRow, book: PriceBook) -> Candidate:
    made = row.made
    here = f"{shop.settings.public_url}/v1/candidates/{row.id}/audio?format="
    family = _family(made, row.seed, here) if isinstance(made, FamilyMade) else None
    music = made if isinstance(made, Made) else None
    return Candidate(
        id=row.id,
        brief=row.brief,
        number=row.number,
        status=_status(row),
        tokens=row.tokens,
        license_tokens=row.license_tokens,
        exclusive_tokens=book.exclusive_times and row.license_tokens * book.exclusive_times,
        rating=made.rating,
        passed=_passed(made.measured)
        and all(one.passed for one in (family.members if family else ())),
        measured=made.measured,
        rewrites=music.rewrites if music else (),
        plan=music.outline if music else None,
        resolved=structs.replace(music.resolved, seed=row.seed) if music else None,
        family=family,
        peaks=music.peaks if music else (),
        originality=_originality(made.provenance),
        provenance=made.provenance,
        timings_s=made.timings_s,
        audio={sound: f"{here}{sound}" for sound in EVALUATION} if music else {},
        license=row.license,
        ready_at=row.ready_at,
        expires_at=row.expires_at,
    )


def _family(made: FamilyMade, seed: int, here: str) -> CandidateFamily:
    return CandidateFamily(
        resolved=structs.replace(made.resolved, seed=seed),
        character=made.character,
        members=tuple(_member(one, here) for one in made.members),
        compared=made.compared,
        distances=made.distances,
    )


def _member(one: FamilyMember, here: str) -> Member:
    return Member(
        name=one.name,
        function=one.function,
        duration_ms=one.duration_ms,
        frames=one.frames,
        passed=_passed(one.measured),
        measured=one.measured,
        facts=one.facts,
        peaks=one.peaks,
        audio={sound: f"{here}{sound}&function={one.name}" for sound in EVALUATION},
    )


def _passed(measured: tuple[Measured, ...]) -> bool:
    return all(one.passed for one in measured)


def _originality(provenance: dict[str, Any]) -> Originality | None:
    said = provenance.get("originality")
    if said is None:
        return None
    beside = {name: said[name] for name in ("delivered", "brief") if name in said}
    return msgspec.convert(beside | {"training": msgspec.convert(said, Shared)}, Originality)


def _status(row: CandidateRow) -> Status:
    if row.license is not None:
        return "picked"
    return "expired" if row.expired else "ready"
