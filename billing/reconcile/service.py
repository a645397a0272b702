"""Comparing what we told the meters with what they counted, hour by hour, and setting it right.

A closed hour of a customer's meter is compared as a sum: ours from the outbox, theirs from
Stripe's summaries. What differs is explained, written down once and repaired with at most one
correcting event; a correction larger than the limit waits for a person. One run at a time,
wherever it runs, and a second run finds nothing that the first has set right.
"""

from datetime import UTC, datetime, timedelta

import asyncpg
from msgspec import Struct

from billing.connections import lent, transaction
from billing.errors import BillingError
from billing.meters import service as meters
from billing.meters.contracts import MeterReader
from billing.reconcile import store
from billing.reconcile.contracts import Difference, Finding, Hour, Report, RunKind, State
from billing.reconcile.explaining import explain, explain_invoice
from billing.reconcile.judging import judge

LAG = timedelta(hours=2)
"""An hour is closed so long after its end: Stripe counts behind, and replies may be under way."""
BACK: dict[RunKind, timedelta] = {
    "hourly": timedelta(hours=26),
    "daily": timedelta(days=35),
    "by_hand": timedelta(days=3),
    "after_restore": timedelta(days=35),
}
APPROVAL_TOKENS = 1000
"""A correction of more than this waits for `approve`."""
COUNTS_WITHIN = timedelta(minutes=10)
"""What was told so recently may not be counted yet; its hour is left for a later run."""
HOUR = timedelta(hours=1)
UNKNOWN = ("was_counted", "never_counted")
"""Differences of rows whose outcome was unknown; once they are set right the rows are done."""


class NotProposed(BillingError):
    """There is no such difference that waits for approval."""


async def reconcile(
    pool: asyncpg.Pool,
    reader: MeterReader,
    kind: RunKind,
    *,
    since: datetime | None = None,
    account: str | None = None,
    approval_tokens: int = APPROVAL_TOKENS,
) -> Report | None:
    """Compare the closed hours and repair what differs. None while another run is at work."""
    limit = 0 if kind == "after_restore" else approval_tokens
    async with lent(pool) as conn:
        if not await store.begin_alone(conn):
            return None
        try:
            begin, until = await _span(conn, kind, since)
            run = await store.insert_run(conn, kind, begin, until)
            seen = await _compare(conn, reader, (begin, until), account, kind != "hourly")
            made = [await _repair(conn, run, one, limit) for one in seen.differing]
            for one in seen.compared:
                await store.close_gone(conn, one.named, one.span, one.unjudged, one.still)
            await store.end_run(conn, run, seen.hours, len(made))
        finally:
            await store.end(conn)
    return Report(kind=kind, since=begin, until=until, hours=seen.hours, differences=tuple(made))


async def look(
    pool: asyncpg.Pool,
    reader: MeterReader,
    *,
    since: datetime | None = None,
    account: str | None = None,
) -> Report:
    """What `reconcile` would find, and what it would do about it; changes nothing."""
    async with lent(pool) as conn:
        begin, until = await _span(conn, "by_hand", since)
        seen = await _compare(conn, reader, (begin, until), account, everybody=True)
    found = tuple(_unwritten(one) for one in seen.differing)
    return Report(kind="by_hand", since=begin, until=until, hours=seen.hours, differences=found)


async def after_restore(pool: asyncpg.Pool, reader: MeterReader) -> Report | None:
    """Find out what Stripe had been told in the time that a restore has lost, then let the senders
    go on.

    What waits may have been sent: where Stripe still knows the identifiers it is said again, and
    where it does not, the sums tell what was counted. What Stripe has beyond the ledger are
    captures that are lost; taking them off again is only proposed.
    """
    async with transaction(pool) as conn:
        await meters.stop_senders(conn, meters.PUT_BACK)
        await store.doubt_waiting(conn)
    report = await reconcile(pool, reader, "after_restore")
    if report is not None:
        async with lent(pool) as conn:
            await meters.let_senders_go_on(conn)
    return report


async def approve(pool: asyncpg.Pool, difference: int) -> Difference:
    """Let a proposed correction go; `NotProposed` where there is none of this number."""
    async with transaction(pool) as conn:
        if not await store.alone(conn):
            raise NotProposed(
                "a run is at work, which may find this otherwise; look again after it"
            )
        if not await store.lock_proposed(conn, difference):
            raise NotProposed(
                f"no difference {difference} waits for approval; see `cuesmith billing reconcile`"
            )
        approved = await store.approve(conn, difference)
        await store.insert_correction(conn, approved)
        if approved.kind in UNKNOWN:
            await store.mark_counted(
                conn, approved.account, approved.event_name, approved.hour, approved.explained
            )
    return approved


async def open_differences(
    conn: asyncpg.Connection, account: str | None = None
) -> tuple[Difference, ...]:
    """What waits for a person."""
    return await store.select_open(conn, account)


async def due(conn: asyncpg.Connection, kind: RunKind, every: timedelta) -> bool:
    """Whether the last run of a kind is so long ago."""
    last = await store.last_run(conn, kind)
    return last is None or await store.now(conn) - last >= every


