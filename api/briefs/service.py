"""Taking a brief in: understand it, price it, set the tokens aside and hand it to the studio."""

import secrets
from datetime import timedelta
from functools import cache
from typing import get_args

import asyncpg
import msgspec
from msgspec import structs
from prometheus_client import Counter

from api import composer
from api.briefs import paid, store
from api.briefs.contracts import (
    BriefLine,
    BriefList,
    BriefRow,
    BriefsQuery,
    BriefView,
    Capabilities,
    Limits,
    LineRow,
    Model,
    Quote,
    Seen,
    Status,
)
from api.briefs.entering import Known, Question, question
from api.briefs.intake import Entrant
from api.briefs.pricing import agreed_by, book_of, offer_for, price_list, write_quote
from api.briefs.understanding import BATCH_LEAST_S, engine_of, understood, whole
from api.entrance import cursor_after, place
from api.errors import NotFound
from api.keys.contracts import Caller
from api.keys.idempotency import Kept, Once
from api.shop import Shop
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from billing.prices.service import PriceBook
from engine.contracts import DEADLINES_S, Brief, BriefLane, Profile, Resolved, Version
from engine.queue import service as queue
from engine.queue.contracts import Job, JobView, Progress
from engine.words import accepted, formats, outline
from engine.words.family import accepted_family
from engine.words.span import BARLESS_MS, BED_MS, LOOP_BARS

BODY_MAX_BYTES = 256 * 1024
PLANS_KEPT_H = 24
TAKEN = Counter("gateway_briefs_taken_total", "Briefs handed to the studio", ["kind", "mode"])
HELD = Counter("gateway_tokens_held_total", "Tokens set aside for briefs", ["mode"])
_EFFORT = {"draft": 0.6, "standard": 1.0, "best": 1.8}


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A brief that was taken in, now or by an earlier request of the same name."""

    brief: str
    answer: Kept
    replayed: bool


async def quote(shop: Shop, caller: Caller, brief: Brief) -> Quote:
    """The price of a brief, binding for fifteen minutes. Charges nothing."""
    resolved = understood(caller.account, brief)
    async with transaction(shop.pool) as conn:
        offer = offer_for(resolved, await book_of(conn, caller.account), brief.lane)
        made, created_at, expires_at = await write_quote(conn, caller.account, offer)
        wallet = await ledger.balance(conn, caller.account)
    price = offer.price
    return Quote(
        id=made,
        audition_tokens=price.hold_tokens,
        audition_tokens_each=price.audition_tokens,
        license_tokens=price.license_tokens,
        candidates=price.candidates,
        price_book=price.price_book,
        expected_s=expected_s(resolved),
        available_tokens=wallet.available,
        resolved=structs.replace(resolved, seed=brief.seed or 0),
        created_at=created_at,
        expires_at=expires_at,
    )


async def submit(shop: Shop, caller: Caller, brief: Brief, once: Once, trace: str) -> Accepted:
    """Promise the client a price, set the tokens aside and hand the brief to the studio."""
    brief = whole(brief)
    resolved = understood(caller.account, brief)
    asked = question(caller, once, brief, engine_of(brief) or "")
    with shop.backlog.entry() as entry:
        known = await _known(shop, asked, once)
        if known.answer is None:
            if shop.backlog.bounds(brief.lane):
                async with lent(shop.pool) as conn:
                    await entry.take(conn, brief.lane, expected_s(resolved))
            accepted = await _take_in(shop, caller, brief, resolved, once, known, trace)
            if accepted is not None:
                return accepted
            known = await _known(shop, asked, once)
    assert known.answer is not None, "who has come first has left an answer"
    return Accepted(brief=_named(known.answer), answer=known.answer, replayed=True)


async def read(shop: Shop, caller: Caller, brief: str, wait: float = 0) -> BriefView:
    """A brief as it stands, or as it ends within ``wait`` seconds."""
    view = await _read(shop, caller, brief)
    if not wait or view.finished_at is not None:
        return view
    await shop.briefs.finished(brief, wait)
    return await _read(shop, caller, brief)


async def page(shop: Shop, caller: Caller, asked: BriefsQuery) -> BriefList:
    """The account's briefs, newest first."""
    after = place(asked.cursor)
    async with lent(shop.pool) as conn:
        rows = await store.select_page(
            conn, caller.account, after, asked.project, asked.status, asked.limit + 1
        )
    shown = rows[: asked.limit]
    more = len(rows) > asked.limit
    return BriefList(
        items=tuple(_line(shop, row) for row in shown),
        next_cursor=cursor_after(shown[-1].created_at, shown[-1].id) if more else None,
    )


