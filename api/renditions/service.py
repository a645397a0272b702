"""Other shapes of a licensed track: ordered once, made by a studio, free of charge.

The studio's last word on such a job is the rendition itself, so it can be read in the moment it is
delivered; there is no money to settle.
"""

import hashlib
import secrets
from datetime import timedelta

import asyncpg
import msgspec
from msgspec import Struct
from prometheus_client import Counter

from api.entrance import cursor_after, place
from api.errors import (
    NotFound,
    NotRenderable,
    QueueFull,
    RenditionFailed,
    ScopeMissing,
    ValidationFailed,
)
from api.keys import store as keys
from api.keys.contracts import Caller
from api.keys.idempotency import Kept, Once
from api.renditions import possible, store
from api.renditions.contracts import (
    LineRow,
    Rendition,
    RenditionFile,
    RenditionLine,
    RenditionList,
    RenditionRow,
    Status,
    TrackRow,
)
from api.renditions.facts import facts_of
from api.shop import Shop
from billing.connections import lent, transaction
from engine.contracts import Asset, Profile, Rendered, RenditionOrder
from engine.errors import Reason
from engine.queue import service as queue
from engine.queue.contracts import Ended, Job, JobState, Planned, Played, Source

MAY_WAIT = timedelta(hours=1)
"""A rendition that no studio has made by then has failed; it can be ordered anew."""

SCORE = "score"
ZIP = "application/zip"
TAKEN = Counter("gateway_renditions_taken_total", "Renditions handed to the studio", ["shape"])


class Accepted(Struct, frozen=True, kw_only=True):
    """A rendition that was ordered, now or by an earlier request of the same name."""

    rendition: str
    answer: Kept
    replayed: bool


async def order(
    shop: Shop, caller: Caller, track: str, wanted: RenditionOrder, once: Once, trace: str
) -> Accepted:
    """Hand an order to the studio; the same order again is the same rendition."""
    async with transaction(shop.pool) as conn:
        if (kept := await once.begin(conn)) is not None:
            made_before = (kept.location or "").rpartition("/")[2]
            return Accepted(rendition=made_before, answer=kept, replayed=True)
        source = await _track(conn, caller, track)
        view = await _ordered(conn, shop, caller, source, wanted, trace)
        answer = Kept(
            status=200 if is_over(view) else 202,
            body=msgspec.json.encode(view),
            location=f"/v1/renditions/{view.id}",
        )
        await once.keep(conn, answer)
    return Accepted(rendition=view.id, answer=answer, replayed=False)


async def read(shop: Shop, caller: Caller, rendition: str, wait: float = 0) -> Rendition:
    """A rendition as it stands, or as it ends within ``wait`` seconds."""
    view = await _read(shop, caller, rendition)
    if not wait or is_over(view):
        return view
    await shop.jobs.finished(rendition, wait)
    return await _read(shop, caller, rendition)


async def page(
    shop: Shop, caller: Caller, track: str, cursor: str | None, limit: int
) -> RenditionList:
    """A track's renditions, newest first."""
    async with lent(shop.pool) as conn:
        if not await store.has_track(conn, track, caller.account):
            raise NotFound(f"there is no track {track}")
        rows = await store.select_page(conn, track, caller.account, place(cursor), limit + 1)
    shown = rows[:limit]
    more = len(rows) > limit
    return RenditionList(
        items=tuple(_line(shop, row) for row in shown),
        next_cursor=cursor_after(shown[-1].created_at, shown[-1].id) if more else None,
    )


async def file(shop: Shop, caller: Caller, rendition: str, name: str) -> Asset:
    """One of the files of a rendition."""
    async with lent(shop.pool) as conn:
        row = await _row(conn, caller, rendition)
        rendered = _rendered(await queue.last_word(conn, row.id))
    for asset in rendered.assets if rendered else ():
        if asset.name == name:
            return asset
    there = ", ".join(asset.name for asset in rendered.assets) if rendered else "none yet"
    raise NotFound(f"this rendition has no file {name}; it has {there}")


async def package(
    shop: Shop, caller: Caller, track: str, profile: Profile, wait: float, trace: str
) -> Asset | Rendition:
    """The package of a track, or the rendition that is becoming one, ordered where nobody had."""
    view = await _package(shop, caller, track, profile, trace)
    if wait and not is_over(view):
        view = await read(shop, caller, view.id, wait)
    if view.failure is not None:
        raise RenditionFailed(
            f"the package could not be made: {view.failure.detail}; "
            f"POST /v1/tracks/{track}/renditions orders it anew"
        )
    return await file(shop, caller, view.id, _archive(view)) if is_over(view) else view


def is_over(view: Rendition) -> bool:
    """Whether the studio has said its last word on it."""
    return view.status in ("succeeded", "failed")


async def _package(
    shop: Shop, caller: Caller, track: str, profile: Profile, trace: str
) -> Rendition:
    wanted = possible.plain(RenditionOrder(profile=profile))
    async with transaction(shop.pool) as conn:
        source = await _track(conn, caller, track)
        known = await store.select_by_order(conn, track, _fingerprint(wanted))
        if known is not None:
            return await _view(conn, shop, known)
        if not caller.may("briefs"):  # to read what is there is one thing, to have it made another
            raise ScopeMissing("briefs")
        return await _ordered(conn, shop, caller, source, wanted, trace, at="/query")


def _archive(view: Rendition) -> str:
    found = [one.name for one in view.files if one.media_type == ZIP]
    assert found, "a package is one archive"
    return found[0]