async def _span(
    conn: asyncpg.Connection, kind: RunKind, since: datetime | None
) -> tuple[datetime, datetime]:
    now = await store.now(conn)
    # After a restore nothing is being sent, so what happened just now can be compared too.
    until = now + HOUR if kind == "after_restore" else now - LAG
    return _whole(since or until - BACK[kind]), _whole(until)


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


class _Seen(Struct, frozen=True, kw_only=True):
    """What was compared: how many hours, those that differ, and each meter and invoice."""

    hours: int
    differing: tuple["_Differing", ...]
    compared: tuple["_Compared", ...]


class _Compared(Struct, frozen=True, kw_only=True):
    """A customer's meter, or invoice, in a span of time: the hours nothing can be said of yet, and
    those that differ, with how."""

    named: tuple[str, str]
    span: tuple[datetime, datetime]
    unjudged: tuple[datetime, ...] = ()
    still: tuple[tuple[datetime, str], ...] = ()


class _Differing(Struct, frozen=True, kw_only=True):
    """An hour that differs, how, and in words."""

    hour: Hour
    finding: Finding
    explained: str


async def _compare(
    conn: asyncpg.Connection,
    reader: MeterReader,
    span: tuple[datetime, datetime],
    account: str | None,
    everybody: bool,
) -> _Seen:
    """Every hour of every meter that was used, or (``everybody``) may have been, and invoices."""
    hours, differing, compared = 0, list[_Differing](), list[_Compared]()
    for meter in await store.select_meters(conn, *span, account, everybody):
        seen = await _meter(conn, reader, meter, span)
        hours += seen.hours
        differing += seen.differing
        compared += seen.compared
    if everybody:
        invoices = await _invoices(conn, span, account)
        differing += invoices.differing
        compared += invoices.compared
    return _Seen(hours=hours, differing=tuple(differing), compared=tuple(compared))


async def _meter(
    conn: asyncpg.Connection,
    reader: MeterReader,
    meter: tuple[str, str],
    span: tuple[datetime, datetime],
) -> _Seen:
    """One customer's meter. Ours is read first: what is told after that was still to be sent."""
    ours = await store.select_hours(conn, *meter, *span, meters.UNKNOWN_AFTER, COUNTS_WITHIN)
    counted = await reader.hours(*meter, *span)
    moments, differing = sorted(counted.keys() | ours.keys()), list[_Differing]()
    for moment in moments:
        hour = ours.get(moment, Hour(account=meter[0], event_name=meter[1], hour=moment))
        if (finding := judge(hour, counted.get(moment, 0))) is not None:
            words = explain(hour, finding)
            differing.append(_Differing(hour=hour, finding=finding, explained=words))
    compared = _Compared(
        named=meter, span=span, unjudged=tuple(at for at, one in ours.items() if one.moving_rows),
        still=tuple((one.hour.hour, one.finding.kind) for one in differing),
    )  # fmt: skip
    return _Seen(hours=len(moments), differing=tuple(differing), compared=(compared,))


async def _invoices(
    conn: asyncpg.Connection, span: tuple[datetime, datetime], account: str | None
) -> _Seen:
    """Invoices whose tokens are not those of their period."""
    differing, compared = list[_Differing](), list[_Compared]()
    for row in await store.select_invoices(conn, *span, account):
        hour = Hour(account=row["account"], event_name=row["id"], hour=_whole(row["period_start"]))
        differs = row["billed"] != row["spent"]
        if differs:
            found = Finding(kind="invoice", ledger=row["spent"], counted=row["billed"])
            words = explain_invoice(row["number"], row["spent"], row["billed"])
            differing.append(_Differing(hour=hour, finding=found, explained=words))
        still = ((hour.hour, "invoice"),) if differs else ()
        span_ = (hour.hour, hour.hour + HOUR)
        compared.append(_Compared(named=(hour.account, row["id"]), span=span_, still=still))
    return _Seen(hours=0, differing=tuple(differing), compared=tuple(compared))


async def _repair(
    conn: asyncpg.Connection, run: int, one: _Differing, approval_tokens: int
) -> Difference:
    """Write the difference down and set it right, together."""
    hour, finding = one.hour, one.finding
    state = _state(finding, approval_tokens)
    async with conn.transaction():
        made = await store.record(conn, run, hour, finding, state, one.explained)
        if finding.kind == "sent_again":
            await store.send_again(conn, hour, meters.UNKNOWN_AFTER)
        elif finding.kind in UNKNOWN and state != "proposed":
            await store.mark_counted(conn, hour.account, hour.event_name, hour.hour, one.explained)
        if state == "corrected":
            await store.insert_correction(conn, made)
    return made


def _unwritten(one: _Differing) -> Difference:
    hour, finding = one.hour, one.finding
    return Difference(
        id=0, account=hour.account, event_name=hour.event_name, hour=hour.hour,
        kind=finding.kind, ledger=finding.ledger, counted=finding.counted,
        tokens=finding.correction, state=_state(finding, APPROVAL_TOKENS), identifier=None,
        explained=one.explained,
    )  # fmt: skip


def _state(finding: Finding, approval_tokens: int) -> State:
    if finding.kind in ("refused", "invoice"):
        return "for_people"
    if not finding.correction:
        return "settled"
    return "corrected" if abs(finding.correction) <= approval_tokens else "proposed"