async def cancel(shop: Shop, caller: Caller, brief: str) -> BriefView:
    """Stop a brief. What was delivered stays and was charged; the rest is given back."""
    async with transaction(shop.pool) as conn:
        await paid.stop(conn, await _row(conn, caller, brief))
    return await _read(shop, caller, brief)


async def capabilities(shop: Shop, caller: Caller) -> Capabilities:
    """What this key may ask for."""
    async with lent(shop.pool) as conn:
        book = await book_of(conn, caller.account)
        open_briefs, open_of_key = await store.count_open(conn, caller.account, caller.key)
        open_plans = await queue.open_jobs(conn, caller.account, "plans")
        open_renditions = await queue.open_jobs(conn, caller.account, "renditions")
    return Capabilities(
        mode=caller.mode,
        billing=caller.billing,
        scopes=caller.scopes,
        accepts={
            **accepted(),
            "lanes": _lanes(book),
            "plans": outline.accepted(),
            "families": accepted_family(),
        },
        defaults={
            "bed_ms": BED_MS,
            "loop_bars": LOOP_BARS,
            "candidates": Brief().candidates,
            **{f"{kind}_ms": length for kind, length in BARLESS_MS.items()},
        },
        formats={
            "evaluation": ["mp3", "wav"],
            "track": ["wav", "midi", "stems"],
            "sample_rate": [44_100, 48_000, 96_000],
            "bit_depth": [16, 24, 32],
            "channels": [1, 2, 4, 6],
            "renditions": formats.accepted(),
            "versions": list(get_args(Version)),
            "profiles": list(get_args(Profile)),
        },
        models=(_model(),),
        marks=("metadata", *(["content_credentials"] if shop.settings.marks_root else [])),
        prices=price_list(book),
        limits=Limits(
            candidates_max=10,
            prompt_max_characters=4000,
            body_max_bytes=BODY_MAX_BYTES,
            requests_per_minute=shop.settings.rate_per_minute,
            requests_at_once=shop.settings.rate_burst,
            open_briefs_max=shop.settings.open_briefs,
            open_briefs=open_briefs,
            open_briefs_per_key_max=shop.settings.open_briefs_per_key or shop.settings.open_briefs,
            open_briefs_of_key=open_of_key,
            plans_per_minute=shop.settings.plans_per_minute,
            plans_at_once=shop.settings.plans_burst,
            open_plans_max=shop.settings.open_plans,
            open_plans=open_plans,
            plans_kept_h=PLANS_KEPT_H,
            open_renditions_max=shop.settings.open_renditions,
            open_renditions=open_renditions,
        ),
    )


def _lanes(book: PriceBook) -> dict[BriefLane, dict[str, object]]:
    """How long a brief of each lane may take, and which share of the price it costs."""
    shares: dict[BriefLane, tuple[int, int]] = {"interactive": (1, 1), "batch": book.batch_share}
    least: dict[BriefLane, int] = {"interactive": 10, "batch": BATCH_LEAST_S}
    return {
        lane: {
            "deadline_s": {"min": least[lane], "max": 86_400, "default": DEADLINES_S[lane]},
            "price_share": list(share),
        }
        for lane, share in shares.items()
    }


def _model() -> Model:
    made = composer.manifest()
    return Model(
        name=made["name"], sha256=composer.digest(), made_at=made["made_at"],
        parameters=made["parameters"],
    )  # fmt: skip


# --- money ----------------------------------------------------------------------------------------


async def _known(shop: Shop, asked: Question, once: Once) -> Known:
    """Raises `IdempotencyMismatch` where the request's name was used for another one."""
    known = await shop.knowledge.of(asked)
    assert known is not None, "there is one row, whatever is joined to it"
    if known.fingerprint is not None:
        once.refuse_another(known.fingerprint)
    return known


