"""Messages on their way: which endpoints have something due, and what came of each try.

A clerk leases a thread (what waits for one endpoint about one subject) and sends it from its
beginning. A thread whose clerk was killed is free again when its lease is over; so a message comes
at least once, and those of one thread come in order.
"""

import random
from datetime import timedelta
from typing import Literal

import asyncpg
from msgspec import Struct

from api.webhooks import store
from api.webhooks.contracts import DisabledWhy, Message
from billing import notices

CHANNEL = "api_messages"
LEASE = timedelta(seconds=45)
"""Longer than a try may take, with its bookkeeping."""
SLOTS = 4
"""Tries at one endpoint at the same time, all clerks together; one that hangs holds up no other."""
ACCOUNT_SLOTS = 16
"""The same for all endpoints of an account, so that nobody's slow ones take every place."""
DOUBTED_AFTER = 5
"""Failures in a row after which an endpoint has one slot, and rests between two tries."""
LONGEST_REST_S = 300.0
RETRY_AFTER_S = (
    5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0,
)  # fmt: skip
"""After the first try, the second and so on: three days and a few hours, as the standard has it."""
JITTER = 0.2
FAILING_FOR = timedelta(days=3)
"""An endpoint at which nothing arrived for so long is disabled."""
KEPT = timedelta(days=14)

Outcome = Literal["delivered", "failed", "given_up"]


class Thread(Struct, frozen=True, kw_only=True):
    """What a clerk has leased."""

    endpoint: str
    subject: str


class Letter(Struct, frozen=True, kw_only=True):
    """One message for one endpoint, with what it is signed by."""

    message: Message
    endpoint: str
    account: str
    url: str
    tries: int
    secret: bytes
    old_secret: bytes | None


class Answer(Struct, frozen=True, kw_only=True):
    """What came of one try. ``error`` is None exactly when it arrived."""

    status: int | None = None
    text: str | None = None
    error: str | None = None


# An endpoint's row is locked while its free slots are counted; it is shared with those who write
# messages, who only refer to it.
CLAIM = """
with busy as (
  select account, endpoint, count(*) as many
  from api.threads join api.webhook_endpoints as endpoints on endpoints.id = endpoint
  where lease_until > now() group by account, endpoint
), busy_accounts as (
  select account, sum(many) as many from busy group by account
), open as (
  select endpoints.id, endpoints.account, coalesce(accounts.many, 0) as of_account,
    case when failures >= $4 then 1 else $3 end - coalesce(busy.many, 0) as room
  from api.webhook_endpoints as endpoints
  left join busy on busy.endpoint = endpoints.id
  left join busy_accounts as accounts on accounts.account = endpoints.account
  where disabled_at is null and (paused_until is null or paused_until <= now())
    and coalesce(busy.many, 0) < case when failures >= $4 then 1 else $3 end
    and coalesce(accounts.many, 0) < $6
    and exists (
      select from api.threads where endpoint = endpoints.id and due_at <= now()
        and (lease_until is null or lease_until <= now()))
  for no key update of endpoints skip locked
), due as (
  select found.*, of_account + row_number() over (partition by account order by due_at) as nth
  from open cross join lateral (
    select endpoint, subject, due_at from api.threads
    where endpoint = open.id and due_at <= now() and (lease_until is null or lease_until <= now())
    order by due_at limit open.room for update skip locked
  ) as found
), chosen as (
  select endpoint, subject from due where nth <= $6 order by due_at limit $5
)
update api.threads set worker = $1, lease_until = now() + $2::interval
from chosen where threads.endpoint = chosen.endpoint and threads.subject = chosen.subject
returning threads.endpoint, threads.subject
"""


async def claim(conn: asyncpg.Connection, worker: str, most: int) -> list[Thread]:
    """Lease so many threads that are due, at most `SLOTS` of an endpoint and `ACCOUNT_SLOTS` of an
    account. ``worker`` is a name that nobody has had before: by it a thread is known to be ours."""
    rows = await conn.fetch(CLAIM, worker, LEASE, SLOTS, DOUBTED_AFTER, most, ACCOUNT_SLOTS)
    return [Thread(**dict(row)) for row in rows]


KEEP = """
update api.threads set lease_until = now() + $4::interval
where endpoint = $1 and subject = $2 and worker = $3 returning endpoint
"""
SELECT_FIRST = """
select messages.id, messages.type, facts::text as facts, messages.created_at, tries,
  endpoints.id as endpoint, endpoints.account, url, secret,
  case when old_secret_until > now() then old_secret end as old_secret
from api.sendings
join api.messages on messages.id = sendings.message
join api.webhook_endpoints as endpoints on endpoints.id = sendings.endpoint
where sendings.endpoint = $1 and sendings.subject = $2 and state = 'waiting'
order by sendings.position limit 1
"""


async def first(conn: asyncpg.Connection, thread: Thread, worker: str) -> Letter | None:
    """The thread's next message, its lease extended; None when it has none or is another's now."""
    kept = await conn.fetchval(KEEP, thread.endpoint, thread.subject, worker, LEASE)
    if kept is None:
        return None
    row = await conn.fetchrow(SELECT_FIRST, thread.endpoint, thread.subject)
    if row is None:
        return None
    message = Message(
        id=row["id"], type=row["type"], facts=row["facts"], created_at=row["created_at"]
    )
    return Letter(
        message=message, endpoint=row["endpoint"], account=row["account"], url=row["url"],
        tries=row["tries"], secret=row["secret"], old_secret=row["old_secret"],
    )  # fmt: skip


