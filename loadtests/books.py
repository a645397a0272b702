"""What must be true of a house once everything has settled, whatever was killed before."""

import asyncio
import collections
import hashlib
import random
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec

from api.workbench import Address
from billing.connections import transaction
from billing.ledger import service as ledger
from billing.ledger.service import METERS
from loadtests.clients import Book
from loadtests.ears import HURRY

READ_WHOLE = 200
"""So many files are read and compared with their names; of all, the sizes are."""
GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
Counts = collections.Counter[str]


async def settled(pool: asyncpg.Pool, bought: int, wait_s: float) -> dict[str, int]:
    """What is still under way after ``wait_s``; empty as soon as nothing is. ``bought``: how many
    top-ups were paid at the sandbox. Messages that were put off are sent now."""
    end = time.monotonic() + wait_s
    left: dict[str, int] = {"the database": 1}
    while left and time.monotonic() < end:
        try:
            for statement in HURRY:
                await pool.execute(statement)
            row = await pool.fetchrow(SELECT_UNDER_WAY, bought)
            left = {name: count for name, count in (row or {}).items() if count}
        except GONE:
            pass
        await asyncio.sleep(0.5)
    if not left:
        await asyncio.sleep(3)  # the sandbox counts some seconds behind, as Stripe does
    return left


async def faults(pool: asyncpg.Pool, address: Address, store: Path, book: Book) -> list[str]:
    """Everything that is not as it was promised; counts of what was compared go to the book."""
    async with transaction(pool) as conn:
        found = [f"ledger: {one}" for one in await ledger.violations(conn)]
    found += [
        *book.faults,
        *await _briefs(pool, book),
        *await _captures(pool, book),
        *await _licenses(pool, book),
        *await _topups(pool, book),
        *await _files(pool, store, book),
        *await _stripe_differences(pool, address, book),
    ]
    return found


async def _briefs(pool: asyncpg.Pool, book: Book) -> Iterator[str]:
    """Each accepted brief is there once and has ended; nothing is there that nobody was told of."""
    rows = {row["id"]: row for row in await pool.fetch(SELECT_BRIEFS)}
    for row in rows.values():
        book.counts[f"briefs {row['outcome']}"] += 1
        book.counts["briefs tried more than once"] += row["attempt"] > 1
    return iter([
        *(f"{brief} was accepted and is not there" for brief in book.accepted if brief not in rows),
        *(f"{brief} is there and nobody was told" for brief in rows if brief not in book.accepted),
        *(f"{brief} has not ended" for brief, row in rows.items() if row["outcome"] is None),
        *(f"{brief}'s hold is open" for brief, row in rows.items() if row["state"] == "open"),
        *(f"{brief} was shown as {end} and is {rows[brief]['outcome']}"
          for brief, end in book.ends.items() if brief in rows and rows[brief]["outcome"] != end),
        *(f"{row['customer_ref']} is there {row['count']} times"
          for row in await pool.fetch(SELECT_DOUBLES)),
    ])  # fmt: skip


async def _captures(pool: asyncpg.Pool, book: Book) -> Iterator[str]:
    """What was delivered can be heard and was charged once, and nothing else was."""
    rows = await pool.fetch(SELECT_CANDIDATES)
    visible = {row["id"]: row["tokens"] for row in rows}
    charged = {row["reference"]: row["tokens"] for row in await pool.fetch(SELECT_AUDITIONS)}
    delivered = Counts({row["job"]: row["count"] for row in await pool.fetch(SELECT_DELIVERED)})
    shown = Counts(row["brief"] for row in rows)
    heard = set[str]().union(*book.heard.values())
    book.counts["candidates visible"] = len(visible)
    book.counts["auditions captured"] = len(charged)
    return iter([
        *_differing("candidate", visible, charged, "visible", "charged"),
        *_differing("brief", dict(delivered), dict(shown), "delivered", "visible"),
        *(f"{one} was heard and is not there" for one in heard if one not in visible),
    ])  # fmt: skip


async def _licenses(pool: asyncpg.Pool, book: Book) -> Iterator[str]:
    rows = await pool.fetch(SELECT_LICENSES)
    there = {row["candidate"]: row["id"] for row in rows}
    paid = {row["reference"] for row in await pool.fetch(SELECT_PICKS)}
    book.counts["licenses"] = len(rows)
    return iter([
        *_differing("license of", there, book.licenses, "there", "answered"),
        *(f"the license of {one} was not charged" for one in there if one not in paid),
        *(f"a license of {one} was charged and is not there" for one in paid if one not in there),
    ])  # fmt: skip


async def _topups(pool: asyncpg.Pool, book: Book) -> Iterator[str]:
    rows = await pool.fetch(SELECT_TOPUPS)
    paid = {row["id"]: row["tokens"] for row in rows}
    doubles = [row["id"] for row in rows if row["credits"] != 1]
    book.counts["top-ups paid"] = len(paid)
    return iter([
        *_differing("top-up", paid, book.bought, "credited", "paid"),
        *(f"{one} was not credited once" for one in doubles),
    ])  # fmt: skip


