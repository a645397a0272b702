"""No statement of the till's hot path reads a table from end to end, however full it is."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from billing import notices
from billing.contracts import Tags
from billing.ledger import budgets, lots
from billing.ledger import service as ledger
from billing.statements import service as statements

ACCOUNT, MANY = "acc_7", 4000
TTL = timedelta(minutes=5)
TAGS = Tags(api_key="key_1", project="night")
BIG = (
    "wallets", "holds", "captures", "transfers", "outbox", "lots", "budget_months", "notices",
)  # fmt: skip


@pytest.fixture
async def full(pool: asyncpg.Pool) -> asyncpg.Pool:
    """A till that has been in business: thousands of wallets, holds and captures."""
    async with pool.acquire() as conn:
        await conn.execute(FILL)
    await pool.execute("vacuum analyze")
    return pool


FILL = f"""
insert into billing.wallets (account, mode, posted, held)
select 'acc_' || n, 'prepaid', 1000000, case when n <= 100 then 8 else 0 end
from generate_series(1, {MANY}) as n;
insert into billing.transfers (kind, ref, account, debit, credit, amount, balance_after)
select 'grant', 'hello_' || n, 'acc_' || n, 'promo', 'wallet:acc_' || n, 1000002, 1000002
from generate_series(1, {MANY}) as n;
insert into billing.lots (account, transfer, source, tokens)
select account, id, 'grant', amount from billing.transfers;
insert into billing.transfers (kind, ref, account, debit, credit, amount, balance_after)
select 'capture', 'cap_' || n, 'acc_' || n, 'wallet:acc_' || n, 'revenue', 2, 1000000
from generate_series(1, {MANY}) as n;
insert into billing.holds (id, account, brief, quoted, captured, released, state, expires_at)
select 'hold_' || n, 'acc_' || n, 'bri_' || n, 8, case when n > 100 then 8 else 0 end, 0,
  case when n > 100 then 'closed' else 'open' end, now() + interval '1 hour'
from generate_series(1, {MANY}) as n;
insert into billing.captures (id, account, sku, reference, tokens, transfer)
select ref, account, 'license', 'old_' || ref, amount, id
from billing.transfers where kind = 'capture';
insert into billing.outbox (identifier, account, event_name, tokens, capture, done_at)
select id, account, 'cuesmith_tokens_prepaid', tokens, id, now() from billing.captures;
insert into billing.budget_months (account, scope, subject, month)
select 'acc_' || n, 'key', 'key_' || n, '2026-01-01' from generate_series(1, {MANY}) as n;
insert into billing.notices (account, kind, subject, period)
select 'acc_' || n, 'budget_50', 'key:key_' || n, '2026-01' from generate_series(1, {MANY}) as n;
"""


async def test_the_hot_path_never_reads_a_whole_table(full: asyncpg.Pool) -> None:
    async with full.acquire() as conn, conn.transaction():
        await conn.execute("select pg_stat_force_next_flush()")
        before = await _scans(conn)
        await budgets.set_budget(conn, ACCOUNT, "project", "night", 1000)
        held = await ledger.place_hold(conn, ACCOUNT, "bri_new", 8, TTL, tags=TAGS)
        await ledger.extend_hold(conn, held.id, TTL)
        await ledger.capture(conn, held.id, "cand_1", 2)
        await ledger.capture(conn, held.id, "cand_2", 2, release_rest=True)
        spent = await ledger.charge_license(conn, ACCOUNT, "cand_1", 8, tags=TAGS)
        await ledger.charge_late(conn, held.id, "cand_3", 2)
        await ledger.place_hold(conn, ACCOUNT, "bri_other", 8, TTL)
        await ledger.expire_holds(conn)
        await ledger.refund(conn, spent.id)
        await ledger.credit_topup(conn, ACCOUNT, "pi_1", 100)
        await ledger.claw_back(conn, ACCOUNT, "re_1", 50)
        await ledger.reinstate(conn, ACCOUNT, "re_1")
        await ledger.balance(conn, ACCOUNT)
        await lots.lots_of(conn, ACCOUNT)
        await lots.expire_due(conn)
        await notices.notices(conn, ACCOUNT, 0, 10)
        now = datetime.now(UTC)
        assert len(await statements.history(conn, ACCOUNT, None, 5)) == 5
        shown = await statements.span(conn, ACCOUNT, now - TTL, now)
        await statements.statement(conn, shown)
        await statements.page(conn, shown, None, 10)
        await statements.spent(conn, shown, ("sku", "key"))
        after = await _scans(conn)
    assert {name: after[name] - before[name] for name in BIG if after[name] > before[name]} == {}


async def test_a_whole_scan_would_be_seen(full: asyncpg.Pool) -> None:
    async with full.acquire() as conn, conn.transaction():
        before = await _scans(conn)
        await conn.fetch("select * from billing.holds where quoted = 7")
        assert (await _scans(conn))["holds"] > before["holds"]


async def _scans(conn: asyncpg.Connection) -> dict[str, int]:
    """Rows read by whole scans of each table, in this transaction."""
    rows = await conn.fetch(
        "select relname, seq_tup_read from pg_stat_xact_user_tables where schemaname = 'billing'"
    )
    return {row["relname"]: row["seq_tup_read"] for row in rows}