async def _take_in(
    shop: Shop,
    caller: Caller,
    brief: Brief,
    resolved: Resolved,
    once: Once,
    known: Known,
    trace: str,
) -> Accepted | None:
    """Hold, brief, job and answer: four rows that live or die together. None where the same request
    was carried out meanwhile."""
    offer = offer_for(resolved, known.book, brief.lane)
    price = agreed_by(known.quote, offer, brief.quote, brief.max_tokens)
    deadline = timedelta(seconds=resolved.deadline_s)
    row = BriefRow(
        id=f"brf_{secrets.token_hex(12)}", account=caller.account,
        audition_tokens=price.audition_tokens, license_tokens=price.license_tokens,
        hold=ledger.new_hold_id(), price_book=price.price_book, created_at=known.now,
        deadline_at=known.now + deadline, cancel_asked_at=None, outcome=None, failure=None,
        retracted_takes=(), finished_at=None, request=brief, resolved=resolved,
    )  # fmt: skip
    job = Job(
        id=row.id, account=caller.account, resolved=resolved, seed=resolved.seed,
        lane=brief.lane, deadline_at=row.deadline_at, expected_s=expected_s(resolved),
        api_key=caller.key, trace=trace, engine=engine_of(brief),
    )  # fmt: skip
    view = _view_of(row, _just_come(job, known.ahead, price.hold_tokens))
    answer = Kept(status=202, body=msgspec.json.encode(view), location=f"/v1/briefs/{row.id}")
    entrant = Entrant(
        caller=caller, once=once, row=row, job=job, tokens=price.hold_tokens,
        ttl=deadline + paid.HOLD_MARGIN, tags=paid.tags_of(caller.key, brief, resolved.kind),
        answer=answer,
    )  # fmt: skip
    if not await shop.intake.take_in(entrant):
        return None
    _count(resolved.kind, caller.mode, price.hold_tokens)
    return Accepted(brief=row.id, answer=answer, replayed=False)


def _count(kind: str, mode: str, tokens: int) -> None:
    taken, held = _counters(kind, mode)
    taken.inc()
    held.inc(tokens)


@cache
def _counters(kind: str, mode: str) -> tuple[Counter, Counter]:
    return TAKEN.labels(kind, mode), HELD.labels(mode)


def _just_come(job: Job, ahead: int, tokens: int) -> Seen:
    """How far a brief is that has only just been taken in."""
    waiting = JobView(
        state="queued", attempt=0, position=ahead, progress=Progress(), expected_s=job.expected_s,
        cancel_asked=False,
    )  # fmt: skip
    return Seen(job=waiting, quoted=tokens, captured=0, released=0, candidates=())


# --- expectations ---------------------------------------------------------------------------------


def expected_s(resolved: Resolved) -> float:
    """Studio seconds on one CPU core, so far a rule of thumb: writing and playing grow with the
    length, and about half as many takes again are written as are offered."""
    seconds = resolved.duration_ms / 1000
    return round(2 + resolved.candidates * (1 + 0.25 * seconds) * _EFFORT[resolved.quality], 1)


# --- reading --------------------------------------------------------------------------------------


async def _read(shop: Shop, caller: Caller, brief: str) -> BriefView:
    found = await shop.brief_rows.of(brief)
    if found is None or found[0].account != caller.account:
        raise _no_brief(brief)
    return _view_of(*found)


async def _row(conn: asyncpg.Connection, caller: Caller, brief: str) -> BriefRow:
    row = await store.select_brief(conn, brief, caller.account)
    if row is None:
        raise _no_brief(brief)
    return row


def _no_brief(brief: str) -> NotFound:
    return NotFound(f"there is no brief {brief}")


def _view_of(row: BriefRow, seen: Seen) -> BriefView:
    seed = row.request.seed or 0
    resolved = structs.replace(row.resolved, seed=seed)
    return BriefView(**paid.told_of(row, seen), seed=seed, request=row.request, resolved=resolved)


def _line(shop: Shop, row: LineRow) -> BriefLine:
    status: Status = row.outcome or ("queued" if row.job == "queued" else "running")
    return BriefLine(
        id=row.id,
        status=status,
        kind=row.kind,
        words=row.words,
        created_at=row.created_at,
        finished_at=row.finished_at,
        project=row.project,
        customer_ref=row.customer_ref,
        url=f"{shop.settings.public_url}/v1/briefs/{row.id}",
    )


def _named(kept: Kept) -> str:
    return (kept.location or "").rpartition("/")[2]
