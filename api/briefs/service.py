"""Taking a brief in: understand it, price it, set the tokens aside and hand it to the studio."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
from msgspec import structs
from prometheus_client import Counter

from api import composer
from api.briefs import store
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
    PriceView,
    Quote,
    QuoteRow,
    Status,
    Tokens,
)
from api.briefs.understanding import understood, with_seed
from api.entrance import cursor_after, place
from api.errors import (
    AlreadyTerminal,
    BudgetExceeded,
    NotFound,
    QueueFull,
    QuoteExpired,
    QuoteMismatch,
    ValidationFailed,
)
from api.keys.contracts import Caller
from api.keys.idempotency import Kept, Once
from api.shop import Shop
from billing.connections import lent, transaction
from billing.contracts import Facts
from billing.contracts import Quote as Price
from billing.contracts import Tokens as WholeTokens
from billing.ledger import service as ledger
from billing.prices import service as prices
from engine.contracts import Brief, Resolved
from engine.errors import Reason
from engine.queue import service as queue
from engine.queue.contracts import Job, JobView, Progress
from engine.words import accepted, outline

QUOTE_BINDS = timedelta(minutes=15)
HOLD_MARGIN = timedelta(minutes=15)
"""A hold outlives its brief's deadline by this; the clerk extends it while a studio works."""

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
    price = prices.quote(_facts(resolved), _book())
    now = datetime.now(UTC)
    row = QuoteRow(
        fingerprint=_fingerprint(_facts(resolved)),
        audition_tokens=price.audition_tokens,
        license_tokens=price.license_tokens,
        price_book=price.price_book,
        expires_at=now + QUOTE_BINDS,
        expired=False,
    )
    made = f"quo_{secrets.token_hex(12)}"
    async with transaction(shop.pool) as conn:
        await store.insert_quote(conn, made, caller.account, row, now)
        wallet = await ledger.balance(conn, caller.account)
    return Quote(
        id=made,
        audition_tokens=price.hold_tokens,
        audition_tokens_each=price.audition_tokens,
        license_tokens=price.license_tokens,
        candidates=price.candidates,
        price_book=price.price_book,
        expected_s=_expected_s(resolved),
        available_tokens=wallet.available,
        resolved=structs.replace(resolved, seed=brief.seed or 0),
        created_at=now,
        expires_at=row.expires_at,
    )


async def submit(shop: Shop, caller: Caller, brief: Brief, once: Once) -> Accepted:
    """Promise the client a price, set the tokens aside and hand the brief to the studio."""
    brief = with_seed(brief)
    resolved = understood(caller.account, brief)
    async with transaction(shop.pool) as conn:
        if (kept := await once.begin(conn)) is not None:
            return Accepted(brief=_named(kept), answer=kept, replayed=True)
        if await store.count_open(conn, caller.account) >= shop.settings.open_briefs:
            raise QueueFull(shop.settings.open_briefs)
        price = await _price(conn, caller, brief, resolved)
        row = await _take_in(conn, caller, brief, resolved, price)
        view = await _view(conn, shop, row)
        answer = Kept(status=202, body=msgspec.json.encode(view), location=f"/v1/briefs/{row.id}")
        await once.keep(conn, answer)
    TAKEN.labels(resolved.kind, caller.mode).inc()
    HELD.labels(caller.mode).inc(price.hold_tokens)
    return Accepted(brief=row.id, answer=answer, replayed=False)


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
        row = await _row(conn, caller, brief)
        if row.outcome not in (None, "canceled"):
            raise AlreadyTerminal(f"this brief has ended: {row.outcome}")
        await store.mark_cancel(conn, brief)
        await queue.ask_cancel(conn, brief)
        return await _view(conn, shop, await _row(conn, caller, brief))


