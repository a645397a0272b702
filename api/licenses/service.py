"""The pick: the client's choice becomes a right, in one transaction with its tokens."""

import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec

from api.briefs.paid import tags_of
from api.entrance import cursor_after, place
from api.errors import CandidateExpired, LicensedElsewhere, NotFound, ValidationFailed
from api.licenses import certificate as certificates
from api.licenses import drafting, store
from api.licenses.contracts import License, LicenseList, NewLicense, Track, TrackList
from api.licenses.drafting import Names
from api.licenses.signing import KeySet, Signer
from api.licenses.store import Sold
from billing.connections import lent, transaction
from billing.contracts import Tags
from billing.ledger import service as ledger
from billing.prices import service as prices
from engine.contracts import (
    Asset,
    FamilyMade,
    Made,
    Rights,
)
from engine.errors import Reason
from engine.repertoire import service as repertoire

BRIEFED = NewLicense()
"""A license as the brief asked for it."""


async def publish(pool: asyncpg.Pool, signer: Signer) -> None:
    """Put the deployment's key into its published set; old keys stay there."""
    async with lent(pool) as conn:
        await store.insert_key(conn, signer.jwk)


async def key_set(pool: asyncpg.Pool) -> KeySet:
    """Every key this deployment has signed with."""
    async with lent(pool) as conn:
        return KeySet(keys=await store.select_keys(conn))


async def pick(
    pool: asyncpg.Pool,
    account: str,
    key: str,
    candidate: str,
    signer: Signer,
    asked: NewLicense = BRIEFED,
) -> tuple[License, bool]:
    """License a candidate. A repeat returns the same license, whatever it asks, and True."""
    async with transaction(pool) as conn:
        sold = await store.lock_candidate(conn, candidate, account)
        if sold is None:
            raise NotFound("there is no such candidate")
        known = await store.select_by_candidate(conn, candidate, account)
        if known is not None:
            return _license(known), True
        if sold.expired:
            raise CandidateExpired("the candidate was not picked within seven days")
        tokens = await _price(conn, sold, asked)
        await _keep_apart(conn, sold, asked)
        await ledger.charge_license(conn, account, candidate, tokens, tags=_tags(key, sold))
        await _grant(conn, sold, asked, tokens, signer)
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


async def _price(conn: asyncpg.Connection, sold: Sold, asked: NewLicense) -> int:
    """The tokens of the license; `ValidationFailed` for an exclusive one where none is sold."""
    if not asked.exclusive:
        return sold.license_tokens
    book = await prices.book_named(conn, sold.account, sold.price_book)
    if book.exclusive_times is None:
        detail = (
            f"the price list of this brief ({book.name}) sells no exclusive licenses; leave "
            "`exclusive` out, or ask us for a price list that does"
        )
        raise ValidationFailed([Reason("/exclusive", "not_yet_available", detail, [False])])
    return sold.license_tokens * book.exclusive_times


async def _keep_apart(conn: asyncpg.Connection, sold: Sold, asked: NewLicense) -> None:
    """Refuse what somebody else holds alone, and to hold alone what somebody else has too."""
    alone = asked.exclusive is True
    await store.lock_holders(conn, alone=alone)
    if await store.select_kept(conn, sold.candidate, sold.account):
        raise LicensedElsewhere(
            "another account has since licensed music that is too close to this for itself alone; "
            "pick another candidate, this one cannot be licensed any more"
        )
    if alone and await repertoire.held_by_others(conn, sold.candidate, sold.account):
        raise LicensedElsewhere(
            "another account has licensed music that shares twelve notes with this; it cannot be "
            "exclusive, but it can be licensed without `exclusive`"
        )


async def _grant(
    conn: asyncpg.Connection, sold: Sold, asked: NewLicense, tokens: int, signer: Signer
) -> None:
    names = Names(license=f"lic_{uuid.uuid4().hex[:24]}", track=f"trk_{uuid.uuid4().hex[:24]}")
    now = datetime.now(UTC).replace(microsecond=0)
    choices = await store.select_choices(conn, sold.brief)
    said = drafting.certificate(sold, names, asked, choices, tokens, now)
    document = certificates.issue(said, signer)
    await store.insert_license(conn, names.license, sold, names.track, tokens, document, now)
    if said.grants:  # what grants nothing keeps nobody else from anything
        if asked.exclusive:
            await store.insert_kept(conn, sold.candidate, names.license, sold.account)
        await repertoire.license_runs(conn, sold.candidate, sold.account)


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
        files=tuple(drafting.delivered(made)),
    )