async def _files(pool: asyncpg.Pool, store: Path, book: Book) -> Iterator[str]:
    """Each file of each candidate lies on the shelf, as long as it was said to be."""
    assets = {
        one["sha256"]: one["bytes"]
        for row in await pool.fetch(SELECT_MADE)
        for one in _assets(msgspec.json.decode(row["made"]))
    }
    book.counts["files of candidates"] = len(assets)
    return iter(await asyncio.to_thread(_lost, assets, store))


def _assets(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from made.get("assets", ())
    for member in made.get("members", ()):
        yield from member["assets"]


def _lost(assets: dict[str, int], store: Path) -> list[str]:
    place = {one: store / "sha256" / one[:2] / one for one in assets}
    lost = [
        f"file {one} is not on the shelf whole"
        for one, size in assets.items()
        if not place[one].is_file() or place[one].stat().st_size != size
    ]
    some = random.Random(1).sample(sorted(assets), min(READ_WHOLE, len(assets)))
    return lost + [
        f"file {one} holds something else"
        for one in some
        if place[one].is_file()
        and hashlib.sha256(place[one].read_bytes()).hexdigest() != one
    ]  # fmt: skip


async def _stripe_differences(pool: asyncpg.Pool, address: Address, book: Book) -> Iterator[str]:
    """Customers for whom the sandbox's meter and the ledger differ."""
    rows, found = await pool.fetch(SELECT_SPENT), list[str]()
    begin = int(time.time()) // 3600 * 3600 - 7200
    head = {"authorization": "Bearer sk_test_load"}
    async with httpx.AsyncClient(base_url=address.sandbox_url, headers=head, timeout=30) as stripe:
        meters = (await stripe.get("/v1/billing/meters", params={"limit": 100})).json()["data"]
        for row in rows:
            meter = next(one["id"] for one in meters if one["event_name"] == METERS["prepaid"])
            answer = await stripe.get(
                f"/v1/billing/meters/{meter}/event_summaries",
                params={"customer": row["stripe_customer"], "start_time": begin,
                        "end_time": begin + 5 * 3600},
            )  # fmt: skip
            counted = sum(int(one["aggregated_value"]) for one in answer.json()["data"])
            book.counts["tokens spent"] += row["tokens"]
            book.counts["tokens counted by the sandbox"] += counted
            if counted != row["tokens"]:
                found.append(f"{row['account']}: ledger {row['tokens']}, sandbox {counted}")
    book.counts["customers compared with the sandbox"] = len(rows)
    return iter(found)


def _differing(
    what: str, ours: dict[str, Any], theirs: dict[str, Any], here: str, there: str
) -> Iterable[str]:
    for one in sorted(ours.keys() | theirs.keys()):
        if ours.get(one) != theirs.get(one):
            yield f"{what} {one}: {here} {ours.get(one)}, {there} {theirs.get(one)}"


SELECT_UNDER_WAY = """
select
  (select count(*) from api.briefs where outcome is null) as "briefs",
  (select count(*) from engine.jobs where finished_at is null) as "jobs",
  (select count(*) from engine.deliveries where settled_at is null) as "deliveries",
  (select count(*) from billing.holds where state = 'open') as "holds",
  (select count(*) from billing.outbox where done_at is null) as "meter events",
  (select count(*) from billing.stripe_inbox where done_at is null) as "Stripe's events",
  (select count(*) from api.sendings where state = 'waiting') as "messages",
  (select greatest($1 - count(*), 0) from api.topups where state = 'paid') as "payments"
"""
SELECT_BRIEFS = """
select briefs.id, outcome, holds.state, jobs.attempt from api.briefs
join billing.holds on holds.id = briefs.hold
join engine.jobs on jobs.id = briefs.id
"""
SELECT_DOUBLES = """
select request ->> 'customer_ref' as customer_ref, count(*) from api.briefs
where request ->> 'customer_ref' is not null group by 1 having count(*) > 1
"""
SELECT_CANDIDATES = "select id, brief, tokens from api.candidates"
SELECT_MADE = "select made::text as made from api.candidates"
SELECT_AUDITIONS = "select reference, tokens from billing.captures where sku = 'audition'"
SELECT_PICKS = "select reference from billing.captures where sku = 'license'"
SELECT_DELIVERED = """
select job, count(*) from engine.deliveries join engine.jobs on jobs.id = deliveries.job
where number > 0 and wants in ('candidates', 'families') group by job
"""
SELECT_LICENSES = "select id, candidate from api.licenses"
SELECT_TOPUPS = """
select topups.id, topups.tokens,
  (select count(*) from billing.payments
   join billing.transfers on transfers.kind = 'topup' and transfers.ref = payments.payment_intent
   where payments.topup = topups.id) as credits
from api.topups where state = 'paid'
"""
SELECT_SPENT = """
select account, stripe_customer, sum(outbox.tokens)::bigint as tokens
from billing.outbox join billing.customers using (account)
group by account, stripe_customer order by account
"""
