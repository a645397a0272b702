"""Renditions in SQL."""

from typing import Any

import asyncpg
import msgspec

from api.entrance import Place
from api.renditions.contracts import LineRow, RenditionRow, TrackRow
from engine.contracts import Brief, FamilyBrief, FamilyMade, Made, RenditionOrder


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


# Two requests for one track wait for each other here, so that both find the same rendition.
LOCK_TRACK = """
select licenses.track, licenses.id as license, what, request, made
from api.licenses
join api.candidates on candidates.id = licenses.candidate
join api.briefs on briefs.id = candidates.brief
where licenses.track = $1 and licenses.account = $2
for no key update of licenses
"""


async def lock_track(conn: asyncpg.Connection, track: str, account: str) -> TrackRow | None:
    row = await conn.fetchrow(LOCK_TRACK, track, account)
    if row is None:
        return None
    family = row["what"] == "family"
    request, made = (FamilyBrief, FamilyMade) if family else (Brief, Made)
    return TrackRow(
        track=row["track"],
        license=row["license"],
        request=msgspec.json.decode(row["request"], type=request),
        made=msgspec.json.decode(row["made"], type=made),
    )


SELECT_OWNED = "select 1 from api.licenses where track = $1 and account = $2"


async def has_track(conn: asyncpg.Connection, track: str, account: str) -> bool:
    return await conn.fetchval(SELECT_OWNED, track, account) is not None


SELECT_BY_ORDER = """
select id, account, track, ordered, created_at
from api.renditions where track = $1 and fingerprint = $2 and not replaced
"""


async def select_by_order(
    conn: asyncpg.Connection, track: str, fingerprint: str
) -> RenditionRow | None:
    return _row(await conn.fetchrow(SELECT_BY_ORDER, track, fingerprint))


SELECT_RENDITION = """
select id, account, track, ordered, created_at
from api.renditions where id = $1 and account = $2
"""


async def select_rendition(
    conn: asyncpg.Connection, rendition: str, account: str
) -> RenditionRow | None:
    return _row(await conn.fetchrow(SELECT_RENDITION, rendition, account))


def _row(row: asyncpg.Record | None) -> RenditionRow | None:
    if row is None:
        return None
    order = msgspec.json.decode(row["ordered"], type=RenditionOrder)
    return RenditionRow(
        id=row["id"], account=row["account"], track=row["track"], order=order,
        created_at=row["created_at"],
    )  # fmt: skip


REPLACE = "update api.renditions set replaced = true where id = $1"


async def replace(conn: asyncpg.Connection, rendition: str) -> None:
    await conn.execute(REPLACE, rendition)


INSERT_RENDITION = """
insert into api.renditions (id, account, track, fingerprint, ordered, created_at)
values ($1, $2, $3, $4, $5::jsonb, now())
returning created_at
"""


async def insert_rendition(
    conn: asyncpg.Connection,
    rendition: str,
    account: str,
    track: str,
    wanted: RenditionOrder,
    fingerprint: str,
) -> RenditionRow:
    """A rendition to be made, with its time by the database's clock."""
    created_at = await conn.fetchval(
        INSERT_RENDITION, rendition, account, track, fingerprint, _json(wanted)
    )
    assert created_at is not None, "an insert that returns nothing raises"
    return RenditionRow(
        id=rendition, account=account, track=track, order=wanted, created_at=created_at
    )


# The job's state and the kind of its last word are only read here.
SELECT_PAGE = """
select renditions.id, ordered, jobs.state as job, renditions.created_at, jobs.finished_at,
  coalesce(body ->> 'type' = 'ended', false) as failed
from api.renditions
join engine.jobs on jobs.id = renditions.id
left join engine.deliveries on deliveries.job = renditions.id and number = 0
where renditions.track = $1 and renditions.account = $2
  and ($3::timestamptz is null or (renditions.created_at, renditions.id) < ($3, $4))
order by renditions.created_at desc, renditions.id desc
limit $5
"""


async def select_page(
    conn: asyncpg.Connection, track: str, account: str, after: Place | None, limit: int
) -> list[LineRow]:
    rows = await conn.fetch(
        SELECT_PAGE, track, account, after and after.created_at, after and after.id, limit
    )
    return [
        LineRow(
            id=row["id"],
            order=msgspec.json.decode(row["ordered"], type=RenditionOrder),
            job=row["job"],
            failed=row["failed"],
            created_at=row["created_at"],
            finished_at=row["finished_at"],
        )
        for row in rows
    ]