async def capabilities(shop: Shop, caller: Caller) -> Capabilities:
    """What this key may ask for."""
    async with lent(shop.pool) as conn:
        open_briefs = await store.count_open(conn, caller.account)
        open_plans = await queue.open_jobs(conn, caller.account, "plans")
        open_renditions = await queue.open_jobs(conn, caller.account, "renditions")
    book = _book()
    packs = prices.packs(book)
    return Capabilities(
        mode=caller.mode,
        billing=caller.billing,
        scopes=caller.scopes,
        accepts={**accepted(), "plans": outline.accepted()},
        defaults={"bed_ms": 60_000, "loop_bars": 16, "chime_ms": 1_500, "candidates": 4},
        formats={
            "evaluation": ["mp3", "wav"],
            "track": ["wav", "midi", "stems"],
            "sample_rate": [44_100, 48_000, 96_000],
            "bit_depth": [16, 24, 32],
            "channels": [1, 2],
        },
        models=(_model(),),
        marks=("metadata",),
        prices=PriceView(
            book=book.name,
            seconds_per_token=book.seconds_per_token,
            license_times=book.license_times,
            currencies=tuple(dict.fromkeys(pack.currency for pack in packs)),
            packs=tuple(structs.asdict(pack) for pack in packs),
        ),
        limits=Limits(
            candidates_max=10,
            prompt_max_characters=4000,
            body_max_bytes=BODY_MAX_BYTES,
            requests_per_minute=shop.settings.rate_per_minute,
            requests_at_once=shop.settings.rate_burst,
            open_briefs_max=shop.settings.open_briefs,
            open_briefs=open_briefs,
            plans_per_minute=shop.settings.plans_per_minute,
            plans_at_once=shop.settings.plans_burst,
            open_plans_max=shop.settings.open_plans,
            open_plans=open_plans,
            plans_kept_h=PLANS_KEPT_H,
            open_renditions_max=shop.settings.open_renditions,
            open_renditions=open_renditions,
        ),
    )


def _model() -> Model:
    made = composer.manifest()
    return Model(
        name=made["name"], sha256=composer.digest(), made_at=made["made_at"],
        parameters=made["parameters"],
    )  # fmt: skip


# --- money ----------------------------------------------------------------------------------------


async def _price(
    conn: asyncpg.Connection, caller: Caller, brief: Brief, resolved: Resolved
) -> Price:
    """The quoted price where the brief names a quote, today's otherwise; within ``max_tokens``."""
    facts = _facts(resolved)
    if brief.quote is None:
        price = prices.quote(facts, _book())
    else:
        price = _quoted(await store.select_quote(conn, brief.quote, caller.account), facts)
    if brief.max_tokens is not None and price.hold_tokens > brief.max_tokens:
        raise BudgetExceeded(price.hold_tokens, brief.max_tokens)
    return price


def _quoted(row: QuoteRow | None, facts: Facts) -> Price:
    if row is None:
        detail = "there is no such quote; leave it out, or ask for one at POST /v1/quotes"
        raise ValidationFailed([Reason("/quote", "unknown_quote", detail)])
    if row.expired:
        raise QuoteExpired(row.expires_at)
    if row.fingerprint != _fingerprint(facts):
        raise QuoteMismatch(
            "the quote is for another kind, length, quality or number of candidates"
        )
    return Price(
        audition_tokens=WholeTokens(row.audition_tokens),
        license_tokens=WholeTokens(row.license_tokens),
        candidates=facts.candidates,
        price_book=row.price_book,
    )


async def _take_in(
    conn: asyncpg.Connection, caller: Caller, brief: Brief, resolved: Resolved, price: Price
) -> BriefRow:
    """Hold, brief and job: three rows that live or die together."""
    now = datetime.now(UTC)
    made = f"brf_{secrets.token_hex(12)}"
    deadline = timedelta(seconds=brief.deadline_s)
    held = await ledger.place_hold(
        conn, caller.account, made, price.hold_tokens, deadline + HOLD_MARGIN
    )
    row = BriefRow(
        id=made, account=caller.account, request=brief, resolved=resolved,
        audition_tokens=price.audition_tokens, license_tokens=price.license_tokens,
        hold=held.id, price_book=price.price_book, created_at=now, deadline_at=now + deadline,
        cancel_asked_at=None, outcome=None, failure=None, retracted_takes=(), finished_at=None,
    )  # fmt: skip
    await store.insert_brief(conn, row, caller.key)
    job = Job(
        id=made, account=caller.account, resolved=resolved, seed=resolved.seed,
        deadline_at=row.deadline_at, expected_s=_expected_s(resolved),
    )  # fmt: skip
    await queue.enqueue(conn, job)
    return row


