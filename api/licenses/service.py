"""The pick: the client's choice becomes a right, in one transaction with its tokens."""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec

from api.briefs.paid import tags_of
from api.entrance import cursor_after, place
from api.errors import CandidateExpired, NotFound
from api.licenses import certificate as certificates
from api.licenses import store
from api.licenses.certificate import Certificate
from api.licenses.contracts import License, LicenseList, Track, TrackList
from api.licenses.signing import KeySet, Signer
from api.licenses.store import Sold
from billing.connections import lent, transaction
from billing.contracts import Tags
from billing.ledger import service as ledger
from engine.contracts import (
    Asset,
    Brief,
    Delivery,
    FamilyMade,
    FamilyMember,
    Made,
    Rights,
)
from engine.repertoire import service as repertoire

NOTICE = {
    "live": "The holder may use the track as its rights say.",
    "test": "Made by a test account: this license grants nothing and the track may not be used.",
}
TRAINING_DATA = "/training-data"
MASTER = "master"
_HIDDEN = frozenset({"evaluation", "preview", "score", "sheet"})


async def publish(pool: asyncpg.Pool, signer: Signer) -> None:
    """Put the deployment's key into its published set; old keys stay there."""
    async with lent(pool) as conn:
        await store.insert_key(conn, signer.jwk)


async def key_set(pool: asyncpg.Pool) -> KeySet:
    """Every key this deployment has signed with."""
    async with lent(pool) as conn:
        return KeySet(keys=await store.select_keys(conn))


async def pick(
    pool: asyncpg.Pool, account: str, key: str, candidate: str, signer: Signer
) -> tuple[License, bool]:
    """License a candidate. A repeat returns the same license, and True."""
    async with transaction(pool) as conn:
        sold = await store.lock_candidate(conn, candidate, account)
        if sold is None:
            raise NotFound("there is no such candidate")
        known = await store.select_by_candidate(conn, candidate, account)
        if known is not None:
            return _license(known), True
        if sold.expired:
            raise CandidateExpired("the candidate was not picked within seven days")
        await ledger.charge_license(
            conn, account, candidate, sold.license_tokens, tags=_tags(key, sold)
        )
        await _grant(conn, sold, signer)
        granted = await store.select_by_candidate(conn, candidate, account)
        assert granted is not None, "the license was written two lines above"
        return _license(granted), False


def _tags(key: str, sold: Sold) -> Tags:
    made = sold.made
    kind = made.resolved.kind if isinstance(made, Made) else "family"
    return tags_of(key, sold.request, kind)


async def read(pool: asyncpg.Pool, account: str, license_id: str) -> License:
    """One license of the account."""
    async with lent(pool) as conn:
        found = await store.select_license(conn, license_id, account)
    if found is None:
        raise NotFound("there is no such license")
    return _license(found)


async def document(pool: asyncpg.Pool, account: str, license_id: str) -> bytes:
    """The certificate byte for byte as it was signed."""
    async with lent(pool) as conn:
        found = await store.select_license(conn, license_id, account)
    if found is None:
        raise NotFound("there is no such license")
    return bytes(found["certificate"])


async def page(pool: asyncpg.Pool, account: str, cursor: str | None, limit: int) -> LicenseList:
    """Licenses of the account, newest first."""
    async with lent(pool) as conn:
        rows = await store.select_page(conn, account, place(cursor), limit + 1)
    return LicenseList(
        items=tuple(_license(row) for row in rows[:limit]), next_cursor=_next(rows, limit)
    )


async def track(pool: asyncpg.Pool, account: str, track_id: str) -> Track:
    """One licensed track of the account."""
    async with lent(pool) as conn:
        found = await store.select_track(conn, track_id, account)
    if found is None:
        raise NotFound("there is no such track")
    return _track(found)


async def file(pool: asyncpg.Pool, account: str, track_id: str, name: str) -> Asset:
    """One of the files that a track has."""
    found = await track(pool, account, track_id)
    for asset in found.files:
        if asset.name == name:
            return asset
    there = ", ".join(asset.name for asset in found.files)
    raise NotFound(f"this track has no {name}; it has {there}")


async def tracks(pool: asyncpg.Pool, account: str, cursor: str | None, limit: int) -> TrackList:
    """Tracks of the account, newest first."""
    async with lent(pool) as conn:
        rows = await store.select_page(conn, account, place(cursor), limit + 1)
    return TrackList(
        items=tuple(_track(row) for row in rows[:limit]), next_cursor=_next(rows, limit)
    )


