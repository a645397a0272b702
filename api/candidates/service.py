"""Auditioning: what a candidate measures and how it sounds, before anybody has picked it."""

from typing import Any

import msgspec
from msgspec import structs

from api.candidates import store
from api.candidates.contracts import (
    AudioFormat,
    Candidate,
    CandidateRow,
    Originality,
    Shared,
    Status,
)
from api.errors import CandidateExpired, NotFound
from api.keys.contracts import Caller
from api.shop import Shop
from billing.connections import lent
from engine.contracts import Asset

EVALUATION: dict[AudioFormat, str] = {"mp3": "preview", "wav": "evaluation"}
"""Format → the asset that may be heard before the pick: tagged unlicensed, without loop chunks."""


async def read(shop: Shop, caller: Caller, candidate: str) -> Candidate:
    """A candidate with its measurements."""
    return _view(shop, await _row(shop, caller, candidate))


async def audition(shop: Shop, caller: Caller, candidate: str, sound: AudioFormat) -> Asset:
    """The evaluation copy; `CandidateExpired` when it was not picked in time."""
    row = await _row(shop, caller, candidate)
    if row.expired and row.license is None:
        raise CandidateExpired("the candidate was not picked within seven days")
    return next(asset for asset in row.made.assets if asset.name == EVALUATION[sound])


async def _row(shop: Shop, caller: Caller, candidate: str) -> CandidateRow:
    async with lent(shop.pool) as conn:
        row = await store.select_candidate(conn, candidate, caller.account)
    if row is None:
        raise NotFound(f"there is no candidate {candidate}")
    return row


def _view(shop: Shop, row: CandidateRow) -> Candidate:
    made = row.made
    here = f"{shop.settings.public_url}/v1/candidates/{row.id}/audio?format="
    return Candidate(
        id=row.id,
        brief=row.brief,
        number=row.number,
        status=_status(row),
        tokens=row.tokens,
        license_tokens=row.license_tokens,
        rating=made.rating,
        passed=all(one.passed for one in made.measured),
        measured=made.measured,
        rewrites=made.rewrites,
        plan=made.outline,
        resolved=structs.replace(made.resolved, seed=row.seed),
        peaks=made.peaks,
        originality=_originality(made.provenance),
        provenance=made.provenance,
        timings_s=made.timings_s,
        audio={sound: f"{here}{sound}" for sound in EVALUATION},
        license=row.license,
        ready_at=row.ready_at,
        expires_at=row.expires_at,
    )


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
