"""Taking in a family of cabin sounds: understand it, price it, set the tokens aside, hand it over.

It goes the way of a brief: the same hold, the same clerk, the same pick.
"""

import secrets

import asyncpg
import msgspec
from msgspec import structs
from prometheus_client import Counter

from api.briefs import bounds, paid, store
from api.briefs.contracts import BriefsQuery, FamilyRow, LineRow
from api.briefs.pricing import agreed, book_of, offer_for, write_quote
from api.briefs.service import HELD, Accepted
from api.briefs.understanding import understood_family, with_seed
from api.entrance import cursor_after, place
from api.errors import NotFound
from api.families.contracts import FamilyLine, FamilyList, FamilyQuote, FamilyView
from api.keys.contracts import Caller
from api.keys.idempotency import Kept, Once
from api.shop import Shop
from billing.connections import lent, transaction
from billing.contracts import Quote as Price
from billing.ledger import service as ledger
from engine.contracts import FamilyBrief, ResolvedFamily
from engine.queue import service as queue
from engine.queue.contracts import Job

TAKEN = Counter("gateway_families_taken_total", "Families handed to the studio", ["mode"])


async def quote(shop: Shop, caller: Caller, family: FamilyBrief) -> FamilyQuote:
    """The price of a family, binding for fifteen minutes. Charges nothing."""
    resolved = understood_family(caller.account, family)
    async with transaction(shop.pool) as conn:
        offer = offer_for(resolved, await book_of(conn, caller.account))
        made, created_at, expires_at = await write_quote(conn, caller.account, offer)
        wallet = await ledger.balance(conn, caller.account)
    price = offer.price
    return FamilyQuote(
        id=made,
        audition_tokens=price.hold_tokens,
        audition_tokens_each=price.audition_tokens,
        license_tokens=price.license_tokens,
        candidates=price.candidates,
        price_book=price.price_book,
        expected_s=_expected_s(resolved),
        available_tokens=wallet.available,
        resolved=structs.replace(resolved, seed=family.seed or 0),
        created_at=created_at,
        expires_at=expires_at,
    )


async def submit(
    shop: Shop, caller: Caller, family: FamilyBrief, once: Once, trace: str
) -> Accepted:
    """Promise the client a price, set the tokens aside and hand the family to the studio."""
    family = with_seed(family)
    resolved = understood_family(caller.account, family)
    with shop.backlog.entry() as entry:
        async with transaction(shop.pool) as conn:
            if (kept := await once.begin(conn)) is not None:
                made_before = (kept.location or "").rpartition("/")[2]
                return Accepted(brief=made_before, answer=kept, replayed=True)
            await entry.take(conn, "interactive", _expected_s(resolved))
            offer = offer_for(resolved, await book_of(conn, caller.account))
            price = await agreed(conn, caller.account, offer, family.quote, family.max_tokens)
            row = await _take_in(conn, caller, family, resolved, price, trace)
            await bounds.keep(conn, shop.settings, caller)
            body = msgspec.json.encode(await _view(conn, shop, row))
            answer = Kept(status=202, body=body, location=f"/v1/families/{row.id}")
            await once.keep(conn, answer)
    TAKEN.labels(caller.mode).inc()
    HELD.labels(caller.mode).inc(price.hold_tokens)
    return Accepted(brief=row.id, answer=answer, replayed=False)


async def read(shop: Shop, caller: Caller, family: str, wait: float = 0) -> FamilyView:
    """A family as it stands, or as it ends within ``wait`` seconds."""
    view = await _read(shop, caller, family)
    if not wait or view.finished_at is not None:
        return view
    await shop.briefs.finished(family, wait)
    return await _read(shop, caller, family)


async def page(shop: Shop, caller: Caller, asked: BriefsQuery) -> FamilyList:
    """The account's families, newest first."""
    after = place(asked.cursor)
    async with lent(shop.pool) as conn:
        rows = await store.select_page(
            conn, caller.account, after, asked.project, asked.status, asked.limit + 1, "family"
        )
    shown = rows[: asked.limit]
    more = len(rows) > asked.limit
    return FamilyList(
        items=tuple(_line(shop, row) for row in shown),
        next_cursor=cursor_after(shown[-1].created_at, shown[-1].id) if more else None,
    )


async def cancel(shop: Shop, caller: Caller, family: str) -> FamilyView:
    """Stop a family. What was delivered stays and was charged; the rest is given back."""
    async with transaction(shop.pool) as conn:
        await paid.stop(conn, await _row(conn, caller, family))
        return await _view(conn, shop, await _row(conn, caller, family))


async def _take_in(
    conn: asyncpg.Connection,
    caller: Caller,
    family: FamilyBrief,
    resolved: ResolvedFamily,
    price: Price,
    trace: str,
) -> FamilyRow:
    """Hold, family and job: three rows that live or die together."""
    made = f"fam_{secrets.token_hex(12)}"
    held = await paid.set_aside(
        conn, caller, made, price, family.deadline_s, paid.tags_of(caller.key, family, "family")
    )
    row = FamilyRow(**held, request=family, resolved=resolved)
    await store.insert_brief(conn, row, caller.key)
    job = Job(
        id=made, account=caller.account, resolved=resolved, seed=resolved.seed, wants="families",
        deadline_at=row.deadline_at, expected_s=_expected_s(resolved), api_key=caller.key,
        trace=trace,
    )  # fmt: skip
    await queue.enqueue(conn, job)
    return row


def _expected_s(resolved: ResolvedFamily) -> float:
    """Studio seconds on one CPU core, a rule of thumb: a sound is made and measured several times
    before it keeps to all its limits."""
    seconds = resolved.duration_ms / 1000
    return round(1 + resolved.candidates * (0.2 * len(resolved.functions) + 0.1 * seconds), 1)


async def _read(shop: Shop, caller: Caller, family: str) -> FamilyView:
    async with lent(shop.pool) as conn:
        return await _view(conn, shop, await _row(conn, caller, family))


async def _row(conn: asyncpg.Connection, caller: Caller, family: str) -> FamilyRow:
    row = await store.select_family(conn, family, caller.account)
    if row is None:
        raise NotFound(f"there is no family {family}")
    return row


async def _view(conn: asyncpg.Connection, shop: Shop, row: FamilyRow) -> FamilyView:
    seed = row.request.seed or 0
    resolved = structs.replace(row.resolved, seed=seed)
    return FamilyView(
        **await paid.told(conn, shop, row), seed=seed, request=row.request, resolved=resolved
    )


def _line(shop: Shop, row: LineRow) -> FamilyLine:
    return FamilyLine(
        id=row.id,
        status=row.outcome or ("queued" if row.job == "queued" else "running"),
        created_at=row.created_at,
        finished_at=row.finished_at,
        project=row.project,
        customer_ref=row.customer_ref,
        url=f"{shop.settings.public_url}/v1/families/{row.id}",
    )