def _next(rows: list[dict[str, Any]], limit: int) -> str | None:
    """The cursor after a page, when there is more."""
    if len(rows) <= limit:
        return None
    return cursor_after(rows[limit - 1]["created_at"], rows[limit - 1]["id"])


async def _grant(conn: asyncpg.Connection, sold: Sold, signer: Signer) -> None:
    license_id, track_id = f"lic_{uuid.uuid4().hex[:24]}", f"trk_{uuid.uuid4().hex[:24]}"
    now = datetime.now(UTC).replace(microsecond=0)
    said = _certificate(sold, license_id, track_id, now)
    document = certificates.issue(said, signer)
    await store.insert_license(conn, license_id, sold, track_id, document, now)
    if said.grants:  # what grants nothing keeps nobody else from anything
        await repertoire.license_runs(conn, sold.candidate, sold.account)


def _certificate(sold: Sold, license_id: str, track_id: str, now: datetime) -> Certificate:
    made = sold.made
    grants = sold.account_mode == "live"
    return Certificate(
        license=license_id,
        track=track_id,
        candidate=sold.candidate,
        brief=sold.brief,
        account=sold.account,
        mode=sold.account_mode,
        grants=grants,
        notice=NOTICE[sold.account_mode],
        rights=msgspec.to_builtins(made.resolved.rights),
        audio=_audio(made) if isinstance(made, Made) else _sounds(made),
        provenance=made.provenance,
        training_data=TRAINING_DATA,
        human_input=_human_input(sold),
        tokens=sold.license_tokens,
        issued_at=now,
    )


def _audio(made: Made) -> dict[str, Any]:
    """The very file that a license is for."""
    master = next(asset for asset in made.assets if asset.name == MASTER)
    return _named(master, made.resolved.duration_frames) | _form(made.resolved.delivery)


def _sounds(made: FamilyMade) -> dict[str, Any]:
    """The very files that the license of a family is for, by the names of its sounds."""
    files = {one.name: _named(_master(one), one.frames) for one in made.members}
    return {"files": files} | _form(made.resolved.delivery)


def _named(asset: Asset, frames: int) -> dict[str, Any]:
    return {"sha256": asset.sha256, "bytes": asset.bytes, "frames": frames}


def _form(delivery: Delivery) -> dict[str, Any]:
    return {
        "sample_rate": delivery.sample_rate,
        "bit_depth": delivery.bit_depth,
        "channels": delivery.channels,
    }


def _human_input(sold: Sold) -> dict[str, Any]:
    """What the client decided: its words as a digest, or all that it asked of a family."""
    request = sold.request
    if isinstance(request, Brief):
        said = {"words_sha256": hashlib.sha256(request.prompt.encode()).hexdigest()}
    else:
        asked = msgspec.json.encode(request, order="sorted")
        said = {"request_sha256": hashlib.sha256(asked).hexdigest()}
    return said | {"picked_number": sold.made.number}


def _license(row: dict[str, Any]) -> License:
    document = bytes(row["certificate"])
    said = certificates.contents(document)
    return License(
        id=row["id"],
        track=row["track"],
        candidate=row["candidate"],
        tokens=row["tokens"],
        grants=said.grants,
        notice=said.notice,
        rights=msgspec.convert(said.rights, Rights),
        created_at=row["created_at"],
        certificate=msgspec.json.decode(document),
    )


def _track(row: dict[str, Any]) -> Track:
    family = row["what"] == "family"
    made = msgspec.json.decode(row["made"], type=FamilyMade if family else Made)
    return Track(
        id=row["track"],
        license=row["id"],
        candidate=row["candidate"],
        brief=row["brief"],
        created_at=row["created_at"],
        duration_ms=made.resolved.duration_ms,
        plan=made.outline if isinstance(made, Made) else None,
        measured=made.measured,
        files=tuple(_files(made)),
    )


def _files(made: Made | FamilyMade) -> Iterator[Asset]:
    """What a track has of what was delivered; the sounds of a family by their own names."""
    if isinstance(made, Made):
        yield from (asset for asset in made.assets if asset.name not in _HIDDEN)
        return
    for one in made.members:
        yield from (asset for asset in one.assets if asset.name not in _HIDDEN)


def _master(member: FamilyMember) -> Asset:
    return next(asset for asset in member.assets if asset.name == member.name)
