"""Endpoints and the log of what was sent to them, in SQL. The clerk's part is `outbox`."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from api.webhooks.contracts import Delivery, Endpoint, EventView

# ruff: noqa: S608 - the only thing put into these texts is the constant above them
_ENDPOINT = """
id, url, types, description, created_at, failures, failing_since, disabled_at, disabled_why,
case when old_secret_until > now() then old_secret_until end as old_secret_until
"""

INSERT_ENDPOINT = f"""
insert into api.webhook_endpoints (id, account, url, types, description, secret)
values ($1, $2, $3, $4, $5, $6) returning {_ENDPOINT}
"""


async def insert_endpoint(
    conn: asyncpg.Connection,
    named: str,
    account: str,
    url: str,
    types: tuple[str, ...],
    description: str,
    sealed: bytes,
) -> Endpoint:
    row = await conn.fetchrow(INSERT_ENDPOINT, named, account, url, types, description, sealed)
    assert row is not None, "an insert that returns nothing raises"
    return _endpoint(row)


SELECT_ENDPOINTS = f"""
select {_ENDPOINT} from api.webhook_endpoints where account = $1 order by created_at desc, id desc
"""


async def select_endpoints(conn: asyncpg.Connection, account: str) -> tuple[Endpoint, ...]:
    return tuple(_endpoint(row) for row in await conn.fetch(SELECT_ENDPOINTS, account))


SELECT_ENDPOINT = f"""
select {_ENDPOINT} from api.webhook_endpoints where id = $1 and account = $2
for no key update
"""


async def select_endpoint(conn: asyncpg.Connection, named: str, account: str) -> Endpoint | None:
    """Locked for the caller's transaction."""
    row = await conn.fetchrow(SELECT_ENDPOINT, named, account)
    return None if row is None else _endpoint(row)


# Two who register at once count after each other.
LOCK_ACCOUNT = "select id from api.accounts where id = $1 for no key update"
COUNT_ENDPOINTS = "select count(*) from api.webhook_endpoints where account = $1"


async def count_endpoints(conn: asyncpg.Connection, account: str) -> int:
    await conn.execute(LOCK_ACCOUNT, account)
    return await conn.fetchval(COUNT_ENDPOINTS, account) or 0


UPDATE_ENDPOINT = f"""
update api.webhook_endpoints set url = $2, types = $3, description = $4 where id = $1
returning {_ENDPOINT}
"""


async def update_endpoint(
    conn: asyncpg.Connection, named: str, url: str, types: tuple[str, ...], description: str
) -> Endpoint:
    row = await conn.fetchrow(UPDATE_ENDPOINT, named, url, types, description)
    assert row is not None, "it is locked"
    return _endpoint(row)


DISABLE = f"""
update api.webhook_endpoints set disabled_at = now(), disabled_why = $2
where id = $1 and disabled_at is null returning {_ENDPOINT}
"""
DROP_WAITING = """
update api.sendings set state = 'dropped', next_at = null, error = coalesce(error, $2)
where endpoint = $1 and state = 'waiting'
"""
DROP_THREADS = "delete from api.threads where endpoint = $1"
DISABLED = "the endpoint was disabled before this was delivered"


async def disable(conn: asyncpg.Connection, named: str, why: str) -> Endpoint | None:
    """Send nothing more there, and drop what waits; None where it is disabled already."""
    row = await conn.fetchrow(DISABLE, named, why)
    if row is not None:
        await conn.execute(DROP_WAITING, named, DISABLED)
        await conn.execute(DROP_THREADS, named)
    return None if row is None else _endpoint(row)


ENABLE = f"""
update api.webhook_endpoints
set disabled_at = null, disabled_why = null, failures = 0, failing_since = null,
    paused_until = null
where id = $1 returning {_ENDPOINT}
"""


async def enable(conn: asyncpg.Connection, named: str) -> Endpoint:
    """Send there again whatever is told from now on."""
    await conn.execute(DROP_WAITING, named, DISABLED)
    await conn.execute(DROP_THREADS, named)
    row = await conn.fetchrow(ENABLE, named)
    assert row is not None, "it is locked"
    return _endpoint(row)


# One statement, so that the endpoint is locked before what hangs on it, as everywhere.
DELETE_ENDPOINT = f"""
delete from api.webhook_endpoints where id = $1 and account = $2 returning {_ENDPOINT}
"""


async def delete_endpoint(conn: asyncpg.Connection, named: str, account: str) -> Endpoint | None:
    """Forget it, with all that was sent there; None where the account has none of this id."""
    row = await conn.fetchrow(DELETE_ENDPOINT, named, account)
    return None if row is None else _endpoint(row)