async def _track(conn: asyncpg.Connection, caller: Caller, track: str) -> TrackRow:
    found = await store.lock_track(conn, track, caller.account)
    if found is None:
        raise NotFound(f"there is no track {track}")
    return found


async def _ordered(
    conn: asyncpg.Connection,
    shop: Shop,
    caller: Caller,
    track: TrackRow,
    wanted: RenditionOrder,
    trace: str,
    at: str = "",
) -> Rendition:
    """The rendition of this order: the one there is, unless it failed, or a new one."""
    reasons = possible.refusals(wanted, track)
    if reasons:
        raise ValidationFailed([_moved(reason, at) for reason in reasons])
    wanted = possible.plain(wanted)
    _refuse_without_score(track)
    known = await store.select_by_order(conn, track.track, _fingerprint(wanted))
    if known is not None:
        view = await _view(conn, shop, known)
        if view.failure is None:
            return view
        await store.replace(conn, known.id)
    return await _view(conn, shop, await _take_in(conn, shop, caller, track, wanted, trace))


def _moved(reason: Reason, at: str) -> Reason:
    return Reason(f"{at}{reason.pointer}", reason.code, reason.detail, reason.limit)


def _refuse_without_score(track: TrackRow) -> None:
    if track.family is None and all(asset.name != SCORE for asset in track.assets):
        raise NotRenderable(
            "this track was made before tracks could be played again; its own files stay as they "
            "are"
        )


async def _take_in(
    conn: asyncpg.Connection,
    shop: Shop,
    caller: Caller,
    track: TrackRow,
    wanted: RenditionOrder,
    trace: str,
) -> RenditionRow:
    """Rendition and job: two rows that live or die together."""
    await keys.lock_account(conn, caller.account)
    bound = shop.settings.open_renditions
    if await queue.open_jobs(conn, caller.account, "renditions") >= bound:
        raise QueueFull(bound, "renditions", retry_after_s=5)
    row = await store.insert_rendition(
        conn, f"rnd_{secrets.token_hex(12)}", caller.account, track.track, wanted,
        _fingerprint(wanted),
    )  # fmt: skip
    source = Source(facts=facts_of(track), order=wanted, assets=track.assets, family=track.family)
    job = Job(
        id=row.id, account=row.account, resolved=track.made.resolved, seed=track.made.seed,
        lane="rendition", wants="renditions", source=source, deadline_at=row.created_at + MAY_WAIT,
        expected_s=_expected_s(track, wanted), api_key=caller.key, trace=trace,
    )  # fmt: skip
    await queue.enqueue(conn, job)
    TAKEN.labels(wanted.profile or wanted.version).inc()
    return row


def _fingerprint(wanted: RenditionOrder) -> str:
    return hashlib.sha256(msgspec.json.encode(wanted, order="sorted")).hexdigest()


def _expected_s(track: TrackRow, wanted: RenditionOrder) -> float:
    """Studio seconds on one CPU core, a rule of thumb: playing grows with the length, and a
    package is played in several versions."""
    seconds = track.made.resolved.duration_ms / 1000
    return round(0.5 + seconds * (0.25 if wanted.profile else 0.05), 1)


# --- reading --------------------------------------------------------------------------------------


async def _read(shop: Shop, caller: Caller, rendition: str) -> Rendition:
    async with lent(shop.pool) as conn:
        return await _view(conn, shop, await _row(conn, caller, rendition))


async def _row(conn: asyncpg.Connection, caller: Caller, rendition: str) -> RenditionRow:
    row = await store.select_rendition(conn, rendition, caller.account)
    if row is None:
        raise NotFound(f"there is no rendition {rendition}")
    return row


async def _view(conn: asyncpg.Connection, shop: Shop, row: RenditionRow) -> Rendition:
    job = await queue.view(conn, row.id)
    assert job is not None, "rendition and job are written together"
    said = await queue.last_word(conn, row.id)
    here = f"{shop.settings.public_url}/v1/renditions/{row.id}"
    rendered = _rendered(said)
    return Rendition(
        id=row.id,
        track=row.track,
        status=_status(job.state, failed=isinstance(said, Ended)),
        order=row.order,
        created_at=row.created_at,
        finished_at=job.finished_at,
        queue_position=job.position,
        files=_files(rendered, here) if rendered else (),
        sounds=rendered.sounds if rendered else (),
        failure=said.failure if isinstance(said, Ended) else None,
        url=here,
    )


def _rendered(said: Planned | Played | Ended | None) -> Rendered | None:
    return said.rendered if isinstance(said, Played) else None


def _files(rendered: Rendered, here: str) -> tuple[RenditionFile, ...]:
    sounds = {(sound.name, sound.media_type): sound for sound in rendered.sounds}
    return tuple(
        RenditionFile(
            name=asset.name,
            url=f"{here}/files/{asset.name}",
            media_type=asset.media_type,
            bytes=asset.bytes,
            sha256=asset.sha256,
            sound=sounds.get((asset.name.rpartition(".")[0], asset.media_type)),
        )
        for asset in rendered.assets
    )


def _status(job: JobState, *, failed: bool) -> Status:
    if job in ("queued", "leased"):
        return "queued" if job == "queued" else "running"
    return "failed" if failed else "succeeded"


def _line(shop: Shop, row: LineRow) -> RenditionLine:
    return RenditionLine(
        id=row.id,
        status=_status(row.job, failed=row.failed),
        order=row.order,
        created_at=row.created_at,
        finished_at=row.finished_at,
        url=f"{shop.settings.public_url}/v1/renditions/{row.id}",
    )