LOCK = "select from api.threads where endpoint = $1 and subject = $2 and worker = $3 for update"
NOTE = """
update api.sendings
set state = $3, tries = tries + 1, tried_at = now(), next_at = now() + $4::interval,
    status = $5, answer = $6, error = $7
where message = $1 and endpoint = $2 and state = 'waiting'
"""
FORGIVE = """
update api.webhook_endpoints set failures = 0, failing_since = null, paused_until = null
where id = $1 and failures > 0
"""
BLAME = """
update api.webhook_endpoints
set failures = failures + 1, failing_since = coalesce(failing_since, now()),
    paused_until = case when failures + 1 >= $2
      then now() + make_interval(secs => least($3, power(2, least(failures + 1 - $2, 20)))) end
where id = $1 returning failing_since < now() - $4::interval
"""
RELEASE = """
update api.threads set worker = null, lease_until = null, due_at = now() + $4::interval
where endpoint = $1 and subject = $2 and worker = $3
"""
END_EMPTY = """
delete from api.threads
where endpoint = $1 and subject = $2 and worker = $3 and not exists (
  select from api.sendings
  where endpoint = $1 and subject = $2 and state = 'waiting')
"""


async def note(
    conn: asyncpg.Connection, thread: Thread, worker: str, letter: Letter, answer: Answer
) -> Outcome:
    """What came of a try, in the caller's transaction; afterwards the thread is free again, or its
    next message is due at once."""
    # The endpoint before its threads, as whoever disables it locks them.
    await conn.execute(store.LOCK_ENDPOINTS, [thread.endpoint])
    await conn.execute(LOCK, thread.endpoint, thread.subject, worker)
    if answer.error is None:
        await _note(conn, letter, "delivered", None, answer)
        await conn.execute(FORGIVE, letter.endpoint)
        return "delivered"
    wait = _wait(letter.tries)
    await _note(conn, letter, "given_up" if wait is None else "waiting", wait, answer)
    failing = await conn.fetchval(
        BLAME, letter.endpoint, DOUBTED_AFTER, LONGEST_REST_S, FAILING_FOR
    )
    await conn.execute(RELEASE, thread.endpoint, thread.subject, worker, wait or timedelta())
    if answer.status == 410:
        await _disable(conn, letter, "gone")
    elif failing:
        await _disable(conn, letter, "failing")
    return "given_up" if wait is None else "failed"


async def leave(conn: asyncpg.Connection, thread: Thread, worker: str) -> None:
    """Give a thread back: it ends when nothing waits in it, else it is due at once. In the
    caller's transaction."""
    # Whoever adds to the thread locks it first, so what is empty here stays so until it is gone.
    await conn.execute(LOCK, thread.endpoint, thread.subject, worker)
    await conn.execute(END_EMPTY, thread.endpoint, thread.subject, worker)
    await conn.execute(RELEASE, thread.endpoint, thread.subject, worker, timedelta())


# Who tells something while an endpoint is being disabled has not seen that yet, and is not seen.
DROP_LATE = """
with late as (
  select id from api.webhook_endpoints as endpoints
  where disabled_at is not null
    and exists (select from api.sendings where endpoint = endpoints.id and state = 'waiting')
  order by id limit 100 for no key update skip locked
), gone as (
  delete from api.threads using late where endpoint = late.id
)
update api.sendings set state = 'dropped', next_at = null, error = coalesce(error, $1)
from late where endpoint = late.id and state = 'waiting'
"""


async def drop_late(conn: asyncpg.Connection) -> None:
    """Let nothing wait for endpoints that are disabled; in the caller's transaction."""
    await conn.execute(DROP_LATE, store.DISABLED)


COUNT_WAITING = "select count(*) from api.sendings where state = 'waiting'"


async def waiting(conn: asyncpg.Connection) -> int:
    """How many messages wait for an endpoint."""
    return await conn.fetchval(COUNT_WAITING) or 0


FORGET_OLD = """
with old as (
  select id from api.messages where created_at < now() - $1::interval
    and not exists (select from api.sendings where message = messages.id and state = 'waiting')
  order by position limit 1000
), gone as (
  delete from api.messages using old where messages.id = old.id returning 1
)
select count(*) from gone
"""


async def forget_old(conn: asyncpg.Connection) -> int:
    """Drop a thousand messages that are no longer kept; returns how many there were."""
    return await conn.fetchval(FORGET_OLD, KEPT) or 0


async def _note(
    conn: asyncpg.Connection, letter: Letter, state: str, wait: timedelta | None, answer: Answer
) -> None:
    await conn.execute(
        NOTE, letter.message.id, letter.endpoint, state, wait, answer.status, answer.text,
        answer.error,
    )  # fmt: skip


async def _disable(conn: asyncpg.Connection, letter: Letter, why: DisabledWhy) -> None:
    """Send nothing more there, and tell the account."""
    if (gone := await store.disable(conn, letter.endpoint, why)) is None:
        return
    assert gone.disabled_at is not None, "it was disabled just now"
    facts = {"endpoint": gone.id, "url": gone.url, "why": why}
    await notices.tell(
        conn, letter.account, "webhook_endpoint_disabled", gone.id, gone.disabled_at.isoformat(),
        facts,
    )  # fmt: skip


def _wait(tries: int) -> timedelta | None:
    """How long until the next try; None when this was the last."""
    if tries >= len(RETRY_AFTER_S):
        return None
    return timedelta(seconds=RETRY_AFTER_S[tries] * (1 + JITTER * random.random()))
