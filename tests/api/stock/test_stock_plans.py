"""Whether somebody refers to an object is found by an index, however many candidates there are."""

import asyncpg

from api.stock.store import LONGEST, SELECT_DUE, SELECT_HELD
from tests.api.stock.houses import ACCOUNTS, House

MANY = 4000
FILL = f"""
insert into api.briefs (id, account, api_key, request, resolved, audition_tokens, license_tokens,
                        hold, price_book, deadline_at)
select 'brf_' || n, 'acc_1', 'key_acc_1', '{{}}', '{{}}', 1, 4, 'h' || n, 'book', now()
from generate_series(1, {MANY}) as n;
insert into engine.jobs (id, account, resolved, seed, deadline_at)
select id, account, '{{}}', 1, now() from api.briefs;
insert into engine.deliveries (job, number, attempt, body)
select 'brf_' || n, 1, 1, jsonb_build_object('made', jsonb_build_object('assets', jsonb_build_array(
  jsonb_build_object('sha256', encode(sha256(n::text::bytea), 'hex'), 'bytes', n))))
from generate_series(1, {MANY}) as n;
insert into api.candidates (id, account, brief, number, made, tokens, expires_at)
select job, 'acc_1', job, 1, body -> 'made', 1, now() + interval '7 days' from engine.deliveries;
insert into engine.objects (sha256, bytes, due_at)
select encode(sha256(n::text::bytea), 'hex'), n, now() + interval '1 day'
from generate_series(1, {MANY}) as n;
"""


async def test_no_look_at_an_object_reads_all_candidates(pool: asyncpg.Pool, tmp_path) -> None:
    house = House(pool, tmp_path)
    await house.open_accounts()
    assert ACCOUNTS[0] == "acc_1"
    await pool.execute(FILL)
    await pool.execute("vacuum analyze")
    few = [row["sha256"] for row in await pool.fetch("select sha256 from engine.objects limit 3")]
    held = "\n".join(row[0] for row in await pool.fetch(f"explain {SELECT_HELD}", few, LONGEST))
    assert "candidates_by_object" in held, held
    assert "deliveries_by_object" in held, held
    assert "Seq Scan on candidates" not in held, held
    assert "Seq Scan on deliveries" not in held, held
    due = "\n".join(row[0] for row in await pool.fetch(f"explain {SELECT_DUE}", 500))
    assert "objects_by_due" in due, due