def _book() -> prices.PriceBook:
    return prices.current_book(datetime.now(UTC).date())


def _facts(resolved: Resolved) -> Facts:
    return Facts(
        kind=resolved.kind,
        duration_ms=resolved.duration_ms,
        candidates=resolved.candidates,
        quality=resolved.quality,
    )


def _fingerprint(facts: Facts) -> str:
    return hashlib.sha256(msgspec.json.encode(facts, order="sorted")).hexdigest()


# --- expectations ---------------------------------------------------------------------------------


def _expected_s(resolved: Resolved) -> float:
    """Studio seconds on one CPU core, so far a rule of thumb: writing and playing grow with the
    length, and about half as many takes again are written as are offered."""
    seconds = resolved.duration_ms / 1000
    return round(2 + resolved.candidates * (1 + 0.25 * seconds) * _EFFORT[resolved.quality], 1)


# --- reading --------------------------------------------------------------------------------------


async def _read(shop: Shop, caller: Caller, brief: str) -> BriefView:
    async with lent(shop.pool) as conn:
        return await _view(conn, shop, await _row(conn, caller, brief))


async def _row(conn: asyncpg.Connection, caller: Caller, brief: str) -> BriefRow:
    row = await store.select_brief(conn, brief, caller.account)
    if row is None:
        raise NotFound(f"there is no brief {brief}")
    return row


async def _view(conn: asyncpg.Connection, shop: Shop, row: BriefRow) -> BriefView:
    job = await queue.view(conn, row.id)
    assert job is not None, "brief and job are written together"
    seed = row.request.seed or 0
    return BriefView(
        id=row.id,
        status=_status(row, job),
        created_at=row.created_at,
        deadline_at=row.deadline_at,
        finished_at=row.finished_at,
        cancel_asked=row.cancel_asked_at is not None,
        seed=seed,
        request=row.request,
        resolved=structs.replace(row.resolved, seed=seed),
        tokens=await _tokens(conn, row),
        price_book=row.price_book,
        progress=job.progress if row.outcome is None else Progress(step="ended"),
        attempt=job.attempt,
        queue_position=job.position,
        expected_s=job.expected_s,
        candidates=await store.select_candidates(conn, row.id, shop.settings.public_url),
        retracted_takes=row.retracted_takes,
        failure=row.failure,
    )


def _status(row: BriefRow, job: JobView) -> Status:
    """A job that ended is still running for its client until its money is settled."""
    if row.outcome is not None:
        return row.outcome
    return "queued" if job.state == "queued" else "running"


async def _tokens(conn: asyncpg.Connection, row: BriefRow) -> Tokens:
    held = await ledger.hold(conn, row.hold)
    assert held is not None, "brief and hold are written together"
    return Tokens(
        quoted=held.quoted,
        held=held.quoted - held.captured - held.released,
        captured=held.captured,
        released=held.released,
        audition_each=row.audition_tokens,
        license_each=row.license_tokens,
    )


def _line(shop: Shop, row: LineRow) -> BriefLine:
    status: Status = row.outcome or ("queued" if row.job == "queued" else "running")
    return BriefLine(
        id=row.id,
        status=status,
        kind=row.kind,
        created_at=row.created_at,
        finished_at=row.finished_at,
        project=row.project,
        customer_ref=row.customer_ref,
        url=f"{shop.settings.public_url}/v1/briefs/{row.id}",
    )


def _named(kept: Kept) -> str:
    return (kept.location or "").rpartition("/")[2]