ROTATE = f"""
update api.webhook_endpoints
set old_secret = secret, old_secret_until = now() + $4::interval, secret = $3
where id = $1 and account = $2 returning {_ENDPOINT}
"""


async def rotate(
    conn: asyncpg.Connection, named: str, account: str, sealed: bytes, overlap: timedelta
) -> Endpoint | None:
    row = await conn.fetchrow(ROTATE, named, account, sealed, overlap)
    return None if row is None else _endpoint(row)


TELL_ENDPOINTS = "select api.tell_endpoints($1, $2, $3, $4::jsonb, $5)"


async def tell_endpoint(
    conn: asyncpg.Connection, account: str, kind: str, endpoint: str, facts: dict[str, str]
) -> str:
    """A message to this endpoint alone; its id."""
    told = msgspec.json.encode(facts).decode()
    made = await conn.fetchval(TELL_ENDPOINTS, account, kind, endpoint, told, [endpoint])
    assert made is not None, "an insert that returns nothing raises"
    return made


_EVENT = """
select messages.id, messages.position, type, facts::text as facts, messages.created_at,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'endpoint', endpoint, 'state', state, 'tries', tries, 'tried_at', tried_at,
      'next_at', next_at, 'status', status, 'answer', answer, 'error', error) order by endpoint)
    from api.sendings where message = messages.id), '[]')::text as deliveries
from api.messages
"""
SELECT_EVENT = f"{_EVENT} where id = $1 and account = $2"
SELECT_EVENTS = f"""
{_EVENT}
where account = $1 and ($2::bigint = 0 or position < $2)
  and ($3::text is null or type = $3) and ($4::text is null or subject = $4)
order by position desc limit $5
"""
_DELIVERIES = msgspec.json.Decoder(tuple[Delivery, ...])


async def select_event(conn: asyncpg.Connection, named: str, account: str) -> EventView | None:
    row = await conn.fetchrow(SELECT_EVENT, named, account)
    return None if row is None else _event(row)


async def select_events(
    conn: asyncpg.Connection,
    account: str,
    before: int,
    kind: str | None,
    subject: str | None,
    limit: int,
) -> list[tuple[int, EventView]]:
    """With their positions, newest first; ``before`` a position, or 0."""
    rows = await conn.fetch(SELECT_EVENTS, account, before, kind, subject, limit)
    return [(row["position"], _event(row)) for row in rows]


# Where it went, and where it is wanted now; but nowhere that is disabled.
SELECT_WANTING = """
select coalesce(array_agg(endpoints.id order by endpoints.id), '{}')
from api.webhook_endpoints as endpoints, api.messages
where messages.id = $1 and endpoints.account = messages.account and disabled_at is null
  and case when $2::text is not null then endpoints.id = $2
    else types = '{}' or messages.type = any (types)
      or exists (select from api.sendings where message = messages.id and endpoint = endpoints.id)
    end
"""
LOCK_ENDPOINTS = """
select id from api.webhook_endpoints where id = any ($1) order by id for no key update
"""
SELECT_SUBJECT = "select subject from api.messages where id = $1"
HOLD_THREADS = "select api.hold_threads($1, $2)"
DUE_NOW = """
update api.threads set due_at = now() where subject = $1 and endpoint = any ($2) and worker is null
"""
SEND_AGAIN = "select api.send_to($1, $2)"


async def select_wanting(conn: asyncpg.Connection, message: str, endpoint: str | None) -> list[str]:
    return await conn.fetchval(SELECT_WANTING, message, endpoint) or []


async def send_again(conn: asyncpg.Connection, message: str, endpoints: list[str]) -> None:
    """Let the message wait once more for each of them, before what came later."""
    subject = await conn.fetchval(SELECT_SUBJECT, message)
    await conn.execute(LOCK_ENDPOINTS, endpoints)
    await conn.execute(HOLD_THREADS, subject, endpoints)
    await conn.execute(DUE_NOW, subject, endpoints)
    await conn.execute(SEND_AGAIN, message, endpoints)


def _endpoint(row: asyncpg.Record) -> Endpoint:
    facts: dict[str, Any] = {**dict(row), "types": tuple(row["types"])}
    return Endpoint(**facts)


def _event(row: asyncpg.Record) -> EventView:
    created_at: datetime = row["created_at"]
    return EventView(
        id=row["id"], type=row["type"], timestamp=created_at,
        data=msgspec.json.decode(row["facts"]), deliveries=_DELIVERIES.decode(row["deliveries"]),
    )  # fmt: skip
